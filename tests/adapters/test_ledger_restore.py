"""What the shipped audit tells of the time since a backup is in the ledger that is restored from it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from agent.adapters.ledger.backing.restoring import check, restore
from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.shipment import Shipment
from agent.audit.lines import anchor_line, line
from agent.model.answer import Answer, Person
from agent.model.audit import Link
from agent.model.backup import Checked
from agent.model.decision import Unit, Verb
from agent.model.enactment import Effect, EffectKind, Outcome, Record, State, Went
from agent.model.errors import Conflict, Held, LedgerError, Unavailable
from agent.model.fallback import Fallback
from agent.model.hold import BRAKE, KILL_SWITCH, Hold
from agent.model.rails import Cap, Leave
from tests.adapters.audited import act
from tests.adapters.records import KEY, MINUTE, NOW, TENANT, a_decided_record, an_effect, saved
from tests.adapters.test_ledger_backup import backed_up, order_of, quiet, source
from tests.ledgers import begin, open_ledger


class Place:
    """A ledger whose audit is shipped, a backup of it, and the ledger that is restored from that."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder}/data/ledger.db"
        self.new = f"sqlite:///{folder}/new/ledger.db"
        self.file, self.backup = folder / "audit.jsonl", folder / "one.zip"

    async def ship(self, ledger: SqlLedger) -> None:
        sink = Shipment(TENANT, KEY, file=self.file, anchors=None, syslog="")
        links = await ledger.trail.unshipped("agent", 1000)
        await sink.ship(links)
        await ledger.trail.mark_shipped("agent", links[-1].number, NOW)

    def restored(self, *files: Path, **more: object) -> Checked:
        begin(self.new)
        return restore(source(self.backup, *(files or (self.file,)), **more), order_of(self.new), quiet)


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    async with open_ledger(made.url, TENANT, key=KEY) as ledger:
        await act(ledger, "anna", "agent")
        record = a_decided_record("planned")
        await ledger.save([record], effects=[an_effect(record, targets=(("m", "planned"),))], now=NOW)
        await ledger.fall_back([fallen("before")])
        await made.ship(ledger)
    await backed_up(made.url, made.backup)
    return made


def fallen(policy: str) -> Fallback:
    return Fallback(policy=policy, since=NOW, action_id="a", words="a copy lies there again", revision="r1")


async def leave(ledger: SqlLedger, effect_id: str, outcome: Outcome | None) -> None:
    token = await ledger.lease("1", "agent", NOW, NOW + MINUTE) or 0
    leave = Leave(replica="agent", incident_id="1", token=token, until=NOW)
    await ledger.depart(effect_id, NOW, leave)
    if outcome is not None:
        await ledger.settle(effect_id, outcome, NOW + MINUTE)
    await ledger.let_go("1", token)


async def test_fallbacks_and_the_brake_are_as_they_were_when_the_ledger_was_lost(place: Place) -> None:
    async with open_ledger(place.url, TENANT, key=KEY) as ledger:
        await ledger.fall_back([fallen("since"), fallen("mended")])
        await ledger.end_fallback("mended", "olga", "mended", NOW + MINUTE)
        await ledger.end_fallback("before", "olga", "mended", NOW + MINUTE)
        await ledger.hold(Hold(name=BRAKE, since=NOW, by="agent", reason="a surge"))
        await ledger.hold(Hold(name=KILL_SWITCH, since=NOW, by="olga", reason="odd"))
        await place.ship(ledger)

    found = place.restored()

    async with open_ledger(place.new, TENANT, key=KEY) as ledger:
        standing = await ledger.fallbacks()
        every = await ledger.fallbacks(is_standing=False)
        holds = {one.name: one.reason for one in await ledger.holds()}
    assert found.holds
    assert standing == (fallen("since"),)
    assert {one.policy: one.ended_by for one in every} == {
        "since": "",
        "mended": "a person",
        "before": "a person",
    }
    assert holds[BRAKE] == "it was on when the ledger was lost"
    assert "restored from the backup" in holds[KILL_SWITCH]


@pytest.mark.parametrize(
    ("outcome", "went", "attempts"),
    [
        (Outcome(went=Went.DONE, bulk_id="b", request_id="r"), Went.DONE, 1),
        (Outcome(went=Went.REFUSED, detail="403"), Went.REFUSED, 1),
        (None, Went.SENT, 1),
        (Outcome(went=Went.INTENDED), Went.INTENDED, 1),
    ],
)
async def test_how_calls_went_is_written_to_effects_of_the_backup(
    place: Place, outcome: Outcome | None, went: Went, attempts: int
) -> None:
    record = a_decided_record("planned")
    planned = an_effect(record, targets=(("m", "planned"),))
    async with open_ledger(place.url, TENANT, key=KEY) as ledger:
        await leave(ledger, planned.id, outcome)
        await place.ship(ledger)

    found = place.restored()

    async with open_ledger(place.new, TENANT, key=KEY) as ledger:
        (effect,) = await ledger.effects(record.action.id)
        restored = await ledger.restored()
    assert found.holds
    assert (effect.went, effect.attempts) == (went, attempts)
    assert effect.bulk_id == (outcome.bulk_id if outcome is not None else None)
    assert restored is not None
    assert restored.actions == {}, "the ledger knows all of it"


async def test_what_was_dropped_since_is_dropped_and_its_targets_are_free(place: Place) -> None:
    record = a_decided_record("planned")
    planned = an_effect(record, targets=(("m", "planned"),))
    async with open_ledger(place.url, TENANT, key=KEY) as ledger:
        await ledger.save([], dropped=[planned.id], now=NOW)
        await place.ship(ledger)

    place.restored()

    async with open_ledger(place.new, TENANT, key=KEY) as ledger:
        (effect,) = await ledger.effects(record.action.id)
        covered = await ledger.covered([("m", "planned")])
    assert effect.went is Went.DROPPED
    assert covered == {}


async def test_what_was_sent_since_is_claimed_by_its_marks_and_its_action_is_a_person_s(place: Place) -> None:
    async with open_ledger(place.url, TENANT, key=KEY) as ledger:
        record, effect = await act(ledger, "bert", "agent", 1)
        unsent = a_decided_record("unsent")
        await ledger.save([unsent], effects=[an_effect(unsent, targets=(("m", "unsent"),))], now=NOW)
        await place.ship(ledger)

    found = place.restored()

    async with open_ledger(place.new, TENANT, key=KEY) as ledger:
        covered = await ledger.covered([*effect.targets, ("m", "unsent"), *effect.targets])
        other_kind = await ledger.covered(effect.targets, EffectKind.MOVE_TO_INBOX)
        restored = await ledger.restored()
        again = a_decided_record("bert")
        with pytest.raises(Conflict, match="was sent before the ledger was restored: plan again"):
            await ledger.save([again], effects=[an_effect(again, targets=effect.targets)], now=NOW)
        await ledger.save([unsent], effects=[an_effect(unsent, targets=(("m", "unsent"),))], now=NOW)
    (cover,) = covered.values()
    assert covered.keys() == set(effect.targets)
    assert (cover.action_id, cover.effect_id, cover.is_departed) == (record.action.id, effect.id, True)
    assert other_kind == {}
    assert restored is not None
    assert restored.actions == {
        record.action.id: "1 call for it left after the backup of 2026-11-02 09:01Z that the ledger was restored from: look"
        " what became of it (`air-agent audit export` has it)"
    }
    assert (found.since.calls, found.since.actions, found.since.unknown) == (1, 1, "")


async def test_what_people_answered_since_is_asked_anew_and_what_they_said_before_does_not_count(
    place: Place,
) -> None:
    record = a_decided_record("planned")
    answer = Answer(
        action_id=record.action.id,
        person=Person(tenant_id=TENANT, object_id="eve", name="Eve"),
        at=NOW,
        verb=Verb.APPROVE,
        reason="phishing",
        targets=None,
        digest="d",
        chain="c",
        grant="role:Approver",
        via="cli",
        expires=NOW + timedelta(hours=1),
    )
    async with open_ledger(place.url, TENANT, key=KEY) as ledger:
        await ledger.answer(answer, saved(record), NOW)
        await place.ship(ledger)

    place.restored()

    async with open_ledger(place.new, TENANT, key=KEY) as ledger:
        after = (await ledger.load([record.action.id]))[record.action.id]
        restored = await ledger.restored()
    assert after.asked_since == NOW + timedelta(hours=1)
    assert restored is not None
    assert restored.actions[record.action.id].startswith("a person answered it after the backup")


Spoil = Callable[[Place], None]


def _gap(place: Place) -> None:
    lines = place.file.read_bytes().splitlines(keepends=True)
    place.file.write_bytes(b"".join([*lines[:-3], *lines[-2:]]))


def _too_short(place: Place) -> None:
    lines = place.file.read_bytes().splitlines(keepends=True)
    place.file.write_bytes(b"".join(lines[:3]))


def _anchored(place: Place) -> None:
    from agent.audit.chain import anchored
    from agent.model.audit import Head

    head = Head(replica="agent", number=10_000, mac=b"x" * 32)
    (place.folder / "anchors").write_bytes(
        anchor_line(anchored(KEY.of_anchors(TENANT), TENANT, head, NOW)) + b"\n"
    )


def _nothing(_place: Place) -> None:
    """Leave all as it is."""


@pytest.mark.parametrize(
    ("spoil", "more", "words"),
    [
        (_gap, {}, "the shipped audit has a gap: entry "),
        (_too_short, {}, "the shipped audit does not reach up to the backup: entry "),
        (_anchored, {"anchors": True}, " goes up to entry 10000 of `agent`, and the shipped audit does not"),
        (_nothing, {"files": None}, "it was restored without the shipped audit"),
        (_nothing, {"files": ()}, "there is no file that the audit was shipped to"),
    ],
)
async def test_where_the_shipped_audit_does_not_tell_all_everything_may_have_been_sent(
    place: Place, spoil: Spoil, more: dict[str, object], words: str
) -> None:
    async with open_ledger(place.url, TENANT, key=KEY) as ledger:
        await act(ledger, "bert", "agent", 1)
        await place.ship(ledger)
    spoil(place)
    if "anchors" in more:
        more = {"anchors": (place.folder / "anchors",)}

    checked = check(source(place.backup, place.file, **more), NOW, quiet)
    found = place.restored(**more)

    record = a_decided_record("planned")
    async with open_ledger(place.new, TENANT, key=KEY) as ledger:
        (effect,) = await ledger.effects(record.action.id)
        after = (await ledger.load([record.action.id]))[record.action.id]
        (closed,) = (await ledger.load([a_decided_record("anna").action.id])).values()
        restored = await ledger.restored()
    assert words in found.since.unknown
    assert words in checked.since.unknown
    assert found.holds
    assert (effect.went, effect.attempts, effect.sent_at) == (Went.UNKNOWN, 0, NOW + timedelta(hours=1))
    assert after.asked_since == NOW + timedelta(hours=1)
    assert (closed.state, closed.asked_since) == (State.CONFIRMED, None)
    assert restored is not None
    assert [gap.is_known for gap in restored.gaps] == [False]


async def test_an_agent_that_marks_no_targets_leaves_unknown_what_it_sent(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.adapters.ledger.auditing import Book

    monkeypatch.setattr(Book, "mark", lambda *_: "")
    async with open_ledger(place.url, TENANT, key=KEY) as ledger:
        await act(ledger, "bert", "agent", 1)
        await place.ship(ledger)

    found = place.restored()

    assert (
        found.since.unknown
        == "an agent of an older version sent something, and its audit does not say to what"
    )


async def test_files_may_be_given_in_any_order_and_overlap(place: Place) -> None:
    async with open_ledger(place.url, TENANT, key=KEY) as ledger:
        await act(ledger, "bert", "agent", 1)
        await place.ship(ledger)
    lines = place.file.read_bytes().splitlines(keepends=True)
    old, new = place.folder / "audit.jsonl.1", place.folder / "audit.jsonl.2"
    old.write_bytes(b"".join(lines[:8]))
    new.write_bytes(b"".join(lines[6:]))
    empty = place.folder / "audit.jsonl.0"
    empty.write_bytes(b"")

    found = place.restored(new, empty, old)

    assert (found.since.unknown, found.since.calls) == ("", 1)
    assert found.audit.faults == ()


async def test_what_another_ledger_of_the_same_key_sent_counts_too(place: Place) -> None:
    """An agent that was started on an empty ledger meanwhile has sent everything that was pending."""
    other = f"sqlite:///{place.folder}/other/ledger.db"
    async with open_ledger(other, TENANT, key=KEY) as ledger:
        _, effect = await act(ledger, "carl", "agent", 1)
        links: tuple[Link, ...] = await ledger.trail.unshipped("agent", 100)
    with place.file.open("ab") as file:
        file.writelines(line(TENANT, link) + b"\n" for link in links)

    checked = check(source(place.backup, place.file), NOW, quiet)

    assert checked.since.calls == 1
    assert checked.since.actions == 1
    assert effect.targets


async def test_a_line_that_was_changed_stops_it(place: Place) -> None:
    async with open_ledger(place.url, TENANT, key=KEY) as ledger:
        await act(ledger, "bert", "agent", 1)
        await place.ship(ledger)
    place.file.write_bytes(place.file.read_bytes().replace(b'"went":"done"', b'"went":"lost"'))

    with pytest.raises(LedgerError, match="find out who changed it, or restore with `--without-audit`"):
        place.restored()
    async with open_ledger(place.new, TENANT, read_only=True) as ledger:
        assert await ledger.listed() == ()


# -- what it took --


HOURLY = Cap(name="messages_per_hour", unit=Unit.MESSAGES, count=6, window=timedelta(hours=1))
ACTIONS = Cap(name="actions_per_hour", unit=Unit.ACTIONS, count=2, window=timedelta(hours=1))


async def sent_since(place: Place, amount: int = 3) -> tuple[Record, Effect]:
    """Let something leave after the backup, and return it."""
    targets = tuple((f"m{number}", f"{number}@contoso.example") for number in range(amount))
    record = a_decided_record("since")
    effect = an_effect(record, targets=targets)
    async with open_ledger(place.url, TENANT, key=KEY) as ledger:
        await ledger.save([record], effects=[effect], now=NOW)
        await leave(ledger, effect.id, Outcome(went=Went.DONE))
        await place.ship(ledger)
    return record, effect


async def tried(place: Place, amount: int, at: datetime, *caps: Cap, active: int = 99) -> str:
    """Return what holds an effect of the restored ledger as it is to leave; empty for nothing."""
    record = a_decided_record("new")
    targets = tuple((f"n{number}", f"{number}@fabrikam.example") for number in range(amount))
    effect = an_effect(record, targets=targets)
    async with open_ledger(place.new, TENANT, key=KEY) as ledger:
        await ledger.release(KILL_SWITCH, "olga", "looked", at)
        await ledger.save([record], effects=[effect], now=at)
        token = await ledger.lease("1", "agent", at, at + MINUTE) or 0
        allowed = Leave(replica="agent", incident_id="1", token=token, until=at, caps=caps, active=active)
        try:
            await ledger.depart(effect.id, at, allowed)
        except (Held, Unavailable) as error:
            return str(error)
    return ""


@pytest.mark.parametrize(
    ("amount", "later", "words"),
    [
        (2, timedelta(0), ""),
        (
            3,
            timedelta(0),
            "may have 6 messages in one hour, 4 were sent, and this has 3",
        ),
        (
            3,
            timedelta(hours=1),
            "may have 6 messages in one hour, 4 were sent, and this has 3",
        ),
        (3, timedelta(hours=1, seconds=1), ""),
    ],
)
async def test_what_left_since_the_backup_counts_against_the_caps(
    place: Place, amount: int, later: timedelta, words: str
) -> None:
    await sent_since(place)
    place.restored()

    held = await tried(place, amount, NOW + later, HOURLY)

    assert words in held
    assert bool(held) is bool(words)


@pytest.mark.parametrize(
    ("kinds", "words"),
    [(None, "may have 2 actions in one hour, 2 were sent"), (frozenset({EffectKind.QUARANTINE_FILE}), "")],
)
async def test_actions_of_which_something_left_since_count_each_once(
    place: Place, kinds: frozenset[EffectKind] | None, words: str
) -> None:
    await sent_since(place)
    place.restored()

    held = await tried(place, 1, NOW, msgspec.structs.replace(ACTIONS, kinds=kinds))

    assert words in held
    assert bool(held) is bool(words)


async def test_remediations_of_mail_that_left_since_run_too(place: Place) -> None:
    await sent_since(place)
    place.restored()

    assert "1 remediations run already" in await tried(place, 1, NOW, active=1)


async def test_before_it_leaves_it_is_weighed_with_a_target_of_its_own_for_each_that_nobody_knows(
    place: Place,
) -> None:
    record, effect = await sent_since(place)
    place.restored()

    async with open_ledger(place.new, TENANT, key=KEY) as ledger:
        (found,) = [one for one in await ledger.given(NOW) if one.id == effect.id]
        later = [one.id for one in await ledger.given(NOW + MINUTE)]
        restored = await ledger.restored()

    assert (found.action_id, found.kind, found.went) == (record.action.id, effect.kind, Went.UNKNOWN)
    assert len(set(found.targets)) == 3
    assert effect.id not in later
    assert restored is not None
    assert restored.departed == {record.action.id: 3}


async def test_an_agent_that_marked_no_targets_has_what_it_sent_counted_all_the_same(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.adapters.ledger.auditing import Book

    monkeypatch.setattr(Book, "mark", lambda *_: "")
    await sent_since(place)
    place.restored()

    assert "5 were sent" in await tried(place, 3, NOW, HOURLY)


async def test_what_the_backup_has_is_not_counted_twice(place: Place) -> None:
    record = a_decided_record("planned")
    planned = an_effect(record, targets=(("m", "planned"),))
    async with open_ledger(place.url, TENANT, key=KEY) as ledger:
        await leave(ledger, planned.id, Outcome(went=Went.DONE))
        await place.ship(ledger)

    place.restored()

    async with open_ledger(place.new, TENANT, key=KEY) as ledger:
        restored = await ledger.restored()
        given = [one.id for one in await ledger.given(NOW - MINUTE)]
    assert restored is not None
    assert restored.departed == {}
    assert given.count(planned.id) == 1
    assert await tried(place, 4, NOW, HOURLY) == ""
