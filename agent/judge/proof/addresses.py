"""Domains, addresses and IP addresses that stand for all there are."""

import ipaddress
from collections.abc import Collection, Iterator, Sequence
from typing import cast

from agent.judge.literals import Network
from agent.judge.proof.columns import Column
from agent.judge.proof.texts import filler, operands

NOWHERE = "."
"""A domain of no labels, as of an address that ends in `@.`: it is given, and compared as the empty text."""

MAPPED = (0xFFFF_0000_0000, 0x1_0000_0000_0000)
"""The first address of version 6 that holds one of version 4, and the first after these: `::ffff:0:0/96`."""

_LIKELY_IPS = ("198.51.100.77", "203.0.113.77", "192.0.2.77", "2001:db8::77")


def domains(named: Collection[str]) -> Iterator[str]:
    """Give a domain below each that is named, one below none, and one without labels.

    Every domain that is not named answers as a fresh one right below the longest named domain that it lies in.
    """
    label = fresh_label(named)
    yield from below_none(label)
    for name in sorted(named):
        yield f"{label}.{name}"
    yield NOWHERE


def below_none(label: str) -> tuple[str, str]:
    """Return a domain that is likely, and one below none that is named, which `example` itself may be."""
    return f"{label}.example", f"{label}.{label}"


def fresh_label(named: Collection[str]) -> str:
    """Return a label that is in none of these domains."""
    labels = {label for name in named for label in name.split(".")}
    return next(name for at in range(len(labels) + 1) if (name := f"other{at or ''}") not in labels)


def addresses(columns: Sequence[Column], named: Sequence[str]) -> Iterator[str]:
    """Give for every start and every domain an address that has both and is not named.

    Every address that is not named answers as one made of the longest start that it has, a letter that stands in
    no start, `@`, and its domain; that a start has an `@` itself makes no difference, since the last one counts.
    """
    hosts = {name for column in columns if column.operator == "domainIn" for name in _names(column)}
    starts = operands(columns, "startsWith")
    gap = filler([*starts, *named])
    label = fresh_label([*hosts, *(address.rpartition("@")[2] for address in named)])
    for start in ("", *starts):
        for host in (*below_none(label), *sorted(hosts), *(f"{label}.{name}" for name in sorted(hosts))):
            yield f"{start}{gap}@{host}"
        yield f"{start}{gap}@"


def networks(columns: Sequence[Column], named: Sequence[str]) -> Iterator[str]:
    """Give each address that is named, and one that is not from each stretch that no network begins or ends in.

    An address of version 6 may also name its interface, and is then another address in the same network. Those
    that hold an address of version 4 are compared as that one, so that none is given, and a stretch ends there.
    """
    yield from _LIKELY_IPS
    yield from named
    given = [network for column in columns if column.operator == "cidr" for network in _networks(column)]
    taken = {ipaddress.ip_address(address.partition("%")[0]) for address in named}
    for version, most in ((4, 2**32), (6, 2**128)):
        starts = {0, most} if version == 4 else {0, *MAPPED, most}
        for network in given:
            if network.version == version:
                starts |= {int(network.network_address), int(network.broadcast_address) + 1}
        for start, end in zip(ordered := sorted(starts), ordered[1:], strict=False):
            for at in range(start, min(end, start + len(taken) + 2)):
                address = ipaddress.IPv4Address(at) if version == 4 else ipaddress.IPv6Address(at)
                if address not in taken and (
                    version == 4 or cast("ipaddress.IPv6Address", address).ipv4_mapped is None
                ):
                    yield str(address)
                    break
            if version == 6 and start != MAPPED[0]:
                yield f"{ipaddress.IPv6Address(start)}%1"


def _names(column: Column) -> frozenset[str]:
    return cast("frozenset[str]", column.operand)


def _networks(column: Column) -> tuple[Network, ...]:
    return cast("tuple[Network, ...]", column.operand)
