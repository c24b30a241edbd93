"""What is asked of every policy that decides: a ceiling, facts that are there, an owner, a reason."""

import re
from collections.abc import Iterator
from datetime import datetime

from agent.judge.known import Known
from agent.judge.lint.possible import possible
from agent.judge.lint.rules import Code, remark
from agent.judge.lint.settled import asked, matching
from agent.judge.lint.wording import written
from agent.judge.seen import fact_of
from agent.judge.strict_yaml import shown
from agent.judge.vocabulary import FACTS, Scope
from agent.judge.walk import names_of
from agent.model.decision import Verb
from agent.model.mark import Mark
from agent.model.pending import MAIL_KINDS, ActionKind
from agent.model.policy import All, AnyOf, Condition, Messages, Mode, Moment, Not, Policy, Test
from agent.model.remark import Remark

NO_CEILING = 1_000_000
"""Copies above which a ceiling is none: no tenant has a mailing of that size."""

SIZES = tuple(fact.name for fact in FACTS.values() if fact.is_size)

NOBODY = frozenset(
    [
        "admin",
        "anybody",
        "anyone",
        "asdf",
        "changeme",
        "example",
        "fixme",
        "foo",
        "me",
        "my-team",
        "myself",
        "n/a",
        "na",
        "name",
        "nobody",
        "none",
        "null",
        "owner",
        "placeholder",
        "someone",
        "somebody",
        "tba",
        "tbc",
        "tbd",
        "team",
        "test",
        "todo",
        "unassigned",
        "unknown",
        "unset",
        "user",
        "x",
        "xx",
        "xxx",
        "you",
        "your-team",
        "your-name",
        "yourname",
        "yourteam",
    ]
)
"""What authors write where they have not decided yet."""

_TO_BE_WRITTEN = re.compile(r"(todo|tbd|tba|fixme|changeme|xxx)\b|<.*>|\[.*\]|\{.*\}")
_DOMAIN_OF_EXAMPLES = re.compile(r".*@(.*\.)?example\.(com|org|net)")


def approvals(policy: Policy, now: datetime) -> Iterator[Remark]:
    """Give what the policy lacks of what every policy of its kind should have."""
    yield from _people(policy)
    if policy.verb is not Verb.APPROVE:
        return
    yield from _often_unknown(policy)
    if policy.limits.actions is None and policy.limits.messages is None:
        message = "the policy approves without `limits`: nothing holds it back"
        yield remark(Code.APPROVE_WITHOUT_LIMITS, policy.file, policy.mark_of("decide"), message)
    if ActionKind.SOFT_DELETE_CLUSTER in policy.kinds and not _has_ceiling(policy, now):
        message = "the policy approves clusters of any size"
        yield remark(
            Code.APPROVE_WITHOUT_CEILING,
            policy.file,
            policy.mark_of("match"),
            message,
            _ceiling(policy.kinds),
        )


def _has_ceiling(policy: Policy, now: datetime) -> bool:
    """Whether some count of messages, copies or people cannot be large where the policy matches."""
    where = matching(policy, frozenset({ActionKind.SOFT_DELETE_CLUSTER}))
    if not possible(where, now):
        return True
    return any(not possible([*where, asked(name, "above", NO_CEILING)], now) for name in SIZES)


def _ceiling(kinds: frozenset[ActionKind]) -> str:
    """Return how to add a ceiling to a policy for these kinds: by a count that all of them have."""
    if kinds == {ActionKind.SOFT_DELETE_CLUSTER}:
        return "add `cluster.mailboxCount: {atMost: 200}` to `match`"
    if kinds <= MAIL_KINDS:
        return "add `recipients.count: {atMost: 200}` to `match`"
    return "write a policy of its own for `softDeleteCluster`, with `cluster.mailboxCount: {atMost: 200}`"


def _people(policy: Policy) -> Iterator[Remark]:
    owner = policy.owner.strip().casefold()
    bare = owner.strip(".!?-_*# ")
    if not bare or bare in NOBODY or _TO_BE_WRITTEN.match(owner) or _DOMAIN_OF_EXAMPLES.fullmatch(owner):
        message = f"the owner is `{shown(policy.owner)}`, which is nobody"
        yield remark(Code.OWNER_PLACEHOLDER, policy.file, policy.mark_of("owner"), message)
    if policy.mode is Mode.ENFORCE and not policy.reason and "decide" in policy.marks:
        message = f"the policy enforces `{policy.verb}` without a `reason`"
        yield remark(Code.NO_REASON, policy.file, policy.mark_of("decide"), message)


def _often_unknown(policy: Policy) -> Iterator[Remark]:
    """Give the tests on facts that are often unknown, and on which nothing says what a missing one means."""
    guarded = _known(policy.match)
    told: set[tuple[str, Mark]] = set()
    for condition in (policy.match, *policy.unless):
        for test, name in _open(condition, guarded):
            fact = fact_of(name, Scope.ACTION)
            if (name, test.mark) in told:
                continue
            told.add((name, test.mark))
            message = f"{written(test)} is on a fact that is often unknown: {fact.unknown_when}"
            mend = (
                f"write `all: [{{{name}: {{exists: true}}}}, {{{name}: …}}]`, which fails where it is missing"
            )
            yield remark(Code.OFTEN_UNKNOWN, policy.file, test.mark, message, mend)


def _open(condition: Condition, guarded: frozenset[str]) -> Iterator[tuple[Test, str]]:
    """Give each test of a fact that is often missing, outside of what asks first whether it is there."""
    match condition:
        case Test(operator="exists") | Moment() | Messages():
            return
        case Test():
            yield from (
                (condition, name) for name in names_of(condition) if _is_scarce(name) and name not in guarded
            )
        case All(conditions=conditions) | AnyOf(conditions=conditions):
            inside = guarded | _known(condition)
            for one in conditions:
                yield from _open(one, inside)
        case Not(condition=inner):
            yield from _open(inner, guarded)


def _is_scarce(name: str) -> bool:
    return fact_of(name, Scope.ACTION).known is Known.SELDOM


def _known(condition: All | AnyOf) -> frozenset[str]:
    """Return the facts that are there, or whose absence settles the whole: beside `exists`, in `all` or `any`."""
    settling = isinstance(condition, All)
    return frozenset(
        one.fact
        for one in condition.conditions
        if isinstance(one, Test) and one.operator == "exists" and one.operand is settling
    )
