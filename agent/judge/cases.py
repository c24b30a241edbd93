"""Cases: examples beside each policy, `<name>.cases.yaml`: facts in; decision, policies and words of the reason out.

They are judged by the whole set, with observing policies counted: what matters is what the set would do.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from agent.judge.compile import Judge
from agent.judge.decide import decide
from agent.judge.literals import Wrong, line, literal, moment, nearest, text, word, yes_no
from agent.judge.parse import CASES
from agent.judge.strict_yaml import Mapping_, Node, Sequence, keys, problem, read, shown
from agent.judge.vocabulary import FACTS, MEMBER, MESSAGE_FACTS, SETS, WORDS, Fact
from agent.model.decision import Decision, Verb
from agent.model.errors import PolicyError, Problem
from agent.model.facts import Facts, FactType, Value
from agent.model.pending import ActionKind, IncidentHead, KindSource, PendingAction

V = TypeVar("V")

GIVEN = frozenset({"kind", "now", "tenant", "facts", "messages", "messagesComplete"})
CASE = GIVEN | {"case", "unknown", "decision", "policies", "reason", "inform"}
FILE = frozenset({"policy", "given", "cases"})

USUAL_NOW = datetime(2026, 8, 24, 9, tzinfo=UTC)
"""A Monday at eleven in Madrid: the moment of cases that do not name one."""


class PolicyCase(msgspec.Struct, frozen=True, kw_only=True):
    """One example. `reason` are the words that the decision's reason must have in it."""

    name: str
    file: str
    line: int
    kind: ActionKind
    tenant: str
    facts: Facts
    verb: Verb
    policies: tuple[str, ...]
    reason: tuple[str, ...]
    inform: tuple[str, ...]


class CaseFile(msgspec.Struct, frozen=True, kw_only=True):
    """The cases of one policy."""

    policy: str
    file: str
    cases: tuple[PolicyCase, ...]


def parse_cases(file: str, data: bytes) -> CaseFile:
    """Return the cases of one file.

    Raises:
        PolicyError: with everything that is wrong in it.
    """
    root = read(file, data)
    reader = _CaseReader(file)
    found = reader.attempt(root, reader.file_of)
    if reader.problems or found is None:
        raise PolicyError(reader.problems)
    return found


def decision_on(judge: Judge, case: PolicyCase) -> Decision:
    """Return what the set decides on the case."""
    now = case.facts.now
    deadline = case.facts.values.get("action.deadline")
    action = PendingAction(
        tenant_id=case.tenant,
        kind=case.kind,
        kind_source=KindSource.EVIDENCE,
        key=case.name,
        label=case.name,
        evidence=None,
        incident=IncidentHead(id="1"),
        sightings=(),
        first_seen=now,
        deadline=deadline if isinstance(deadline, datetime) else now + timedelta(days=1),
    )
    return decide(judge, action, case.facts, evidence="", enforces_observers=True, version="")


def differences(case: PolicyCase, decision: Decision) -> tuple[str, ...]:
    """Return in words how the decision differs from what the case expects; nothing where it does not."""
    found = []
    if decision.verb is not case.verb:
        found.append(f"expected {case.verb}, decided {decision.verb}")
    if set(decision.policies) != set(case.policies):
        expected, got = (", ".join(sorted(names)) or "none" for names in (case.policies, decision.policies))
        found.append(f"expected policies {expected}, decided by {got}")
    if set(decision.inform) != set(case.inform):
        expected, got = (", ".join(sorted(names)) or "nobody" for names in (case.inform, decision.inform))
        found.append(f"expected to inform {expected}, informed {got}")
    found += [f"the reason lacks `{words}`" for words in case.reason if words not in decision.reason]
    return tuple(f"{each}: {decision.reason}" for each in found)


def broken(judge: Judge, files: Mapping[str, bytes]) -> tuple[int, tuple[Problem, ...]]:
    """Return how many cases these files hold, and every one that the set does not decide as it says."""
    count = 0
    problems: list[Problem] = []
    for file, data in files.items():
        if not file.endswith(CASES):
            continue
        try:
            cases = parse_cases(file, data).cases
        except PolicyError as error:
            problems.extend(error.problems)
            continue
        count += len(cases)
        for case in cases:
            problems.extend(
                Problem(file=file, line=case.line, column=1, message=f"case `{case.name}`: {words}")
                for words in differences(case, decision_on(judge, case))
            )
    return count, tuple(problems)


class _CaseReader:
    """Reads one file of cases; what is wrong is collected."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def attempt(self, node: Node, reading: Callable[[Node], V]) -> V | None:
        try:
            return reading(node)
        except Wrong as wrong:
            self.problems.append(problem(self.file, wrong.mark, wrong.message))
            return None

    def file_of(self, node: Node) -> CaseFile:
        parts = self._members(node, FILE, required=("policy", "cases"))
        given = self._members(parts["given"], GIVEN) if "given" in parts else {}
        cases = []
        for each in _sequence(parts["cases"], "cases"):
            case = self.attempt(each, lambda one: self._case(one, given))
            if case is not None:
                cases.append(case)
        return CaseFile(policy=line(parts["policy"], "a policy"), file=self.file, cases=tuple(cases))

    def _members(
        self, node: Node, known: frozenset[str], *, required: tuple[str, ...] = ()
    ) -> Mapping[str, Node]:
        if not isinstance(node, Mapping_):
            raise Wrong(
                node.mark, f"a mapping with {', '.join(f'`{key}`' for key in sorted(known))} is asked for"
            )
        for key, _ in node.entries:
            if key.text not in known:
                message = f"unknown key `{shown(key.text)}`{nearest(key.text, known)}"
                self.problems.append(problem(self.file, key.mark, message))
        parts = keys(node)
        for name in required:
            if name not in parts:
                raise Wrong(node.mark, f"`{name}` is missing")
        return parts

    def _case(self, node: Node, given: Mapping[str, Node]) -> PolicyCase:
        own = self._members(node, CASE, required=("case", "decision", "policies"))
        parts = {**given, **own}
        if "kind" not in parts:
            raise Wrong(node.mark, "`kind` is missing, here and under `given`")
        kind = ActionKind(word(parts["kind"], "a kind of pending action", set(ActionKind)))
        values = self._values(given.get("facts"), FACTS, kind) | self._values(own.get("facts"), FACTS, kind)
        for name in _texts(own.get("unknown")):
            values.pop(name, None)
        messages = parts.get("messages")
        return PolicyCase(
            name=line(own["case"], "what the case shows"),
            file=self.file,
            line=node.mark.line,
            kind=kind,
            tenant=text(parts["tenant"]) if "tenant" in parts else "",
            facts=Facts(
                now=moment(parts["now"]) if "now" in parts else USUAL_NOW,
                values=values,
                messages=None
                if messages is None
                else tuple(
                    self._values(each, MESSAGE_FACTS, kind) for each in _sequence(messages, "messages")
                ),
                messages_complete=yes_no(parts["messagesComplete"]) if "messagesComplete" in parts else True,
            ),
            verb=Verb(word(own["decision"], "a decision", set(Verb))),
            policies=_texts(own["policies"]),
            reason=_texts(own.get("reason")),
            inform=_texts(own.get("inform")),
        )

    def _values(self, node: Node | None, table: Mapping[str, Fact], kind: ActionKind) -> dict[str, Value]:
        if node is None:
            return {}
        if not isinstance(node, Mapping_):
            raise Wrong(node.mark, "facts are a mapping: `fact: value`")
        values: dict[str, Value] = {}
        for key, each in node.entries:
            fact = table.get(key.text)
            if fact is None or kind not in fact.kinds:
                fitting = {name for name, row in table.items() if kind in row.kinds}
                raise Wrong(
                    key.mark, f"unknown fact `{shown(key.text)}` of `{kind}`{nearest(key.text, fitting)}"
                )
            values[fact.name] = _value(each, fact)
        return values


def _value(node: Node, fact: Fact) -> Value:
    """Return a fact's value as Defender would give it: checked like an author's, but not folded."""
    known = WORDS.get(fact.name)
    if fact.type in SETS:
        members = _sequence(node, fact.type.value)
        for each in members:
            literal(each, MEMBER[fact.type], known)
        return frozenset(text(each) for each in members)
    if fact.type is FactType.MOMENT:
        return moment(node)
    value = literal(node, fact.type, known)
    return text(node) if isinstance(value, str) else value


def _sequence(node: Node, asked: str) -> tuple[Node, ...]:
    if not isinstance(node, Sequence):
        raise Wrong(node.mark, f"a list is asked for: {asked}")
    return node.items


def _texts(node: Node | None) -> tuple[str, ...]:
    return () if node is None else tuple(text(each) for each in _sequence(node, "texts"))
