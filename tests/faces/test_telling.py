"""Records in words."""

from datetime import timedelta

import pytest

from agent.faces.telling import action_center, remaining, row
from agent.judge.quote import moment
from agent.model.decision import Verb
from agent.model.enactment import Confirmation, EffectSeen, PendingSeen, Plan, Record, State, Way
from tests.faces.records import a_record
from tests.makers import NOW


def told(record: Record) -> tuple[str, str]:
    found = row(record, NOW)
    return found.enactment, found.confirmation


SENT = "soft delete of 3 copies in mailboxes; sent"


@pytest.mark.parametrize(
    ("record", "enactment", "confirmation"),
    [
        (
            a_record(State.INTENDED),
            "soft delete of 3 copies in mailboxes; about to be sent",
            "open in Defender",
        ),
        (
            a_record(State.SENT, due=NOW + timedelta(minutes=5)),
            SENT,
            "to be looked at 2026-11-02 09:05Z; open in Defender",
        ),
        (
            a_record(
                State.SENT,
                confirmation=Confirmation(effect=EffectSeen.PARTLY, words="1 of 3 still in mailboxes"),
            ),
            SENT,
            "partly done: 1 of 3 still in mailboxes; open in Defender",
        ),
        (
            a_record(
                State.CONFIRMED,
                confirmation=Confirmation(
                    effect=EffectSeen.CONFIRMED,
                    pending=PendingSeen.CLOSED,
                    words="all 3 copies have left the mailboxes",
                ),
            ),
            SENT,
            "confirmed: all 3 copies have left the mailboxes; closed in Defender",
        ),
        (
            a_record(
                State.CONTRADICTED,
                why="3 of 3 still in mailboxes at the last look: a person has to see",
                confirmation=Confirmation(effect=EffectSeen.CONTRADICTED, words="3 of 3 still in mailboxes"),
            ),
            SENT,
            "contradicted; open in Defender; 3 of 3 still in mailboxes at the last look: a person has to see",
        ),
        (
            a_record(State.UNKNOWN, why="whether it was applied is not known"),
            "soft delete of 3 copies in mailboxes; may have been sent, and is never sent again",
            "open in Defender; whether it was applied is not known",
        ),
        (
            a_record(
                State.REJECTED,
                Verb.REJECT,
                plan=Plan(way=Way.ADVISORY, why="Defender has no call that rejects"),
            ),
            "rejected (advisory: comment and tag). Defender has no call that rejects",
            "open in Defender",
        ),
        (
            a_record(
                State.DECIDED,
                Verb.REJECT,
                plan=Plan(way=Way.ADVISORY, why="Defender has no call that rejects"),
            ),
            "rejected (advisory, observed: nothing was written). Defender has no call that rejects",
            "open in Defender",
        ),
        (
            a_record(State.DECIDED),
            "soft delete of 3 copies in mailboxes; observed: nothing was written",
            "open in Defender",
        ),
        (
            a_record(State.HANDED_OFF, plan=Plan(way=Way.HAND_OFF, why="no documented API")),
            "handed to a person: no documented API",
            "open in Defender",
        ),
        (
            a_record(State.HELD, Verb.ESCALATE, guard="limit of small-clusters"),
            "held by limit of small-clusters: people decide",
            "open in Defender",
        ),
        (
            a_record(
                State.SUPERSEDED,
                None,
                why="Defender shows `declined`: decided elsewhere",
                confirmation=Confirmation(pending=PendingSeen.CLOSED),
            ),
            "nothing was done",
            "superseded",
        ),
        (
            a_record(
                State.EXPIRED,
                why="an expiry is nobody's no",
                confirmation=Confirmation(pending=PendingSeen.EXPIRED),
            ),
            "soft delete of 3 copies in mailboxes; not sent in time",
            "expired; expired in Defender; an expiry is nobody's no",
        ),
    ],
)
def test_what_was_done_and_what_was_seen_is_told_in_words(
    record: Record, enactment: str, confirmation: str
) -> None:
    assert told(record) == (enactment, confirmation)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("verb", [*Verb, None])
def test_every_state_has_words_for_every_column(state: State, verb: Verb | None) -> None:
    found = row(a_record(state, verb), NOW)

    assert all([found.what, found.decision, found.policy, found.reason, found.enactment, found.confirmation])


def test_a_record_that_was_never_judged_says_so() -> None:
    found = row(a_record(State.SEEN, None), NOW)

    assert (found.decision, found.policy, found.reason) == (
        "none yet",
        "not judged",
        "seen, and not judged yet",
    )


def test_a_record_that_ended_before_it_was_judged_has_no_decision_to_come() -> None:
    assert row(a_record(State.EXPIRED, None, why="the week ended"), NOW).decision == "none"


@pytest.mark.parametrize(
    ("state", "verb", "needs"),
    [
        (State.HANDED_OFF, Verb.APPROVE, True),
        (State.ESCALATED, Verb.ESCALATE, True),
        (State.HELD, Verb.ESCALATE, True),
        (State.REJECTED, Verb.REJECT, True),
        (State.UNKNOWN, Verb.APPROVE, True),
        (State.REFUSED, Verb.APPROVE, True),
        (State.UNVERIFIED, Verb.APPROVE, True),
        (State.CONTRADICTED, Verb.APPROVE, True),
        (State.DECIDED, Verb.REJECT, True),
        (State.DECIDED, Verb.APPROVE, False),
        (State.SEEN, None, False),
        (State.INTENDED, Verb.APPROVE, False),
        (State.SENT, Verb.APPROVE, False),
        (State.DEDUPLICATED, Verb.APPROVE, False),
        (State.CONFIRMED, Verb.APPROVE, False),
        (State.SUPERSEDED, Verb.APPROVE, False),
        (State.EXPIRED, Verb.ESCALATE, False),
    ],
)
def test_people_are_named_where_they_have_to_do_something(
    state: State, verb: Verb | None, needs: bool
) -> None:
    assert row(a_record(state, verb), NOW).needs_people is needs


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=6, hours=23, minutes=59), "6d 23h"),
        (timedelta(days=1), "1d 0h"),
        (timedelta(hours=23, minutes=59), "23h 59m"),
        (timedelta(minutes=59, seconds=59), "59m"),
        (timedelta(seconds=59), "59s"),
        (timedelta(0), "over"),
        (timedelta(seconds=-1), "over"),
    ],
)
def test_what_remains_is_told_in_at_most_two_units(left: timedelta, words: str) -> None:
    assert remaining(left) == words


def test_moments_are_told_in_utc() -> None:
    assert moment(NOW) == "2026-11-02 09:00Z"


@pytest.mark.parametrize(
    ("cloud", "host"),
    [
        ("global", "security.microsoft.com"),
        ("usGovL4", "security.microsoft.us"),
        ("usGovL5", "security.apps.mil"),
        ("simulator", "security.microsoft.com"),
    ],
)
def test_people_are_sent_to_the_portal_of_their_cloud(cloud: str, host: str) -> None:
    assert action_center(cloud) == f"https://{host}/action-center/pending"
