"""If policies disagree a person decides, and so does one where a policy cannot tell."""

from datetime import timedelta

import msgspec
import pytest

from agent.model.decision import Match, Verb
from agent.model.facts import Value
from agent.model.pending import ActionKind
from tests.judge.writing import NOW, a_judge, an_action, decided, facts, policy_file

YES, NO, OPEN = "cluster.by: url", "cluster.by: file", "alert.severity: low"
SEEN = facts({"cluster.by": "url", "cluster.mailboxCount": 12})


def policy(
    name: str, match: str, decide: str, *, priority: int = 0, mode: str = "enforce", more: str = ""
) -> bytes:
    return policy_file(match, name=name, decide=decide, mode=mode, more=f"priority: {priority}\n{more}")


@pytest.mark.parametrize(
    ("policies", "verb", "by"),
    [
        ([("a", YES, "approve", 0)], "approve", ["a"]),
        ([("a", YES, "reject", 0)], "reject", ["a"]),
        ([("a", YES, "approve", 0), ("b", YES, "approve", 0)], "approve", ["a", "b"]),
        ([("a", YES, "approve", 0), ("b", YES, "reject", 0)], "escalate", ["a", "b"]),
        ([("a", YES, "approve", 0), ("b", YES, "escalate", 0)], "escalate", ["a", "b"]),
        ([("a", YES, "approve", 0), ("b", YES, "reject", 1)], "reject", ["b"]),
        ([("a", YES, "approve", 2), ("b", YES, "reject", 1)], "approve", ["a"]),
        ([("a", YES, "approve", 0), ("b", NO, "reject", 9)], "approve", ["a"]),
        ([("a", YES, "approve", 0), ("b", OPEN, "reject", 9)], "escalate", ["b"]),
        ([("a", YES, "approve", 0), ("b", OPEN, "reject", 0)], "escalate", ["b"]),
        ([("a", YES, "approve", 0), ("b", OPEN, "approve", 0)], "escalate", ["b"]),
        ([("a", YES, "approve", 0), ("b", OPEN, "reject", -1)], "approve", ["a"]),
        ([("a", OPEN, "approve", 0)], "escalate", ["a"]),
        ([("a", YES, "escalate", 0), ("b", OPEN, "approve", 0)], "escalate", ["a"]),
        ([("a", NO, "approve", 0)], "escalate", []),
    ],
)
def test_policies_are_put_together(
    policies: list[tuple[str, str, str, int]], verb: str, by: list[str]
) -> None:
    judge = a_judge(*(policy(name, match, says, priority=at) for name, match, says, at in policies))

    decision = decided(judge, SEEN)

    assert (decision.verb, list(decision.policies)) == (Verb(verb), by)


@pytest.mark.parametrize(("unless", "verb"), [(NO, "approve"), (YES, "escalate"), (OPEN, "escalate")])
def test_unless_holds_an_approval_back_where_it_holds_or_cannot_tell(unless: str, verb: str) -> None:
    judge = a_judge(policy_file(YES, unless=f"- {unless}"))

    assert decided(judge, SEEN).verb is Verb(verb)


def test_observing_policies_count_only_in_the_shadow() -> None:
    judge = a_judge(policy("a", YES, "approve"), policy("b", YES, "escalate", priority=9, mode="observe"))

    decision = decided(judge, SEEN)

    assert (decision.verb, decision.policies) == (Verb.APPROVE, ("a",))
    assert decision.shadow is not None
    assert (decision.shadow.verb, decision.shadow.policies) == (Verb.ESCALATE, ("b",))


def test_an_observing_policy_that_cannot_tell_escalates_only_the_shadow() -> None:
    judge = a_judge(policy("a", YES, "approve"), policy("b", OPEN, "reject", mode="observe"))

    decision = decided(judge, SEEN)

    assert decision.verb is Verb.APPROVE
    assert decision.shadow is not None
    assert decision.shadow.verb is Verb.ESCALATE


def test_without_an_observing_policy_s_opinion_there_is_no_shadow() -> None:
    judge = a_judge(policy("a", YES, "approve"), policy("b", NO, "reject", mode="observe"))

    assert decided(judge, SEEN).shadow is None


def test_the_shadow_has_what_enforcing_and_observing_policies_say_together() -> None:
    judge = a_judge(policy("a", YES, "reject"), policy("b", YES, "approve", mode="observe"))

    shadow = decided(judge, SEEN).shadow

    assert shadow is not None
    assert (shadow.verb, shadow.policies) == (Verb.ESCALATE, ("a", "b"))


def test_observing_policies_can_be_made_to_count() -> None:
    judge = a_judge(policy("a", YES, "approve", mode="observe"))

    assert decided(judge, SEEN).verb is Verb.ESCALATE
    tried = decided(judge, SEEN, enforces_observers=True)
    assert tried.verb is Verb.APPROVE
    assert tried.shadow is None


@pytest.mark.parametrize(
    ("more", "verb"),
    [
        ("expires: 2026-08-24T09:00:00Z", "escalate"),
        ("expires: 2026-08-24T09:00:01Z", "approve"),
        ("tenants: [11111111-2222-3333-4444-555555555556]", "escalate"),
        ("tenants: [11111111-2222-3333-4444-555555555555]", "approve"),
    ],
)
def test_expired_policies_and_those_of_other_tenants_do_not_count(more: str, verb: str) -> None:
    decision = decided(a_judge(policy("a", YES, "approve", more=more)), SEEN)

    assert decision.verb is Verb(verb)
    assert [finding.policy for finding in decision.findings] == (["a"] if verb == "approve" else [])


@pytest.mark.parametrize(
    ("left", "verb"),
    [(timedelta(seconds=1), "approve"), (timedelta(0), "escalate"), (timedelta(days=-1), "escalate")],
)
def test_nothing_is_approved_at_or_after_the_deadline(left: timedelta, verb: str) -> None:
    judge = a_judge(policy("a", YES, "approve"))

    decision = decided(judge, SEEN, action=an_action(deadline=NOW + left))

    assert decision.verb is Verb(verb)
    assert ("its week was over" in decision.reason) is (verb == "escalate")


def test_the_shadow_approves_nothing_after_the_deadline_either() -> None:
    judge = a_judge(policy("a", YES, "approve", mode="observe"))

    shadow = decided(judge, SEEN, action=an_action(deadline=NOW)).shadow

    assert shadow is not None
    assert shadow.verb is Verb.ESCALATE


def test_policies_of_other_kinds_are_not_asked() -> None:
    judge = a_judge(policy("a", "evidence.verdict: malicious", "approve"))

    decision = decided(
        judge, facts({"evidence.verdict": "malicious"}), action=an_action(ActionKind.BLOCK_URL)
    )

    assert (decision.verb, decision.findings) == (Verb.ESCALATE, ())


def test_a_policy_that_cannot_be_evaluated_sends_the_action_to_a_person() -> None:
    judge = a_judge(policy("a", YES, "approve"), policy("b", "cluster.mailboxCount: {atMost: 5}", "reject"))

    decision = decided(judge, facts({"cluster.by": "url", "cluster.mailboxCount": "many"}))

    assert (decision.verb, decision.policies) == (Verb.ESCALATE, ("b",))
    assert "`b`: it could not be evaluated (TypeError)" in decision.reason
    assert [finding.policy for finding in decision.findings] == ["a", "b"]


def test_an_observing_policy_that_cannot_be_evaluated_changes_nothing() -> None:
    judge = a_judge(
        policy("a", YES, "approve"),
        policy("b", "cluster.mailboxCount: {atMost: 5}", "reject", mode="observe"),
    )

    assert decided(judge, facts({"cluster.by": "url", "cluster.mailboxCount": "many"})).verb is Verb.APPROVE


def test_chains_are_informed_whatever_was_decided() -> None:
    judge = a_judge(
        policy("a", YES, "approve"),
        policy("b", YES, "reject", priority=-5, more="inform: desk"),
        policy_file(YES, name="c", decide="", more="inform: lead"),
        policy_file(NO, name="d", decide="", more="inform: nobody"),
        policy_file(YES, name="e", decide="", more="inform: quiet", mode="observe"),
    )

    decision = decided(judge, SEEN)

    assert (decision.verb, decision.policies) == (Verb.APPROVE, ("a",))
    assert decision.inform == ("desk", "lead")


def test_a_policy_that_only_informs_decides_nothing_and_cannot_hold_anything_back() -> None:
    judge = a_judge(policy_file(YES, name="c", decide="", more="inform: lead"))
    unsure = a_judge(policy("a", YES, "approve"), policy_file(OPEN, name="c", decide="", more="inform: lead"))

    assert decided(judge, SEEN).policies == ()
    assert decided(unsure, SEEN).verb is Verb.APPROVE
    assert decided(unsure, SEEN).inform == ()


def test_a_policy_that_only_informs_casts_no_shadow() -> None:
    judge = a_judge(policy_file(YES, name="c", decide="", more="inform: lead", mode="observe"))

    assert decided(judge, SEEN).shadow is None


def test_the_deciding_policy_names_the_chain() -> None:
    judge = a_judge(
        policy("a", YES, "approve", more="escalation: other"),
        policy("b", YES, "escalate", priority=3, more="escalation: desk"),
    )

    assert decided(judge, SEEN).escalation == "desk"


def test_findings_are_those_that_matter() -> None:
    judge = a_judge(
        policy("a", YES, "approve"), policy("b", OPEN, "reject", priority=-1), policy("c", NO, "reject")
    )

    findings = decided(judge, SEEN).findings

    assert {finding.policy: finding.answer for finding in findings} == {
        "a": Match.MATCHED,
        "b": Match.UNDECIDED,
    }
    assert findings[1].clauses[0].facts == ("alert.severity",)
    assert (findings[0].clauses[0].line, findings[0].clauses[0].column) == (7, 3)


class TestGrounds:
    judge = a_judge(
        policy(
            "a", f"{YES}\ncluster.mailboxCount: {{atMost: 200}}\nmessages: {{all: {{subject: x}}}}", "approve"
        )
    )
    messages: tuple[dict[str, Value], ...] = ({"subject": "x", "location": "inbox_folder"}, {"subject": "X"})

    def grounds(self, changed: dict[str, Value] | None = None, **more: object) -> str:
        seen = facts({**SEEN.values, **(changed or {})}, messages=self.messages)
        return decided(self.judge, msgspec.structs.replace(seen, **more)).grounds

    def test_are_the_same_for_the_same_facts_at_another_moment(self) -> None:
        assert self.grounds(now=NOW + timedelta(hours=1)) == self.grounds()

    def test_do_not_change_with_facts_that_nobody_read(self) -> None:
        assert self.grounds({"alert.title": "x"}) == self.grounds()
        assert (
            self.grounds(messages=({"subject": "X"}, {"subject": "x", "location": "junkFolder"}))
            == self.grounds()
        )

    def test_change_with_a_fact_that_was_read(self) -> None:
        assert self.grounds({"cluster.mailboxCount": 13}) != self.grounds()
        assert self.grounds(messages=({"subject": "x"},)) != self.grounds()

    def test_change_with_the_evidence_and_with_the_policy(self) -> None:
        seen = facts(SEEN.values, messages=self.messages)
        other = a_judge(
            policy(
                "a",
                f"{YES}\ncluster.mailboxCount: {{atMost: 201}}\nmessages: {{all: {{subject: x}}}}",
                "approve",
            )
        )

        assert decided(self.judge, seen, evidence="e2").grounds != self.grounds()
        assert decided(other, seen).grounds != self.grounds()


def test_a_decision_carries_what_it_rests_on() -> None:
    judge = a_judge(policy("a", YES, "approve"))

    decision = decided(judge, SEEN, evidence="digest")

    assert (decision.evidence, decision.revision, decision.agent_version) == ("digest", judge.revision, "1.0")
    assert decision.facts is SEEN
    assert decision.at == NOW
    assert decision.action_id == an_action().id


def test_a_bug_in_saying_what_came_nearest_changes_no_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = a_judge(policy("a", NO, "approve"))
    before = decided(judge, SEEN)

    def broken(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr("agent.judge.decide._nearest", broken)
    after = decided(judge, SEEN)

    assert before.findings
    assert (after.verb, after.policies, after.findings) == (before.verb, before.policies, ())
