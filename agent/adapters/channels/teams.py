"""Microsoft Teams: an Adaptive Card to a workflow with the trigger "When a Teams webhook request is received".

* 200 and 202 say that the workflow has begun, not that the card was posted: a card that Teams does not take shows
  nothing at all. So cards stay far below the size at which that happens, and are of schema 1.4, which is safe.
* The `sig` in the URL is the whole credential: the URL comes from the place of a secret and is in no message.
* Foreign text stands in `TextRun` only, which knows no Markdown; a mention would take an entity beside it, and there is
  none. What Teams puts dates in for, and flows and templates values, is taken apart all the same.
* A posted card cannot be changed or replied to from here: each notice is a card of its own.

Source: MicrosoftDocs/msteams-docs; microsoft/AdaptiveCards, schema 1.4. The hosts of national clouds are UNCONFIRMED: one
that is missing is named in the setting `escalation.hosts`.
"""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

import msgspec

from agent.adapters.channels.addresses import check_url
from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.calling import Call, Caller, start_of
from agent.adapters.channels.layout import (
    TITLE,
    WHAT,
    WORDS,
    Shown,
    facts,
    fitting,
    foreign,
    headline,
    left_out,
    links,
    shown,
    units,
)
from agent.adapters.channels.pace import Limit
from agent.adapters.channels.secrets import secret_of
from agent.model.channel import Channel
from agent.model.errors import Refused
from agent.model.escalation import Item, Notice, Occasion, Posted, Receipt

LIMITS = (
    Limit(3, timedelta(seconds=1)),
    Limit(55, timedelta(seconds=30)),
    Limit(95, timedelta(hours=1)),
    Limit(1_700, timedelta(days=1)),
)
"""Cards for one workflow: below 4 a second, 60 in half a minute, 100 an hour and 1,800 a day."""

BUDGET = 20 * 1024
"""Bytes of what is sent. Teams drops what it counts as more than 28 KB, and counts a fifth more than is sent."""

HOSTS = (
    ".api.powerplatform.com",
    ".logic.azure.com",
    ".api.gov.powerplatform.microsoft.us",
    ".api.high.powerplatform.microsoft.us",
    ".api.appsplatform.us",
    ".logic.azure.us",
    ".api.powerplatform.partner.microsoftonline.cn",
    ".logic.azure.cn",
)
"""What the host of a workflow ends with."""

RETIRED = ".webhook.office.com"
"""What the host of a connector ended with."""

WARNING = frozenset({Occasion.WORSE, Occasion.LAST_CHANCE, Occasion.ALARM, Occasion.SUMMARY})

Element = dict[str, object]


class Teams:
    """Fulfils Wire."""

    def __init__(self, caller: Caller, bounds: Bounds) -> None:
        self._caller = caller
        self._bounds = bounds

    async def send(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:  # noqa: ARG002  the others look at them
        """Hand one card to the workflow."""
        start = start_of(channel.name)
        url = secret_of(channel, channel.secret, self._bounds)
        self._check(url, start)
        secrets = (url, *(value for value in urlsplit(url).query.split("&") if len(value) > 8))
        await self._caller.call(
            Call(
                start=start,
                url=url,
                headers={"Content-Type": "application/json"},
                body=body(notice),
                secrets=secrets,
                counted=("teams", url),
                limits=LIMITS,
            )
        )
        return Receipt(words="taken by the workflow: that is not yet that Teams has posted the card")

    def _check(self, url: str, start: str) -> None:
        """Raise Refused where the secret is not the URL of a workflow: nothing is posted elsewhere by mistake."""
        host = check_url(url, self._caller.hosts, start)
        if host in self._caller.hosts or host.endswith(HOSTS):
            return
        if host.endswith(RETIRED):
            raise Refused(
                f"{start}: connectors of Office 365 are retired: make a workflow in Teams, and use its URL"
            )
        raise Refused(
            f"{start}: its URL is not one of a workflow of Teams: copy that of the trigger "
            "`When a Teams webhook request is received`, or name its host in the setting `escalation.hosts`"
        )


def body(notice: Notice) -> bytes:
    """Return what is posted: one message with one card, with as many of the notice's items as fit."""
    return fitting(
        notice.items,
        lambda items, limit: msgspec.json.encode(
            {
                "type": "message",
                "attachments": [
                    {
                        "contentType": "application/vnd.microsoft.card.adaptive",
                        "contentUrl": None,
                        "content": card(notice, items, limit),
                    }
                ],
            }
        ),
        lambda built: len(built) <= BUDGET,
    )


def card(notice: Notice, items: Sequence[Item], limit: int = WHAT) -> Element:
    """Return the card of a notice with these of its items."""
    colour = "attention" if notice.occasion in WARNING else "default"
    parts: list[Element] = [
        _text([_run(headline(notice), weight="bolder", size="large", color=colour)]),
        _text([_run(_foreign(notice.title, TITLE), weight="bolder")]),
    ]
    if notice.words:
        parts.append(_text([_run(_foreign(notice.words, WORDS))]))
    parts += [
        _text([_run(f"{label}: ", isSubtle=True), _run(_still(value))], spacing="none")
        for label, value in facts(notice)
    ]
    parts += [
        _item(number, shown(item, notice.at, limit, units)) for number, item in enumerate(items, start=1)
    ]
    if more := left_out(notice, len(items)):
        parts.append(_text([_run(more, italic=True)], separator=True))
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": parts,
        "actions": [{"type": "Action.OpenUrl", "title": words, "url": url} for words, url in links(notice)],
    }


def _item(number: int, words: Shown) -> Element:
    lines = [
        _text([_run(f"{number}. "), _run(_still(words.kind), weight="bolder")]),
        _text([_run(_still(words.head), isSubtle=True)], spacing="none"),
    ]
    lines += [
        _text([_run(_still(text), fontType="monospace")], spacing="small")
        for text in (words.what, words.why)
        if text
    ]
    return {"type": "Container", "style": "emphasis", "items": lines}


def _text(runs: list[Element], **more: object) -> Element:
    return {"type": "RichTextBlock", "inlines": runs, **more}


def _run(text: str, **more: object) -> Element:
    return {"type": "TextRun", "text": text, **more}


def _foreign(text: str, limit: int) -> str:
    return _still(foreign(text, limit, units))


def _still(text: str) -> str:
    """Return text in which nothing asks for a value: neither dates of cards nor expressions of flows and templates."""
    return text.replace("{", "{ ").replace("<", "\u2039").replace(">", "\u203a")
