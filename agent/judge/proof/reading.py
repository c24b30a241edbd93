"""Claims as authors write them, in `<set>.proofs.yaml` beside the policies.

    proofs: shipped
    never:                              # where `when` holds, this is not decided
      - claim: nobody on the VIP list loses mail without a person
        decide: approve
        kinds: [softDeleteCluster, softDeleteMessage]
        when: {recipients: {anyIn: $vip}}
    always: []                          # where `when` holds, this is decided
    only:                               # this is decided only where `when` holds for certain
      - claim: nothing is deleted from more than 500 mailboxes, or from nobody knows how many
        decide: approve
        kinds: [softDeleteCluster]
        when: {cluster.mailboxCount: {atMost: 500}}
    covered: [removeDelegation]         # every action of these kinds gets a policy that is named
    agreed: [softDeleteCluster]         # no two policies that decide say approve and reject

Conditions are those of policies, lists included.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from agent.judge.conditions import ConditionReader
from agent.judge.layout import PROOFS
from agent.judge.list_files import shelf_of
from agent.judge.literals import Wrong, line, nearest, word
from agent.judge.strict_yaml import Mapping_, Node, Sequence, problem, read, shown
from agent.model.decision import Verb
from agent.model.errors import PolicyError, Problem
from agent.model.pending import ActionKind
from agent.model.policy import Condition
from agent.model.proof import Claim, Form, ProofFile

V = TypeVar("V")

CLAIMS = (Form.NEVER, Form.ALWAYS, Form.ONLY)
PROMISES = (Form.COVERED, Form.AGREED)
KEYS = frozenset({"proofs", "description", *CLAIMS, *PROMISES})
CLAIM = frozenset({"claim", "decide", "kinds", "when"})

_TOLD = {
    Form.COVERED: "every action gets a policy that is named",
    Form.AGREED: "no two policies that decide say approve and reject",
}


def parse_proofs(files: Mapping[str, bytes]) -> tuple[ProofFile, ...]:
    """Return the claims of all files of proofs among these; lists are read from the files of lists.

    Raises:
        PolicyError: with everything that is wrong in any file of proofs.
    """
    found: list[ProofFile] = []
    problems: list[Problem] = []
    for file, data in sorted(files.items()):
        if not file.endswith(PROOFS):
            continue
        reader = _ProofReader(file, files)
        one = reader.file_of(data)
        problems.extend(reader.problems)
        if one is not None and not reader.problems:
            found.append(one)
    if problems:
        unique = {str(each): each for each in problems}
        raise PolicyError(sorted(unique.values(), key=lambda each: (each.file, each.line, each.column)))
    return tuple(found)


def problems_of(files: Mapping[str, bytes]) -> tuple[Problem, ...]:
    """Return everything that is wrong in the files of proofs among these."""
    try:
        parse_proofs(files)
    except PolicyError as error:
        return error.problems
    return ()


class _ProofReader:
    """Reads one file; every claim on its own, so that one that is wrong does not hide another."""

    def __init__(self, file: str, files: Mapping[str, bytes]) -> None:
        self.file = file
        self.files = files
        self.problems: list[Problem] = []
        self.names: dict[str, int] = {}

    def file_of(self, data: bytes) -> ProofFile | None:
        try:
            root = read(self.file, data)
        except PolicyError as error:
            self.problems.extend(error.problems)
            return None
        return self._attempt(partial(self._root, root))

    def _root(self, root: Node) -> ProofFile:
        if not isinstance(root, Mapping_):
            raise Wrong(
                root.mark, "proofs are a mapping with the keys `proofs` and `never`, `always` or `only`"
            )
        self._known(root, KEYS)
        named = root.get("proofs")
        if named is None:
            raise Wrong(root.mark, "`proofs` is missing: it names what is claimed here")
        description = root.get("description")
        if description is not None:
            self._attempt(partial(line, description, "a description"))
        claims: list[Claim] = []
        for form in CLAIMS:
            claims.extend(self._claims(root.get(form), form))
        for form in PROMISES:
            promise = self._attempt(partial(self._promise, root.get(form), form))
            claims.extend([] if promise is None else [promise])
        if not claims and not self.problems:
            raise Wrong(root.mark, "nothing is claimed: write a claim under `never`, `always` or `only`")
        return ProofFile(name=line(named, "a name"), file=self.file, claims=tuple(claims))

    def _claims(self, node: Node | None, form: Form) -> list[Claim]:
        if node is None:
            return []
        if not isinstance(node, Sequence):
            self._report(Wrong(node.mark, "a list of claims is asked for: begin each with `- claim: `"))
            return []
        found = (self._attempt(partial(self._claim, item, form)) for item in node.items)
        return [one for one in found if one is not None]

    def _claim(self, node: Node, form: Form) -> Claim:
        if not isinstance(node, Mapping_):
            raise Wrong(node.mark, "a claim is a mapping with the keys `claim`, `decide`, `kinds` and `when`")
        self._known(node, CLAIM)
        required = ["claim", "decide", "kinds", *(["when"] if form is Form.ONLY else [])]
        missing = [key for key in required if node.get(key) is None]
        if missing:
            raise Wrong(node.mark, f"`{missing[0]}` is missing")
        parts = {key.text: value for key, value in node.entries}
        kinds = _kinds(parts["kinds"])
        name = line(parts["claim"], "what is claimed")
        if name in self.names:
            first = self.names[name]
            raise Wrong(parts["claim"].mark, f"`{shown(name)}` is claimed already, on line {first}")
        self.names[name] = node.mark.line
        return Claim(
            name=name,
            form=form,
            kinds=kinds,
            verb=Verb(word(parts["decide"], "a decision", set(Verb))),
            when=self._when(parts["when"], frozenset(kinds)) if "when" in parts else None,
            file=self.file,
            mark=node.mark,
        )

    def _when(self, node: Node, kinds: frozenset[ActionKind]) -> Condition:
        reader = ConditionReader(self.file, kinds, shelf_of(self.files), self._report)
        return reader.one(node)

    def _promise(self, node: Node | None, form: Form) -> Claim | None:
        if node is None:
            return None
        return Claim(name=_TOLD[form], form=form, kinds=_kinds(node), file=self.file, mark=node.mark)

    def _known(self, node: Mapping_, known: frozenset[str]) -> None:
        for key, _ in node.entries:
            if key.text not in known:
                self._report(Wrong(key.mark, f"unknown key `{shown(key.text)}`{nearest(key.text, known)}"))

    def _attempt(self, reading: Callable[[], V]) -> V | None:
        try:
            return reading()
        except Wrong as wrong:
            self._report(wrong)
            return None

    def _report(self, wrong: Wrong) -> None:
        self.problems.append(problem(wrong.file or self.file, wrong.mark, wrong.message))


def _kinds(node: Node) -> tuple[ActionKind, ...]:
    if not isinstance(node, Sequence) or not node.items:
        raise Wrong(node.mark, "a list of kinds is asked for, such as `[softDeleteCluster]`")
    return tuple(
        dict.fromkeys(
            ActionKind(word(item, "a kind of pending action", set(ActionKind))) for item in node.items
        )
    )
