"""PagerDuty: Events API v2 out, and acknowledgements read back from its REST interface.

* 202 says that the event is queued, not that anybody was paged.
* Another trigger under the key of an open alert is a line in its log and wakes nobody; under a key whose alert was
  resolved, it opens a new incident. So what is to wake people comes under a new key, and what is to wake nobody is
  sent only where the alert is seen to be open, which takes a token to read with.
* What was opened under an older key of the same page is resolved once the newer one was taken, and everything once
  nobody is needed any more. A resolve without an open alert, or under another routing key, is dropped without a word.
* Whoever acknowledges or resolves in PagerDuty answers nothing: a resolve is not even heard.

Source: PagerDuty/developer-docs, Events API v2; PagerDuty/api-schema.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from agent.adapters.channels.acknowledgements import Acknowledgements
from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.calling import Call, Caller, decoded, hidden, start_of
from agent.adapters.channels.data import moment
from agent.adapters.channels.layout import (
    NAME,
    TITLE,
    WORDS,
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
from agent.model.chain import Urgency
from agent.model.channel import Channel
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.escalation import Heard, Item, Notice, Occasion, Posted, Receipt

EVENTS_URL = "https://events.pagerduty.com/v2/enqueue"

LIMITS = (Limit(100, timedelta(seconds=60)),)
"""Calls for one routing key: PagerDuty turns away from about 120 a minute on."""

MOST_KEY, MOST_BODY = 255, 64 * 1024
"""Characters of a key, and bytes of a body: PagerDuty takes 512 KB, but shows details in SMS and mail."""

UNTRIGGERED = frozenset({Occasion.UPDATE, Occasion.RESOLVED})
"""Occasions that open no alert."""


class _Taken(msgspec.Struct):
    status: str
    message: str | None = None
    dedup_key: str | None = None


class PagerDuty:
    """Fulfils Wire, and hears acknowledgements."""

    def __init__(self, caller: Caller, bounds: Bounds) -> None:
        self._caller = caller
        self._bounds = bounds
        self._heard = Acknowledgements(caller, bounds)
        self._turns: dict[str, dict[str, int]] = {}
        """In which call each key of a channel was last asked for."""

    async def send(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:
        """Open an alert, add to an open one, or resolve every one that was opened for the page.

        `ref` of the receipt is the key that PagerDuty knows the alert by.
        """
        match notice.occasion:
            case Occasion.RESOLVED:
                return await self._resolved(channel, notice, earlier)
            case Occasion.UPDATE:
                return await self._updated(channel, notice)
            case Occasion.REPORT:
                raise Refused(
                    f"channel `{channel.name}`: a report pages nobody: send it through another channel"
                )
            case _:
                return await self._triggered(channel, notice, earlier)

    async def heard(self, channel: Channel, posted: Sequence[Posted]) -> tuple[Heard, ...]:
        """Return the newest word on each key under which an alert was opened; no word says nothing.

        Where there are more keys than may be asked for in a minute, the next call begins with those that were left.
        """
        turns = self._turns.setdefault(channel.name, {})
        opened = (each.notice.key for each in posted if each.notice.occasion not in UNTRIGGERED)
        keys = sorted(dict.fromkeys(opened), key=lambda key: turns.get(key, 0))
        now = max(turns.values(), default=0) + 1
        self._turns[channel.name] = {key: turns.get(key, 0) for key in keys}
        found: list[Heard] = []
        for number, key in enumerate(keys):
            try:
                heard = await self._heard.of_key(channel, key, dedup_key(key))
            except Unavailable:
                if number == 0:
                    raise
                break
            self._turns[channel.name][key] = now
            found += [heard] if heard is not None else []
        return tuple(found)

    async def _triggered(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:
        key = dedup_key(notice.key)
        await self._event(channel, trigger(notice))
        words = "taken by PagerDuty: that is not yet that anybody was paged"
        older = _opened(earlier)
        if key in older:
            words = "added to an alert that PagerDuty has already: where that is still open, it wakes nobody"
        elif notice.occasion is Occasion.TEST:
            words = f"{words}; resolve it there once it was seen"
        left = [each for each in older if each != key]
        try:
            await self._resolve(channel, left)
        except (Unavailable, Refused, Malformed) as error:
            # The page itself was taken: older alerts are resolved with the next notice, or when all is over.
            return Receipt(ref=key, words=f"{words}; older alerts of the page stay open for now: {error}")
        return Receipt(ref=key, words=words)

    async def _updated(self, channel: Channel, notice: Notice) -> Receipt:
        key = dedup_key(notice.key)
        if channel.api_token is None:
            words = "not sent: without `apiToken` it is not known whether the alert is open, and a new one would wake people"
            return Receipt(ref=key, words=words)
        if not await self._heard.is_open(channel, key):
            return Receipt(ref=key, words="not sent: the alert is not open, and a new one would wake people")
        await self._event(channel, trigger(notice))
        return Receipt(ref=key, words="added to the log of the open alert: it wakes nobody")

    async def _resolved(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:
        key = dedup_key(notice.key)
        await self._resolve(channel, list(dict.fromkeys((*_opened(earlier), key))))
        return Receipt(ref=key, words="resolved in PagerDuty, if it was still open there")

    async def _resolve(self, channel: Channel, keys: Sequence[str]) -> None:
        for key in keys:
            await self._event(channel, {"event_action": "resolve", "dedup_key": key})

    async def _event(self, channel: Channel, event: Mapping[str, object]) -> None:
        """Have one event taken on."""
        routing_key = secret_of(channel, channel.secret, self._bounds)
        call = Call(
            start=start_of(channel.name),
            url=channel.url or EVENTS_URL,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            body=msgspec.json.encode({"routing_key": routing_key, **event}),
            secrets=(routing_key,),
            counted=("pagerDuty", routing_key),
            limits=LIMITS,
        )
        answer = await self._caller.call(call)
        taken = decoded(call, answer, _Taken)
        if taken.status != "success":
            words = hidden(taken.message or taken.status, call.secrets)
            raise Malformed(f"{call.start}: {answer.status} without success ({words})")
        if taken.dedup_key not in {None, event["dedup_key"]}:
            raise Malformed(f"{call.start}: the answer names another alert than was sent: check the address")


def dedup_key(key: str) -> str:
    """Return what PagerDuty knows a key by: itself, or a digest where it is longer than it may be."""
    return key if len(key) <= MOST_KEY else hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def trigger(notice: Notice) -> dict[str, object]:
    """Return the event that tells a notice, without the routing key."""
    return fitting(
        notice.items,
        lambda items, limit: _trigger(notice, items, limit),
        lambda event: len(msgspec.json.encode(event)) <= MOST_BODY,
    )


def _trigger(notice: Notice, items: Sequence[Item], limit: int) -> dict[str, object]:
    event: dict[str, object] = {
        "event_action": "trigger",
        "dedup_key": dedup_key(notice.key),
        "payload": {
            "summary": summary(notice),
            "timestamp": moment(notice.at),
            "severity": severity(notice),
            "source": "air-agent",
            "component": foreign(notice.chain, NAME) or "air-agent",
            "group": foreign(notice.page_id, NAME) or "air-agent",
            "class": notice.occasion.value,
            "custom_details": _details(notice, items, limit),
        },
        "client": "air-agent",
    }
    if found := links(notice):
        event["client_url"] = found[0][1]
        event["links"] = [{"href": url, "text": words} for words, url in found]
    return event


def summary(notice: Notice) -> str:
    """Return the one line that is read out on the phone: far below the 1,024 characters that it may have."""
    return foreign(notice.title, TITLE, units) or headline(notice)


def severity(notice: Notice) -> str:
    """Return PagerDuty's word for how loud it is."""
    if notice.occasion is Occasion.LAST_CHANCE:
        return "critical"
    match notice.urgency:
        case Urgency.LOW:
            return "info"
        case Urgency.NORMAL:
            return "warning"
        case Urgency.HIGH:
            return "critical"


def _details(notice: Notice, items: Sequence[Item], limit: int) -> dict[str, object]:
    details: dict[str, object] = {"what is asked": foreign(notice.words, WORDS)} if notice.words else {}
    details["actions"] = notice.total
    details["targets"] = notice.amount
    if notice.step:
        details["step"] = notice.step
    if notice.instead_of:
        details["instead of"] = f"{foreign(notice.instead_of, NAME)}, which failed"
    for number, item in enumerate(items, start=1):
        words = shown(item, notice.at, limit, units)
        details[f"{number:02}. {words.kind}"] = {"to do": words.head, "what": words.what, "why": words.why}
    if more := left_out(notice, len(items)):
        details["not shown"] = more
    return details


def _opened(earlier: Sequence[Posted]) -> list[str]:
    """Return the keys under which alerts were opened for the page, each once, oldest first."""
    keys = (each.notice.key for each in earlier if each.notice.occasion not in UNTRIGGERED)
    return list(dict.fromkeys(dedup_key(key) for key in keys))
