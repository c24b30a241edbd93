"""How pending actions ended elsewhere: what is kept of it, and what it says of later ones."""

from datetime import datetime, timedelta
from functools import partial

import msgspec
import pytest

from agent.judge.gather import gather
from agent.judge.remember import MARGIN, matters, remembered
from agent.judge.track import track
from agent.model.defender import AnyEvidence, Mail, UrlEvidence
from agent.model.enactment import Record, State
from agent.model.past import About, Ended, Matter, PastAnswer, Tally
from agent.model.pending import ActionKind
from tests import makers
from tests.judge.test_track import a_decision, a_reading
from tests.makers import NOW, a_cluster, a_message, an_action, message_id, some_mail

a_copy = partial(makers.a_copy, dmarc="pass")
"""Mail whose sender is who it says."""

CLUSTER, MESSAGE = ActionKind.SOFT_DELETE_CLUSTER, ActionKind.SOFT_DELETE_MESSAGE
LATER = NOW + timedelta(hours=1)


def decided(
    state: State = State.ESCALATED, evidence: AnyEvidence | None = None, *, mail: Mail | None = None
) -> Record:
    action = an_action(evidence or a_cluster())
    mail = mail or some_mail(a_copy(1), a_copy(2), a_copy(3))
    decision = msgspec.structs.replace(a_decision(action), facts=gather(action, mail, NOW))
    return Record(action=action, state=state, due=None, decision=decision, version=1)


def read(record: Record, word: str | None, now: datetime = LATER) -> Record:
    """Return the record once its evidence says this word."""
    evidence = record.action.evidence
    assert evidence is not None
    after = track(record, a_reading(msgspec.structs.replace(evidence, remediation_status=word)), now)
    assert after is not None
    return after


def kept(record: Record, word: str | None, now: datetime = LATER) -> PastAnswer | None:
    return remembered(record, read(record, word, now), now)


# What is kept


@pytest.mark.parametrize(("word", "ended"), [("declined", Ended.DECLINED), ("remediated", Ended.REMEDIATED)])
@pytest.mark.parametrize(
    "state",
    [
        State.SEEN,
        State.DECIDED,
        State.INTENDED,
        State.HANDED_OFF,
        State.HELD,
        State.ESCALATED,
        State.REFUSED,
    ],
)
def test_what_people_answer_before_we_act_is_kept(state: State, word: str, ended: Ended) -> None:
    record = decided(state)

    assert kept(record, word) == PastAnswer(
        action_id=record.action.id,
        kind=CLUSTER,
        at=LATER,
        ended=ended,
        about=(
            (About.CLUSTER_BY, "url"),
            (About.DOMAIN, "evil.example"),
            (About.SENDER, "mallory@evil.example"),
        ),
    )


@pytest.mark.parametrize(("word", "ended"), [("declined", Ended.DECLINED), ("remediated", Ended.REMEDIATED)])
def test_people_s_answer_to_what_was_rejected_here_is_kept(word: str, ended: Ended) -> None:
    answer = kept(decided(State.REJECTED), word)

    assert answer is not None
    assert answer.ended is ended


@pytest.mark.parametrize("state", [State.SENT, State.UNKNOWN, State.UNVERIFIED, State.CONTRADICTED])
@pytest.mark.parametrize("word", ["remediated", "declined"])
def test_what_ends_after_we_acted_is_nobody_s_answer(state: State, word: str) -> None:
    assert kept(decided(state), word) is None


@pytest.mark.parametrize(
    "word", [None, "unknown", "unknownFutureValue", "pendingApproval", "running", "unremediated", "notFound"]
)
def test_other_words_are_nobody_s_answer(word: str | None) -> None:
    assert kept(decided(), word) is None


def test_the_same_reading_again_is_kept_once() -> None:
    closed = read(decided(), "declined")

    assert remembered(closed, read(closed, "declined"), LATER) is None
    assert remembered(closed, closed, LATER) is None


def test_what_only_runs_at_first_is_kept_when_it_is_done() -> None:
    running = read(decided(), "running")

    answer = kept(running, "remediated")

    assert running.state is State.SUPERSEDED
    assert answer is not None
    assert answer.ended is Ended.REMEDIATED


@pytest.mark.parametrize(
    ("before", "is_kept"), [(MARGIN + timedelta(seconds=1), True), (MARGIN, False), (timedelta(0), False)]
)
def test_a_no_when_the_week_is_over_may_be_the_week_s_end(before: timedelta, is_kept: bool) -> None:
    record = decided()
    now = record.action.deadline - before

    assert (kept(record, "declined", now) is not None) is is_kept
    assert kept(record, "remediated", now) is not None


def test_an_expiry_is_nobody_s_answer() -> None:
    record = decided(State.EXPIRED)

    for word in ("declined", "remediated", "unremediated"):
        assert kept(record, word, record.action.deadline + timedelta(hours=1)) is None


def test_what_awaits_approval_again_takes_its_answer_back() -> None:
    closed = read(decided(), "declined")

    answer = kept(closed, "pendingApproval")

    assert answer is not None
    assert (answer.action_id, answer.about) == (closed.action.id, ())


def test_a_new_life_leaves_the_answer_of_the_last_one() -> None:
    closed = read(decided(), "declined")
    week_later = closed.action.deadline + timedelta(days=1)
    seen = msgspec.structs.replace(
        an_action(a_cluster(created=week_later), now=week_later), first_seen=week_later
    )

    after = track(closed, seen, week_later)

    assert after is not None
    assert after.state is State.SEEN
    assert remembered(closed, after, week_later) is None


def test_a_message_that_nobody_judged_is_kept_without_the_sender_that_its_evidence_names() -> None:
    """Evidence does not say whether the sender is who it says."""
    action = an_action(a_message())
    record = Record(action=action, state=State.SEEN, due=None, version=1)

    answer = kept(record, "declined")

    assert answer is not None
    assert answer.kind is MESSAGE
    assert answer.about == ()


def test_what_is_kept_is_in_the_form_that_is_compared() -> None:
    mail = some_mail(
        a_copy(1, sender="Mallory@xn--bcher-kva.Example."), a_copy(2, sender="mallory@b\u00fccher.example")
    )

    answer = kept(decided(mail=mail), "declined")

    assert answer is not None
    assert (About.SENDER, "mallory@b\u00fccher.example") in answer.about
    assert [value for about, value in answer.about if about is About.DOMAIN] == ["b\u00fccher.example"]


def test_what_is_no_mail_is_not_kept() -> None:
    record = decided(evidence=UrlEvidence(url="https://bad.example", remediation_status="pendingApproval"))

    assert kept(record, "declined") is None


def test_a_new_record_has_no_answer() -> None:
    assert remembered(None, decided(State.SEEN), NOW) is None


# What it says of later ones


def facts_of(past: dict[Matter, Tally], *senders: str | None, unresolved: bool = False) -> dict[str, object]:
    copies = [a_copy(number, sender=sender) for number, sender in enumerate(senders, 1)]
    mail = Mail(messages=tuple(copies), unresolved=frozenset({message_id(3)}) if unresolved else frozenset())
    action = an_action(a_cluster())
    values = gather(action, mail, NOW, {**dict.fromkeys(matters(action, mail), Tally()), **past}).values
    return {
        name.removeprefix("history."): value for name, value in values.items() if name.startswith("history.")
    }


SENDER: Matter = (CLUSTER, About.SENDER, "mallory@evil.example")
OTHER: Matter = (CLUSTER, About.SENDER, "eve@bad.example")
DOMAIN: Matter = (CLUSTER, About.DOMAIN, "evil.example")
BY: Matter = (CLUSTER, About.CLUSTER_BY, "url")
NAMES = {f"{about}.{ended}" for about in About for ended in Ended}


def test_of_one_sender_all_that_people_answered_counts() -> None:
    past = {SENDER: Tally(declined=2, remediated=5), DOMAIN: Tally(declined=3, remediated=7)}

    assert facts_of(past, "Mallory@Evil.example") == {
        "sender.declined": 2,
        "sender.remediated": 5,
        "domain.declined": 3,
        "domain.remediated": 7,
        "clusterBy.declined": 0,
        "clusterBy.remediated": 0,
    }


def test_of_several_senders_the_most_declined_and_the_least_remediated_counts() -> None:
    past = {
        SENDER: Tally(declined=1, remediated=9),
        OTHER: Tally(declined=4, remediated=2),
        DOMAIN: Tally(declined=1, remediated=9),
    }

    found = facts_of(past, "mallory@evil.example", "eve@bad.example")

    assert (found["sender.declined"], found["sender.remediated"]) == (4, 2)
    assert (found["domain.declined"], found["domain.remediated"]) == (1, 0)


@pytest.mark.parametrize(
    ("senders", "unresolved"),
    [(("mallory@evil.example", None), False), (("mallory@evil.example",), True), ((), False)],
)
def test_where_not_every_sender_is_known_the_past_of_senders_is_unknown(
    senders: tuple[str | None, ...], unresolved: bool
) -> None:
    found = facts_of({BY: Tally(declined=1)}, *senders, unresolved=unresolved)

    assert found == {"clusterBy.declined": 1, "clusterBy.remediated": 0}


def test_a_sender_without_a_domain_leaves_the_past_of_domains_unknown() -> None:
    found = facts_of({}, "mallory")

    assert found.keys() == NAMES - {"domain.declined", "domain.remediated"}


def test_what_was_not_asked_is_unknown_and_not_zero() -> None:
    facts = gather(an_action(), some_mail(a_copy(1), a_copy(2), a_copy(3)), NOW)

    assert not [name for name in facts.values if name.startswith("history.")]


def test_a_cluster_that_says_not_what_it_is_built_on_has_no_such_past() -> None:
    action = an_action(a_cluster(cluster_by="Weather"))

    assert [about for _, about, _ in matters(action, None)] == []


def test_without_mail_only_what_the_cluster_is_built_on_is_asked() -> None:
    assert matters(an_action(), None) == (BY,)
    assert matters(an_action(UrlEvidence(url="x", remediation_status="pendingApproval")), None) == ()


@pytest.mark.parametrize("dmarc", ["fail", "none", None])
def test_a_sender_that_may_be_forged_makes_no_past_and_has_none(dmarc: str | None) -> None:
    """Else whoever writes in a partner's name would make the partner's past, and its mail would pay for it."""
    forged = some_mail(*(makers.a_copy(number, dmarc=dmarc) for number in (1, 2, 3)))

    answer = kept(decided(mail=forged), "remediated")
    asked = {about for _, about, _ in matters(an_action(), forged)}

    assert answer is not None
    assert {about for about, _ in answer.about} == {About.CLUSTER_BY}
    assert asked == {About.CLUSTER_BY}


def test_one_forged_copy_among_genuine_ones_leaves_the_senders_unknown() -> None:
    mixed = some_mail(a_copy(1), a_copy(2), makers.a_copy(3, sender="anna@partner.example"))

    answer = kept(decided(mail=mixed), "declined")

    assert {about for _, about, _ in matters(an_action(), mixed)} == {About.CLUSTER_BY}
    assert answer is not None
    assert (About.SENDER, "anna@partner.example") not in answer.about
    assert (About.SENDER, "mallory@evil.example") in answer.about
