"""What the ledger tells the audit of, and by which key."""

import asyncio
import stat
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import create_engine, text

from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.opening import key_beside
from agent.audit.chain import read_body
from agent.audit.key import Key
from agent.audit.verify import verify
from agent.model.alarm import Alarm
from agent.model.audit import Entry, Event, Verdict
from agent.model.decision import Verb
from agent.model.enactment import Outcome, State, Went
from agent.model.errors import Conflict, Held, LedgerError
from agent.model.hold import Hold
from agent.model.policy import KeptSet
from agent.model.rails import Leave
from tests.adapters.audited import OTHER_KEY, act
from tests.adapters.records import KEY, MINUTE, NOW, TENANT, a_decided_record, a_decision, an_effect, saved
from tests.ledgers import open_ledger

HOLD = Hold(name="hold", since=NOW, by="olga", reason="too much")


async def events(ledger: SqlLedger, replica: str = "agent") -> list[str]:
    return [link.event for link in await ledger.trail.unshipped(replica, 1000)]


async def checked(ledger: SqlLedger) -> Verdict:
    return await ledger.trail.look(lambda told: verify(told, KEY, TENANT))


async def leave(ledger: SqlLedger, token: int = 0) -> Leave:
    taken = await ledger.lease("1", "agent", NOW, NOW + MINUTE)
    return Leave(replica="agent", incident_id="1", token=token or taken or 0, until=NOW + MINUTE)


async def test_everything_that_happens_has_its_entry(ledger: SqlLedger) -> None:
    await act(ledger, "anna", "agent")
    await ledger.hold(HOLD)
    await ledger.hold(HOLD)
    await ledger.release("hold", "olga", "fine", NOW)
    await ledger.release("hold", "olga", "fine", NOW)
    await ledger.keep_set(KeptSet(revision="r", git="", at=NOW, files={}))
    await ledger.raise_alarm(Alarm(name="policies", since=NOW, words="one"))
    await ledger.raise_alarm(Alarm(name="policies", since=NOW, words="one"))
    await ledger.raise_alarm(Alarm(name="policies", since=NOW, words="another"))
    await ledger.clear_alarm("policies", NOW)
    await ledger.clear_alarm("policies", NOW)
    await ledger.audit([Entry(event=Event.NOTE, at=NOW, actor="agent agent")])

    told = await events(ledger)

    assert told == [
        "beginning",
        *("decision", "intent", "call", "outcome", "confirmation"),
        *("hold", "release", "policies", "alarm", "alarm", "alarm", "note"),
    ]
    assert (await checked(ledger)).holds


async def test_a_new_decision_tells_and_the_same_one_does_not(ledger: SqlLedger) -> None:
    record = a_decided_record()
    await ledger.save([record], now=NOW)
    await ledger.save([saved(record)], now=NOW)
    held = replace(a_decision(record.action, Verb.ESCALATE), guard="messages an hour", grounds="other")

    await ledger.save([replace(saved(record, 2), decision=held, state=State.HELD)], now=NOW)

    assert await events(ledger) == ["beginning", "decision", "decision", "guard"]


async def test_text_that_the_database_keeps_otherwise_is_read_as_it_was(ledger: SqlLedger, url: str) -> None:
    record = a_decided_record()
    held = replace(a_decision(record.action, Verb.ESCALATE), guard="a\\b \0")
    await ledger.save([replace(record, decision=held, state=State.HELD)], now=NOW)
    assert (await checked(ledger)).holds

    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE decisions SET guard = :spelt"), {"spelt": "a\\b \\0"})
    engine.dispose()

    assert not (await checked(ledger)).holds


async def test_what_is_only_observed_is_intended_by_nobody(ledger: SqlLedger) -> None:
    record = a_decided_record(state=State.DECIDED)

    await ledger.save([record], effects=[an_effect(record, went=Went.OBSERVED)], now=NOW)

    assert await events(ledger) == ["beginning", "decision"]
    assert (await checked(ledger)).holds


async def test_calls_that_were_made_before_a_plan_was_dropped_stay_counted(ledger: SqlLedger) -> None:
    record = a_decided_record()
    effect = an_effect(record)
    await ledger.save([record], effects=[effect], now=NOW)
    await ledger.depart(effect.id, NOW, await leave(ledger))
    await ledger.settle(effect.id, Outcome(went=Went.INTENDED, detail="429"), NOW)
    await ledger.save([], dropped=[effect.id], now=NOW)
    await ledger.save([], effects=[effect], now=NOW)
    await ledger.depart(effect.id, NOW, await leave(ledger))

    verdict = await checked(ledger)

    assert (verdict.faults, verdict.calls) == ((), 2)
    assert (await events(ledger))[2:] == ["intent", "call", "outcome", "dropped", "intent", "call"]


async def test_what_is_refused_leaves_no_entry(ledger: SqlLedger) -> None:
    record = a_decided_record()
    effect = an_effect(record)
    await ledger.save([record], effects=[effect], now=NOW)
    before = await events(ledger)
    with pytest.raises(Conflict):
        await ledger.save([record], now=NOW)
    with pytest.raises(Conflict):
        await ledger.depart(effect.id, NOW, await leave(ledger, token=99))
    with pytest.raises(Conflict):
        await ledger.depart("nothing", NOW, await leave(ledger))
    await ledger.hold(HOLD)
    with pytest.raises(Held):
        await ledger.depart(effect.id, NOW, await leave(ledger))

    assert await events(ledger) == [*before, "hold"]


async def test_without_its_entry_nothing_is_written(ledger: SqlLedger, url: str) -> None:
    """No audit, no action: what has no entry has not happened."""
    record = a_decided_record()
    effect = an_effect(record)
    await ledger.save([record], effects=[effect], now=NOW)
    going = await leave(ledger)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit_heads SET number = 1"))
    engine.dispose()

    with pytest.raises(
        LedgerError, match="cannot be continued after 1: somebody changed it: run `air-agent audit"
    ):
        await ledger.depart(effect.id, NOW, going)
    with pytest.raises(LedgerError):
        await ledger.hold(HOLD)

    (found,) = await ledger.effects(record.action.id)
    assert (found.went, found.attempts) == (Went.INTENDED, 0)
    assert await ledger.holds() == ()


async def test_an_older_ledger_begins_its_audit_with_what_was_there(url: str) -> None:
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await act(ledger, "anna", "agent")
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in ("audit_entries", "audit_heads", "audit_values"):
            connection.execute(text(f"DELETE FROM {table}"))
    engine.dispose()

    async with open_ledger(url, TENANT, key=OTHER_KEY) as ledger:
        await act(ledger, "bert", "agent")
        first = (await ledger.trail.unshipped("agent", 1))[0]
        verdict = await ledger.trail.look(lambda told: verify(told, OTHER_KEY, TENANT))

    assert read_body(first.body).detail == {"decisions": 1, "calls": 1, "effects": 1}
    assert (verdict.faults, verdict.unaudited) == ((), 2)


async def test_two_processes_continue_one_chain(url: str) -> None:
    async with open_ledger(url, TENANT, key=KEY) as one, open_ledger(url, TENANT, key=KEY) as other:
        entry = Entry(event=Event.NOTE, at=NOW, actor="agent agent")

        await asyncio.gather(*(ledger.audit([entry] * 3) for ledger in (one, other) * 5))

        assert len(await events(one)) == 31
        assert (await checked(other)).holds


async def test_each_replica_has_a_chain_and_each_tenant_its_own(url: str) -> None:
    entry = Entry(event=Event.NOTE, at=NOW, actor="agent agent")
    for tenant in (TENANT, "another"):
        for replica in ("a", "b"):
            async with open_ledger(url, tenant, key=KEY, replica=replica) as ledger:
                await ledger.audit([entry])

    async with open_ledger(url, TENANT, key=KEY) as ledger:
        assert [len(await events(ledger, replica)) for replica in ("a", "b")] == [2, 1]
        assert (await checked(ledger)).holds


async def test_a_wrong_key_stops_the_start(url: str) -> None:
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.hold(HOLD)

    with pytest.raises(
        LedgerError, match=r"`audit.key` is not the key that the audit of `agent` was written with"
    ):
        async with open_ledger(url, TENANT, key=OTHER_KEY):
            pass
    with pytest.raises(LedgerError, match="not the key"):
        async with open_ledger(url, TENANT, key=OTHER_KEY, replica="new"):
            pass
    async with open_ledger(url, TENANT, read_only=True) as reader:
        assert await reader.holds() == (HOLD,)
        with pytest.raises(LedgerError, match="read-only: it was opened to look"):
            await reader.hold(HOLD)


async def test_postgresql_needs_a_key_and_sqlite_makes_one_beside_itself(url: str) -> None:
    if url.startswith("postgresql"):
        with pytest.raises(
            LedgerError, match=r"set AIR_AGENT_AUDIT_KEY or `audit.key_file`, the same for every"
        ):
            async with open_ledger(url, TENANT):
                pass
        assert key_beside(url) is None
        return
    async with open_ledger(url, TENANT) as ledger:
        await ledger.hold(HOLD)
    async with open_ledger(url, TENANT) as ledger:
        await ledger.release("hold", "olga", "", NOW)

    key = key_beside(url)
    assert key is not None
    async with open_ledger(url, TENANT, read_only=True) as ledger:
        assert (await ledger.trail.look(lambda told: verify(told, key, TENANT))).holds


def is_in(place: Path, name: bytes) -> bool:
    return name in place.read_bytes()


def beside(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///")).with_name("audit.key")


async def test_the_key_that_is_made_is_nobody_elses(sqlite_url: str) -> None:
    async with open_ledger(sqlite_url, TENANT):
        pass

    path = beside(sqlite_url)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().strip()) == 64
    assert [one.name for one in path.parent.glob("audit.key*")] == ["audit.key"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "is missing, the key that its audit was written with: restore it"),
        (lambda path: path.write_text("short"), "has fewer than 32 characters"),
        (lambda path: path.write_bytes(b"\xff" * 64), "cannot be read: is not UTF-8: restore it"),
        (lambda path: path.chmod(0o644), "is open to other users: `chmod 0600"),
    ],
)
async def test_a_key_that_was_lost_or_spoilt_stops_the_start(
    sqlite_url: str, spoil: object, words: str
) -> None:
    async with open_ledger(sqlite_url, TENANT) as ledger:
        await ledger.hold(HOLD)
    spoil(beside(sqlite_url))  # type: ignore[operator]

    with pytest.raises(LedgerError, match=words):
        async with open_ledger(sqlite_url, TENANT):
            pass

    assert beside(sqlite_url).exists() == ("missing" not in words)


async def test_a_key_that_cannot_be_made_says_what_else_to_do(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("agent.adapters.ledger.files.os.link", full)

    with pytest.raises(LedgerError, match="no space left on device: set AIR_AGENT_AUDIT_KEY"):
        async with open_ledger(sqlite_url, TENANT):
            pass


async def test_settings_are_told_when_they_change(ledger: SqlLedger) -> None:
    for mode in ("observe", "observe", "enforce", "observe"):
        await ledger.trail.tell_settings({"mode": mode}, NOW)

    assert await events(ledger) == ["beginning", "settings", "settings", "settings"]


async def test_values_are_erased_by_what_they_contain_and_the_chain_still_holds(ledger: SqlLedger) -> None:
    await act(ledger, "anna", "agent")
    await act(ledger, "bert", "agent", 1)
    quoted = 'jürgen "the boss"@contoso.example'
    entry = Entry(event=Event.NOTE, at=NOW, actor="agent agent", personal={"text": quoted})
    await ledger.audit([entry])

    assert await ledger.trail.containing("ANNA@contoso") == {"targets": 1}
    assert await ledger.trail.erase("ANNA@contoso", "olga", NOW) == 1
    assert await ledger.trail.erase("ANNA@contoso", "olga", NOW) == 0
    assert await ledger.trail.erase('JÜRGEN "THE', "olga", NOW) == 1

    verdict = await checked(ledger)
    assert (verdict.faults, verdict.erased) == ((), 2)
    last = (await ledger.trail.unshipped("agent", 1000))[-1]
    assert last.event == "erasure"
    assert b"rgen" not in last.body.lower()


async def test_values_are_erased_however_their_letters_are_composed(ledger: SqlLedger) -> None:
    """`\u00e9` and an `e` with a combining accent look the same, and macOS and Windows type them differently."""
    for name in ("jos\u00e9", "jose\u0301"):
        entry = Entry(event=Event.NOTE, at=NOW, actor="agent agent", personal={"text": f"to {name}@contoso"})
        await ledger.audit([entry])

    assert await ledger.trail.erase("Jose\u0301@", "olga", NOW) == 2
    assert (await checked(ledger)).faults == ()


async def test_values_expire_and_the_chain_still_holds(ledger: SqlLedger) -> None:
    await act(ledger, "anna", "agent")
    await act(ledger, "bert", "agent", 1)

    gone = await ledger.trail.expire(NOW + MINUTE, NOW + MINUTE)
    none = await ledger.trail.expire(NOW + MINUTE, NOW + MINUTE)

    verdict = await checked(ledger)
    assert (gone, none) == (verdict.erased, 0)
    assert verdict.faults == ()
    assert await ledger.trail.containing("anna@") == {}
    assert await ledger.trail.containing("bert@") == {"targets": 1}


async def test_what_was_erased_is_not_in_the_file_any_more(sqlite_url: str) -> None:
    place = Path(sqlite_url.removeprefix("sqlite:///"))
    entry = Entry(event=Event.NOTE, at=NOW, actor="agent agent", personal={"text": "a-very-rare-name"})
    async with open_ledger(sqlite_url, TENANT, key=KEY) as ledger:
        await ledger.audit([entry])
    assert is_in(place, b"a-very-rare-name")

    async with open_ledger(sqlite_url, TENANT, key=KEY) as ledger:
        await ledger.trail.erase("a-very-rare-name", "olga", NOW)

    assert not is_in(place, b"a-very-rare-name")


async def test_marks_never_go_back(ledger: SqlLedger) -> None:
    await ledger.hold(HOLD)
    assert await ledger.trail.waiting() == {"agent": NOW}
    await ledger.trail.mark_shipped("agent", 2, NOW)
    await ledger.trail.mark_shipped("agent", 1, NOW)

    assert await ledger.trail.waiting() == {}
    assert (await ledger.trail.head("agent")).shipped == 2
    assert (await ledger.trail.head("nobody")).number == 0
    assert await ledger.trail.unshipped("agent", 10) == ()


def test_keys_are_told_apart() -> None:
    assert Key("x" * 32).of_values(TENANT) != KEY.of_values(TENANT)
