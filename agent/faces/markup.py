"""Our sentences and moments as HTML: names as code, what others wrote fenced, moments marked up."""

import re
from datetime import UTC, datetime

from markupsafe import Markup, escape

from agent.faces.templating import shown
from agent.judge.quote import moment

MOMENT = re.compile(r"(?<![\w-])(\d{4}-\d\d-\d\d \d\d:\d\dZ)(?!\w)")
"""A moment as our sentences say it."""

PIECES = re.compile(r'("(?:[^"\\]|\\.)*")|`([^`]*)`')
"""What stands in quotation marks, and what stands in backticks."""

BLANKS = re.compile(r"(\s+)")
MARKS = "()[]<>,;:.!?"

FENCE = Markup('<bdi class="foreign">{}</bdi>')
CODE = Markup("<code>{}</code>")


def ticked(text: str) -> Markup:
    """Return a sentence of ours: its names, which stand in backticks where it is plain text, set as code, and what others wrote fenced.

    What others wrote stands in quotation marks, with those inside escaped, so that no backtick counts there, or is one word
    that cannot pass for ours: an address of a page or of a mailbox. Moments are said in the reader's zone, as everywhere else.
    """
    whole, made, at = str(shown(text)), [], 0
    for found in PIECES.finditer(whole):
        made.append(_words(whole[at : found.start()]))
        quoted, name = found.groups()
        made.append(FENCE.format(quoted) if quoted is not None else CODE.format(name))
        at = found.end()
    return Markup("").join([*made, _words(whole[at:])])


def _words(text: str) -> Markup:
    """Return plain words with the moments among them marked up; what only looks like one is left as it is."""
    return Markup("").join(
        _moment_or_text(part) if place % 2 else _addresses(part)
        for place, part in enumerate(MOMENT.split(text))
    )


def _moment_or_text(words: str) -> Markup:
    try:
        at = datetime.strptime(words, "%Y-%m-%d %H:%MZ").replace(tzinfo=UTC)
    except ValueError:
        return escape(words)
    return time_element(at)


def _addresses(text: str) -> Markup:
    """Return words with the addresses among them fenced; marks around one are ours."""
    made = []
    for word in BLANKS.split(text):
        address = word.strip(MARKS)
        if "@" in address or "://" in address:
            before, _, after = word.partition(address)
            made.append(escape(before) + FENCE.format(address) + escape(after))
        else:
            made.append(escape(word))
    return Markup("").join(made)


def time_element(at: datetime | None) -> Markup:
    """Return a moment in UTC, which the page's script says in the reader's own zone too."""
    if at is None:
        return Markup("")
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), moment(at))
