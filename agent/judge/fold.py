"""The forms in which values are compared: case-folded text, and addresses and domains as DNS compares them.

Domains are compared in Unicode, label by label, lower case. `str.casefold` is not used for them: it turns
`ß` into `ss`, and the two are different domains that different people can register.
"""

import ipaddress
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import cast

from agent.judge.vocabulary import MEMBER
from agent.model.facts import FactType, Value


def text(value: str) -> str:
    """Return the text without its case."""
    return value.casefold()


@lru_cache(maxsize=65_536)
def domain(value: str) -> str:
    """Return the domain lower-case, in Unicode, without a final dot.

    Compatibility forms and the dots of other scripts are mapped as UTS #46 maps them.
    """
    lower = _mapped(value)
    if "xn--" in lower:
        lower = ".".join(_label(label) for label in lower.split("."))
    return lower.removesuffix(".")


def _mapped(value: str) -> str:
    lower = value.lower()
    if lower.isascii():
        return lower
    return unicodedata.normalize("NFKC", lower).lower().replace("\u3002", ".")


def _label(label: str) -> str:
    """Return a label of letters for one of Punycode; one that is not the Punycode of a label stays as it is.

    `xn--contoso-` decodes to `contoso`, and is a different domain that somebody else can register. So what
    is ASCII once decoded, is not in the form in which DNS would have it, or encodes to something else is
    no Punycode. Source: RFC 5891, 4.4 and 5.4; RFC 3492.
    """
    if not label.startswith("xn--"):
        return label
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
        is_whole = decoded.encode("punycode") == label[4:].encode("ascii") and bool(decoded.encode())
    except (UnicodeError, ValueError, OverflowError):
        return label
    is_label = is_whole and not decoded.isascii() and "." not in decoded and _mapped(decoded) == decoded
    return decoded if is_label else label


@lru_cache(maxsize=65_536)
def address(value: str) -> str:
    """Return the address lower-case, its domain as `domain` has it."""
    local, at, host = value.rpartition("@")
    return f"{local.lower()}{at}{domain(host)}"


@lru_cache(maxsize=65_536)
def ip(value: str) -> str | None:
    """Return the address in its shortest form, an IPv4 address mapped into IPv6 as IPv4.

    None where it is no address: `192.0.2.001` may be meant as one that a list names, and so is unknown.
    """
    try:
        parsed = ipaddress.ip_address(value.strip())
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


FOLDS: dict[FactType, Callable[[str], str | None]] = {
    FactType.TEXT: text,
    FactType.ADDRESS: address,
    FactType.DOMAIN: domain,
    FactType.IP: ip,
}
"""How values are folded before they are compared; types that are not here are compared as they are."""


def folded(kind: FactType, value: Value) -> Value | None:
    """Return the value in the form in which values of its type are compared; None where it is none of them."""
    fold = FOLDS.get(MEMBER.get(kind, kind))
    if fold is None:
        return value
    if isinstance(value, frozenset):
        return _folded_set(fold, value)
    return fold(cast("str", value))


@lru_cache(maxsize=256)
def _folded_set(fold: Callable[[str], str | None], members: frozenset[str]) -> frozenset[str]:
    return frozenset(form for form in map(fold, members) if form is not None)
