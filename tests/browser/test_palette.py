"""Pictures with few colours say the same as before."""

import struct
import zlib

import pytest

from tests.browser.palette import HEAD, _chunk, _chunks, with_palette

ROWS = [bytes([10, 20, 30, 200, 100, 50, 10, 20, 30]), bytes([10, 20, 30, 10, 20, 30, 255, 255, 255])]


def filtered(kind: int, row: bytes, above: bytes) -> bytes:
    """Return the row as an encoder writes it with this filter."""
    out = bytearray()
    for at, value in enumerate(row):
        left, up, corner = (row[at - 3], above[at], above[at - 3]) if at >= 3 else (0, above[at], 0)
        near = sorted(
            (left, up, corner), key=lambda one: (abs(left + up - corner - one), (left, up, corner).index(one))
        )
        out.append((value - (0, left, up, (left + up) // 2, near[0])[kind]) & 255)
    return bytes([kind]) + bytes(out)


@pytest.mark.parametrize("kind", range(5))
def test_every_pixel_keeps_its_colour_whatever_the_filter(kind: int) -> None:
    raw = filtered(kind, ROWS[0], bytes(9)) + filtered(kind, ROWS[1], ROWS[0])
    head = struct.pack(">IIBBBBB", 3, 2, 8, 2, 0, 0, 0)
    png = HEAD + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(raw)) + _chunk(b"IEND", b"")

    made = dict(_chunks(with_palette(png)))

    colours = [made[b"PLTE"][at : at + 3] for at in range(0, len(made[b"PLTE"]), 3)]
    lines = zlib.decompress(made[b"IDAT"])
    shown = [b"".join(colours[number] for number in lines[at + 1 : at + 4]) for at in (0, 4)]
    assert shown == ROWS
