"""Which URLs and addresses a channel may be told through: none that leads inside, however it is spelt. Pure.

A channel file is written by whoever may write policies, and what it points to is asked from where the agent runs. So
it must not lead to this machine, its network or its cloud's own services, unless a setting names that very host.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from agent.model.errors import Refused

LONGEST_URL = 2_000

Address = IPv4Address | IPv6Address

_OWN_SERVICES = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # metadata of Azure, AWS, Google, Oracle and others
        "169.254.170.2",  # credentials of containers on AWS
        "168.63.129.16",  # Azure's wire server: a public address that only this machine's host answers
        "100.100.100.200",  # metadata of Alibaba
        "fd00:ec2::254",  # metadata of AWS over IPv6
        "fd20:ce::254",  # metadata of Google over IPv6
    )
)
"""What answers secrets to whoever asks from this machine: never, not even under a host that a setting names."""

_V4_SPECIAL = tuple(
    IPv4Network(text)
    for text in [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    ]
)
"""Networks that no public server is in. Source: IANA's registry of special addresses; Python's own table differs by version."""

_V6_PUBLIC = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_V6_SPECIAL = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
"""Those within what is public otherwise: of protocols (Teredo among them), of documentation, and 6to4."""

_ISATAP = re.compile(r":0?200:5efe:|:0?000:5efe:")

_NUMBER = r"(?:0[xX][0-9a-fA-F]*|[0-9]+)"
_ODD_SPELLING = re.compile(rf"{_NUMBER}(?:\.{_NUMBER}){{0,3}}\.?")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*")
_WRITTEN = re.compile(r"[\x21-\x7e]+")


def check_url(url: str, hosts: frozenset[str], start: str) -> str:
    """Return the host of a URL that may be asked, as far as this can be told before its name is looked up.

    Args:
        url: may hold a secret: no message repeats anything of it but its host.
        hosts: hosts inside that are allowed, lower case.
        start: what a message begins with.

    Raises:
        Refused: it may not.
    """
    parts = _split(url, start)
    host = parts.hostname or ""
    if parts.username is not None or parts.password is not None:
        raise Refused(f"{start}: its URL has a login in it: write it without what stands before `@`")
    if parts.scheme not in {"http", "https"} or (parts.scheme == "http" and host not in hosts):
        raise Refused(f"{start}: its URL does not begin with `https://`: write it so")
    check_host(host, hosts, start)
    return host


def check_host(host: str, hosts: frozenset[str], start: str) -> None:
    """Raise Refused where a host is spelt in a way that only an attacker has a use for, or is an address inside."""
    if address := _literal(host):
        check_addresses(host, (address,), hosts, start)
        return
    if _ODD_SPELLING.fullmatch(host):
        raise Refused(f"{start}: `{host[:64]}` is an address in disguise: write it as four numbers")
    if _NAME.fullmatch(host) is None or len(host) > 253:
        raise Refused(f"{start}: the host of its URL is not a name that can be looked up")
    is_near = "." not in host or host.endswith((".localhost", ".local", ".internal", ".localdomain"))
    if is_near and host not in hosts:
        raise _inside(host, start)


def check_addresses(host: str, addresses: tuple[Address, ...], hosts: frozenset[str], start: str) -> None:
    """Raise Refused where any of the addresses of a host leads inside, and no setting allows that very host."""
    is_allowed = host in hosts
    for address in addresses:
        if is_own_service(address) and _literal(host) != address:
            raise Refused(
                f"{start}: `{host}` leads to what answers secrets to this machine: name another host"
            )
        if not is_allowed and not is_outside(address):
            raise _inside(host, start)


def is_outside(address: Address) -> bool:
    """Whether an address leads to the public Internet for certain; an unknown kind does not."""
    if address in _OWN_SERVICES or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _V4_SPECIAL)
    if (carried := _carried(address)) is not None:
        return is_outside(carried)
    if address not in _V6_PUBLIC or address.scope_id is not None:
        return False
    is_special = any(address in network for network in _V6_SPECIAL)
    return not is_special and _ISATAP.search(address.exploded) is None


def is_own_service(address: Address) -> bool:
    """Whether an address answers secrets to this machine, or can have no server behind it at all."""
    if isinstance(address, IPv6Address) and (carried := _carried(address)) is not None:
        return is_own_service(carried)
    return address in _OWN_SERVICES or address.is_multicast or address.is_unspecified


def _carried(address: IPv6Address) -> IPv4Address | None:
    """Return the address of IPv4 that a mapped or translated one stands for; None for any other."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _split(url: str, start: str) -> SplitResult:
    if len(url) > LONGEST_URL or _WRITTEN.fullmatch(url) is None or "\\" in url:
        raise Refused(f"{start}: its URL is too long, or holds blanks, backslashes or letters beyond ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # Without the cause, which repeats the URL.
        raise Refused(f"{start}: its URL cannot be read") from None
    if not parts.hostname or parts.fragment or port == 0:
        raise Refused(f"{start}: its URL names no host, no port that can be, or a place on a page")
    return parts


def _inside(host: str, start: str) -> Refused:
    return Refused(
        f"{start}: `{host}` leads inside: if that is meant, add it to the setting `escalation.hosts`"
    )
