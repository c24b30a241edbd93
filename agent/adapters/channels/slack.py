"""Slack: one message a page, kept up to date, and a thread under it for all that happened since.

* The first notice of a page is a message. Later ones that people have to hear are replies in its thread, shown in the
  channel as well where it grew worse or the last chance came; a reminder stays in the thread.
* What changes nothing for people updates the message; the end of a page updates it and says in the thread why.
* Foreign text stands in `plain_text` only, where Slack knows no formatting, with `&`, `<` and `>` as entities, which
  Slack asks for. Whatever Slack would look for in plain text itself (names, channels, links) is switched off.
* The link is text, not a button: pressing one calls the app, and Slack shows an error where nobody listens.

Source: docs.slack.dev; the sum of 13,200 characters over all blocks is undocumented (slackapi/bolt-js 2509).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.calling import Answer, Call, Caller, decoded, hidden, start_of
from agent.adapters.channels.layout import (
    TITLE,
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
from agent.model.errors import Malformed, Refused
from agent.model.escalation import Item, Notice, Occasion, Posted, Receipt

URL = "https://slack.com/api"

LIMITS = (Limit(1, timedelta(seconds=1)), Limit(50, timedelta(seconds=60)))
"""Calls for one channel: about one message a second, and fifty updates a minute."""

MOST_BLOCKS, MOST_TEXT, MOST_HEADER, MOST_IN_ALL, MOST_FALLBACK = 50, 3000, 150, 13_000, 3000
"""Blocks of a message, and characters of a text, of a header, of all blocks and of what stands for them."""

PASSING = frozenset(
    [
        "fatal_error",
        "internal_error",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    ]
)
"""Slack's words for errors after which the same call may go well."""

DELETED = frozenset({"message_not_found", "thread_not_found"})
"""Slack's words for a message that is not there any more."""

FIXED = frozenset({"cant_update_message", "edit_window_closed"})
"""Slack's words for a message that is there and cannot be changed."""

MENDS = {
    "account_inactive": "the app was removed: install it again and replace the token",
    "channel_not_found": "invite the app to the channel, or mend its id in `to`",
    "invalid_auth": "replace the token",
    "is_archived": "the channel is archived: name another in `to`",
    "missing_scope": "give the app the scope `chat:write`, and install it again",
    "not_authed": "replace the token",
    "not_in_channel": "invite the app to the channel",
    "restricted_action": "allow the app to post in this channel",
    "token_expired": "replace the token",
    "token_revoked": "replace the token",
}

_TO_CHANNEL = frozenset({Occasion.WORSE, Occasion.LAST_CHANCE, Occasion.PAGE})
_CHANGES = frozenset({Occasion.WORSE, Occasion.LAST_CHANCE, Occasion.RESOLVED})
_CHANNEL = re.compile(r"[A-Z0-9]{1,40}")
_TS = re.compile(r"[0-9]{1,20}\.[0-9]{1,20}")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class _Answered(msgspec.Struct):
    ok: bool
    error: str | None = None
    channel: str | None = None
    ts: str | None = None


class Place(msgspec.Struct, frozen=True):
    """Where a message is: its channel as Slack calls it, and the `ts` of the message that heads its thread."""

    channel: str
    head: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted: the blocks, and the text that stands for them where they cannot be shown."""

    text: str
    blocks: tuple[Mapping[str, object], ...]
    lengths: tuple[int, ...]
    """Of the text of each block."""

    @property
    def body(self) -> dict[str, object]:
        """What of it goes to Slack."""
        return {"text": self.text, "blocks": self.blocks}


class _Fixed(Exception):
    """The message is there, and cannot be changed any more."""


class _Deleted(Exception):
    """The message is not there any more."""


class Slack:
    """Fulfils Wire."""

    def __init__(self, caller: Caller, bounds: Bounds) -> None:
        self._caller = caller
        self._bounds = bounds

    async def send(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:
        """Post a message, update the first one of the page, or reply in its thread.

        `ref` of the receipt is `channel:ts`, of a reply `channel:ts:ts of the first message`.
        """
        place = _place(notice, earlier)
        if place is None:
            return await self._post(channel, notice, None)
        try:
            if notice.occasion is Occasion.UPDATE:
                return await self._update(channel, notice, place)
            return await self._reply(channel, notice, place)
        except _Deleted:
            if notice.occasion is Occasion.UPDATE:
                return Receipt(
                    words="not sent: the message of the page was deleted, and a new one would be loud"
                )
            return await self._post(channel, notice, None)

    async def _update(self, channel: Channel, notice: Notice, place: Place) -> Receipt:
        try:
            await self._change(channel, notice, place)
        except _Fixed:
            return await self._post(channel, notice, place)
        return Receipt(ref=f"{place.channel}:{place.head}", words="the message of the page was updated")

    async def _reply(self, channel: Channel, notice: Notice, place: Place) -> Receipt:
        if notice.occasion in _CHANGES:
            try:
                await self._change(channel, notice, place)
            except _Fixed:
                return await self._post(channel, notice, place)
        return await self._post(channel, notice, place)

    async def _change(self, channel: Channel, notice: Notice, place: Place) -> None:
        await self._api(
            channel,
            "chat.update",
            {"channel": place.channel, "ts": place.head, "parse": "none", "link_names": False}
            | message(notice).body,
        )

    async def _post(self, channel: Channel, notice: Notice, place: Place | None) -> Receipt:
        if len(channel.to) != 1:
            raise Refused(
                f"{start_of(channel.name)}: it names no channel of Slack: set `to` to the id of one"
            )
        body: dict[str, object] = {
            "channel": channel.to[0],
            "parse": "none",
            "link_names": False,
            "mrkdwn": False,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if place is not None:
            body |= {"channel": place.channel, "thread_ts": place.head}
            body["reply_broadcast"] = notice.occasion in _TO_CHANNEL
        answered = await self._api(channel, "chat.postMessage", body | message(notice).body)
        if place is None:
            return Receipt(
                ref=f"{answered.channel}:{answered.ts}",
                words="posted to Slack: that is not yet that it was read",
            )
        return Receipt(
            ref=f"{answered.channel}:{answered.ts}:{place.head}", words="posted to the thread of the page"
        )

    async def _api(self, channel: Channel, method: str, body: Mapping[str, object]) -> _Answered:
        """Make one call of Slack's Web API, and return its answer, which says that it went well.

        Raises:
            _Fixed, _Deleted: the message that it is about cannot be changed any more.
        """
        token = secret_of(channel, channel.secret, self._bounds)
        call = Call(
            start=f"{start_of(channel.name)}: {method}",
            url=f"{(channel.url or URL).rstrip('/')}/{method}",
            headers={"Content-Type": "application/json; charset=utf-8", "Authorization": f"Bearer {token}"},
            body=msgspec.json.encode(body),
            secrets=(token,),
            counted=("slack", token, channel.to[0] if channel.to else ""),
            limits=LIMITS,
        )
        answer = await self._caller.call(call)
        answered = decoded(call, answer, _Answered)
        if not answered.ok:
            raise self._failure(call, answer, answered.error or "")
        if _CHANNEL.fullmatch(answered.channel or "") is None or _TS.fullmatch(answered.ts or "") is None:
            raise Malformed(f"{call.start}: the answer names no message: check what answers at this address")
        return answered

    def _failure(self, call: Call, answer: Answer, error: str) -> Exception:
        words = f"{call.start}: {hidden(error, call.secrets) or 'no reason'}"
        if error in DELETED:
            return _Deleted(words)
        if error in FIXED:
            return _Fixed(words)
        if error in PASSING:
            return self._caller.again(call, answer, words)
        mend = MENDS.get(error)
        return Refused(f"{words}: {mend}" if mend else words)


def message(notice: Notice) -> Message:
    """Return the text and the blocks of a notice, with as many of its items as fit."""
    return fitting(notice.items, lambda items, limit: _message(notice, items, limit), _fits)


def escaped(text: str) -> str:
    """Return text as Slack wants it: three letters as entities. Nothing else is special in `plain_text`."""
    return text.translate(_ENTITIES)


def _message(notice: Notice, items: Sequence[Item], limit: int) -> Message:
    title = foreign(notice.title, TITLE, _weight)
    texts = [title, foreign(notice.words, WORDS, _weight)]
    texts.append("\n".join(f"{label}: {value}" for label, value in facts(notice)))
    texts += [
        _item(number, shown(item, notice.at, limit, _weight)) for number, item in enumerate(items, start=1)
    ]
    texts.append(left_out(notice, len(items)))
    parts = [("header", _plain(headline(notice)[:MOST_HEADER]))]
    parts += [("section", _plain(text)) for text in texts if text]
    if found := links(notice):
        linked = " · ".join(f"<{escaped(_bare(url))}|{escaped(words)}>" for words, url in found)
        parts.append(("section", {"type": "mrkdwn", "text": linked, "verbatim": True}))
    return Message(
        text=escaped(title or headline(notice)),
        blocks=tuple({"type": kind, "text": text} for kind, text in parts),
        lengths=tuple(units(str(text["text"])) for _, text in parts),
    )


def _item(number: int, words: Shown) -> str:
    lines = [
        f"{number}. {words.kind}",
        words.head,
        *(f"“{text}”" for text in (words.what, words.why) if text),
    ]
    return "\n    ".join(lines)


def _plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": escaped(text), "emoji": False}


def _bare(url: str) -> str:
    """Return a URL without what ends one in Slack's markup."""
    return url.replace("|", "%7C")


def _weight(text: str) -> int:
    return units(escaped(text))


def _fits(built: Message) -> bool:
    lengths = built.lengths
    return len(lengths) <= MOST_BLOCKS and max(lengths) <= MOST_TEXT and sum(lengths) <= MOST_IN_ALL


def _place(notice: Notice, earlier: Sequence[Posted]) -> Place | None:
    """Return where the page's message is; None where there is none, or the notice belongs to no page."""
    if not notice.page_id:
        return None
    for each in reversed(earlier):
        parts = each.receipt.ref.split(":")
        if each.notice.page_id == notice.page_id and len(parts) in {2, 3} and all(parts):
            return Place(parts[0], parts[-1])
    return None
