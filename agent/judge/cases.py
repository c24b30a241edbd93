"""Cases: examples beside each policy, `<name>.cases.yaml`: facts in; decision, policies and words of the reason out.

    policy: malicious-url-clusters
    base: url-cluster                     # policies/situations/url-cluster.yaml, or one of `bases`
    bases:                                # situations of this file alone
      a-newsletter: {kind: softDeleteCluster, facts: {…}, messages: […]}
    given: {facts: {alert.severity: high}}
    cases:
      - case: without a count nothing is deleted
        unknown: [cluster.mailboxCount]
        decision: escalate
        policies: [malicious-url-clusters]

What a case judges is laid together from three layers: its base, then `given`, then the case itself. In each,
facts lie one by one over those below, and every other part (`now`, `tenant`, `messages`, `messagesComplete`,
and `lists`, the members of lists that are fed) takes the place of the one below as a whole; then what the
layer names under `unknown` is taken away (`messages` too, which then were never looked up). A case's own
`base` takes the place of the file's. A base says of which kind it is, so that nothing above it needs to;
without a base, `kind` stands under `given` or in the case.

Cases are judged by the whole set, with observing policies counted: what matters is what the set would do.
"""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from agent.judge.compile import Judge
from agent.judge.decide import decide
from agent.judge.feed import fed, fed_lists
from agent.judge.literals import Wrong, line, nearest, word
from agent.judge.situations import (
    KEYS,
    KIND,
    action_of,
    blank,
    completed,
    kind_of,
    laid,
    members,
    not_fed,
    sequence,
    situation,
)
from agent.judge.strict_yaml import Mapping_, Node, Scalar, problem, read, shown
from agent.judge.vocabulary import FACTS, list_of
from agent.model.decision import Decision, Verb
from agent.model.errors import PolicyError, Problem
from agent.model.pending import MAIL_KINDS, ActionKind
from agent.model.policy import PolicySet
from agent.model.situation import Situation

V = TypeVar("V")

THE_MESSAGES = "messages"
GIVEN = KEYS | {"unknown"}
CASE = GIVEN | {"case", "base", "decision", "policies", "reason", "inform"}
FILE = frozenset({"policy", "base", "bases", "given", "cases"})
WANTED = {
    "case": "say in a few words what it shows",
    "decision": "write `decision: approve`, `reject` or `escalate`",
    "policies": "name those that decide, as in `policies: [NAME]`; `[]` where none does",
}
"""What every case has to say, and how."""

Situations = Mapping[str, Situation | None]
"""Bases by their names; None for one that is there and does not load."""


class PolicyCase(msgspec.Struct, frozen=True, kw_only=True):
    """One example. `reason` are the words that the decision's reason must have in it."""

    name: str
    file: str
    line: int
    column: int = 1
    situation: Situation
    verb: Verb
    policies: tuple[str, ...]
    reason: tuple[str, ...]
    inform: tuple[str, ...]


class CaseFile(msgspec.Struct, frozen=True, kw_only=True):
    """The cases of one policy."""

    policy: str
    file: str
    cases: tuple[PolicyCase, ...]


def parse_cases(
    file: str, data: bytes, situations: Situations | None = None, policies: Collection[str] | None = None
) -> CaseFile:
    """Return the cases of one file, which may stand on these situations and name these policies; any where None.

    Raises:
        PolicyError: with everything that is wrong in it.
    """
    root = read(file, data)
    reader = _CaseReader(file, situations or {}, policies)
    found = reader.attempt(root, reader.file_of)
    if reader.problems or found is None:
        raise PolicyError(list(dict.fromkeys(reader.problems)))
    return found


def decision_on(judge: Judge, case: PolicyCase) -> Decision:
    """Return what the set decides on the case."""
    one = case.situation
    action = action_of(one, case.name)
    return decide(
        with_lists(judge, case), action, one.facts, evidence="", enforces_observers=True, version=""
    )


def with_lists(judge: Judge, case: PolicyCase) -> Judge:
    """Return the judge that goes by the set with the members that the case names."""
    return fed(judge, case.situation.lists)


def unfed(policies: PolicySet, case: PolicyCase) -> tuple[Problem, ...]:
    """Return the lists of which the case says what is in them, and that are not fed."""
    known = fed_lists(policies)
    return tuple(
        Problem(
            file=case.file,
            line=case.line,
            column=case.column,
            message=f"case `{case.name}`: {not_fed(name, known)}",
        )
        for name in case.situation.lists
        if name not in known
    )


def differences(case: PolicyCase, decision: Decision) -> tuple[str, ...]:
    """Return in words how the decision differs from what the case expects; nothing where it does not."""
    lacking = (f"the reason lacks `{words}`" for words in case.reason if words not in decision.reason)
    return (*decided_otherwise(case, decision), *lacking)


def decided_otherwise(case: PolicyCase, decision: Decision) -> tuple[str, ...]:
    """Return how the decision, its policies or who is informed differ from the case, its reason apart."""
    found = []
    if decision.verb is not case.verb:
        found.append(f"expected {case.verb}, decided {decision.verb}")
    if set(decision.policies) != set(case.policies):
        expected, got = (", ".join(sorted(names)) or "none" for names in (case.policies, decision.policies))
        found.append(f"expected policies {expected}, decided by {got}")
    if set(decision.inform) != set(case.inform):
        expected, got = (", ".join(sorted(names)) or "nobody" for names in (case.inform, decision.inform))
        found.append(f"expected to inform {expected}, informed {got}")
    return tuple(found)


class _CaseReader:
    """Reads one file of cases; what is wrong is collected."""

    def __init__(self, file: str, situations: Situations, policies: Collection[str] | None) -> None:
        self.file = file
        self.situations = situations
        self.policies = policies
        self.problems: list[Problem] = []

    def attempt(self, node: Node, reading: Callable[[Node], V]) -> V | None:
        try:
            return reading(node)
        except Wrong as wrong:
            self.problems += [problem(self.file, one.mark, one.message) for one in (wrong, *wrong.also)]
            return None

    def file_of(self, node: Node) -> CaseFile:
        parts = self._parts(node, FILE, {"policy": "name the policy", "cases": "begin each with `- case: …`"})
        bases = self._bases(parts.get("bases"))
        base, given = parts.get("base"), self._given(parts.get("given"))
        policy = self._read(parts, "policy", lambda one: line(one, "a policy"), "")
        if "cases" not in parts:
            return CaseFile(policy=policy, file=self.file, cases=())
        listed = sequence(parts["cases"], "cases")
        if not listed:
            raise Wrong(
                parts["cases"].mark,
                "no case: a policy needs one in which it acts and one in which it does not",
            )
        cases: dict[str, PolicyCase] = {}
        for each in listed:
            case = self.attempt(each, lambda one: self._case(one, given, base, bases))
            if case is None:
                continue
            if case.name in cases:
                message = f"the case `{shown(case.name)}` is there already, on line {cases[case.name].line}"
                self.problems.append(problem(self.file, each.mark, message))
            cases[case.name] = case
        return CaseFile(policy=policy, file=self.file, cases=tuple(cases.values()))

    def _given(self, node: Node | None) -> Mapping[str, Node]:
        return {} if node is None else self.attempt(node, lambda one: self._parts(one, GIVEN, {})) or {}

    def _bases(self, node: Node | None) -> Situations:
        """Return the bases of this file and those beside the policies."""
        if node is None:
            return self.situations
        if not isinstance(node, Mapping_):
            raise Wrong(node.mark, "bases are a mapping: `name: {kind: …, facts: {…}}`")
        own: dict[str, Situation | None] = {}
        for key, each in node.entries:
            if key.text in self.situations:
                message = f"a base `{shown(key.text)}` is among the situations already: rename one of them"
                self.problems.append(problem(self.file, key.mark, message))
            own[key.text] = self.attempt(each, lambda one: situation(_members(one, KEYS, required=("kind",))))
        return {**self.situations, **own}

    def _case(
        self, node: Node, given: Mapping[str, Node], base: Node | None, bases: Situations
    ) -> PolicyCase | None:
        """Return the case; None where anything is wrong with it, all of which is told."""
        before = len(self.problems)
        own = self._parts(node, CASE, WANTED)
        verb = self._read(
            own, "decision", lambda one: Verb(word(one, "a decision", set(Verb))), Verb.ESCALATE
        )
        laid_out = self._situation(node, given, own, own.get("base", base), bases)
        case = PolicyCase(
            name=self._read(own, "case", lambda one: line(one, "what the case shows"), ""),
            file=self.file,
            line=node.mark.line,
            column=node.mark.column,
            situation=laid_out or blank(ActionKind.UNKNOWN),
            verb=verb,
            policies=self._read(own, "policies", self._named, ()),
            reason=self._read(own, "reason", _texts, ()),
            inform=self._read(own, "inform", _texts, ()),
        )
        return case if len(self.problems) == before else None

    def _situation(
        self,
        node: Node,
        given: Mapping[str, Node],
        own: Mapping[str, Node],
        base: Node | None,
        bases: Situations,
    ) -> Situation | None:
        """Return what the case judges; None where it is wrong, all of which is told."""
        ground = self.attempt(node, lambda one: _ground(one, base, bases, (given, own)))
        on = ground or _likely(base, bases)
        if on is None:
            return None
        below = self.attempt(node, lambda _: _layered(given, on))
        whole = self.attempt(node, lambda _: _layered(own, below or on))
        if ground is None or below is None or whole is None:
            return None
        return completed(whole, _gone((given, own), whole.kind))

    def _named(self, node: Node) -> tuple[str, ...]:
        """Return names of policies; what the set has not is told."""
        for each in sequence(node, "names of policies"):
            name = line(each, "the name of a policy")
            if self.policies is not None and name not in self.policies:
                self._tell(Wrong(each.mark, f"unknown policy `{shown(name)}`{nearest(name, self.policies)}"))
        return _texts(node)

    def _parts(self, node: Node, known: Collection[str], required: Mapping[str, str]) -> Mapping[str, Node]:
        """Return the parts of a mapping that are known; others, and what is missing, are told."""
        if not isinstance(node, Mapping_):
            members(node, known)
            return {}
        for key, _ in node.entries:
            if key.text not in known:
                self._tell(Wrong(key.mark, f"unknown key `{shown(key.text)}`{nearest(key.text, known)}"))
        parts = {key.text: each for key, each in node.entries if key.text in known}
        for name, mend in required.items():
            if name not in parts:
                self._tell(Wrong(node.mark, f"`{name}` is missing: {mend}"))
        return parts

    def _read(self, parts: Mapping[str, Node], key: str, reading: Callable[[Node], V], otherwise: V) -> V:
        """Return what stands under the key; `otherwise` where nothing does, or what does is wrong."""
        node = parts.get(key)
        found = None if node is None else self.attempt(node, reading)
        return otherwise if found is None else found

    def _tell(self, wrong: Wrong) -> None:
        self.problems.append(problem(self.file, wrong.mark, wrong.message))


def _likely(base: Node | None, bases: Situations) -> Situation | None:
    """Return the base that was most likely meant by one that is not there, so that facts can be looked at too."""
    if not isinstance(base, Scalar):
        return None
    near = nearest(base.text, bases)
    meant = (one for name, one in bases.items() if near == f": did you mean `{name}`?")
    kinds = {one.kind for one in bases.values() if one is not None}
    found = next(meant, None)
    return found or (blank(next(iter(kinds))) if len(kinds) == 1 else None)


def _ground(
    node: Node, base: Node | None, bases: Situations, layers: tuple[Mapping[str, Node], ...]
) -> Situation:
    """Return what a case is laid on: its base, or nothing but its kind."""
    kinds = [layer["kind"] for layer in layers if "kind" in layer]
    if base is None:
        if not kinds:
            raise Wrong(node.mark, "`kind` is missing, here and under `given`, and no `base` is named")
        return blank(kind_of(kinds[-1]))
    name = line(base, "the name of a base")
    if name not in bases:
        raise Wrong(base.mark, f"unknown base `{shown(name)}`{nearest(name, bases) if bases else ''}")
    found = bases[name]
    if found is None:
        raise Wrong(base.mark, f"the base `{shown(name)}` does not load")
    for each in kinds:
        if kind_of(each) is not found.kind:
            raise Wrong(each.mark, f"the base `{shown(name)}` is a `{found.kind}`: leave `kind` out")
    return found


def _layered(parts: Mapping[str, Node], below: Situation) -> Situation:
    """Return the situation with one layer over it, and without what the layer says is unknown."""
    one = laid(parts, below)
    gone = _unknown(parts, one.kind)
    return replace(
        one,
        facts=replace(
            one.facts,
            values={name: value for name, value in one.facts.values.items() if name not in gone},
            messages=None if THE_MESSAGES in gone else one.facts.messages,
        ),
    )


def _unknown(parts: Mapping[str, Node], kind: ActionKind) -> frozenset[str]:
    """Return what a layer takes away: facts of the kind, which it does not give as well."""
    if "unknown" not in parts:
        return frozenset()
    facts = parts.get("facts")
    stated = {key.text for key, _ in facts.entries} if isinstance(facts, Mapping_) else set()
    fitting = {name for name, row in FACTS.items() if kind in row.kinds}
    if kind in MAIL_KINDS:
        fitting.add(THE_MESSAGES)
    if THE_MESSAGES in parts:
        stated.add(THE_MESSAGES)
    for each in sequence(parts["unknown"], "facts"):
        name = line(each, "a fact")
        if name not in fitting and list_of(name) is None:
            raise Wrong(each.mark, f"unknown fact `{shown(name)}` of `{kind}`{nearest(name, fitting)}")
        if name == KIND:
            raise Wrong(each.mark, f"`{KIND}` is never unknown: it is `{kind}`")
        if name in stated:
            raise Wrong(each.mark, f"`{name}` is given here too: either it is known, or it is not")
    return frozenset(_texts(parts["unknown"]))


def _gone(layers: tuple[Mapping[str, Node], ...], kind: ActionKind) -> frozenset[str]:
    """Return all that any of these layers takes away."""
    return frozenset[str]().union(*(_unknown(layer, kind) for layer in layers))


def _members(node: Node, known: frozenset[str], *, required: tuple[str, ...] = ()) -> Mapping[str, Node]:
    parts = members(node, known)
    for name in required:
        if name not in parts:
            raise Wrong(node.mark, f"`{name}` is missing")
    return parts


def _texts(node: Node | None) -> tuple[str, ...]:
    return () if node is None else tuple(line(each) for each in sequence(node, "texts"))
