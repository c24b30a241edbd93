"""The HTML of a mail: tables and inline styles, which is what mail programs show alike.

Nothing is fetched and nothing runs: no image, style sheet, font or script, and one link. Every text goes in through
`html.escape`, each as all there is in its element.
"""

from collections.abc import Iterable, Sequence
from html import escape

from agent.adapters.channels.email.words import Words
from agent.adapters.channels.layout import Shown

INK, FAINT, RULE, PAPER, TINT, ACTION = "#1b1b1f", "#5b5b66", "#d4d4dc", "#ffffff", "#f4f4f7", "#0b5394"
LOUD = "#b3261e"
"""The bar above a mail that is of high urgency."""

_FONT = "font-family:'Segoe UI',Helvetica,Arial,sans-serif"
_TABLE = 'role="presentation" cellpadding="0" cellspacing="0" border="0"'
_BROKEN = "word-break:break-word;overflow-wrap:anywhere"


def page_of(words: Words, *, is_loud: bool) -> str:
    """Return the mail as HTML."""
    rows = [
        _row(f"{_FONT};font-size:20px;line-height:26px;font-weight:bold;color:{INK}", words.headline),
        *_some(f"{_FONT};font-size:16px;line-height:22px;color:{INK};{_BROKEN}", words.title),
        *_some(f"{_FONT};font-size:14px;line-height:20px;color:{INK};{_BROKEN}", words.words),
        *_link(words),
        *_facts(words.facts),
        *(_item(number, item) for number, item in enumerate(words.items, start=1)),
        *_some(f"{_FONT};font-size:14px;line-height:20px;color:{INK}", words.left_out),
        *(_row(f"{_FONT};font-size:12px;line-height:17px;color:{FAINT}", text) for text in words.about),
    ]
    bar = LOUD if is_loud else ACTION
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">\n'
        f"<title>{escape(words.headline)}</title>\n</head>\n"
        f'<body style="margin:0;padding:0;background-color:{PAPER}">\n'
        f'<table {_TABLE} width="100%" style="background-color:{PAPER}"><tr><td align="left" style="padding:12px">\n'
        f'<table {_TABLE} width="100%" style="max-width:640px;border-top:4px solid {bar}">\n'
        + "\n".join(rows)
        + "\n</table>\n</td></tr></table>\n</body>\n</html>\n"
    )


def _row(style: str, text: str) -> str:
    return f'<tr><td style="padding:6px 0;{style}">{escape(text)}</td></tr>'


def _some(style: str, text: str) -> list[str]:
    return [_row(style, text)] if text else []


def _link(words: Words) -> list[str]:
    if words.link is None:
        return []
    style = (
        f"display:inline-block;padding:11px 20px;{_FONT};font-size:16px;color:{PAPER};text-decoration:none"
    )
    return [
        (
            f'<tr><td style="padding:10px 0"><table {_TABLE}><tr><td bgcolor="{ACTION}" style="background-color:{ACTION}">'
            f'<a href="{escape(words.link)}" style="{style}">{escape(words.call)}</a></td></tr></table></td></tr>'
        )
    ]


def _facts(facts: Sequence[tuple[str, str]]) -> list[str]:
    if not facts:
        return []
    cell = f"{_FONT};font-size:14px;line-height:20px;vertical-align:top;padding:2px"
    lines = "".join(
        f'<tr><td style="{cell} 16px 2px 0;color:{FAINT};white-space:nowrap">{escape(label)}</td>'
        f'<td style="{cell} 0;color:{INK}">{escape(value)}</td></tr>'
        for label, value in facts
    )
    return [f'<tr><td style="padding:6px 0"><table {_TABLE}>{lines}</table></td></tr>']


def _item(number: int, item: Shown) -> str:
    """Return one action: our words above, and what may be an attacker's in a box below them."""
    own = f"{_FONT};font-size:14px;line-height:20px;color:{INK};padding:2px 0"
    foreign = "".join(_boxed((item.what, item.why)))
    return (
        f'<tr><td style="padding:6px 0"><table {_TABLE} width="100%">'
        f'<tr><td style="{own};font-weight:bold">{number}. {escape(item.kind)}</td></tr>'
        f'<tr><td style="{own}">{escape(item.head)}</td></tr>{foreign}</table></td></tr>'
    )


def _boxed(texts: Iterable[str]) -> Iterable[str]:
    style = (
        f"background-color:{TINT};border-left:3px solid {RULE};padding:4px 10px;{_FONT};font-size:14px;"
        f"line-height:20px;color:{INK};{_BROKEN}"
    )
    return (f'<tr><td style="{style}">{escape(text)}</td></tr>' for text in texts if text)
