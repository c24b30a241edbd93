"""Policy files: which pending actions a policy is for, when it holds, and what it decides then."""

from collections.abc import Callable, Iterable
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

from agent.judge.conditions import ConditionReader
from agent.judge.enforcing import kinds_of, mode_of, part_marks, tenants_of
from agent.judge.literals import POLICY_NAME, Wrong, integer, line, moment, nearest, rate, word, yes_no
from agent.judge.on_call import OnCall, chain_named
from agent.judge.shelf import Broken, Shelf
from agent.judge.strict_yaml import Mapping_, Node, problem, shown
from agent.judge.words import CLASSIFICATIONS, DETERMINATIONS
from agent.model.decision import Classification, Verb
from agent.model.errors import Problem
from agent.model.pending import MAIL_KINDS, ActionKind
from agent.model.policy import (
    INFORMS_ONLY,
    MOST_APPROVERS,
    All,
    Condition,
    Limit,
    Limits,
    Mode,
    Part,
    Policy,
)

V = TypeVar("V")

OF_DECIDING = ("priority", "limits", "approvers", "remediateSendersCopy", "classification", "escalation")
"""What belongs to a policy that decides only."""

REQUIRED = {
    "policy": "write `policy: NAME`, by which decisions name it",
    "description": "say in one line what the policy is for",
    "owner": "name the team or the address that answers for it",
    "for": "name the kinds of pending action, such as `for: [softDeleteCluster]`",
    "match": "name the conditions, such as `match: {evidence.verdict: malicious}`",
}
"""What every policy has to say, and how."""

DECIDE = "write `decide: approve`, `reject` or `escalate`; only a policy with `inform` goes without"

KEYS = frozenset(
    {
        *REQUIRED,
        "mode",
        "priority",
        "tenants",
        "expires",
        "unless",
        "decide",
        "reason",
        "classification",
        "limits",
        "approvers",
        "remediateSendersCopy",
        "escalation",
        "inform",
    }
)
HIGHEST_PRIORITY = 1_000


def digest(parts: Iterable[tuple[str, bytes]]) -> str:
    """Return a digest of files by their names: twelve hexadecimal digits."""
    whole = sha256()
    for file, data in parts:
        whole.update(f"{len(file)}:{file}:{len(data)}:".encode())
        whole.update(data)
    return whole.hexdigest()[:12]


class PolicyReader:
    """Reads one policy; every part on its own, so that one wrong part does not hide another."""

    def __init__(
        self, file: str, root: Mapping_, shelf: Shelf, called: OnCall, problems: list[Problem]
    ) -> None:
        self.file = file
        self.root = root
        self.shelf = shelf
        self.called = called
        self.problems = problems

    def policy(self, data: bytes) -> Policy:
        """Return the policy that these bytes hold; what is wrong with a part of it is among the problems then."""
        self._check_keys()
        kinds = self._part("for", kinds_of, frozenset[ActionKind]())
        conditions = ConditionReader(self.file, kinds, self.shelf, self._report)
        match = self._part("match", conditions.conjunction, tuple[Condition, ...]())
        unless = self._part("unless", conditions.several, tuple[Condition, ...]())
        inform = self._part("inform", self._chain, None)
        decides = self.root.get("decide") is not None or inform is None
        verb = self._part("decide", _verb, Verb.ESCALATE)
        limits = self._part("limits", lambda node: _limits(node, verb, kinds), Limits())
        mode, part = self._part("mode", mode_of, (Mode.OBSERVE, Part()))
        named = {name: lists.data for name, lists in self.shelf.lists.items() if name in self.shelf.named}
        return Policy(
            name=self._part("policy", _name, ""),
            description=self._part("description", lambda node: line(node, "a description"), ""),
            owner=self._part("owner", lambda node: line(node, "an owner"), ""),
            kinds=kinds,
            mode=mode,
            part=part,
            priority=self._part("priority", _priority, 0) if decides else self._informs_only(),
            tenants=self._part("tenants", tenants_of, None),
            expires=self._part("expires", _expires, None),
            match=All(conditions=match, mark=(self.root.get("match") or self.root).mark),
            unless=unless,
            verb=verb,
            reason=self._part("reason", lambda node: line(node, "a reason"), ""),
            classification=self._part("classification", lambda node: _classification(node, verb), None),
            limits=limits,
            approvers=self._part("approvers", lambda node: _approvers(node, verb), 0),
            remediate_senders_copy=self._part(
                "remediateSendersCopy", lambda node: _senders_copy(node, verb, kinds), False
            ),
            escalation=self._part("escalation", self._chain, None),
            inform=inform,
            lists=frozenset(self.shelf.named),
            file=self.file,
            mark=self.root.mark,
            marks={key.text: key.mark for key, _ in self.root.entries} | part_marks(self.root.get("mode")),
            digest=digest([("", data), *sorted(named.items())]),
        )

    def _check_keys(self) -> None:
        for key, _ in self.root.entries:
            if key.text not in KEYS:
                message = f"unknown key `{shown(key.text)}`{nearest(key.text, KEYS)}"
                self.problems.append(problem(self.file, key.mark, message))
        informs = self.root.get("inform") is not None
        required = REQUIRED if informs else {**REQUIRED, "decide": DECIDE}
        for name, mend in required.items():
            if self.root.get(name) is None:
                message = f"`{name}` is missing: {mend}"
                self.problems.append(problem(self.file, self.root.mark, message))

    def _part(self, key: str, reading: Callable[[Node], V], otherwise: V) -> V:
        """Return what stands under the key; `otherwise` where nothing does, or what does is wrong."""
        node = self.root.get(key)
        if node is None:
            return otherwise
        try:
            return reading(node)
        except Wrong as wrong:
            self._report(wrong)
            return otherwise

    def _chain(self, node: Node) -> str | None:
        return chain_named(node, self.called)

    def _report(self, wrong: Wrong) -> None:
        if isinstance(wrong, Broken):
            return
        self.problems.append(problem(wrong.file or self.file, wrong.mark, wrong.message))

    def _informs_only(self) -> int:
        """Return the priority of a policy without `decide`, which must not ask for what only deciding has."""
        for key, _ in self.root.entries:
            if key.text in OF_DECIDING:
                message = f"`{key.text}` belongs to a policy that decides: this one only informs"
                self.problems.append(problem(self.file, key.mark, message))
        return INFORMS_ONLY


def _name(node: Node) -> str:
    name = line(node, "a name")
    if POLICY_NAME.fullmatch(name) is None:
        raise Wrong(node.mark, f"`{shown(name)}` is not a name: use letters, digits, `-`, `_` and `.`")
    return name


def _verb(node: Node) -> Verb:
    return Verb(word(node, "a decision", set(Verb)))


def _priority(node: Node) -> int:
    return integer(node, -HIGHEST_PRIORITY, HIGHEST_PRIORITY)


def _expires(node: Node) -> datetime | None:
    return moment(node)


def _classification(node: Node, verb: Verb) -> Classification:
    if verb is Verb.ESCALATE:
        raise Wrong(node.mark, "a policy that escalates concludes nothing: leave `classification` out")
    if not isinstance(node, Mapping_) or node.get("classification") is None:
        raise Wrong(
            node.mark, "write `classification: {classification: falsePositive, determination: notMalicious}`"
        )
    words: dict[str, str] = {}
    known = {"classification": CLASSIFICATIONS, "determination": DETERMINATIONS}
    for key, value in node.entries:
        if key.text not in known:
            raise Wrong(key.mark, f"unknown key `{shown(key.text)}`{nearest(key.text, known)}")
        words[key.text] = word(value, f"a {key.text}", known[key.text])
    return Classification(classification=words["classification"], determination=words.get("determination"))


def _approvers(node: Node, verb: Verb) -> int:
    if verb is not Verb.APPROVE:
        raise Wrong(
            node.mark, "approvers hold an approval back: leave them out of a policy that does not approve"
        )
    return integer(node, 0, MOST_APPROVERS)


def _senders_copy(node: Node, verb: Verb, kinds: frozenset[ActionKind]) -> bool:
    if verb is not Verb.APPROVE:
        raise Wrong(
            node.mark, "only what is approved is remediated: leave `remediateSendersCopy` out of this policy"
        )
    if kinds and not kinds & MAIL_KINDS:
        raise Wrong(node.mark, "a sender's copy has no meaning for these kinds: leave it out")
    return yes_no(node)


def _limits(node: Node, verb: Verb, kinds: frozenset[ActionKind]) -> Limits:
    if verb is not Verb.APPROVE:
        raise Wrong(node.mark, "limits hold approvals back: leave them out of a policy that does not approve")
    if not isinstance(node, Mapping_) or not node.entries:
        raise Wrong(node.mark, "write `limits: {actions: 20/h, messages: 5000/d}`")
    found: dict[str, Limit] = {}
    for key, value in node.entries:
        if key.text not in ("actions", "messages"):
            raise Wrong(
                key.mark, f"unknown key `{shown(key.text)}`{nearest(key.text, {'actions', 'messages'})}"
            )
        if key.text == "messages" and kinds and not kinds & MAIL_KINDS:
            raise Wrong(key.mark, "a limit of messages has no meaning for these kinds: limit `actions`")
        count, window, wording = rate(value)
        found[key.text] = Limit(count=count, window=window, wording=wording)
    return Limits(actions=found.get("actions"), messages=found.get("messages"))
