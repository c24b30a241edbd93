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


def domain(value: str) -> str:
    """Return the domain lower-case, in Unicode, without a final dot.

    Compatibility forms and the dots of other scripts are mapped as UTS #46 maps them.
    """
    lower = value.lower()
    if not lower.isascii():
        lower = unicodedata.normalize("NFKC", lower).lower().replace("\u3002", ".")
    if "xn--" in lower:
        lower = ".".join(_label(label) for label in lower.split("."))
    return lower.removesuffix(".")


def _label(label: str) -> str:
    """Return a label of letters for one of Punycode; one that is broken stays as it is."""
    if not label.startswith("xn--"):
        return label
    try:
        return unicodedata.normalize("NFC", label[4:].encode("ascii").decode("punycode")).lower()
    except (UnicodeError, ValueError, OverflowError):
        return label


def address(value: str) -> str:
    """Return the address lower-case, its domain as `domain` has it."""
    local, at, host = value.rpartition("@")
    return f"{local.lower()}{at}{domain(host)}"


@lru_cache(maxsize=65_536)
def ip(value: str) -> str:
    """Return the address in its shortest form, an IPv4 address mapped into IPv6 as IPv4; else the text itself."""
    try:
        parsed = ipaddress.ip_address(value.strip())
    except ValueError:
        return value
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


FOLDS: dict[FactType, Callable[[str], str]] = {
    FactType.TEXT: text,
    FactType.ADDRESS: address,
    FactType.DOMAIN: domain,
    FactType.IP: ip,
}
"""How values are folded before they are compared; types that are not here are compared as they are."""


def folded(kind: FactType, value: Value) -> Value:
    """Return the value in the form in which values of its type are compared."""
    fold = FOLDS.get(MEMBER.get(kind, kind))
    if fold is None:
        return value
    if isinstance(value, frozenset):
        return frozenset(map(fold, value))
    return fold(cast("str", value))
