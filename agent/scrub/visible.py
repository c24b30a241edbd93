"""Foreign text made safe to show: subjects, names and titles are written by attackers.

On a terminal some characters move the cursor, colour, hide, turn round or break a line. Each of those is
shown as its escape, so that one value stays one stretch of one line and a person sees what is there.
"""

import unicodedata

CUT = "…(+{})"
"""Stands at the end of a text that was cut, with how many characters are missing."""

BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that show as nothing."""

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of Unicode that have no picture of their own: controls, formats (bidirectional marks, zero-width
characters, tags), surrogates, private use, unassigned, and separators of lines and paragraphs."""

UNSEEN_MARKS = frozenset([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x180B, 0x1810), 0x034F])
"""Marks without a picture: variation selectors and the grapheme joiner can carry hidden text."""

STACKED = 2
"""Combining marks shown on one letter; more climb into the lines above."""


def visible(text: str, limit: int = 80) -> str:
    """Return the text on one line, every character that could do something shown as an escape.

    More than `limit` characters are cut, and the cut says how many characters of the original it hides. An
    escape is never cut in half.
    """
    shown: list[str] = []
    used = marks = 0
    for letter in text:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        piece = _escaped(letter) if marks > STACKED or _acts(letter) else letter
        used += len(piece)
        if used > limit:
            return "".join(shown) + CUT.format(len(text) - len(shown))
        shown.append(piece)
    return "".join(shown)


def _acts(letter: str) -> bool:
    return unicodedata.category(letter) in HIDDEN or letter in BLANKS or ord(letter) in UNSEEN_MARKS


def _escaped(letter: str) -> str:
    code = ord(letter)
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"
