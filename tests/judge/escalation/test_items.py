"""What people are told of a record, how it ended, and with what it shares a page."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from agent.judge.appoint import chain_for
from agent.judge.escalation.grouping import BRAKED, group_of
from agent.judge.escalation.items import WEEK_ENDED, ending_of, item_of
from agent.model.chain import Grouping
from agent.model.decision import Answered, Decision, Lapse, Verb
from agent.model.defender import AnyEvidence, EmailSender, FileDetails, FileEvidence, UrlEvidence
from agent.model.enactment import (
    Confirmation,
    Effect,
    Offer,
    PendingSeen,
    Plan,
    Record,
    State,
    Undone,
    Way,
)
from agent.model.escalation import Need
from agent.model.facts import Facts
from tests.judge.escalation.making import a_chain
from tests.makers import NOW, a_cluster, a_message, a_user, an_action

CLUSTER = a_cluster()


def a_decision(**more: Any) -> Decision:
    asked: dict[str, Any] = {
        "action_id": "a",
        "at": NOW,
        "verb": Verb.ESCALATE,
        "policies": (),
        "reason": "no policy matched",
        "findings": (),
        "facts": Facts(values={}, now=NOW),
        "grounds": "g",
        "evidence": "e",
        "revision": "r",
    } | more
    return Decision(**asked)


def an_effect(*targets: tuple[str, str]) -> Effect:
    return Effect(id="e", action_id="a", incident_id="1", targets=targets, intended_at=NOW)


def an_offer(way: Way = Way.REMEDIATE, *effects: Effect) -> Plan:
    return Plan(
        way=Way.ASK,
        why="people decide",
        offered=Offer(way=way, why="w", effects=effects, digest="d", binding="b"),
    )


def a_record(state: State = State.ESCALATED, evidence: AnyEvidence = CLUSTER, **more: Any) -> Record:
    asked: dict[str, Any] = {
        "decision": a_decision(),
        "plan": an_offer(Way.REMEDIATE, an_effect(("m", "a"), ("m", "b"))),
    } | more
    return Record(action=an_action(evidence), state=state, due=None, **asked)


@pytest.mark.parametrize(
    ("state", "need"),
    [
        (State.ESCALATED, Need.ANSWER),
        (State.HELD, Need.ANSWER),
        (State.HANDED_OFF, Need.HAND),
        (State.LAPSED, Need.HAND),
        (State.UNKNOWN, Need.LOOK),
        (State.UNVERIFIED, Need.LOOK),
        (State.CONTRADICTED, Need.LOOK),
        (State.REFUSED, Need.LOOK),
        (State.REJECTED, None),
        (State.ANSWERED, Need.ANSWER),
        (State.SEEN, Need.ANSWER),
        (State.INTENDED, None),
        (State.SENT, None),
        (State.CONFIRMED, None),
        (State.SUPERSEDED, None),
        (State.EXPIRED, None),
    ],
)
def test_what_people_have_to_do_follows_from_the_state(state: State, need: Need | None) -> None:
    item = item_of(a_record(state), NOW)

    assert (item.need if item is not None else None) is need


@pytest.mark.parametrize("state", [State.SEEN, State.ANSWERED])
@pytest.mark.parametrize(
    ("more", "need"),
    [
        ({"decision": None, "plan": None}, None),
        ({"plan": None}, Need.HAND),
        ({"plan": Plan(way=Way.ASK, why="w")}, Need.HAND),
        ({"plan": Plan(way=Way.HAND_OFF, why="w")}, Need.HAND),
        ({"plan": Plan(way=Way.REMEDIATE, why="w")}, None),
        ({"plan": Plan(way=Way.ADVISORY, why="w")}, None),
        ({"confirmation": Confirmation(pending=PendingSeen.CLOSED)}, None),
    ],
)
def test_what_is_about_to_be_judged_stays_with_people_as_it_was(
    state: State, more: dict[str, Any], need: Need | None
) -> None:
    item = item_of(a_record(state, **more), NOW)

    assert (item.need if item is not None else None) is need


@pytest.mark.parametrize(
    ("word", "is_told"), [("unknownFutureValue", True), ("unknown", True), (None, True), ("declined", False)]
)
def test_a_word_that_does_not_say_how_it_stands_ends_nothing(word: str | None, is_told: bool) -> None:
    record = a_record()
    sightings = tuple(replace(one, remediation_status=word) for one in record.action.sightings)

    item = item_of(replace(record, action=replace(record.action, sightings=sightings)), NOW)

    assert (item is not None) is is_told


@pytest.mark.parametrize("plan", [None, Plan(way=Way.ASK, why="w"), an_offer(Way.HAND_OFF)])
def test_what_the_agent_could_not_carry_out_is_decided_in_defender(plan: Plan | None) -> None:
    item = item_of(a_record(plan=plan), NOW)

    assert item is not None
    assert item.need is Need.HAND
    assert item.approvers == 0


def test_at_the_deadline_nobody_is_told_any_more() -> None:
    record = a_record()

    assert item_of(record, record.action.deadline - timedelta(seconds=1)) is not None
    assert item_of(record, record.action.deadline) is None


def test_what_defender_has_closed_is_still_looked_at_and_not_decided() -> None:
    closed = Confirmation(pending=PendingSeen.CLOSED)

    assert item_of(a_record(confirmation=closed), NOW) is None
    assert item_of(a_record(State.CONTRADICTED, confirmation=closed), NOW) is not None


@pytest.mark.parametrize(
    ("record", "amount"),
    [
        (a_record(), 2),
        (a_record(plan=Plan(way=Way.ASK, why="w", effects=(an_effect(("m", "a")),))), 1),
        (a_record(plan=None), 3),
        (a_record(evidence=a_message(), plan=None), 1),
    ],
)
def test_the_amount_is_what_was_looked_up_or_what_the_evidence_says(record: Record, amount: int) -> None:
    item = item_of(record, NOW)

    assert item is not None
    assert item.amount == amount


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (a_record(), "no policy matched"),
        (a_record(why="1 of 2 approvals"), "1 of 2 approvals; no policy matched"),
        (
            a_record(State.HANDED_OFF, plan=Plan(way=Way.HAND_OFF, why="there is no API")),
            "there is no API; no policy matched",
        ),
        (a_record(State.HANDED_OFF, decision=None, plan=None), "it was not judged"),
    ],
)
def test_why_it_is_with_people_is_said_first_of_all_by_what_became_of_it(record: Record, why: str) -> None:
    item = item_of(record, NOW)

    assert item is not None
    assert item.why == why


def test_nothing_in_an_item_is_on_two_lines_or_hidden() -> None:
    record = a_record(why="a\nb\u202ec")

    item = item_of(record, NOW)

    assert item is not None
    assert item.why.isprintable()


ANNA = Answered(object_id="o", name="Anna Roe", at=NOW, verb=Verb.APPROVE, reason="r", grant="role:x")
LAPSE = Lapse(at=NOW, chain="secops", decide="reject", grounds="g")


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (None, "it is not in the ledger any more"),
        (a_record(State.EXPIRED), WEEK_ENDED),
        (a_record(State.SUPERSEDED, why="Defender shows `declined`"), "Defender shows `declined`"),
        (a_record(State.SUPERSEDED), "it was decided elsewhere"),
        (a_record(State.ANSWERED, why='approved by "Anna Roe"'), 'approved by "Anna Roe"'),
        (a_record(State.ANSWERED), "people answered it"),
        (
            a_record(State.UNDONE, undone=Undone(at=NOW, by="ben", reason="r")),
            "ben took back what was done",
        ),
        (a_record(State.DEDUPLICATED), "another action covers all it is about"),
        (a_record(State.SEEN), "it is judged anew, for what it is about has changed"),
        (a_record(confirmation=Confirmation(pending=PendingSeen.CLOSED)), "decided in Defender"),
        (
            a_record(State.INTENDED, decision=a_decision(verb=Verb.APPROVE, policies=("p",))),
            "policy p approved it",
        ),
        (
            a_record(
                State.CONFIRMED,
                decision=a_decision(verb=Verb.APPROVE, policies=("p", "q")),
                confirmation=Confirmation(pending=PendingSeen.CLOSED),
            ),
            "policies p, q approved it",
        ),
        (a_record(State.SENT, decision=a_decision(verb=Verb.APPROVE)), "no policy approved it"),
        (
            a_record(State.SENT, decision=a_decision(verb=Verb.APPROVE, answered=(ANNA,))),
            '"Anna Roe" approved it',
        ),
        (
            a_record(State.REJECTED, decision=a_decision(verb=Verb.REJECT, lapsed=LAPSE)),
            "nobody answered in time: chain secops rejected it, and it is nobody's no",
        ),
        (
            a_record(State.HELD, decision=a_decision(verb=Verb.ESCALATE, guard="hold", answered=(ANNA,))),
            '"Anna Roe" approved it; it is held by hold until that ends',
        ),
        (a_record(State.INTENDED, decision=None), "it needs nobody any more"),
    ],
)
def test_how_it_ended_says_who_did_that(record: Record | None, words: str) -> None:
    assert ending_of(record, NOW) == words


@pytest.mark.parametrize(
    ("guard", "left", "need"),
    [
        ("hold", timedelta(hours=24, seconds=1), None),
        ("brake", timedelta(hours=24, seconds=1), None),
        ("hold", timedelta(hours=24), Need.HAND),
        ("protected", timedelta(hours=25), Need.ANSWER),
    ],
)
def test_what_people_approved_and_the_kill_switch_holds_asks_nobody_until_its_last_day(
    guard: str, left: timedelta, need: Need | None
) -> None:
    held = a_record(State.HELD, decision=a_decision(verb=Verb.ESCALATE, guard=guard, answered=(ANNA,)))

    item = item_of(held, held.action.deadline - left)

    assert (item.need if item is not None else None) is need


def test_past_its_week_it_lapsed_whatever_state_it_is_in() -> None:
    record = a_record()

    assert ending_of(record, record.action.deadline) == WEEK_ENDED


# Pages and chains

BY_CAMPAIGN = a_chain(group=Grouping.CAMPAIGN)


def test_actions_of_one_incident_share_a_page() -> None:
    assert group_of(a_record(), a_chain()) == "incident:1"


def test_all_that_the_brake_holds_shares_one_page() -> None:
    assert group_of(a_record(State.HELD, decision=a_decision(guard="brake")), BY_CAMPAIGN) == BRAKED


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (a_cluster(), "url"),
        (a_cluster(cluster_by="FilesHash"), "file"),
        (UrlEvidence(url="https://bad.example"), "url"),
        (FileEvidence(file_details=FileDetails(sha256="ab")), "file"),
        (FileEvidence(file_details=FileDetails(sha1="ab")), "file"),
        (a_message(), "domain"),
        (replace(a_message(), p2_sender=EmailSender(domain_name="evil.example")), "domain"),
    ],
)
def test_a_campaign_is_named_by_what_it_is_about_and_never_in_an_attackers_words(
    evidence: AnyEvidence, kind: str
) -> None:
    record = a_record()
    group = group_of(replace(record, action=replace(record.action, evidence=evidence)), BY_CAMPAIGN)

    assert group.startswith(f"campaign:{kind}:")
    assert "evil" not in group
    assert "bad" not in group


def test_a_cluster_by_similarity_is_of_the_one_domain_that_all_its_mail_comes_from() -> None:
    similar = a_cluster(cluster_by="Subject;P2SenderDomain;ContentType")

    def of(*domains: str) -> str:
        facts = Facts(values={"senders.domains": frozenset(domains)}, now=NOW)
        return group_of(a_record(evidence=similar, decision=a_decision(facts=facts)), BY_CAMPAIGN)

    assert of("evil.example").startswith("campaign:domain:")
    assert of("evil.example", "b.example") == "incident:1"


@pytest.mark.parametrize(
    "evidence",
    [
        a_user(),
        FileEvidence(),
        FileEvidence(file_details=FileDetails()),
        replace(a_message(), p2_sender=EmailSender()),
        replace(a_message(), p2_sender=None),
        None,
    ],
)
def test_what_is_about_nothing_known_shares_the_page_of_its_incident(evidence: AnyEvidence | None) -> None:
    record = a_record(decision=None)

    assert (
        group_of(replace(record, action=replace(record.action, evidence=evidence)), BY_CAMPAIGN)
        == "incident:1"
    )


def test_the_chain_is_the_policys_or_the_usual_one() -> None:
    usual, other = a_chain(), replace(a_chain(), name="other")
    chains = {"secops": usual, "other": other}

    assert chain_for(chains, a_decision(escalation="other"), "secops") is other
    assert chain_for(chains, a_decision(), "secops") is usual
    assert chain_for(chains, None, None) is None
