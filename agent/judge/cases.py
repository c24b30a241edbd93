"""Cases: examples beside each policy, `<name>.cases.yaml`: facts in; decision, policies and words of the reason out.

They are judged by the whole set, with observing policies counted: what matters is what the set would do.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from agent.judge.compile import Judge, compile_set
from agent.judge.decide import decide
from agent.judge.feed import fed_lists, feed
from agent.judge.literals import Wrong, line, nearest, text, word
from agent.judge.parse import CASES
from agent.judge.situations import KEYS, action_of, members, sequence, situation, values
from agent.judge.strict_yaml import Mapping_, Node, problem, read, shown
from agent.judge.vocabulary import FACTS, refreshed
from agent.model.decision import Decision, Verb
from agent.model.errors import PolicyError, Problem
from agent.model.pending import ActionKind
from agent.model.situation import Situation

V = TypeVar("V")

GIVEN = KEYS | {"lists"}
CASE = GIVEN | {"case", "unknown", "decision", "policies", "reason", "inform"}
FILE = frozenset({"policy", "given", "cases"})


class PolicyCase(msgspec.Struct, frozen=True, kw_only=True):
    """One example. `reason` are the words that the decision's reason must have in it.

    `lists` are the members, by the name of a list that is fed: the case is judged as if it had these.
    """

    name: str
    file: str
    line: int
    situation: Situation
    verb: Verb
    policies: tuple[str, ...]
    reason: tuple[str, ...]
    inform: tuple[str, ...]
    lists: Mapping[str, tuple[str, ...]] = {}


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
    """Return what the set decides on the case.

    Raises:
        PolicyError: the case says what is in a list that is not fed.
    """
    one = case.situation
    action = action_of(one, case.name)
    return decide(
        _with_lists(judge, case), action, one.facts, evidence="", enforces_observers=True, version=""
    )


def _with_lists(judge: Judge, case: PolicyCase) -> Judge:
    """Return the judge that goes by the set with the members that the case names."""
    if not case.lists:
        return judge
    fed = fed_lists(judge.policy_set)
    for name in case.lists:
        if name not in fed:
            message = f"case `{case.name}`: `{shown(name)}` is not a list with a `source`{nearest(name, fed)}"
            raise PolicyError([Problem(file=case.file, line=case.line, column=1, message=message)])
    return compile_set(feed(judge.policy_set, case.lists))


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
            try:
                decision = decision_on(judge, case)
            except PolicyError as error:
                problems.extend(error.problems)
                continue
            problems.extend(
                Problem(file=file, line=case.line, column=1, message=f"case `{case.name}`: {words}")
                for words in differences(case, decision)
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
        for each in sequence(parts["cases"], "cases"):
            case = self.attempt(each, lambda one: self._case(one, given))
            if case is not None:
                cases.append(case)
        return CaseFile(policy=line(parts["policy"], "a policy"), file=self.file, cases=tuple(cases))

    def _case(self, node: Node, given: Mapping[str, Node]) -> PolicyCase:
        own = self._members(node, CASE, required=("case", "decision", "policies"))
        parts = {**given, **{key: part for key, part in own.items() if key in GIVEN}}
        if "kind" not in parts:
            raise Wrong(node.mark, "`kind` is missing, here and under `given`")
        kind = ActionKind(word(parts["kind"], "a kind of pending action", set(ActionKind)))
        one = situation(parts, over=values(given.get("facts"), FACTS, kind))
        unknown = frozenset(_texts(own.get("unknown")))
        lists = _lists(parts.get("lists"))
        fetched = {refreshed(name): one.facts.now for name in lists}
        given_facts = {**fetched, **one.facts.values}
        known = {name: value for name, value in given_facts.items() if name not in unknown}
        return PolicyCase(
            name=line(own["case"], "what the case shows"),
            file=self.file,
            line=node.mark.line,
            situation=replace(one, facts=replace(one.facts, values=known)),
            verb=Verb(word(own["decision"], "a decision", set(Verb))),
            policies=_texts(own["policies"]),
            reason=_texts(own.get("reason")),
            inform=_texts(own.get("inform")),
            lists=lists,
        )

    def _members(
        self, node: Node, known: frozenset[str], *, required: tuple[str, ...] = ()
    ) -> Mapping[str, Node]:
        parts = members(node, known)
        for name in required:
            if name not in parts:
                raise Wrong(node.mark, f"`{name}` is missing")
        return parts


def _texts(node: Node | None) -> tuple[str, ...]:
    return () if node is None else tuple(text(each) for each in sequence(node, "texts"))


def _lists(node: Node | None) -> Mapping[str, tuple[str, ...]]:
    """Return the members of lists by their names."""
    if node is None:
        return {}
    if not isinstance(node, Mapping_):
        raise Wrong(node.mark, "write `lists: {name: [member, member]}`")
    return {key.text: _texts(members) for key, members in node.entries}
