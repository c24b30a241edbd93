"""What authors write as values: scalars of strict YAML, typed by what is asked for.

YAML 1.2 words only, and where another YAML would read something else than the eye, an error that says what
to write instead.
"""

import ipaddress
import re
import zoneinfo
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import cast

import re2

from agent.judge import fold
from agent.judge.strict_yaml import Node, Scalar, shown
from agent.model.facts import FactType, Value
from agent.model.mark import Mark

MOST_DIGITS = 15
LONGEST_PATTERN = 1_000

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = frozenset({"true", "false", "True", "False", "TRUE", "FALSE"})
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_ODD_NUMBER = re.compile(r"[-+]?(0x[0-9a-fA-F]+|0o[0-7]+|\.(inf|Inf|INF)|\.(nan|NaN|NAN))")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_DURATION = re.compile(r"([0-9]{1,6})(m|h|d)")
_RATE = re.compile(r"([0-9]{1,9})/([0-9]{0,4})(m|h|d)")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[-+][0-9]{2}:[0-9]{2})")
POLICY_NAME = re.compile(r"(?=[._-]*[A-Za-z0-9])[A-Za-z0-9._-]{1,100}")
"""What a policy may be called."""

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Wrong(Exception):
    """What an author wrote is not what is asked for; `parse` collects these as problems."""

    def __init__(self, mark: Mark, message: str, file: str = "", also: "tuple[Wrong, ...]" = ()) -> None:
        super().__init__(message)
        self.also = also
        """What else is wrong, where more was read than the first part that was."""
        self.mark = mark
        self.message = message
        self.file = file
        """The file it is in, where that is not the one being read."""


def nearest(word: str, known: Collection[str]) -> str:
    """Return `: did you mean …?` where a known word is near, else what there is if that is short, else nothing."""
    by_fold = {name.casefold(): name for name in sorted(known, reverse=True)}
    near = get_close_matches(word.casefold()[:100], list(by_fold), n=1, cutoff=0.6)
    if near:
        return f": did you mean `{by_fold[near[0]]}`?"
    if 0 < len(known) <= 8:
        return ": one of " + ", ".join(f"`{name}`" for name in sorted(known))
    return ""


def _scalar(node: Node, asked: str) -> Scalar:
    if not isinstance(node, Scalar):
        raise Wrong(node.mark, f"{asked} is asked for here")
    return node


def text(node: Node, asked: str = "a text") -> str:
    """Return a text; a plain scalar that reads as a number, a boolean or nothing is not one."""
    scalar = _scalar(node, asked)
    if not scalar.is_plain:
        return scalar.text
    if scalar.text in _NULLS:
        raise Wrong(scalar.mark, f"nothing is written here: {asked} is asked for")
    if scalar.text in _BOOLS or _NUMBER.fullmatch(scalar.text) or _ODD_NUMBER.fullmatch(scalar.text):
        reads = "true or false" if scalar.text in _BOOLS else "a number"
        raise Wrong(scalar.mark, f"`{shown(scalar.text)}` reads as {reads}: put it in quotes if it is text")
    return scalar.text


def line(node: Node, asked: str = "a text") -> str:
    """Return a text that says something."""
    written = text(node, asked).strip()
    if not written:
        raise Wrong(node.mark, f"{asked} is asked for, and this is empty")
    return written


def word(node: Node, asked: str, known: Collection[str]) -> str:
    """Return one of the known words."""
    written = text(node, asked)
    if written not in known:
        raise Wrong(node.mark, f"`{shown(written)}` is not {asked}{nearest(written, known)}")
    return written


def yes_no(node: Node) -> bool:
    """Return true or false, and take neither yes nor on for it."""
    scalar = _scalar(node, "`true` or `false`")
    if scalar.is_plain and scalar.text in ("true", "false"):
        return scalar.text == "true"
    raise Wrong(scalar.mark, f"`{shown(scalar.text)}` is not a boolean: write `true` or `false`")


def number(node: Node) -> int | float:
    """Return a decimal number."""
    scalar = _scalar(node, "a number")
    written = shown(scalar.text, 20)
    if not scalar.is_plain:
        raise Wrong(scalar.mark, f"`{written}` is text: a number is written without quotes")
    if "_" in scalar.text and _NUMBER.fullmatch(scalar.text.replace("_", "")):
        raise Wrong(scalar.mark, f"`{written}` is not a number: write it without `_`")
    if _LEADING_ZERO.fullmatch(scalar.text):
        raise Wrong(scalar.mark, f"`{written}` begins with a zero: write it without")
    if not _NUMBER.fullmatch(scalar.text):
        raise Wrong(scalar.mark, f"`{written}` is not a number")
    if len(scalar.text) > MOST_DIGITS:
        raise Wrong(scalar.mark, f"`{written}` is longer than {MOST_DIGITS} digits")
    try:
        return int(scalar.text)
    except ValueError:
        value = float(scalar.text)
    if abs(value) > 10**MOST_DIGITS:
        raise Wrong(scalar.mark, f"`{written}` is too large")
    return value


def integer(node: Node, least: int, most: int) -> int:
    """Return a whole number within bounds."""
    value = number(node)
    if not isinstance(value, int) or not least <= value <= most:
        raise Wrong(node.mark, f"a whole number from {least:,} to {most:,} is asked for")
    return value


def duration(node: Node) -> timedelta:
    """Return a duration, which carries its unit: `15m`, `2h`, `3d`."""
    written = _scalar(node, "a duration such as `15m`, `2h` or `3d`").text
    match = _DURATION.fullmatch(written)
    if match is None or int(match[1]) == 0:
        raise Wrong(node.mark, f"`{shown(written)}` is not a duration: write it like `15m`, `2h` or `3d`")
    return int(match[1]) * _UNITS[match[2]]


def rate(node: Node) -> tuple[int, timedelta, str]:
    """Return how many within which window: `20/h`, `5000/d`, `10/30m`."""
    written = _scalar(node, "a limit such as `20/h`").text
    match = _RATE.fullmatch(written)
    if match is None or int(match[1]) == 0 or match[2] == "0":
        raise Wrong(
            node.mark, f"`{shown(written)}` is not a limit: write it like `20/h`, `5000/d` or `10/30m`"
        )
    return int(match[1]), int(match[2] or 1) * _UNITS[match[3]], written


def moment(node: Node) -> datetime:
    """Return a moment in UTC; a date lasts to its end in UTC."""
    written = _scalar(node, "a date or a moment").text
    try:
        if _DATE.fullmatch(written):
            day = datetime.fromisoformat(written).replace(tzinfo=UTC)
            return day + timedelta(days=1)
        if _DATE_TIME.fullmatch(written):
            return datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Wrong(
        node.mark, f"`{shown(written)}` is not a date or moment: write `2026-12-31` or `2026-12-31T18:00:00Z`"
    )


def guid(node: Node, asked: str) -> str:
    """Return the id of a thing in Entra, lower case. A name would never be the id it is compared with."""
    written = line(node, asked)
    if GUID.fullmatch(written) is None:
        example = "00000000-0000-0000-0000-000000000000"
        raise Wrong(node.mark, f"`{shown(written)}` is not {asked}: write the GUID, such as `{example}`")
    return written.lower()


def iso_date(node: Node) -> str:
    """Return a date as `2026-12-31`."""
    written = _scalar(node, "a date").text
    try:
        if _DATE.fullmatch(written):
            return date.fromisoformat(written).isoformat()
    except ValueError:
        pass
    raise Wrong(node.mark, f"`{shown(written)}` is not a date: write it like `2026-12-31`")


def hours(node: Node) -> tuple[int, int]:
    """Return minutes after midnight, from and to: `08:00-18:00`; `22:00-06:00` crosses midnight."""
    written = _scalar(node, "hours such as `08:00-18:00`").text
    start, dash, end = written.partition("-")
    if not dash or not _CLOCK.fullmatch(start) or not _CLOCK.fullmatch(end) or start in (end, "24:00"):
        raise Wrong(node.mark, f"`{shown(written)}` are not hours: write them like `08:00-18:00`")
    return int(start[:2]) * 60 + int(start[3:]), int(end[:2]) * 60 + int(end[3:])


def zone(node: Node) -> str:
    """Return the name of a time zone."""
    written = text(node, "a time zone such as `Europe/Madrid`")
    try:
        zoneinfo.ZoneInfo(written)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        near = nearest(written, zoneinfo.available_timezones())
        raise Wrong(node.mark, f"unknown time zone `{shown(written)}`{near}") from None
    return written


def network(node: Node) -> Network:
    """Return a network such as `192.0.2.0/24`, or one address."""
    written = text(node, "a network such as `192.0.2.0/24`")
    try:
        found = ipaddress.ip_network(written)
    except ValueError:
        pass
    else:
        plain = _unmapped(found)
        if plain is not None:
            # Facts are compared as addresses of version 4: the network as it stands would hold none, ever.
            raise Wrong(node.mark, f"`{shown(written)}` holds addresses of version 4: write `{plain}`")
        return found
    try:
        whole = ipaddress.ip_network(written, strict=False)
    except ValueError:
        raise Wrong(node.mark, f"`{shown(written)}` is not a network: write it like `192.0.2.0/24`") from None
    raise Wrong(node.mark, f"`{shown(written)}` is an address inside a network: write `{whole}`")


def _unmapped(found: Network) -> Network | None:
    """Return the network of version 4 that one of version 6 stands for, as `::ffff:192.0.2.0/120` does."""
    first = found.network_address.ipv4_mapped if isinstance(found, ipaddress.IPv6Network) else None
    if first is None or found.prefixlen < _MAPPED_BITS:
        return None
    return ipaddress.IPv4Network((first, found.prefixlen - _MAPPED_BITS))


_MAPPED_BITS = 96


def pattern(node: Node) -> str:
    """Return a pattern that RE2 can compile."""
    written = text(node, "a pattern")
    if not written or len(written) > LONGEST_PATTERN:
        raise Wrong(node.mark, f"a pattern has 1 to {LONGEST_PATTERN:,} characters")
    try:
        matcher(written)
    except re2.error as error:
        why = (
            error.args[0].decode(errors="replace") if error.args and isinstance(error.args[0], bytes) else "?"
        )
        raise Wrong(node.mark, f"RE2 does not take this pattern: {shown(why)}") from None
    except UnicodeEncodeError:
        raise Wrong(node.mark, "the pattern has half a character in it") from None
    return written


@lru_cache(maxsize=4_096)
def matcher(written: str) -> Callable[[str], object]:
    """Return what says whether a whole text matches the pattern, in time proportional to the text.

    `.` matches a line break too: a sender who puts one into a subject must not step out of `.*Board.*`.
    """
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    return cast("Callable[[str], object]", re2.compile(written, options=options).fullmatch)


def _address(scalar: Scalar, written: str) -> str:
    local, at, host = written.rpartition("@")
    if not at or not local or not host or any(character.isspace() for character in written):
        raise Wrong(
            scalar.mark, f"`{shown(written)}` is not an address: write it like `name@contoso.example`"
        )
    return fold.address(written)


def _domain(scalar: Scalar, written: str) -> str:
    if "@" in written:
        raise Wrong(scalar.mark, f"`{shown(written)}` is an address: a domain is asked for")
    if written.startswith(("*.", ".")):
        raise Wrong(scalar.mark, f"`{shown(written)}`: leave the start out; `domainIn` covers subdomains")
    name = fold.domain(written)
    if not name or any(c.isspace() or c in "/:\\*" for c in name) or ".." in name or len(name) > 253:
        raise Wrong(scalar.mark, f"`{shown(written)}` is not a domain: write it like `contoso.example`")
    return name


def _ip(scalar: Scalar, written: str) -> str:
    address = fold.ip(written)
    if address is None:
        raise Wrong(scalar.mark, f"`{shown(written)}` is not an IP address")
    return address


_BY_TYPE: Mapping[FactType, Callable[[Scalar, str], str]] = {
    FactType.TEXT: lambda _, written: fold.text(written),
    FactType.ADDRESS: _address,
    FactType.DOMAIN: _domain,
    FactType.IP: _ip,
}


def literal(node: Node, kind: FactType, known: Collection[str] | None) -> Value:
    """Return a value of the type, folded as facts of the type are compared.

    `known` are the words that the fact can have; None where any.
    """
    if kind is FactType.NUMBER:
        return number(node)
    if kind is FactType.YESNO:
        return yes_no(node)
    scalar = _scalar(node, "one value")
    written = text(scalar, f"{'an' if kind is FactType.ADDRESS else 'a'} {kind.value}")
    if kind is FactType.WORD:
        if known is None or written in known:
            return written
        if written in ("unknown", "unknownFutureValue"):
            raise Wrong(scalar.mark, f"`{written}` is the same as not given: write `{{exists: false}}`")
        raise Wrong(scalar.mark, f"unknown word `{shown(written)}`{nearest(written, known)}")
    return _BY_TYPE[kind](scalar, written)
