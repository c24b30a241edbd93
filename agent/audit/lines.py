"""Entries and anchors as JSON lines: for the shipped copy, the second place, and whoever collects logs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from agent.audit.chain import micros, read_body
from agent.model.audit import Anchor, Kept, Link


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One shipped entry. `entry` are the body's bytes as the mac covers them."""

    tenant: str
    replica: str
    number: int
    mac: str
    entry: msgspec.Raw


class Exported(Line, frozen=True, kw_only=True, omit_defaults=True):
    """One exported entry, with what is left of its personal values where they are asked for."""

    values: dict[str, str] | None = None


class Unreadable(Exception):
    """A line is not what is written here; says which, counted from 1."""


_encoder = msgspec.json.Encoder()
_lines = msgspec.json.Decoder(Line)
_anchors = msgspec.json.Decoder(Anchor)


def line(tenant_id: str, link: Link) -> bytes:
    """Return the entry as one line, without its break."""
    return _encoder.encode(
        Line(
            tenant=tenant_id,
            replica=link.replica,
            number=link.number,
            mac=link.mac.hex(),
            entry=msgspec.Raw(link.body),
        )
    )


def exported(tenant_id: str, link: Link, kept: Sequence[Kept] | None) -> bytes:
    """Return the entry as one line, with these personal values; None leaves them out."""
    return _encoder.encode(
        Exported(
            tenant=tenant_id,
            replica=link.replica,
            number=link.number,
            mac=link.mac.hex(),
            entry=msgspec.Raw(link.body),
            values=None if kept is None else {one.name: one.value for one in kept},
        )
    )


def read_lines(lines: Iterable[bytes]) -> Iterator[tuple[str, Link]]:
    """Give tenant and entry of each line; empty ones are passed over.

    A last line without its break was cut off while it was written, and comes again whole: it is passed over too.

    Raises:
        Unreadable: a line is none of ours.
    """
    for place, raw in enumerate(lines, 1):
        if not raw.strip() or not raw.endswith(b"\n"):
            continue
        try:
            found = _lines.decode(raw)
            content = bytes(found.entry)
            read = read_body(content)
            link = Link(
                replica=found.replica,
                number=found.number,
                at=micros(read.at),
                event=read.event,
                action_id=read.action_id,
                body=content,
                mac=bytes.fromhex(found.mac),
            )
        except (msgspec.DecodeError, ValueError, TypeError) as error:
            raise Unreadable(f"line {place} is no entry of an audit: {_first_line(error)}") from error
        yield found.tenant, link


def anchor_line(anchor: Anchor) -> bytes:
    """Return the anchor as one line, without its break."""
    return _encoder.encode(anchor)


def read_anchors(lines: Iterable[bytes]) -> Iterator[Anchor]:
    """Give the anchor of each line; empty ones, and a last one that was cut off, are passed over.

    Raises:
        Unreadable: a line is none of ours.
    """
    for place, raw in enumerate(lines, 1):
        if not raw.strip() or not raw.endswith(b"\n"):
            continue
        try:
            found = _anchors.decode(raw)
            bytes.fromhex(found.mac)
        except (msgspec.DecodeError, ValueError) as error:
            raise Unreadable(f"line {place} is no anchor: {_first_line(error)}") from error
        yield found


def by_number(kept: Iterable[Kept]) -> Mapping[int, list[Kept]]:
    """Return values by the number of their entry."""
    found: dict[int, list[Kept]] = {}
    for one in kept:
        found.setdefault(one.number, []).append(one)
    return found


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")
