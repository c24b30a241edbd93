"""The settings of the pages that are written in a form of their own."""

import re
from difflib import get_close_matches
from ipaddress import ip_address
from urllib.parse import urlsplit

from agent.model.pending import ActionKind
from agent.settings.addresses import LOOPBACK

ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
"""The value of an app role. Source: `appRole` in the v1.0 metadata's documentation: 120 characters, no blanks."""

LONGEST_NAME = 80
"""Characters of a tenant's name."""

HIGHEST_PORT = 65_535


def listen(text: str) -> tuple[str, int]:
    """Return the address and the port that are written; port 0 is any that is free.

    Raises:
        ValueError: it is none, in words for the person who wrote it.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > HIGHEST_PORT:
        raise ValueError("is not an address and a port, such as `127.0.0.1:8420`")
    if host != "localhost":
        try:
            ip_address(host)
        except ValueError:
            raise ValueError(
                "names no address of this machine: write `127.0.0.1`, `0.0.0.0`, `[::]` or another IP address"
            ) from None
    return host, int(port)


def is_near(text: str) -> bool:
    """Whether an address and port are for this machine alone."""
    host, _ = listen(text)
    return host in LOOPBACK or ip_address(host).is_loopback


def url(text: str) -> str:
    """Return the address at which people open the pages, without a slash at its end.

    Raises:
        ValueError: it is none, in words for the person who wrote it.
    """
    try:
        found = urlsplit(text)
        has_port = found.port is not None
    except ValueError:
        raise ValueError("is not a URL") from None
    if found.scheme not in {"http", "https"} or not found.hostname or found.username is not None:
        raise ValueError("is not an address such as `https://air.contoso.example`")
    if found.path.strip("/") or found.query or found.fragment:
        raise ValueError("has something after the host: the pages have a host of their own, leave it out")
    if found.scheme == "http" and (found.hostname not in LOOPBACK or not has_port):
        raise ValueError("is not encrypted: write `https://`, which only this machine itself may do without")
    return text.rstrip("/")


def role(text: str) -> str:
    """Return the value of an app role.

    Raises:
        ValueError: it is none.
    """
    if not ROLE.fullmatch(text):
        raise ValueError("is not the value of an app role: letters, digits, dots and dashes, no blanks")
    return text


def line(text: str) -> str:
    """Return a name as people read it.

    Raises:
        ValueError: it is none.
    """
    if not text.strip() or not text.isprintable() or len(text) > LONGEST_NAME:
        raise ValueError(f"is not a name of one line, of at most {LONGEST_NAME} characters")
    return text


def kinds(text: str) -> frozenset[ActionKind]:
    """Return the kinds of action that are written.

    Raises:
        ValueError: one of them is none, in words for the person who wrote it.
    """
    known = {one.value: one for one in ActionKind}
    found = [part.strip() for part in text.split(",") if part.strip()]
    wrong = next((name for name in found if name not in known), None)
    if wrong is not None:
        near = get_close_matches(wrong, known, 1)
        hint = f": did you mean `{near[0]}`?" if near else f": there are {', '.join(known)}"
        raise ValueError(f"names the kind `{wrong}`, which there is not{hint}")
    return frozenset(known[name] for name in found)
