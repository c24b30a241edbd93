"""What people decided is said where a person is known to have said it, and unknown is said with its reason."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.attribute import Word
from agent.judge.ground_truth import answer_in, answered, opened, truth, written
from agent.judge.lives import How, Life
from agent.judge.remember import MARGIN
from agent.model.decision import Answered, Verb
from agent.model.truth import Certainty, Source, Truth, Unknown
from tests.adapters.records import a_decision
from tests.makers import NOW, an_action

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
DEADLINE = NOW + timedelta(days=7)
A, R = Verb.APPROVE, Verb.REJECT
ANSWER, AIR, AUDIT, EVIDENCE = Source.ANSWER, Source.AIR, Source.AUDIT, Source.EVIDENCE
CERTAIN, LIKELY, UNKNOWN = Certainty.CERTAIN, Certainty.LIKELY, Certainty.UNKNOWN


def a_life(how: How = How.ELSEWHERE, status: str | None = "remediated", **more: Any) -> Life:
    usual = Life(
        action_id="a", first_seen=NOW, deadline=DEADLINE, how=how, status=status, seen=NOW + 3 * HOUR, at=NOW + 2 * HOUR,
    )  # fmt: skip
    return msgspec.structs.replace(usual, **more)


def a_word(verb: Verb | None, *by: str, hours: int = 1) -> Word:
    return Word(verb=verb, by=by or ("Ann",), at=NOW + hours * HOUR)


def told(life: Life, **words: Word) -> Truth:
    names = {"answer": ANSWER, "air": AIR, "audit": AUDIT}
    found = truth(life, {names[name]: word for name, word in words.items()})
    assert found is not None
    return found


def summed(one: Truth) -> tuple[object, ...]:
    return (one.verb, one.unknown, one.source, one.certainty, one.by)


@pytest.mark.parametrize(
    ("life", "unknown"),
    [
        (a_life(status="remediated"), Unknown.UNTOLD),
        (a_life(status="partiallyRemediated"), Unknown.UNTOLD),
        (a_life(status="running"), Unknown.UNTOLD),
        (a_life(status="cancelled"), Unknown.CANCELLED),
        (a_life(status="reverted"), Unknown.CANCELLED),
        (a_life(status="unremediated"), Unknown.CANCELLED),
        (a_life(status="notFound"), Unknown.CANCELLED),
        (a_life(status="Declined"), Unknown.CANCELLED),
        (a_life(How.EXPIRED, "pendingApproval"), Unknown.EXPIRED),
        (a_life(How.EXPIRED, "declined"), Unknown.EXPIRED),
        (a_life(How.OURS), Unknown.NOBODY),
        (a_life(How.OURS, "unremediated"), Unknown.NOBODY),
    ],
)
def test_what_names_nobody_is_unknown_by_its_reason(life: Life, unknown: Unknown) -> None:
    found = told(life)

    assert summed(found) == (None, unknown, EVIDENCE, UNKNOWN, ())
    assert found.at == life.at


@pytest.mark.parametrize(
    ("seen", "verb", "unknown"),
    [
        (DEADLINE - MARGIN - TICK, R, None),
        (DEADLINE - MARGIN, None, Unknown.LATE),
        (DEADLINE + HOUR, None, Unknown.LATE),
    ],
)
def test_declined_is_a_person_s_no_until_an_hour_before_the_week_ends(
    seen: Any, verb: Verb | None, unknown: Unknown | None
) -> None:
    found = told(a_life(status="declined", seen=seen, at=NOW))

    assert (found.verb, found.unknown, found.source, found.at) == (verb, unknown, EVIDENCE, NOW)
    assert found.certainty is (LIKELY if verb is R else UNKNOWN)


def test_a_row_says_who_and_when_and_is_no_more_than_likely() -> None:
    found = told(a_life(), air=a_word(A))

    assert summed(found) == (A, None, AIR, LIKELY, ("Ann",))
    assert found.at == NOW + HOUR


def test_a_row_and_the_evidence_together_are_certain() -> None:
    assert summed(told(a_life(status="declined"), air=a_word(R))) == (R, None, AIR, CERTAIN, ("Ann",))
    assert summed(told(a_life(status="declined"), audit=a_word(R))) == (R, None, AUDIT, CERTAIN, ("Ann",))


def test_a_row_that_may_be_another_one_s_is_never_certain() -> None:
    several = msgspec.structs.replace(a_word(R), is_of_several=True)

    assert summed(told(a_life(status="declined"), air=several)) == (R, None, AIR, LIKELY, ("Ann",))
    assert summed(told(a_life(status="declined"), air=several, answer=a_word(R, "Eve"))) == (
        R,
        None,
        ANSWER,
        CERTAIN,
        ("Eve",),
    )


def test_a_no_in_the_last_hour_counts_where_a_row_names_the_person() -> None:
    late = a_life(status="declined", seen=DEADLINE)

    assert summed(told(late, air=a_word(R))) == (R, None, AIR, LIKELY, ("Ann",))


@pytest.mark.parametrize("how", [How.EXPIRED, How.OURS])
def test_a_row_tells_also_of_what_expired_or_ended_by_our_deletion(how: How) -> None:
    assert summed(told(a_life(how), air=a_word(A))) == (A, None, AIR, LIKELY, ("Ann",))


def test_an_audit_record_says_it_where_no_row_does_and_the_row_first_where_both_do() -> None:
    assert summed(told(a_life(), audit=a_word(A, "Bo"))) == (A, None, AUDIT, LIKELY, ("Bo",))
    both = told(a_life(), air=a_word(A, hours=2), audit=a_word(A, "Bo"))
    assert summed(both) == (A, None, AIR, LIKELY, ("Ann",))
    assert both.at == NOW + HOUR


@pytest.mark.parametrize(
    ("life", "words", "names"),
    [
        (a_life(), {"air": a_word(None, "Ann", "Bo")}, ("Ann", "Bo")),
        (a_life(), {"air": a_word(A), "audit": a_word(R, "Bo")}, ("Ann", "Bo")),
        (a_life(status="declined"), {"air": a_word(A)}, ("Ann",)),
        (a_life(status="declined"), {"answer": a_word(A)}, ("Ann",)),
        (a_life(), {"answer": a_word(R), "air": a_word(A, "Bo")}, ("Ann", "Bo")),
    ],
)
def test_people_who_say_otherwise_than_each_other_or_than_the_evidence_say_nothing(
    life: Life, words: dict[str, Word], names: tuple[str, ...]
) -> None:
    found = told(life, **words)

    assert (found.verb, found.unknown, found.certainty) == (None, Unknown.CONTRADICTED, UNKNOWN)
    assert found.by == names


@pytest.mark.parametrize("status", ["remediated", "cancelled", "unremediated"])
@pytest.mark.parametrize("verb", [A, R])
def test_what_people_answered_here_is_certain_however_it_ended(status: str, verb: Verb) -> None:
    found = told(a_life(status=status), answer=a_word(verb))

    assert summed(found) == (verb, None, ANSWER, CERTAIN, ("Ann",))
    assert found.at == NOW + HOUR


def test_an_answer_counts_before_it_has_ended_and_a_row_alone_does_not() -> None:
    pending = a_life(How.OPEN, "pendingApproval")

    assert summed(told(pending, answer=a_word(A))) == (A, None, ANSWER, CERTAIN, ("Ann",))
    assert truth(pending, {AIR: a_word(A)}) is None
    assert truth(pending, {}) is None


def test_an_answer_here_and_the_same_word_there_agree() -> None:
    found = told(a_life(status="declined"), answer=a_word(R, hours=2), air=a_word(R, "Bo"))

    assert summed(found) == (R, None, ANSWER, CERTAIN, ("Ann",))
    assert found.at == NOW + HOUR


@pytest.mark.parametrize("status", ["cancelled", "reverted", "unremediated", "active", "notFound", None])
def test_a_yes_of_others_beside_evidence_of_anything_but_its_doing_is_no_approval(status: str | None) -> None:
    life = a_life(status=status)

    assert told(life, air=a_word(A)).unknown is Unknown.CANCELLED
    assert told(life, audit=a_word(A)).unknown is Unknown.CANCELLED
    assert told(life, air=a_word(R)).verb is R


def test_what_is_known_already_is_not_written_again() -> None:
    known = told(a_life())

    assert written(a_life(at=NOW), {}, known) is None
    assert written(a_life(), {}, None) == known


def test_more_that_becomes_known_replaces_what_was_known() -> None:
    known = told(a_life())

    found = written(a_life(), {AIR: a_word(A)}, known)

    assert found is not None
    assert summed(found) == (A, None, AIR, LIKELY, ("Ann",))


def test_what_was_first_seen_earlier_after_all_is_written_under_that_moment() -> None:
    known = told(a_life())

    found = written(a_life(first_seen=NOW - HOUR), {}, known)

    assert found is not None
    assert found.first_seen == NOW - HOUR


def test_what_awaits_approval_again_is_open_again() -> None:
    pending = a_life(How.OPEN, "pendingApproval")

    assert written(pending, {}, told(a_life())) == opened(pending)
    assert written(pending, {}, opened(pending)) is None
    assert written(pending, {}, None) is None


def test_a_contradiction_is_mended_by_nothing() -> None:
    known = told(a_life(status="declined"), air=a_word(A))

    assert written(a_life(status="declined"), {ANSWER: a_word(R)}, known) is None
    assert written(a_life(How.OPEN), {}, known) is None


def test_a_decision_by_people_is_what_they_answered() -> None:
    named = [
        Answered(object_id=name, name=name, at=NOW + hours * HOUR, verb=A, reason="seen", grant="role:x")
        for name, hours in (("Bo", 2), ("Ann", 1))
    ]
    decision = msgspec.structs.replace(a_decision(an_action()), answered=tuple(named))
    held = msgspec.structs.replace(decision, verb=Verb.ESCALATE, guard="size")
    no = msgspec.structs.replace(decision, verb=R)

    assert answered(decision) == Word(verb=A, by=("Ann", "Bo"), at=NOW + 2 * HOUR)
    assert answered(held) == answered(decision)
    assert answered(no) == Word(verb=R, by=("Ann", "Bo"), at=NOW + 2 * HOUR)
    assert answered(a_decision(an_action())) is None
    assert answered(None) is None


def test_only_an_answer_here_is_remembered_as_one() -> None:
    known = told(a_life(), answer=a_word(A))
    against = told(a_life(status="declined"), answer=a_word(A))

    assert answer_in(known) == a_word(A)
    assert answer_in(told(a_life(), air=a_word(A))) is None
    assert answer_in(against) is None
    assert answer_in(None) is None


WORDS = st.dictionaries(
    st.sampled_from([ANSWER, AIR, AUDIT]),
    st.builds(
        lambda verb, hours: a_word(verb, hours=hours), st.sampled_from([A, R, None]), st.integers(0, 9)
    ),
)
LIVES = st.builds(
    a_life,
    st.sampled_from(list(How)),
    st.sampled_from(["remediated", "declined", "running", "cancelled", "pendingApproval", None]),
    seen=st.sampled_from([NOW + 3 * HOUR, DEADLINE - MARGIN, DEADLINE]),
)


@given(LIVES, WORDS)
def test_nobody_s_word_is_ever_turned_round_and_unknown_never_has_a_verb(
    life: Life, words: dict[Source, Word]
) -> None:
    found = truth(life, words)

    if found is None:
        assert life.how is How.OPEN
        return
    assert (found.verb is None) is (found.unknown is not None) is (found.certainty is UNKNOWN)
    said = {word.verb for word in words.values()} | ({R} if life.status == "declined" else set())
    assert found.verb is None or found.verb in said
    assert written(life, words, found) is None
