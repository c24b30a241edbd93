"""What a mail says, in parts that its plain text and its HTML lay out alike.

To what every channel does with foreign words (`layout.foreign`), mail adds what its readers' programs make links of: telephone
numbers, which telephones offer to call. `hxxp` is how people who share indicators write `http`, and `[.]`, `[:]`, `[@]` are
how they break the rest (draft-grimminck-safe-ioc-sharing): whoever reads it knows at once that it is an indicator, and who
made it one that cannot be clicked.
"""

import re

import msgspec

from agent.adapters.channels.layout import (
    NAME,
    TITLE,
    WORDS,
    Shown,
    facts,
    foreign,
    headline,
    left_out,
    link_of,
    shown,
)
from agent.model.escalation import Item, Notice, Occasion

SUBJECT = 90
"""Characters of the title that a subject shows."""

_SCHEME = re.compile(r"\bhttp(?=s?\[:\])", re.IGNORECASE)
_NUMBER = re.compile(
    r"""(?P<kept>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?Z?(?!\d)          # a moment
        | [0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}                # an id
        | \d{1,3}(?:,\d{3})+(?![\d-]))                                        # a count
      | (?P<number>(?<![\w])[+(]{0,2}\d(?:[ ()/+\u00a0\u2010-\u2015-]{0,3}(?:\[\.\])?\d){6,})""",
    re.VERBOSE,
)
_GAPS = re.compile(r"[ ()/+\u00a0\u2010-\u2015-]+")

_RUN = re.compile(r"\d{7,}")
_FOUR = re.compile(r"\d{1,4}")

_ASKED = frozenset(
    {Occasion.PAGE, Occasion.REPEAT, Occasion.WORSE, Occasion.UPDATE, Occasion.LAST_CHANCE, Occasion.DIGEST}
)
"""Occasions on which people are to do something about actions."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of one mail. All foreign text in it is harmless, and still to be escaped for HTML."""

    headline: str
    title: str
    words: str
    link: str | None
    call: str
    """What the link is for."""
    facts: tuple[tuple[str, str], ...]
    items: tuple[Shown, ...]
    left_out: str
    about: tuple[str, ...]
    """Who sent it, and what cannot be done with it."""


def words_of(notice: Notice) -> Words:
    """Return what a mail about this notice says."""
    return Words(
        headline=headline(notice),
        title=unlinked(notice.title, TITLE),
        words=unlinked(notice.words, WORDS),
        link=link_of(notice),
        call="Look and answer here" if notice.occasion in _ASKED else "Look here",
        facts=facts(notice),
        items=tuple(_shown(item, notice) for item in notice.items),
        left_out=left_out(notice, len(notice.items)),
        about=(
            (
                f"Sent by air-agent through its channel {unlinked(notice.channel, NAME)}. Nobody reads what is answered to "
                "this address, and answering a mail approves nothing."
            ),
            "Brackets, as in evil[.]example, are put in by the agent: foreign names must not become links.",
        ),
    )


def subject_of(notice: Notice) -> str:
    """Return the subject: in which program it was made, why people are told, and what about.

    A header is taken apart by whoever reads it: what looks like an encoded word would be shown as what it encodes.
    """
    said = unlinked(notice.title, SUBJECT).replace("=?", "=[?]")
    about = f": {said}" if said else ""
    return f"[air-agent] {headline(notice)}{about}"


def unlinked(text: str, limit: int) -> str:
    """Return foreign text on one line, cut visibly, of which no mail program makes a link."""
    return _uncalled(foreign(text, limit))


def _uncalled(text: str) -> str:
    return _NUMBER.sub(_broken, _SCHEME.sub(_hxxp, text))


def _hxxp(found: re.Match[str]) -> str:
    return "HXXP" if found[0].isupper() else "hxxp"


def _broken(found: re.Match[str]) -> str:
    """Return a number that nobody can call: its gaps in brackets, and pairs of brackets where it has none."""
    if found["kept"]:
        return found[0]
    broken = _GAPS.sub(lambda gap: f"[{gap[0]}]", found["number"])
    return _RUN.sub(lambda run: "[]".join(_FOUR.findall(run[0])), broken)


def _shown(item: Item, notice: Notice) -> Shown:
    found = shown(item, notice.at)
    return Shown(
        kind=_uncalled(found.kind),
        head=found.head if item.incident_id.isalnum() else _uncalled(found.head),
        what=_uncalled(found.what),
        why=_uncalled(found.why),
    )
