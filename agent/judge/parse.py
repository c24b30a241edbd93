"""Files -> the set of policies, or everything that is wrong with them, each at its place."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

from agent.judge.conditions import ConditionReader
from agent.judge.layout import (
    FOLDERS,
    folder_of,
    is_chain,
    is_channel,
    is_list,
    is_policy,
    misplaced,
    stem,
    what_else,
    within,
)
from agent.judge.lists import MEMBERS, ListFile, list_file, members_file
from agent.judge.literals import Wrong, guid, integer, line, moment, nearest, rate, word, yes_no
from agent.judge.on_call import OnCall, chain_named, names_in, on_call
from agent.judge.shelf import Broken, Shelf
from agent.judge.strict_yaml import Mapping_, Node, Sequence, problem, read, shown
from agent.judge.words import CLASSIFICATIONS, DETERMINATIONS
from agent.model.decision import Classification, Verb
from agent.model.errors import PolicyError, Problem
from agent.model.mark import Mark
from agent.model.pending import MAIL_KINDS, ActionKind
from agent.model.policy import (
    INFORMS_ONLY,
    MOST_APPROVERS,
    All,
    Condition,
    Limit,
    Limits,
    Mode,
    Policy,
    PolicySet,
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


def parse_set(files: Mapping[str, bytes], *, folder: str = "", is_past: bool = False) -> PolicySet:
    """Return all policies of these files, by their paths as they are to be shown to people.

    Files in the folders `lists`, `chains` and `channels` are what these are called; `*.cases.yaml`,
    `*.proofs.yaml` and files in a folder `situations` are passed over; other YAML files hold one policy each.
    Beside a list that is fed, its members may lie as `<name of the file>.members`. The revision changes with any
    byte of any policy, list, chain, channel or members and with their names inside their folder, and not with
    where that lies. A set that `is_past` is only looked back on: it may name chains and have none, as sets did
    before there were any.

    Raises:
        PolicyError: with everything that is wrong in any of the files, or where there is no policy at all, of
            which `folder` is told.
    """
    astray = misplaced(files)
    problems = list(astray.values())
    ours = {
        file: data
        for file, data in sorted(files.items())
        if file not in astray and (is_policy(file) or is_list(file) or is_chain(file) or is_channel(file))
    }
    lists, broken = _lists(
        {file: data for file, data in ours.items() if is_list(file)},
        {file: data for file, data in files.items() if file.endswith(MEMBERS)},
        problems,
    )
    lost = frozenset(map(stem, astray))
    called = on_call(ours, lost, problems, is_past=is_past)
    texts = [file for file in ours if is_policy(file)]
    policies = _policies({file: ours[file] for file in texts}, Shelf(lists, broken | lost), called, problems)
    if not texts and not astray:
        problems.append(_no_policy(files, folder))
    if problems:
        unique = {str(found): found for found in problems}
        raise PolicyError(
            sorted(unique.values(), key=lambda one: (one.file, one.line, one.column, one.message))
        )
    fed = {members_file(one.file) for one in lists.values() if one.noun.feed is not None}
    whole = ours | {file: data for file, data in sorted(files.items()) if file in fed}
    return PolicySet(
        policies=tuple(policies[name] for name in sorted(policies)),
        lists=tuple(lists[name].noun for name in sorted(lists)),
        chains=tuple(called.chains[name] for name in sorted(called.chains)),
        channels=tuple(called.channels[name] for name in sorted(called.channels)),
        revision=_digest(within(whole)),
        files=whole,
    )


def _policies(
    files: Mapping[str, bytes], shelf: Shelf, called: OnCall, problems: list[Problem]
) -> Mapping[str, Policy]:
    policies: dict[str, Policy] = {}
    for file, data in files.items():
        policy = _policy(file, data, shelf, called, problems)
        if policy is None:
            continue
        if policy.name in policies:
            twin = policies[policy.name].file
            problems.append(problem(file, policy.mark, f"the policy `{policy.name}` is in `{twin}` already"))
        policies[policy.name] = policy
    return policies


def _no_policy(files: Iterable[str], folder: str) -> Problem:
    """Return that there is no policy, as said of the folder, and not of whichever file lies in it."""
    where = (folder or folder_of(files) or "policies").replace("\\", "/")
    name = where.rpartition("/")[2]
    if name in FOLDERS:
        message = f"there is no policy in `{name}`: the folder of policies is the one in which it lies"
    else:
        message = "there is no policy in this folder: an agent without any decides nothing"
    return problem(where, Mark(1, 1), message)


def shelf_of(files: Mapping[str, bytes]) -> Shelf:
    """Return the lists among these files, for conditions that stand outside policies."""
    lists = {file: data for file, data in sorted(files.items()) if is_list(file)}
    members = {file: data for file, data in files.items() if file.endswith(MEMBERS)}
    return Shelf(*_lists(lists, members, []))


def _digest(parts: Iterable[tuple[str, bytes]]) -> str:
    whole = sha256()
    for file, data in parts:
        whole.update(f"{len(file)}:{file}:{len(data)}:".encode())
        whole.update(data)
    return whole.hexdigest()[:12]


def _lists(
    files: Mapping[str, bytes], members: Mapping[str, bytes], problems: list[Problem]
) -> tuple[Mapping[str, ListFile], frozenset[str]]:
    """Return the lists that can be read, by their names, and the names of the others."""
    found: dict[str, ListFile] = {}
    broken: set[str] = set()
    beside: dict[str, str] = {}
    for file, data in files.items():
        one = _list(file, data, members.get(members_file(file)), problems)
        if one is None:
            broken |= names_in(file, data, "list")
            continue
        if one.name in found:
            message = f"the list `{one.name}` is in `{found[one.name].file}` already"
            problems.append(problem(file, Mark(1, 1), message))
        found[one.name] = one
        if one.noun.feed is not None:
            twin = beside.setdefault(members_file(file), file)
            if twin != file:
                message = f"the list in `{twin}` would have its members in the same place: rename one file"
                problems.append(problem(file, Mark(1, 1), message))
    return found, frozenset(broken)


def _list(file: str, data: bytes, members: bytes | None, problems: list[Problem]) -> ListFile | None:
    """Return the list of one file; None where it is none."""

    def report(wrong: Wrong) -> None:
        problems.append(problem(wrong.file or file, wrong.mark, wrong.message))

    try:
        return list_file(file, data, read(file, data), members, report)
    except PolicyError as error:
        problems.extend(error.problems)
    except Wrong as wrong:
        report(wrong)
    return None


def _policy(file: str, data: bytes, shelf: Shelf, called: OnCall, problems: list[Problem]) -> Policy | None:
    """Return the policy of one file; None where anything is wrong with it."""
    before = len(problems)
    try:
        root = read(file, data)
        if not isinstance(root, Mapping_):
            raise Wrong(
                root.mark, "a policy is a mapping with the keys `policy`, `for`, `match` and `decide`"
            )
        other = what_else(root)
        if other is not None:
            raise Wrong(root.mark, other)
    except PolicyError as error:
        problems.extend(error.problems)
        return None
    except Wrong as wrong:
        problems.append(problem(file, wrong.mark, wrong.message))
        return None
    reader = _PolicyReader(file, root, Shelf(shelf.lists, shelf.broken), called, problems)
    policy = reader.policy(data)
    return policy if len(problems) == before else None


class _PolicyReader:
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
        self._check_keys()
        kinds = self._part("for", _kinds, frozenset[ActionKind]())
        conditions = ConditionReader(self.file, kinds, self.shelf, self._report)
        match = self._part("match", conditions.conjunction, tuple[Condition, ...]())
        unless = self._part("unless", conditions.several, tuple[Condition, ...]())
        inform = self._part("inform", self._chain, None)
        decides = self.root.get("decide") is not None or inform is None
        verb = self._part("decide", _verb, Verb.ESCALATE)
        limits = self._part("limits", lambda node: _limits(node, verb, kinds), Limits())
        named = {name: lists.data for name, lists in self.shelf.lists.items() if name in self.shelf.named}
        return Policy(
            name=self._part("policy", _name, ""),
            description=self._part("description", lambda node: line(node, "a description"), ""),
            owner=self._part("owner", lambda node: line(node, "an owner"), ""),
            kinds=kinds,
            mode=self._part("mode", lambda node: Mode(word(node, "a mode", set(Mode))), Mode.OBSERVE),
            priority=self._part("priority", _priority, 0) if decides else self._informs_only(),
            tenants=self._part("tenants", _tenants, None),
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
            marks={key.text: key.mark for key, _ in self.root.entries},
            digest=_digest([("", data), *sorted(named.items())]),
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
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    if not plain.isalnum() or not name.isascii() or len(name) > 100:
        raise Wrong(node.mark, f"`{shown(name)}` is not a name: use letters, digits, `-`, `_` and `.`")
    return name


def _kinds(node: Node) -> frozenset[ActionKind]:
    if not isinstance(node, Sequence) or not node.items:
        raise Wrong(node.mark, "a list of kinds is asked for, such as `[softDeleteCluster]`")
    return frozenset(
        ActionKind(word(item, "a kind of pending action", set(ActionKind))) for item in node.items
    )


def _tenants(node: Node) -> frozenset[str] | None:
    if not isinstance(node, Sequence) or not node.items:
        raise Wrong(node.mark, "a list of tenant ids is asked for")
    # A name or a domain would never be the tenant that is judged: the policy would sleep.
    return frozenset(guid(item, "a tenant id") for item in node.items)


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
