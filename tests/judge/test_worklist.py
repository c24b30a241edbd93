"""What people have to press in the portal."""

from datetime import datetime, timedelta

import msgspec
import pytest

from agent.judge.worklist import TYPES, Press, done, needs_people, worklist
from agent.model.decision import Decision, Verb
from agent.model.enactment import Confirmation, PendingSeen, Plan, Record, State, Undone, Way
from agent.model.pending import ActionKind
from tests.judge.test_exchange import a_record as a_forwarding
from tests.judge.test_track import a_decision
from tests.makers import NOW, a_cluster, a_message, an_action

D = timedelta(days=1)
PRESSED = {
    (State.HANDED_OFF, Verb.APPROVE): Press.APPROVE,
    (State.REJECTED, Verb.REJECT): Press.REJECT,
    (State.DECIDED, Verb.REJECT): Press.REJECT,
    (State.HELD, Verb.ESCALATE): Press.EITHER,
    (State.ESCALATED, Verb.ESCALATE): Press.EITHER,
    (State.ESCALATED, Verb.APPROVE): Press.LOOK,
    (State.REFUSED, Verb.APPROVE): Press.APPROVE,
    (State.UNKNOWN, Verb.APPROVE): Press.LOOK,
    (State.UNVERIFIED, Verb.APPROVE): Press.LOOK,
    (State.CONTRADICTED, Verb.APPROVE): Press.LOOK,
    (State.UNDONE, Verb.APPROVE): Press.REJECT,
}


def a_record(
    state: State = State.ESCALATED,
    verb: Verb = Verb.ESCALATE,
    *,
    query: str = "q",
    kind: ActionKind | None = None,
    deadline: datetime | None = None,
) -> Record:
    action = an_action(a_cluster(query=query))
    action = msgspec.structs.replace(action, kind=kind or action.kind, deadline=deadline or action.deadline)
    decision: Decision = a_decision(action, verb)
    plan = Plan(way=Way.HAND_OFF, why="no documented API")
    return Record(action=action, state=state, due=None, decision=decision, plan=plan)


@pytest.mark.parametrize(("state", "verb"), list(PRESSED))
def test_each_state_that_waits_for_people_says_what_to_press(state: State, verb: Verb) -> None:
    (group,) = worklist([a_record(state, verb)], NOW)

    assert [item.press for item in group.items] == [PRESSED[state, verb]]


@pytest.mark.parametrize("verb", list(Verb))
@pytest.mark.parametrize("state", list(State))
def test_what_needs_nobody_is_not_on_the_list(state: State, verb: Verb) -> None:
    record = a_record(state, verb)

    is_listed = bool(worklist([record], NOW))

    assert is_listed is (needs_people(record) or state is State.UNDONE)


def test_a_record_that_could_not_be_judged_is_for_people_too() -> None:
    record = msgspec.structs.replace(a_record(), decision=None, plan=None, why="")

    (group,) = worklist([record], NOW)

    assert (group.items[0].press, group.items[0].why) == (Press.EITHER, "it was not judged")


def test_items_are_grouped_by_type_and_both_are_ordered_by_deadline() -> None:
    late = a_record(query="late", deadline=NOW + 5 * D)
    later = a_record(query="later", deadline=NOW + 6 * D)
    first = a_record(query="first", deadline=NOW + D)
    url = a_record(query="url", kind=ActionKind.BLOCK_URL, deadline=NOW + 2 * D)
    file = a_record(query="file", kind=ActionKind.QUARANTINE_FILE, deadline=NOW + 2 * D)

    groups = worklist([later, file, url, late, first], NOW)

    assert [group.type for group in groups] == [
        "Soft delete email cluster",
        "Block URL (time of click)",
        "Quarantine file",
    ]
    assert [item.id for item in groups[0].items] == [first.action.id, late.action.id, later.action.id]
    assert [group.deadline for group in groups] == [NOW + D, NOW + 2 * D, NOW + 2 * D]


def test_every_kind_has_a_type() -> None:
    assert TYPES.keys() == set(ActionKind)
    assert len(set(TYPES.values())) == len(TYPES)


@pytest.mark.parametrize(("left", "is_listed"), [(timedelta(seconds=1), True), (timedelta(0), False)])
def test_what_is_over_is_not_on_the_list(left: timedelta, is_listed: bool) -> None:
    assert bool(worklist([a_record(deadline=NOW + left)], NOW)) is is_listed


def test_what_defender_shows_as_decided_is_ticked_off() -> None:
    record = a_record(State.UNKNOWN, Verb.APPROVE)
    closed = msgspec.structs.replace(record, confirmation=Confirmation(pending=PendingSeen.CLOSED))
    expired = msgspec.structs.replace(record, confirmation=Confirmation(pending=PendingSeen.EXPIRED))
    remediated = msgspec.structs.replace(record, action=an_action(a_cluster(status="remediated")))

    assert worklist([closed, expired, remediated], NOW) == ()


def ended(state: State, verb: Verb, ago: timedelta = timedelta(0)) -> Record:
    seen = Confirmation(pending=PendingSeen.CLOSED, words="declined in Defender", at=NOW - ago)
    return msgspec.structs.replace(a_record(state, verb), confirmation=seen)


@pytest.mark.parametrize(
    ("record", "is_shown"),
    [
        (ended(State.CONFIRMED, Verb.REJECT), True),
        (ended(State.SUPERSEDED, Verb.APPROVE), True),
        (ended(State.SUPERSEDED, Verb.ESCALATE, D), True),
        (ended(State.SUPERSEDED, Verb.ESCALATE, D + timedelta(seconds=1)), False),
        (ended(State.SUPERSEDED, Verb.ESCALATE, -timedelta(seconds=1)), False),
        (ended(State.CONFIRMED, Verb.APPROVE), False),
        (ended(State.ESCALATED, Verb.ESCALATE), False),
        (msgspec.structs.replace(ended(State.SUPERSEDED, Verb.APPROVE), decision=None), False),
        (msgspec.structs.replace(ended(State.SUPERSEDED, Verb.APPROVE), confirmation=Confirmation()), False),
    ],
)
def test_what_people_decided_within_the_last_day_is_done(record: Record, is_shown: bool) -> None:
    groups = done([record], NOW)

    assert bool(groups) is is_shown
    assert all(item.done is not None and item.how_it_ended for group in groups for item in group.items)


def test_what_ended_with_a_deletion_of_ours_for_another_action_was_decided_by_nobody_in_the_portal() -> None:
    plan = Plan(way=Way.REMEDIATE, why="covered", duplicate_of="0f7012793288b380")
    record = msgspec.structs.replace(ended(State.SUPERSEDED, Verb.APPROVE), plan=plan)

    assert done([record], NOW) == ()


def test_an_item_has_the_links_and_why() -> None:
    record = a_record(State.HANDED_OFF, Verb.APPROVE)
    sighting = msgspec.structs.replace(record.action.sightings[0], web_url="https://alert")
    unlinked = msgspec.structs.replace(sighting, web_url=None)
    incident = msgspec.structs.replace(record.action.incident, web_url="https://incident")
    action = msgspec.structs.replace(
        record.action, sightings=(sighting, sighting, unlinked), incident=incident
    )

    (group,) = worklist([msgspec.structs.replace(record, action=action)], NOW)

    (item,) = group.items
    assert (item.incident_url, item.alert_urls) == ("https://incident", ("https://alert",))
    assert item.why == "no documented API; because"
    assert (item.done, item.how_it_ended) == (None, "")


def test_what_was_undone_is_to_be_rejected_and_says_who_took_it_back() -> None:
    record = a_record(State.UNDONE, Verb.APPROVE)
    undone = msgspec.structs.replace(record, undone=Undone(at=NOW, by="anna@host", reason="a newsletter"))

    assert worklist([undone], NOW)[0].items[0].why == "anna@host took it back: a newsletter"


def test_a_command_is_given_instead_of_approving_and_never_instead_of_rejecting() -> None:
    forwarding = a_forwarding(upn="anna@contoso.example")
    approved = msgspec.structs.replace(forwarding, decision=a_decision(forwarding.action))
    rejected = msgspec.structs.replace(
        approved, state=State.REJECTED, decision=a_decision(forwarding.action, Verb.REJECT)
    )

    assert worklist([approved], NOW)[0].items[0].commands[1].startswith("Set-Mailbox")
    assert worklist([rejected], NOW)[0].items[0].commands == ()


def test_a_message_is_a_type_of_its_own() -> None:
    record = a_record()
    message = msgspec.structs.replace(record, action=an_action(a_message()))

    assert {group.type for group in worklist([record, message], NOW)} == {
        "Soft delete email",
        "Soft delete email cluster",
    }
