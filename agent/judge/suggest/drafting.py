"""(Drafts, examples of them, the present set) -> their files, as far as the set with all of them passes its check."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from agent.judge.compile import Judge, compile_set
from agent.judge.layout import CASES, is_situation, stem
from agent.judge.parse import parse_set
from agent.judge.quote import shorten
from agent.judge.suggest.case_text import Cases, case_text, shows
from agent.judge.suggest.examples import example, reads_of
from agent.judge.suggest.policy_text import PRIORITY, policy_text
from agent.model.decision import Verb
from agent.model.facts import Facts
from agent.model.policy import PolicySet
from agent.model.remark import Remark, Severity
from agent.model.situation import Situation
from agent.model.suggestion import Draft, LeftOut, Why

LOWEST = -1_000

MOST_WORDS = 300
"""Characters of what a check says against a draft."""

Files = Mapping[str, bytes]
Check = Callable[[Files], Iterable[Remark]]
"""Returns everything found in a set of these files, by their paths."""


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What drafts are added to: the files of the present policies, in their folder, and who is to own a draft."""

    files: Files
    folder: str
    owner: str


class Drafted(msgspec.Struct, frozen=True, kw_only=True):
    """A draft as files, and what its check says of them that is no error."""

    draft: Draft
    policy: str
    cases: str
    count: int
    """How many cases."""
    remarks: tuple[Remark, ...] = ()


def policies_of(drafts: Iterable[Draft], ground: Ground) -> Mapping[str, bytes]:
    """Return the files of the drafts' policies, by their paths in the folder."""
    lowest = _priority(parse_set(ground.files))
    return {_path(ground, one.name): policy_text(one, ground.owner, lowest) for one in drafts}


def drafted(
    drafts: Sequence[Draft], facts: Mapping[tuple[str, int], Facts], ground: Ground, check: Check
) -> tuple[tuple[Drafted, ...], tuple[LeftOut, ...]]:
    """Return the drafts as files, and those that are left out since the set would not pass with them.

    Args:
        drafts: what is to be written.
        facts: those of their examples.
        ground: what they are added to.
        check: how a set is checked.
    """
    present = _errors(check(ground.files))
    left: list[LeftOut] = []
    some = _with_cases(drafts, facts, ground, left)
    while some:
        files = _files(some, ground)
        found = [one for one in check({**ground.files, **files}) if one not in present]
        if not _errors(found):
            return tuple(_remarked(one, found, ground) for one in some), tuple(left)
        fine = [one for one in some if not _is_wrong(one, ground, check, present, left)]
        some = fine if len(fine) < len(some) else _but_the_last(some, found, left)
    return (), tuple(left)


def _with_cases(
    drafts: Sequence[Draft], facts: Mapping[tuple[str, int], Facts], ground: Ground, left: list[LeftOut]
) -> list[Drafted]:
    policies = policies_of(drafts, ground)
    beside = compile_set(parse_set({**ground.files, **policies}))
    taken = frozenset(stem(file) for file in ground.files if is_situation(file))
    some: list[Drafted] = []
    for one in drafts:
        path = _path(ground, one.name)
        judge = compile_set(parse_set({**ground.files, path: policies[path]}))
        cases = _cases(one, facts, judge, beside, taken)
        if cases is None:
            words = "without personal values no example of it was decided by the draft"
            left.append(_left(Why.NO_EXAMPLE, one, words))
        else:
            some.append(
                Drafted(draft=one, policy=policies[path].decode(), cases=cases.text, count=cases.count)
            )
    return some


def _cases(
    draft: Draft,
    facts: Mapping[tuple[str, int], Facts],
    judge: Judge,
    beside: Judge,
    taken: frozenset[str],
) -> Cases | None:
    reads = reads_of(judge.policy_set.policies, draft.sort.kind)
    made: list[Situation] = [
        example(draft.sort.kind, facts[place], reads, draft.sort.domain)
        for place in draft.examples
        if place in facts
    ]
    showing = [one for one in made if shows(draft, one, judge)]
    if not showing:
        return None
    return case_text(draft, showing[0], showing[-1], judge, beside, taken)


def _is_wrong(
    one: Drafted, ground: Ground, check: Check, present: frozenset[Remark], left: list[LeftOut]
) -> bool:
    """Whether the set does not pass with this one alone, which then is told."""
    errors = _errors(check({**ground.files, **_files([one], ground)})) - present
    if errors:
        left.append(_left(Why.CHECK, one.draft, _first(errors)))
    return bool(errors)


def _but_the_last(some: Sequence[Drafted], found: Iterable[Remark], left: list[LeftOut]) -> list[Drafted]:
    """Return all but one of several that pass by themselves and not together."""
    left.append(_left(Why.CHECK, some[-1].draft, _first(_errors(found))))
    return list(some[:-1])


def _remarked(one: Drafted, found: Iterable[Remark], ground: Ground) -> Drafted:
    own = _files([one], ground)
    return msgspec.structs.replace(one, remarks=tuple(each for each in found if each.file in own))


def _errors(found: Iterable[Remark]) -> frozenset[Remark]:
    return frozenset(one for one in found if one.severity is Severity.ERROR)


def _first(errors: frozenset[Remark]) -> str:
    one = min(errors, key=lambda each: (each.file, each.line, each.column, each.message))
    return shorten(f"{one.file}:{one.line}: {one.message}", MOST_WORDS)


def _files(some: Iterable[Drafted], ground: Ground) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for one in some:
        path = _path(ground, one.draft.name)
        found[path] = one.policy.encode()
        found[path.removesuffix(".yaml") + CASES] = one.cases.encode()
    return found


def _path(ground: Ground, name: str) -> str:
    return f"{ground.folder.rstrip('/')}/{name}.yaml"


def _priority(policies: PolicySet) -> int:
    """Return a priority below that of every present policy that decides."""
    lowest = min((one.priority for one in policies.policies if one.decides), default=0)
    return max(LOWEST, min(lowest - 1, PRIORITY))


def _left(why: Why, draft: Draft, words: str) -> LeftOut:
    is_approved = draft.verb is Verb.APPROVE
    lives = draft.evidence.lives
    return LeftOut(
        why=why,
        sort=draft.sort,
        approved=lives if is_approved else 0,
        rejected=0 if is_approved else lives,
        words=words,
    )
