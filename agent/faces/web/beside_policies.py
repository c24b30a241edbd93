"""What lies beside the policies, as pages show it: chains, channels and lists. No secret is in it, only where one lies."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from agent.judge.appoint import DEFAULT
from agent.judge.chain_words import in_words
from agent.judge.quote import span
from agent.loop.failing import ALARM
from agent.loop.policies import InForce
from agent.model.alarm import Alarm
from agent.model.chain import Chain, Escalating, Fallback
from agent.model.channel import Channel
from agent.model.policy import Policy, PolicyList

FALLBACKS = {
    Fallback.ESCALATE: "it stays a question, and the last people are told",
    Fallback.HAND_OFF: "it goes on the portal worklist",
    Fallback.REJECT: "it is rejected as far as that goes, by a comment and a tag, and it is nobody's no",
}


class ChainShown(msgspec.Struct, frozen=True, kw_only=True):
    """One chain in words, and what goes to it."""

    name: str
    description: str
    owner: str
    words: str
    last_chance: str
    quiet_hours: str
    is_usual: bool
    """Whether it is taken where no policy names one."""
    policies: tuple[str, ...]
    """Those that name it."""


class ChannelShown(msgspec.Struct, frozen=True, kw_only=True):
    """One channel: through what it tells whom, where its secrets lie, which chains tell through it, and whether it fails."""

    name: str
    kind: str
    description: str
    owner: str
    to: tuple[str, ...]
    secrets: tuple[str, ...]
    chains: tuple[str, ...]
    failing: str


class ListShown(msgspec.Struct, frozen=True, kw_only=True):
    """One list: how many it has now, until when, from where, and what names it."""

    name: str
    description: str
    owner: str
    type: str
    count: int | None
    """Entries that count now; None where its group was never fetched."""
    over: int
    """Entries whose time has passed."""
    next_end: datetime | None
    """When the next entry ends; None where none does."""
    review: datetime | None
    is_review_over: bool
    group: str
    """The Entra group that it is fed from; empty where its entries stand in its file."""
    fetched: datetime | None
    is_stale: bool
    """Whether it is too old to be relied on: what tests it is unknown then."""
    refresh: str
    policies: tuple[str, ...]
    is_protected: bool
    """Whether guard rails keep the agent from its members."""


def chains(in_force: InForce, escalating: Escalating) -> tuple[ChainShown, ...]:
    """Return every chain, by name."""
    found = in_force.judge.policy_set
    usual = _usual(found.chains, escalating)
    return tuple(
        ChainShown(
            name=one.name,
            description=one.description,
            owner=one.owner,
            words=in_words(one),
            last_chance=f"{span(one.last_chance.before)} before Defender's deadline {FALLBACKS[one.last_chance.decide]}",
            quiet_hours=_quiet(one),
            is_usual=one.name == usual,
            policies=tuple(
                policy.name for policy in found.policies if one.name in (policy.escalation, policy.inform)
            ),
        )
        for one in found.chains
    )


def channels(in_force: InForce, alarms: Iterable[Alarm]) -> tuple[ChannelShown, ...]:
    """Return every channel, by name."""
    found = in_force.judge.policy_set
    failing = {one.name: one.words for one in alarms}
    return tuple(
        ChannelShown(
            name=one.name,
            kind=one.kind.value,
            description=one.description,
            owner=one.owner,
            to=tuple(_to(one)),
            secrets=tuple(_secrets(one)),
            chains=tuple(chain.name for chain in found.chains if one.name in chain.channels),
            failing=failing.get(f"{ALARM}{one.name}", ""),
        )
        for one in found.channels
    )


def lists(in_force: InForce, protected: Iterable[str], now: datetime) -> tuple[ListShown, ...]:
    """Return every list, by name."""
    found, rails = in_force.judge.policy_set, frozenset(protected)
    return tuple(
        _list(one, found.policies, in_force, now, is_protected=not {one.name, one.adds_to}.isdisjoint(rails))
        for one in found.lists
    )


def _list(
    one: PolicyList, policies: Iterable[Policy], in_force: InForce, now: datetime, *, is_protected: bool
) -> ListShown:
    standing = [entry for entry in one.entries if entry.expires is None or now < entry.expires]
    fetched = in_force.fetched.get(one.name)
    count = len(standing) if one.feed is None else None if one.members is None else len(one.members)
    return ListShown(
        name=one.name,
        description=one.description,
        owner=one.owner,
        type=one.type.value if one.type is not None else "",
        count=count,
        over=len(one.entries) - len(standing),
        next_end=min((entry.expires for entry in standing if entry.expires is not None), default=None),
        review=one.review,
        is_review_over=one.review is not None and now >= one.review,
        group=one.feed.group if one.feed is not None else "",
        fetched=fetched,
        is_stale=one.feed is not None and (fetched is None or now - fetched > one.feed.stale),
        refresh=span(one.feed.refresh) if one.feed is not None else "",
        policies=tuple(policy.name for policy in policies if one.name in policy.lists),
        is_protected=is_protected,
    )


def _usual(found: tuple[Chain, ...], escalating: Escalating) -> str:
    names = [one.name for one in found]
    if escalating.chain in names:
        return escalating.chain or ""
    return names[0] if len(names) == 1 else DEFAULT


def _quiet(one: Chain) -> str:
    if one.hours is None:
        return ""
    loud = " and ".join(sorted(one.hours.unless)) or "nothing"
    return f"{one.hours.wording} {one.hours.zone}, but {loud} is told at once"


def _to(one: Channel) -> Iterator[str]:
    """Give whom and through what it tells. A URL may hold what only its owner should know: its host is enough."""
    yield from one.to
    if one.sender:
        yield f"from {one.sender}"
    if one.smtp is not None:
        yield f"through {one.smtp.host}:{one.smtp.port} ({one.smtp.security})"
    for url in (one.url, one.api_url):
        if url:
            yield f"at {urlsplit(url).hostname}"
    if one.path:
        yield f"into {one.path}"


def _secrets(one: Channel) -> Iterator[str]:
    password = one.smtp.password if one.smtp is not None else None
    named = (("its secret", one.secret), ("its API token", one.api_token), ("its password", password))
    for name, place in named:
        if place is not None:
            yield f"{name} lies in {place}"
