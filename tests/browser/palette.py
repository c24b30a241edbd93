"""Pictures of pages in a third of the bytes: few colours, each pixel its number in a list of them."""

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

HEAD = b"\x89PNG\r\n\x1a\n"


def with_palette(png: bytes) -> bytes:
    """Return a picture (PNG, 8 bits a channel, no alpha or an opaque one) with its 256 commonest colours, others by the nearest."""
    chunks = dict[bytes, bytes]()
    for name, data in _chunks(png):
        chunks[name] = chunks.get(name, b"") + data
    width, height, depth, kind = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert depth == 8
    assert kind in {2, 6}
    size = 3 if kind == 2 else 4
    rows = list(_rows(zlib.decompress(chunks[b"IDAT"]), width, height, size))
    pixels = [[row[at : at + 3] for at in range(0, len(row), size)] for row in rows]
    colours = [colour for colour, _ in Counter(pixel for row in pixels for pixel in row).most_common()]
    palette = colours[:256]
    numbers = {colour: palette.index(_nearest(colour, palette)) for colour in colours}
    lines = b"".join(b"\0" + bytes(numbers[pixel] for pixel in row) for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return HEAD + b"".join(
        (
            _chunk(b"IHDR", head),
            _chunk(b"PLTE", b"".join(palette)),
            _chunk(b"IDAT", zlib.compress(lines, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _nearest(colour: bytes, palette: list[bytes]) -> bytes:
    return min(palette, key=lambda one: sum((a - b) ** 2 for a, b in zip(one, colour, strict=True)))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(HEAD)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _rows(raw: bytes, width: int, height: int, size: int) -> Iterator[bytes]:
    """Give the rows without their filters (PNG specification, section 9)."""
    stride, above = width * size, bytes(width * size)
    for number in range(height):
        at = number * (stride + 1)
        row = bytearray(raw[at + 1 : at + 1 + stride])
        _unfilter(raw[at], row, above, size)
        above = bytes(row)
        yield above


def _unfilter(kind: int, row: bytearray, above: bytes, size: int) -> None:
    for at in range(len(row)):
        left, up = (row[at - size] if at >= size else 0), above[at]
        match kind:
            case 0:
                return
            case 1:
                guess = left
            case 2:
                guess = up
            case 3:
                guess = (left + up) // 2
            case _:
                guess = _paeth(left, up, above[at - size] if at >= size else 0)
        row[at] = (row[at] + guess) & 255


def _paeth(left: int, up: int, corner: int) -> int:
    by_left, by_up, by_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if by_left <= by_up and by_left <= by_corner:
        return left
    return up if by_up <= by_corner else corner
