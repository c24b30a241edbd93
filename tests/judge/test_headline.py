"""The sentence at the top is true in every state, and says why in few words."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from agent.judge import plain
from agent.judge.because import because
from agent.judge.headline import LONGEST, headline
from agent.judge.operators import OPERATORS
from agent.judge.vocabulary import FACTS
from agent.model.decision import (
    Answered,
    Clause,
    Decision,
    Finding,
    Guarded,
    Lapse,
    Match,
    Unit,
    Verb,
    Weighed,
)
from agent.model.enactment import Confirmation, EffectSeen, Plan, Record, State, Undone, Way
from agent.model.facts import Value
from agent.model.pending import ActionKind
from tests.faces.records import a_decision, a_record
from tests.judge.writing import a_judge, a_list, an_action, decided, facts, policy_file
from tests.makers import NOW

CLAUSE = "`cluster.mailboxCount` is 3, at most 200"
EVE = Answered(object_id="e", name="Eve", at=NOW, verb=Verb.APPROVE, reason="it is phishing", grant="role:x")
LAPSE = Lapse(at=NOW, chain="secops", decide="handOff", grounds="g")
UNDONE = Undone(at=NOW, by="Ann", reason="it was a newsletter", words="restored 3 copies to the inbox")


def record(state: State, verb: Verb | None = Verb.APPROVE, *, why: str = "", **decision: Any) -> Record:
    found = a_record(state, verb, why=why)
    if found.decision is None or not decision:
        return found
    return msgspec.structs.replace(found, decision=msgspec.structs.replace(found.decision, **decision))


def confirmed(effect: EffectSeen | None, words: str = "") -> Confirmation:
    return Confirmation(effect=effect, words=words)


def seen(found: Record, effect: EffectSeen, words: str) -> Record:
    return msgspec.structs.replace(found, confirmation=confirmed(effect, words))


def planned(found: Record, plan: Plan) -> Record:
    return msgspec.structs.replace(found, plan=plan)


HANDED = Plan(way=Way.HAND_OFF, why="no documented API carries out `blockUrl`")
TWICE = Plan(way=Way.REMEDIATE, why="3 copies are covered by action abc, approved within the hour")
OVER = Weighed(
    policy="",
    unit=Unit.ACTIONS,
    count=20,
    window=timedelta(hours=1),
    spent=20,
    asked=1,
    cap="actions per hour",
)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (record(State.SEEN, None), "Not judged yet"),
        (record(State.SEEN, None, why="proposed anew"), "Not judged yet: proposed anew"),
        (record(State.SUPERSEDED, None, why="Defender shows `declined`"), "Decided elsewhere before it was judged here: Defender shows `declined`"),
        (record(State.EXPIRED, None), "Expired before it was judged: its week ended, and nobody decided"),
        (record(State.SEEN, why="the evidence changed since it was decided"), "To be judged anew: the evidence changed since it was decided"),
        (record(State.ANSWERED, Verb.ESCALATE, why='approved by Eve: it is about to be judged by that'), "Answered: approved by Eve: it is about to be judged by that"),
        (record(State.DECIDED), f"Only observed, nothing was done: policy `small-clusters` would approve it: {CLAUSE}"),
        (record(State.DECIDED, Verb.REJECT), f"Only observed, nothing was done: policy `small-clusters` would reject it: {CLAUSE}"),
        (record(State.DECIDED, Verb.ESCALATE, policies=()), "Only observed, nothing was done: it would be escalated: no policy matched"),
        (record(State.HELD, Verb.ESCALATE, guard="radius", held=(Guarded(guard="radius", words="with it 1,200 users would be touched"),)), "Held by the guard `radius`: with it 1,200 users would be touched"),
        (record(State.HELD, Verb.ESCALATE, guard="hold", held=(Guarded(guard="hold", words="Ann held it"),)), "Held by the kill switch: Ann held it"),
        (record(State.HELD, Verb.ESCALATE, guard="brake"), "Held by the brake"),
        (record(State.HELD, Verb.ESCALATE, guard="actions per hour", weighed=(OVER,)), "Held by the guard `actions per hour`: all policies together may have 20 actions in one hour, and 20 are spent"),
        (record(State.HELD, Verb.ESCALATE), "Held by a guard"),
        (record(State.ESCALATED, why="what it acts on was changed"), "Approved by policy `small-clusters`, but not carried out: what it acts on was changed"),
        (record(State.ESCALATED, Verb.ESCALATE), f"Escalated: {CLAUSE}"),
        (record(State.LAPSED, Verb.ESCALATE, lapsed=LAPSE, policies=()), "Lapsed: nobody answered before 2026-11-02 09:00Z: a person decides it in Defender"),
        (record(State.LAPSED, Verb.ESCALATE), "Lapsed: nobody answered in time: a person decides it in Defender"),
        (record(State.REJECTED, Verb.REJECT), f"Rejected by policy `small-clusters` (advisory): {CLAUSE}"),
        (record(State.REJECTED, Verb.REJECT, lapsed=LAPSE, policies=()), "Lapsed: nobody answered before 2026-11-02 09:00Z, and chain `secops` advises to reject it: nobody's no"),
        (planned(record(State.HANDED_OFF), HANDED), "Approved by policy `small-clusters`, and left to a person to carry out: no documented API carries out `blockUrl`"),
        (record(State.INTENDED), f"Approved by policy `small-clusters`, and about to be sent: {CLAUSE}"),
        (record(State.INTENDED, policies=("a", "b"), findings=()), "Approved by policies `a` and `b`, and about to be sent"),
        (record(State.INTENDED, policies=(), answered=(EVE,)), 'Approved by Eve, and about to be sent: "it is phishing"'),
        (planned(record(State.DEDUPLICATED), TWICE), "Approved by policy `small-clusters`, and not sent again: 3 copies are covered by action abc, approved within the hour"),
        (record(State.SENT), f"Approved by policy `small-clusters`, and sent, not looked at yet: {CLAUSE}"),
        (record(State.SENT, Verb.ESCALATE), f"Approved earlier, and sent, not looked at yet: {CLAUSE}"),
        (seen(record(State.SENT), EffectSeen.PARTLY, "1 of 3 is still there"), f"Approved by policy `small-clusters`, and sent, not seen to have worked yet (1 of 3 is still there): {CLAUSE}"),
        (seen(record(State.SENT), EffectSeen.CONFIRMED, "gone"), f"Approved by policy `small-clusters`, and sent, and seen to have worked: {CLAUSE}"),
        (seen(record(State.CONFIRMED), EffectSeen.CONFIRMED, "3 copies are gone"), "Approved by policy `small-clusters`, and seen to be done: 3 copies are gone"),
        (record(State.CONFIRMED), f"Approved by policy `small-clusters`, and seen to be done: {CLAUSE}"),
        (seen(record(State.CONFIRMED, Verb.REJECT), EffectSeen.CONFIRMED, "declined in Defender, as was decided here"), "Rejected by policy `small-clusters`, and confirmed: declined in Defender, as was decided here"),
        (planned(seen(record(State.CONFIRMED), EffectSeen.CONFIRMED, "no copy is in a mailbox any more"), Plan(way=Way.REMEDIATE, why="done")), "Approved by policy `small-clusters`, and nothing was left to do: no copy is in a mailbox any more"),
        (record(State.UNVERIFIED, why="3 cannot be read"), "Approved by policy `small-clusters`, and sent, but whether it worked could not be read: 3 cannot be read"),
        (record(State.CONTRADICTED, why="1 of 3 is there"), "Approved by policy `small-clusters`, and sent, but it is not as it was to be: 1 of 3 is there"),
        (record(State.REFUSED, why="refused: 403 forbidden"), "Approved by policy `small-clusters`, but Graph refused it: 403 forbidden"),
        (record(State.REFUSED), "Approved by policy `small-clusters`, but Graph refused it: it gave no reason"),
        (record(State.UNKNOWN, why="timed out"), "Approved by policy `small-clusters`, but whether the call was applied is not known: timed out"),
        (record(State.SUPERSEDED, why="Defender shows `remediated`"), "Superseded: Defender shows `remediated`"),
        (record(State.SUPERSEDED), "Superseded: decided elsewhere first"),
        (record(State.EXPIRED), "Expired: its week ended at 2026-11-09 08:00Z, and nobody's no ended it"),
        (msgspec.structs.replace(record(State.UNDONE), undone=UNDONE), 'Taken back by Ann: "it was a newsletter"'),
        (record(State.UNDONE), "Taken back"),
        (msgspec.structs.replace(record(State.CONFIRMED), undone=UNDONE), f"Approved by policy `small-clusters`, and seen to be done: {CLAUSE}; Ann took back what was done at 2026-11-02 09:00Z: restored 3 copies to the inbox"),
    ],
)  # fmt: skip
def test_every_state_has_a_sentence_that_is_true(found: Record, words: str) -> None:
    assert headline(found, NOW) == words


def test_no_state_is_left_without_one() -> None:
    for state in State:
        for verb in (None, *Verb):
            assert headline(record(state, verb), NOW)


@pytest.mark.parametrize(("after", "is_said"), [(timedelta(0), True), (-timedelta(seconds=1), False)])
def test_what_waits_is_told_when_its_week_is_over(after: timedelta, *, is_said: bool) -> None:
    found = record(State.ESCALATED, Verb.ESCALATE)

    said = headline(found, found.action.deadline + after)

    assert ("its week ended at 2026-11-09 08:00Z" in said) is is_said
    assert "its week" not in headline(record(State.SENT), found.action.deadline)


def test_what_was_approved_and_not_sent_within_its_week_does_not_read_as_if_it_were_about_to_be() -> None:
    found = record(State.INTENDED)

    assert headline(found, found.action.deadline) == (
        "Approved by policy `small-clusters`, and not sent in time; its week ended at 2026-11-09 08:00Z"
    )


def test_a_headline_is_never_long() -> None:
    assert len(headline(record(State.SUPERSEDED, why="x" * 5000), NOW)) == LONGEST


# Why


VIP = a_list("vip", "type: addresses\nentries:\n  - ceo@contoso.example\n  - cfo@contoso.example\n")
ASK_VIP = policy_file("recipients: {anyIn: $vip}", decide="escalate", name="vip")


def recipients(count: int, *more: str) -> dict[str, Value]:
    return {"recipients": frozenset({*(f"u{number}@contoso.example" for number in range(count)), *more})}


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (recipients(311, "ceo@contoso.example"), "1 of 312 recipients is on the list `vip`"),
        (recipients(310, "CEO@contoso.example", "cfo@contoso.example"), "2 of 312 recipients are on the list `vip`"),
        (recipients(0, "ceo@contoso.example"), "the only recipient is on the list `vip`"),
        (recipients(0, "ceo@contoso.example", "cfo@contoso.example"), "all 2 recipients are on the list `vip`"),
    ],
)  # fmt: skip
def test_it_says_how_many_are_on_which_list(there: dict[str, Value], words: str) -> None:
    judge = a_judge(ASK_VIP, lists=VIP)

    decision = decided(judge, facts(there))

    assert because(decision, judge) == words


def test_an_authors_reason_is_told_with_it() -> None:
    judge = a_judge(
        policy_file("recipients: {anyIn: $vip}", decide="escalate", more="reason: an executive"), lists=VIP
    )

    decision = decided(judge, facts(recipients(1, "ceo@contoso.example")))

    assert because(decision, judge) == "1 of 2 recipients is on the list `vip` (an executive)"


def test_without_the_policies_the_recorded_clause_about_a_list_is_told() -> None:
    policy = policy_file("evidence.verdict: malicious\nrecipients: {anyIn: $vip}", decide="escalate")
    decision = decided(
        a_judge(policy, lists=VIP),
        facts({"evidence.verdict": "malicious", **recipients(1, "ceo@contoso.example")}),
    )

    assert because(decision) == "`recipients` has ceo@contoso.example (1 of 2), in $vip"


def test_a_test_that_has_no_words_of_its_own_is_told_by_its_clause() -> None:
    judge = a_judge(policy_file("action.alertCount: {atMost: 5}", more="reason: it is small"))

    decision = decided(judge, facts({"action.alertCount": 3}))

    assert because(decision, judge) == "`action.alertCount` is 3, at most 5 (it is small)"


MINE = a_list("mine", "type: domains\nentries: [bad.example]\n")


@pytest.mark.parametrize(
    ("match", "values", "words"),
    [
        ("cluster.mailboxCount: {above: 1000}", {"cluster.mailboxCount": 12185}, "12,185 copies are in mailboxes, more than 1,000"),
        ("cluster.mailboxCount: {atMost: 200}", {"cluster.mailboxCount": 1}, "1 copy is in a mailbox, 200 at most"),
        ("recipients.count: {atLeast: 2}", {"recipients.count": 2}, "2 recipients have it, 2 or more"),
        ("clicks.users: {below: 3}", {"clicks.users": 1}, "1 person clicked in it, less than 3"),
        ("cluster.mailboxCount: {between: [1, 9]}", {"cluster.mailboxCount": 3}, "`cluster.mailboxCount` is 3, between 1, 9"),
        ("evidence.verdict: malicious", {"evidence.verdict": "malicious"}, "Defender's verdict is malicious"),
        ("evidence.verdict: {in: [malicious, suspicious]}", {"evidence.verdict": "suspicious"}, "Defender's verdict is suspicious"),
        ("evidence.verdict: {notIn: [suspicious]}", {"evidence.verdict": "malicious"}, "`evidence.verdict` is malicious, none of suspicious"),
        ("threats: {anyIn: [phish, malware]}", {"threats": frozenset({"phish"})}, "phish was found in it"),
        ("senders.domains: {anyIn: [bad.example]}", {"senders.domains": frozenset({"bad.example"})}, "`senders.domains` has bad.example, in bad.example"),
        ("senders.domains: {anyIn: $mine}", {"senders.domains": frozenset({"BAD.example"})}, "the only domain of senders is on the list `mine`"),
        ("senders.domains: {noneIn: $mine}", {"senders.domains": frozenset({"good.example"})}, "`senders.domains` is good.example, none in $mine"),
        ("cluster.volumeAnomaly: true", {"cluster.volumeAnomaly": True}, "`cluster.volumeAnomaly` is true"),
        ("evidence.verdict: malicious\ncluster.mailboxCount: {atMost: 5}", {"evidence.verdict": "malicious", "cluster.mailboxCount": 4}, "4 copies are in mailboxes, 5 at most"),
        ("all: [{evidence.verdict: malicious}]", {"evidence.verdict": "malicious"}, "`evidence.verdict` is malicious"),
    ],
)  # fmt: skip
def test_what_policies_commonly_go_by_has_words_of_its_own(
    match: str, values: dict[str, Value], words: str
) -> None:
    judge = a_judge(policy_file(match), lists=MINE if "$mine" in match else None)

    decision = decided(judge, facts(values))

    assert because(decision, judge) == words


@pytest.mark.parametrize(
    ("match", "values", "words"),
    [
        ("message.senderDomain: {in: $mine}", {"message.senderDomain": "bad.example"}, "the sender's domain bad.example is on the list `mine`"),
        ("message.senderDomain: {notIn: $mine}", {"message.senderDomain": "good.example"}, "the sender's domain good.example is not on the list `mine`"),
        ("message.senderDomain: {in: [bad.example]}", {"message.senderDomain": "bad.example"}, "`message.senderDomain` is bad.example, one of bad.example"),
    ],
)  # fmt: skip
def test_one_that_is_on_a_list_or_is_not_is_named(match: str, values: dict[str, Value], words: str) -> None:
    judge = a_judge(policy_file(match, kinds="softDeleteMessage"), lists=MINE if "$mine" in match else None)
    action = an_action(ActionKind.SOFT_DELETE_MESSAGE)

    decision = decided(judge, facts(values), action=action)

    assert because(decision, judge) == words


def test_every_fact_that_has_words_is_one_that_there_is() -> None:
    assert {*plain.SETS, *plain.SINGLES, *plain.AMOUNTS} <= set(FACTS)
    assert set(plain.BOUNDS) | set(plain.IN_LISTS) <= set(OPERATORS)


@pytest.mark.parametrize(
    ("policies", "values", "words"),
    [
        ((policy_file(name="a"),), {}, "`a` cannot tell: `evidence.verdict` is unknown, malicious asked"),
        ((policy_file(name="a"), policy_file(name="b", decide="reject")), {"evidence.verdict": "malicious"}, "policies disagree: `a` approves, `b` rejects"),
        ((policy_file(name="a"),), {"evidence.verdict": "suspicious"}, "no policy matched; `a` came nearest, but `evidence.verdict` is suspicious, malicious asked"),
        ((policy_file(name="a", unless="- cluster.by: url"),), {"evidence.verdict": "malicious", "cluster.by": "url"}, "no policy matched; `a` came nearest, but `cluster.by` is url, which it rules out"),
        ((policy_file(name="a", kinds="blockUrl"),), {}, "no policy matched"),
    ],
)  # fmt: skip
def test_each_rule_has_its_words(policies: tuple[bytes, ...], values: dict[str, str], words: str) -> None:
    judge = a_judge(*policies)

    decision = decided(judge, facts(values))

    assert because(decision, judge) == words


def test_what_would_have_been_approved_too_late_says_so() -> None:
    judge = a_judge(policy_file())
    action = an_action(deadline=facts().now)

    decision = decided(judge, facts({"evidence.verdict": "malicious"}), action=action)

    assert because(decision, judge) == "its week was over, and nothing is approved after it"


def test_a_decision_without_anything_to_tell_is_told_by_who_made_it() -> None:
    finding = Finding(
        policy="p", answer=Match.UNDECIDED, verb=Verb.APPROVE, priority=0, observes=False, clauses=()
    )
    decision = msgspec.structs.replace(a_decision(an_action()), policies=("p",), findings=(finding,))

    assert because(decision) == "`p` cannot tell"
    assert because(msgspec.structs.replace(decision, findings=())) == ""


def test_clauses_that_an_attacker_had_a_part_in_stay_as_they_were_quoted() -> None:
    clause = Clause(words='`subject` is "a\\u202Eb"', held=True, facts=("subject",), line=1, column=1)
    finding = Finding(
        policy="p", answer=Match.MATCHED, verb=Verb.APPROVE, priority=0, observes=False, clauses=(clause,)
    )
    decision: Decision = msgspec.structs.replace(
        a_decision(an_action()), policies=("p",), findings=(finding,)
    )

    assert because(decision) == '`subject` is "a\\u202Eb"'
