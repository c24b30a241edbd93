"""What the history promises, held against SQLite and PostgreSQL."""

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import create_engine, text

from agent.adapters.ledger import schema
from agent.adapters.ledger.ledger import SqlLedger
from agent.model.decision import Answered, Lapse, Verb
from agent.model.defender import PENDING_APPROVAL
from agent.model.enactment import Confirmation, PendingSeen, Plan, Record, State, Way
from agent.model.errors import LedgerError
from agent.model.escalation import Delivery, Posted
from agent.model.facts import Facts
from agent.model.history import Decided, Decider, Delivered, Ending, Wanted, place_of
from agent.model.pending import ActionKind
from tests.adapters.records import KEY, MINUTE, NOW, TENANT, a_decision, a_record, an_action, saved
from tests.escalations import a_posted
from tests.ledgers import open_ledger

OLD = (
    "tenant_id, at, action_id, number, ended, kind, incident_id, first_seen, deadline, verb, decider, guard, policies, "
    "people, persons, answered, shadow, shadow_policies, status, words"
)
"""The columns that the history had when it was made; what came later says nothing of older decisions."""

OTHER = "99999999-2222-3333-4444-555555555555"
EVE = Answered(
    object_id="0e1e", name="Eve Ödegård", at=NOW - MINUTE, verb=Verb.APPROVE, reason="seen", grant="role:A"
)


def decided(key: str, verb: Verb = Verb.APPROVE, *, minutes: int = 0, **more: object) -> Record:
    action = an_action(key)
    decision = a_decision(action, verb, at=NOW + minutes * MINUTE)
    return a_record(action=action, decision=msgspec.structs.replace(decision, **more))


def shown(record: Record, status: str) -> Record:
    """Return the record with another word of Defender's."""
    seen = tuple(msgspec.structs.replace(one, remediation_status=status) for one in record.action.sightings)
    action = msgspec.structs.replace(record.action, sightings=seen)
    return msgspec.structs.replace(record, action=action)


def ended(record: Record, state: State, status: str = "declined", **more: object) -> Record:
    return msgspec.structs.replace(shown(record, status), state=state, due=None, **more)


def keys(found: Sequence[Decided]) -> list[tuple[int, str]]:
    """Return minutes after the beginning, and who decided."""
    return [((one.at - NOW) // MINUTE, one.by.value) for one in found]


async def everything(ledger: SqlLedger, **wanted: object) -> list[tuple[int, str]]:
    return keys(await ledger.archive.history(Wanted(**wanted)))  # type: ignore[arg-type]


async def test_whoever_decided_is_told(ledger: SqlLedger) -> None:
    lapse = Lapse(at=NOW, chain="mail", decide="reject", grounds="a")
    await ledger.save(
        [
            decided("a"),
            decided("b", Verb.ESCALATE, minutes=1, guard="size"),
            decided("c", minutes=2, policies=(), answered=(EVE,)),
            decided("d", Verb.ESCALATE, minutes=3, guard="kill switch", policies=(), answered=(EVE,)),
            decided("e", Verb.REJECT, minutes=4, policies=(), lapsed=lapse),
        ],
        now=NOW,
    )

    found = await ledger.archive.history(Wanted())

    assert keys(found) == [(4, "nobody"), (3, "guard"), (2, "people"), (1, "guard"), (0, "policies")]
    assert found[4] == Decided(
        at=NOW,
        action_id=an_action("a").id,
        number=1,
        kind=ActionKind.SOFT_DELETE_CLUSTER,
        incident_id="1",
        first_seen=NOW,
        deadline=NOW + timedelta(days=7),
        verb=Verb.APPROVE,
        by=Decider.POLICIES,
        policies=("malicious-url-clusters",),
        shadow=Verb.REJECT,
        shadow_policies=("vip",),
        revision="r1",
        messages=1,
    )
    assert (found[2].people, found[2].answered, found[2].policies) == (("Eve Ödegård",), NOW - MINUTE, ())


async def test_every_decision_of_an_action_stays_and_one_that_stands_is_told_once(ledger: SqlLedger) -> None:
    first = decided("a", Verb.ESCALATE)
    await ledger.save([first], now=NOW)
    await ledger.save([msgspec.structs.replace(saved(first), state=State.HELD)], now=NOW + MINUTE)
    second = msgspec.structs.replace(saved(decided("a", minutes=2)), version=2)
    await ledger.save([second], now=NOW + 2 * MINUTE)

    found = await ledger.archive.history(Wanted())

    assert [(one.number, one.verb) for one in found] == [(2, Verb.APPROVE), (1, Verb.ESCALATE)]
    assert await ledger.archive.reasons([(found[1].action_id, 1), (found[1].action_id, 9), ("x", 1)]) == {
        (found[1].action_id, 1): "`evidence.verdict` is malicious"
    }
    assert await ledger.archive.facts([(found[1].action_id, 1), (found[1].action_id, 9), ("x", 1)]) == {
        (found[1].action_id, 1): first.decision.facts if first.decision is not None else None
    }


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (State.ESCALATED, (State.SUPERSEDED, "declined", None), "elsewhere"),
        (State.ESCALATED, (State.SUPERSEDED, "remediated", None), "elsewhere"),
        (State.ESCALATED, (State.SUPERSEDED, PENDING_APPROVAL, None), None),
        (State.ESCALATED, (State.EXPIRED, PENDING_APPROVAL, PendingSeen.EXPIRED), "expired"),
        (State.EXPIRED, (State.EXPIRED, "declined", PendingSeen.CLOSED), None),
        (State.REJECTED, (State.CONFIRMED, "declined", PendingSeen.CLOSED), "elsewhere"),
        (State.SENT, (State.CONFIRMED, "remediated", PendingSeen.CLOSED), None),
        (State.SENT, (State.CONTRADICTED, "declined", PendingSeen.CLOSED), "elsewhere"),
        (State.ESCALATED, (State.UNDONE, PENDING_APPROVAL, None), None),
    ],
)
async def test_an_ending_that_no_decision_here_was_is_told_once(
    ledger: SqlLedger, before: State, after: tuple[State, str, PendingSeen | None], told: str | None
) -> None:
    seen = PendingSeen.EXPIRED if before is State.EXPIRED else None
    record = msgspec.structs.replace(
        decided("a"), state=before, confirmation=Confirmation(pending=seen), due=None
    )
    await ledger.save([record], now=NOW)
    state, status, pending = after
    over = ended(saved(record), state, status, confirmation=Confirmation(pending=pending))
    await ledger.save([over], now=NOW + MINUTE)
    await ledger.save([saved(over)], now=NOW + 2 * MINUTE)

    found = [one for one in await ledger.archive.history(Wanted()) if one.ended and one.at > NOW]

    assert [(one.ended, one.at, one.status, one.number, one.verb) for one in found] == (
        [] if told is None else [(Ending(told), NOW + MINUTE, status, 1, None)]
    )


async def test_what_went_with_another_actions_messages_was_not_decided_elsewhere(ledger: SqlLedger) -> None:
    plan = Plan(way=Way.REMEDIATE, why="covered", effects=(), duplicate_of="b")
    record = msgspec.structs.replace(decided("a"), state=State.DEDUPLICATED, plan=plan)
    await ledger.save([record], now=NOW)
    await ledger.save([ended(saved(record), State.SUPERSEDED, "remediated")], now=NOW + MINUTE)

    assert await everything(ledger) == [(0, "policies")]


async def test_an_action_that_ends_again_was_decided_elsewhere_twice(ledger: SqlLedger) -> None:
    record = a_record("a")
    await ledger.save([record], now=NOW)
    for minute in (1, 3):
        await ledger.save([ended(saved(record, minute), State.SUPERSEDED)], now=NOW + minute * MINUTE)
        again = msgspec.structs.replace(saved(record, minute + 1), state=State.SEEN)
        await ledger.save([again], now=NOW + (minute + 1) * MINUTE)

    assert await everything(ledger) == [(3, "elsewhere"), (1, "elsewhere")]


async def test_pages_follow_each_other_without_a_gap_or_a_repeat(ledger: SqlLedger) -> None:
    await ledger.save([decided(str(number), minutes=number // 3) for number in range(10)], now=NOW)

    pages, before = [], None
    while page := await ledger.archive.history(Wanted(), before=before, limit=3):
        pages.append(page)
        before = place_of(page[-1])

    whole = await ledger.archive.history(Wanted())
    assert [len(page) for page in pages] == [3, 3, 3, 1]
    assert [one for page in pages for one in page] == list(whole)


async def test_the_course_goes_the_other_way(ledger: SqlLedger) -> None:
    await ledger.save([decided(str(number), minutes=number) for number in range(5)], now=NOW)

    first = await ledger.archive.course(NOW + MINUTE, until=NOW + 4 * MINUTE, limit=2)
    rest = await ledger.archive.course(NOW + MINUTE, until=NOW + 4 * MINUTE, after=place_of(first[-1]))

    assert [minute for minute, _ in keys([*first, *rest])] == [1, 2, 3]


NARROWED: tuple[tuple[dict[str, object], list[int]], ...] = (
    ({"since": NOW + MINUTE}, [3, 2, 1]),
    ({"until": NOW + MINUTE}, [0]),
    ({"by": Decider.PEOPLE}, [2]),
    ({"by": Decider.ELSEWHERE}, [3]),
    ({"ended": Ending.ELSEWHERE}, [3]),
    ({"ended": Ending.EXPIRED}, []),
    ({"verb": Verb.ESCALATE}, [1]),
    ({"guard": "size"}, [1]),
    ({"guard": "siz"}, []),
    ({"policy": "malicious-url-clusters"}, [1, 0]),
    ({"policy": "malicious-url"}, []),
    ({"person": "ödegÅRD"}, [2]),
    ({"person": "0E1E"}, [2]),
    ({"person": "%"}, []),
    ({"incident": "1"}, [3, 2, 1, 0]),
    ({"incident": "2"}, []),
    ({"kind": ActionKind.SOFT_DELETE_CLUSTER}, [3, 2, 1, 0]),
    ({"kind": ActionKind.UNKNOWN}, []),
    ({"words": "straSSE"}, [0]),
    ({"words": "100%_"}, [1]),
    ({"words": "MESSAGES LIKE c"}, [2]),
    ({"words": "back\\slash \0"}, [1]),
    ({"words": "decided in the portal"}, [3]),
    ({"verb": Verb.APPROVE, "policy": "malicious-url-clusters"}, [0]),
)


async def test_the_history_is_narrowed(ledger: SqlLedger) -> None:
    record = decided("d", Verb.ESCALATE, minutes=-9)
    await ledger.save(
        [
            decided("a", reason="Hauptstraße"),
            decided("b", Verb.ESCALATE, minutes=1, guard="size", reason="100%_ of it, back\\slash \0"),
            decided("c", minutes=2, policies=(), answered=(EVE,)),
        ],
        now=NOW,
    )
    await ledger.save([a_record("d")], now=NOW)
    over = ended(saved(a_record(action=record.action)), State.SUPERSEDED, why="decided in the portal")
    await ledger.save([over], now=NOW + 3 * MINUTE)

    found = [[minute for minute, _ in await everything(ledger, **wanted)] for wanted, _ in NARROWED]

    assert found == [minutes for _, minutes in NARROWED]


async def test_another_tenants_history_is_not_there(url: str) -> None:
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.save([decided("a")], now=NOW)
    async with open_ledger(url, OTHER, key=KEY) as other:
        assert await other.archive.history(Wanted()) == ()
        assert await other.archive.course(NOW) == ()
        assert await other.archive.reasons([(an_action("a").id, 1)]) == {}


async def test_an_older_ledger_gets_the_history_that_it_would_have_had(url: str, tmp_path: Path) -> None:
    lapse = Lapse(at=NOW, chain="mail", decide="reject", grounds="a")
    long = "an attacker's \0 line\nand \\ another " * 900
    whole = [
        decided("a", reason=long, policies=("one", "two"), shadow=None),
        decided("b", Verb.ESCALATE, minutes=1, guard="size"),
        decided("c", minutes=2, policies=(), answered=(EVE,)),
        decided("e", Verb.REJECT, minutes=4, policies=(), lapsed=lapse),
    ]
    covered = Plan(way=Way.REMEDIATE, why="covered", effects=(), duplicate_of="b")
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.save(whole, now=NOW)
        await ledger.save([ended(saved(whole[1]), State.SUPERSEDED, why="İn the portal")], now=NOW + MINUTE)
        await ledger.save([ended(saved(whole[2]), State.EXPIRED)], now=NOW + MINUTE)
        await ledger.save([ended(saved(whole[0]), State.SUPERSEDED, plan=covered)], now=NOW + MINUTE)
        await ledger.save([ended(saved(whole[3]), State.SUPERSEDED, PENDING_APPROVAL)], now=NOW + MINUTE)
    before = as_it_was(url)

    async with open_ledger(url, TENANT, key=KEY):
        pass

    assert before
    assert rows(url) == before


async def test_a_decision_of_an_earlier_week_stays_of_an_earlier_week(url: str) -> None:
    first = decided("a")
    seen = NOW + timedelta(days=8)
    action = msgspec.structs.replace(first.action, first_seen=seen, deadline=seen + timedelta(days=7))
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.save([first], now=NOW)
        await ledger.save([msgspec.structs.replace(saved(first), action=action)], now=seen)
    as_it_was(url)

    async with open_ledger(url, TENANT, key=KEY) as ledger:
        (found,) = await ledger.archive.history(Wanted())

    assert (found.first_seen, found.deadline) == (NOW, seen)


async def test_an_older_ledger_that_is_damaged_says_so(sqlite_url: str) -> None:
    async with open_ledger(sqlite_url, TENANT, key=KEY) as ledger:
        await ledger.save([decided("a")], now=NOW)
    as_it_was(sqlite_url, "UPDATE decisions SET body = 'x'")

    with pytest.raises(LedgerError, match="damaged: restore a backup"):
        async with open_ledger(sqlite_url, TENANT, key=KEY):
            pass


def rows(url: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT {OLD} FROM history ORDER BY at, action_id, number, ended"))
        told = [tuple(row) for row in found]
    engine.dispose()
    return told


def as_it_was(url: str, *more: str) -> list[tuple[object, ...]]:
    """Take away what the revision made, and return the rows that were there."""
    told = rows(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in (
            "DROP TABLE history",
            "DROP TABLE sessions",
            *newest_undone(),
            "DROP INDEX ix_records_updated",
            "DROP INDEX ix_notices_channel",
            "UPDATE ledger_version SET version_num = '0004'",
            *more,
        ):
            connection.execute(text(statement))
    engine.dispose()
    return told


async def test_how_channels_took_their_notices_is_told_since_a_moment(ledger: SqlLedger) -> None:
    def posted(name: str, minutes: int, delivery: Delivery, **more: object) -> Posted:
        one = a_posted(name, channel="teams", at=NOW + minutes * MINUTE, delivery=delivery, due=None)
        return msgspec.structs.replace(one, **more)

    await ledger.pages.save(
        [],
        [
            posted("a", -1, Delivery.SENT, sent_at=NOW - MINUTE),
            posted("b", 0, Delivery.SENT, sent_at=NOW + 9 * MINUTE),
            posted("c", 1, Delivery.GIVEN_UP),
            posted("d", 2, Delivery.DROPPED),
            posted("e", -5, Delivery.WAITING, attempts=1, why="403 forbidden"),
            posted("f", 3, Delivery.WAITING),
            a_posted("g", channel="mail"),
        ],
    )

    mail, teams = await ledger.archive.delivered(NOW)

    assert (mail.channel, mail.sent, mail.waiting, mail.last_sent) == ("mail", 0, 1, None)
    assert teams == Delivered(
        channel="teams", sent=1, given_up=1, dropped=1, waiting=2, failing=1, why="403 forbidden",
        last_sent=NOW + 9 * MINUTE,
    )  # fmt: skip


async def test_actions_are_read_as_they_were_last_seen(ledger: SqlLedger) -> None:
    record = decided("a")
    await ledger.save([record], now=NOW)

    assert await ledger.archive.actions([record.action.id, "unknown"]) == {record.action.id: record.action}


async def test_a_record_in_short_is_the_same_but_for_facts_and_findings(ledger: SqlLedger) -> None:
    record = decided("a", answered=(EVE,), guard="size", label="straße")
    assert record.decision is not None
    await ledger.save([record], now=NOW)

    found = await ledger.archive.short([record.action.id, "unknown"])

    bare = msgspec.structs.replace(record.decision, findings=(), facts=Facts(now=NOW, values={}))
    assert found == {record.action.id: saved(msgspec.structs.replace(record, decision=bare))}


def newest_undone() -> list[str]:
    """Return what takes away again all that the newest revisions made elsewhere, as they say themselves."""
    made = "".join(
        path.read_text()
        for path in sorted((schema.MIGRATIONS / "versions").glob("r*.py"))
        if path.name >= "r0006"
    )
    tables = re.findall(r'op\.create_table\(\s*"(\w+)"', made)
    columns = re.findall(r'op\.add_column\("(\w+)", sa\.Column\("(\w+)"', made)
    indexes = re.findall(r'op\.create_index\(\s*"(\w+)",\s*"(\w+)"', made)
    assert tables
    assert columns
    return [
        *(f"DROP INDEX {index}" for index, table in indexes if table not in {*tables, "history"}),
        *(f"DROP TABLE {table}" for table in tables),
        *(f"ALTER TABLE {table} DROP COLUMN {column}" for table, column in columns if table != "history"),
    ]
