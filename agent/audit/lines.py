"""Entries and anchors as JSON lines: for the shipped copy, the second place, and whoever collects logs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

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


T = TypeVar("T")

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

    So is a line that was cut off by a crash or a full disk, if it comes again whole; or if it is the last.

    Raises:
        Unreadable: a line is none of ours.
    """
    return _whole(lines, _entry, "entry of an audit")


def read_anchors(lines: Iterable[bytes]) -> Iterator[Anchor]:
    """Give the anchor of each line, also where syslog has written something before it. Empty lines are passed over.

    Raises:
        Unreadable: a line is none of ours.
    """
    return _whole((raw[max(raw.find(b"{"), 0) :] for raw in lines), _anchor, "anchor")


def _entry(raw: bytes) -> tuple[str, Link]:
    found = _lines.decode(raw)
    content = bytes(found.entry)
    read = read_body(content)
    if read.at.tzinfo is None:
        raise ValueError("the entry's moment has no zone")
    link = Link(
        replica=found.replica,
        number=found.number,
        at=micros(read.at),
        event=read.event,
        action_id=read.action_id,
        body=content,
        mac=bytes.fromhex(found.mac),
    )
    return found.tenant, link


def _anchor(raw: bytes) -> Anchor:
    found = _anchors.decode(raw)
    bytes.fromhex(found.mac)
    return found


def _whole(lines: Iterable[bytes], read: Callable[[bytes], T], what: str) -> Iterator[T]:
    cut: tuple[int, bytes] | None = None
    for place, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            found = read(raw)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            if cut is not None:
                raise Unreadable(f"line {cut[0]} is no {what}") from error
            cut = (place, raw.rstrip(b"\n"))
            if not raw.endswith(b"\n"):
                return
            continue
        if cut is not None and raw.startswith(cut[1]):
            cut = None
        yield found
    if cut is not None:
        raise Unreadable(f"line {cut[0]} is no {what}")


def anchor_line(anchor: Anchor) -> bytes:
    """Return the anchor as one line, without its break."""
    return _encoder.encode(anchor)
