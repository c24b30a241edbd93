"""URLs that channels post to, as far as their text tells: encrypted, to somebody, and without a login in them.

Where a name leads is seen when something is sent. A URL may hold what only its owner should know, and is not repeated.
"""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from agent.judge.literals import Wrong, line
from agent.judge.strict_yaml import Node

LONGEST = 2_000
EXAMPLE = "https://alerts.contoso.example/air-agent"


def link(node: Node) -> str:
    """Return a URL with https; with http only to this machine, for trying out."""
    written = line(node, "a URL")
    if len(written) > LONGEST:
        raise Wrong(node.mark, f"a URL has at most {LONGEST:,} characters")
    url = _split(written)
    if url is None or not url.hostname or url.scheme not in ("http", "https"):
        raise Wrong(node.mark, f"this is not a URL: write it like `{EXAMPLE}`")
    if url.username is not None or url.password is not None:
        raise Wrong(node.mark, "there is a login in this URL: leave out what stands before the `@`")
    if url.fragment:
        raise Wrong(node.mark, "what stands after the `#` of a URL is never sent: leave it out")
    if url.scheme == "http" and not host_is_here(url.hostname):
        raise Wrong(node.mark, "this URL is not encrypted: write `https`; `http` is for this machine only")
    return written


def host_is_here(host: str) -> bool:
    """Whether a host is this machine by its very name."""
    name = host.removesuffix(".").casefold()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _split(written: str) -> SplitResult | None:
    """Return the parts of the URL; None where it is none, or where readers could part it differently."""
    if not written.isascii() or not written.isprintable() or any(each in written for each in " \\<>\"'`{}"):
        return None
    try:
        url = urlsplit(written)
        is_right = url.port is None or url.port > 0
    except ValueError:
        return None
    return url if is_right else None
