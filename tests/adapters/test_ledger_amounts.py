"""What was given away and what was sent: no cap is passed by what really leaves, whichever agent sends it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from threading import Barrier, BrokenBarrierError

import msgspec
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from agent.adapters.ledger.amounts import RUNS
from agent.adapters.ledger.ledger import SqlLedger
from agent.model.decision import Unit, Verb
from agent.model.enactment import MAIL_EFFECTS, Effect, EffectKind, Outcome, State, Went
from agent.model.errors import Held, Unavailable
from agent.model.rails import Approved, Cap, Leave
from tests.adapters.records import KEY, NOW, TENANT, a_decided_record, a_decision, a_record, an_effect
from tests.ledgers import open_ledger

H = timedelta(hours=1)
SECOND = timedelta(seconds=1)
ACTIONS = Cap(name="actions_per_hour", unit=Unit.ACTIONS, count=2, window=H)
MESSAGES = Cap(name="messages_per_hour", unit=Unit.MESSAGES, count=5, window=H, kinds=MAIL_EFFECTS)
FILES = Cap(
    name="files_per_hour", unit=Unit.ACTIONS, count=1, window=H, kinds=frozenset({EffectKind.QUARANTINE_FILE})
)

Pair = tuple[SqlLedger, SqlLedger]


@pytest.fixture
async def two(url: str) -> AsyncIterator[Pair]:
    async with (
        open_ledger(url, TENANT, key=KEY, replica="a") as one,
        open_ledger(url, TENANT, key=KEY, replica="b") as other,
    ):
        yield one, other


async def intend(
    ledger: SqlLedger,
    key: str,
    *,
    messages: int = 1,
    effects: int = 1,
    kind: EffectKind = EffectKind.SOFT_DELETE,
    at: datetime = NOW,
    went: Went = Went.INTENDED,
) -> list[Effect]:
    record = a_decided_record(key)
    made = [
        msgspec.structs.replace(
            an_effect(
                record,
                place,
                targets=tuple((f"{key}-{place}-{n}", "anna@contoso.example") for n in range(messages)),
                went=went,
            ),
            kind=kind,
            intended_at=at,
        )
        for place in range(effects)
    ]
    await ledger.save([record], effects=made, now=at)
    return made


async def send(ledger: SqlLedger, effect: Effect, now: datetime, *caps: Cap, active: int = 50) -> str:
    """Return the cap that holds the effect back; empty where it leaves."""
    token = await ledger.lease("1", "a", now, now + H)
    assert token is not None
    leave = Leave(replica="a", incident_id="1", token=token, until=now + H, caps=caps, active=active)
    try:
        await ledger.depart(effect.id, now, leave)
    except Held as no:
        return no.guard
    return ""


# What was sent


async def test_the_cap_of_actions_counts_other_actions_that_were_sent(ledger: SqlLedger) -> None:
    sent = [(await intend(ledger, key, effects=2)) for key in "abc"]

    assert [await send(ledger, effects[0], NOW, ACTIONS) for effects in sent] == ["", "", "actions_per_hour"]
    assert [await send(ledger, effects[1], NOW, ACTIONS) for effects in sent] == ["", "", "actions_per_hour"]
    assert [one.went for one in await ledger.effects(sent[2][0].action_id)] == [Went.INTENDED, Went.INTENDED]


@pytest.mark.parametrize(("messages", "held"), [(2, ""), (3, "messages_per_hour")])
async def test_the_cap_of_messages_counts_every_one_that_was_sent(
    ledger: SqlLedger, messages: int, held: str
) -> None:
    (first,) = await intend(ledger, "a", messages=3)
    (second,) = await intend(ledger, "b", messages=messages)

    assert await send(ledger, first, NOW, MESSAGES) == ""
    assert await send(ledger, second, NOW, MESSAGES) == held


@pytest.mark.parametrize(("later", "held"), [(H, "messages_per_hour"), (H + SECOND, "")])
async def test_what_was_sent_counts_when_it_was_sent_and_not_when_it_was_decided(
    ledger: SqlLedger, later: timedelta, held: str
) -> None:
    (first,) = await intend(ledger, "a", messages=5, at=NOW - 9 * H)
    (second,) = await intend(ledger, "b", messages=1, at=NOW - 9 * H)

    assert await send(ledger, first, NOW, MESSAGES) == ""
    assert await send(ledger, second, NOW + later, MESSAGES) == held


async def test_what_was_put_back_since_it_was_not_applied_does_not_count(ledger: SqlLedger) -> None:
    (first,) = await intend(ledger, "a", messages=5)
    (second,) = await intend(ledger, "b", messages=1)
    await send(ledger, first, NOW, MESSAGES)
    await ledger.settle(first.id, Outcome(went=Went.INTENDED), NOW)

    assert await send(ledger, second, NOW, MESSAGES) == ""
    assert await send(ledger, first, NOW, MESSAGES) == "messages_per_hour"


async def test_a_cap_of_some_kinds_counts_and_holds_those_only(ledger: SqlLedger) -> None:
    files = [(await intend(ledger, key, kind=EffectKind.QUARANTINE_FILE))[0] for key in "ab"]
    (mail,) = await intend(ledger, "c", messages=9)

    assert await send(ledger, files[0], NOW, FILES, MESSAGES) == ""
    assert await send(ledger, files[1], NOW, FILES) == "files_per_hour"
    assert await send(ledger, mail, NOW, FILES) == ""


async def test_a_cap_of_messages_of_all_kinds_counts_mail_and_lets_the_rest_go(ledger: SqlLedger) -> None:
    cap = msgspec.structs.replace(MESSAGES, kinds=None, count=0)
    (file,) = await intend(ledger, "a", kind=EffectKind.QUARANTINE_FILE)
    (mail,) = await intend(ledger, "b")

    assert await send(ledger, file, NOW, cap) == ""
    assert await send(ledger, mail, NOW, cap) == "messages_per_hour"


async def test_the_words_say_what_was_sent(ledger: SqlLedger) -> None:
    (first,) = await intend(ledger, "a", messages=6)
    await ledger.lease("1", "a", NOW, NOW + H)
    leave = Leave(replica="a", incident_id="1", token=1, until=NOW + H, caps=(MESSAGES,))

    with pytest.raises(Held) as no:
        await ledger.depart(first.id, NOW, leave)

    assert (
        no.value.words == "all policies together may have 5 messages in one hour, 0 were sent, and this has 6"
    )


async def a_leave(ledger: SqlLedger, incident: str, now: datetime, *caps: Cap) -> Leave:
    token = await ledger.lease(incident, incident, now, now + H)
    assert token is not None
    return Leave(replica=incident, incident_id=incident, token=token, until=now + H, caps=caps)


@contextmanager
def meeting_before_the_mark() -> Iterator[None]:
    """Let each of two transactions wait, right before it marks its effect as sent, for the other to come as far.

    Where the other cannot, since it is kept waiting for this one, this one goes on after a moment.
    """
    both = Barrier(2)

    def meet(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("UPDATE effects"):
            with suppress(BrokenBarrierError):
                both.wait(0.3)

    event.listen(Engine, "before_cursor_execute", meet)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", meet)


def left(ledger: SqlLedger, effect: Effect, leave: Leave) -> bool:
    try:
        asyncio.run(ledger.depart(effect.id, NOW, leave))
    except Held:
        return False
    return True


@pytest.mark.parametrize("cap", [ACTIONS, MESSAGES], ids=lambda cap: cap.name)
async def test_two_agents_that_race_for_the_last_place_under_a_cap_never_pass_it(two: Pair, cap: Cap) -> None:
    (first,) = await intend(two[0], "first", messages=3)
    await send(two[0], first, NOW)
    last = [(await intend(two[0], key, messages=2))[0] for key in "ab"]
    leaves = [await a_leave(one, f"race-{number}", NOW, cap) for number, one in enumerate(two)]

    with meeting_before_the_mark():
        went = await asyncio.gather(
            *(
                asyncio.to_thread(left, one, effect, leave)
                for one, effect, leave in zip(two, last, leaves, strict=True)
            )
        )

    assert sorted(went) == [False, True]
    assert sum(one.sent_at is not None for one in await two[1].given(NOW)) == 2


# How many run


@pytest.mark.parametrize(("active", "leaves"), [(2, False), (3, True)])
async def test_no_more_remediations_run_than_microsoft_lets(
    ledger: SqlLedger, active: int, leaves: bool
) -> None:
    running, unknown, third = [(await intend(ledger, key))[0] for key in "abc"]
    await send(ledger, running, NOW)
    await send(ledger, unknown, NOW)
    await ledger.settle(unknown.id, Outcome(went=Went.UNKNOWN), NOW)

    if leaves:
        assert await send(ledger, third, NOW, active=active) == ""
    else:
        with pytest.raises(Unavailable, match="2 remediations run already, and Microsoft lets 2 run at once"):
            await send(ledger, third, NOW, active=active)


async def test_what_was_confirmed_or_refused_or_began_long_ago_runs_no_more(ledger: SqlLedger) -> None:
    confirmed, refused, old, last = [(await intend(ledger, key))[0] for key in "abcd"]
    await send(ledger, old, NOW - RUNS)
    for effect in (confirmed, refused):
        await send(ledger, effect, NOW)
    await ledger.settle(refused.id, Outcome(went=Went.REFUSED), NOW)
    record = (await ledger.load([confirmed.action_id]))[confirmed.action_id]
    await ledger.save([msgspec.structs.replace(record, state=State.CONFIRMED)], now=NOW)

    assert await send(ledger, last, NOW, active=1) == ""


async def test_what_is_no_mail_waits_for_no_remediation(ledger: SqlLedger) -> None:
    (mail,) = await intend(ledger, "a")
    (file,) = await intend(ledger, "b", kind=EffectKind.QUARANTINE_FILE)
    await send(ledger, mail, NOW)

    assert await send(ledger, file, NOW, active=1) == ""


# What was given away


async def test_what_was_given_is_all_that_was_intended_since_then_and_not_dropped(ledger: SqlLedger) -> None:
    (old,) = await intend(ledger, "old", at=NOW - SECOND)
    (sent,) = await intend(ledger, "sent", kind=EffectKind.DISABLE_USER)
    (observed,) = await intend(ledger, "observed", at=NOW + SECOND, went=Went.OBSERVED)
    (dropped,) = await intend(ledger, "dropped")
    await ledger.save([], dropped=[dropped.id], now=NOW)
    await send(ledger, sent, NOW)

    found = await ledger.given(NOW)

    assert [(one.id, one.kind, one.went) for one in found] == [
        (sent.id, EffectKind.DISABLE_USER, Went.SENT),
        (observed.id, EffectKind.SOFT_DELETE, Went.OBSERVED),
    ]
    assert old.id in {one.id for one in await ledger.given(NOW - SECOND)}


# What policies approved


async def decide(
    ledger: SqlLedger, key: str, at: datetime, *, verb: Verb = Verb.APPROVE, guard: str | None = None
) -> None:
    record = a_record(key)
    known = (await ledger.load([record.action.id])).get(record.action.id, record)
    decision = msgspec.structs.replace(a_decision(record.action, verb, at=at), guard=guard)
    await ledger.save([msgspec.structs.replace(known, decision=decision)], now=at)


async def test_each_action_counts_in_the_hour_in_which_it_was_first_approved_or_held(
    ledger: SqlLedger,
) -> None:
    await decide(ledger, "now", NOW)
    await decide(ledger, "held", NOW - H + SECOND, verb=Verb.ESCALATE, guard="size")
    await decide(ledger, "before", NOW - H)
    await decide(ledger, "again", NOW - 5 * H - SECOND)
    await decide(ledger, "again", NOW)
    await decide(ledger, "not", NOW, verb=Verb.REJECT)
    await decide(ledger, "escalated", NOW, verb=Verb.ESCALATE)
    await decide(ledger, "too long ago", NOW - 336 * H)

    assert await ledger.approved(NOW, 336) == Approved(unasked=2, by_hour={0: 2, 1: 1, 5: 1})


async def test_what_the_brake_has_asked_about_is_not_asked_about_again(ledger: SqlLedger) -> None:
    for n in range(3):
        await decide(ledger, f"before-{n}", NOW - 3 * SECOND)
    await decide(ledger, "braked", NOW - 2 * SECOND, verb=Verb.ESCALATE, guard="brake")
    await decide(ledger, "after", NOW - SECOND)
    before = await ledger.approved(NOW, 336)

    await decide(ledger, "braked", NOW, verb=Verb.APPROVE)

    assert before == await ledger.approved(NOW, 336) == Approved(unasked=1, by_hour={0: 5})


async def test_nothing_approved_is_nothing(ledger: SqlLedger) -> None:
    empty: Mapping[int, int] = {}

    assert await ledger.approved(NOW, 336) == Approved(unasked=0, by_hour=empty)
