"""The table of rules: every code that a check can give, how bad it is, why it matters and how to mend it.

Output for machines and the documentation are made from the same rows. A code is for ever: programs filter by it.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from agent.model.errors import Problem
from agent.model.mark import Mark
from agent.model.remark import Remark, Severity


class Code(StrEnum):
    """Which rule."""

    DOES_NOT_LOAD = "does-not-load"
    CASE_FAILS = "case-fails"
    NEVER_MATCHES = "never-matches"
    NEVER_HOLDS = "never-holds"
    ALWAYS_HOLDS = "always-holds"
    REDUNDANT = "redundant"
    SHADOWED = "shadowed"
    OUTVOTED = "outvoted"
    CONFLICT = "conflict"
    KIND_UNREACHABLE = "kind-unreachable"
    APPROVES_TOO_LATE = "approves-too-late"
    ENFORCES_ELSEWHERE = "enforces-elsewhere"
    EXPIRED = "expired"
    EXPIRES_SOON = "expires-soon"
    DATES_PAST = "dates-past"
    MATCHES_WITHOUT_NEED = "matches-without-need"
    PATTERN_CASE = "pattern-case"
    PATTERN_DOT = "pattern-dot"
    APPROVE_WITHOUT_LIMITS = "approve-without-limits"
    APPROVE_WITHOUT_CEILING = "approve-without-ceiling"
    OFTEN_UNKNOWN = "often-unknown"
    OWNER_PLACEHOLDER = "owner-placeholder"
    NO_REASON = "no-reason"
    ON_EMPTY_LIST = "on-empty-list"
    LIST_EMPTY = "list-empty"
    LIST_UNUSED = "list-unused"
    LIST_REVIEW_DUE = "list-review-due"
    LIST_ENTRY_ENDED = "list-entry-ended"
    LIST_ENTRY_ENDS_SOON = "list-entry-ends-soon"
    LIST_ENTRY_TWICE = "list-entry-twice"
    LIST_STALE_TOO_SOON = "list-stale-too-soon"
    CHAIN_UNUSED = "chain-unused"
    CHAIN_ASKS_NOBODY = "chain-asks-nobody"
    CHAIN_WAKES_NOBODY = "chain-wakes-nobody"
    CHAIN_REACHES_NOBODY = "chain-reaches-nobody"
    CHAIN_TOO_LONG = "chain-too-long"
    CHANNEL_UNUSED = "channel-unused"
    NO_CASES = "no-cases"
    CASE_ASSERTS_NOTHING = "case-asserts-nothing"
    CASES_ONE_SIDED = "cases-one-sided"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One row: what is found, why it matters, and how to mend it."""

    code: Code
    severity: Severity
    finds: str
    why: str
    mend: str


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

_ROWS: tuple[tuple[Code, Severity, str, str, str], ...] = (
    (
        Code.DOES_NOT_LOAD,
        _E,
        "a file that is not a policy, list or file of cases as they have to be",
        "one file that does not load keeps the whole set from being used",
        "do what the message says",
    ),
    (
        Code.CASE_FAILS,
        _E,
        "a case that the set does not decide as it says",
        "either the policies or the example is not what its author means",
        "mend the policy, or say in the case what is meant",
    ),
    (
        Code.NEVER_MATCHES,
        _E,
        "a policy whose conditions contradict each other, so that it can never match",
        "a policy that is meant to stop something stops nothing",
        "take one of the contradicting conditions out, or write two policies",
    ),
    (
        Code.NEVER_HOLDS,
        _W,
        "a condition that can never hold",
        "an exception that can never hold protects nothing",
        "mend the condition, or take it out",
    ),
    (
        Code.ALWAYS_HOLDS,
        _W,
        "a condition that can never fail",
        "it looks like a check and is none; where its fact is missing it even makes the policy undecided",
        "take it out, or write `{exists: true}` where the point is that the fact is known",
    ),
    (
        Code.REDUNDANT,
        _W,
        "a condition that says nothing more than another one beside it",
        "the next person changes one of the two, and nothing happens",
        "take the one out that says less",
    ),
    (
        Code.SHADOWED,
        _W,
        "a policy that can never decide, since one of higher priority matches everything that it does",
        "whoever reads it believes that it decides",
        "take it out, narrow the other, or give it a higher priority",
    ),
    (
        Code.OUTVOTED,
        _W,
        "a policy that never gets its way, since another one of its priority matches too and says otherwise",
        "where policies of one priority disagree, a person decides",
        "give one of the two a higher priority",
    ),
    (
        Code.CONFLICT,
        _N,
        "an approving and a rejecting policy of one priority that can match the same pending action",
        "a person decides there, which may be what is meant",
        "give the one that is to prevail a higher priority, or let it be",
    ),
    (
        Code.KIND_UNREACHABLE,
        _W,
        "a policy that can never match for one of the kinds that it is for",
        "whoever reads it believes that the kind is covered",
        "take the kind out of `for`, or mend the conditions",
    ),
    (
        Code.APPROVES_TOO_LATE,
        _W,
        "an approving policy that only matches at or after the deadline",
        "nothing is approved once the seven days are over",
        "ask for an earlier moment",
    ),
    (
        Code.ENFORCES_ELSEWHERE,
        _W,
        "a policy that is to enforce for a kind or a tenant that it is not for",
        "it never judges one, so that nothing comes of it",
        "take it out of `mode`, or name it in `for` or `tenants` too",
    ),
    (
        Code.EXPIRED,
        _W,
        "a policy that has expired",
        "it counts no more, and what it decided goes to a person",
        "give it a later date, or take the file out",
    ),
    (
        Code.EXPIRES_SOON,
        _N,
        "a policy that expires within 14 days",
        "what it decides will go to a person from then on",
        "give it a later date, or let it end",
    ),
    (
        Code.DATES_PAST,
        _W,
        "a condition on dates that are all in the past",
        "a calendar that nobody continued never holds again",
        "add the coming dates, or take the condition out",
    ),
    (
        Code.MATCHES_WITHOUT_NEED,
        _W,
        "a pattern that a plain operator says better",
        "patterns are easily read wrong, and are compared with upper and lower case apart",
        "write the operator that the message names",
    ),
    (
        Code.PATTERN_CASE,
        _W,
        "a pattern with an upper-case letter on an address or a domain",
        "addresses and domains are compared in lower case, so that such a pattern can never match",
        "write the pattern in lower case",
    ),
    (
        Code.PATTERN_DOT,
        _W,
        "a dot in a name of a domain that is not escaped",
        "it stands for any character, so that `evil.example` also allows `evilxexample`",
        "write `\\.`, or use `domainIn`",
    ),
    (
        Code.APPROVE_WITHOUT_LIMITS,
        _W,
        "an approving policy without `limits`",
        "nothing holds it back on the day on which Defender is wrong a thousand times",
        "add `limits: {actions: 20/h}`",
    ),
    (
        Code.APPROVE_WITHOUT_CEILING,
        _W,
        "a policy that approves clusters of any size",
        "one approval may delete mail of the whole organisation",
        "add `cluster.mailboxCount: {atMost: 200}` to `match`",
    ),
    (
        Code.OFTEN_UNKNOWN,
        _W,
        "a condition on a fact that is often unknown, without saying what a missing fact means",
        "where the fact is missing the policy is undecided, and the pending action goes to a person",
        "write `all: [{fact: {exists: true}}, {fact: …}]`, which fails where the fact is missing",
    ),
    (
        Code.OWNER_PLACEHOLDER,
        _W,
        "an owner that is nobody",
        "somebody has to answer for what the policy does",
        "name the team or the address that answers for it",
    ),
    (
        Code.NO_REASON,
        _N,
        "an enforcing policy that does not say why",
        "the reason is told with every decision, to people who were not there when it was written",
        "add `reason`",
    ),
    (
        Code.ON_EMPTY_LIST,
        _N,
        "a condition on a list that has no entries",
        "it can never hold, or, where it asks for none of the list, never fail",
        "add entries to the list, or take the condition out",
    ),
    (
        Code.LIST_EMPTY,
        _W,
        "a list without entries that count",
        "conditions on it never hold",
        "add entries, or take the list and the conditions on it out",
    ),
    (
        Code.LIST_UNUSED,
        _W,
        "a list that no policy names",
        "whoever adds an entry believes that it counts",
        "name it in a policy, or take the file out",
    ),
    (
        Code.LIST_REVIEW_DUE,
        _W,
        "a list whose date of review is past",
        "people leave, and domains change hands",
        "look the list over, and set `review` to the next date",
    ),
    (
        Code.LIST_ENTRY_ENDED,
        _W,
        "an entry of a list that has ended",
        "it is not in the list any more, though it still stands there",
        "take the entry out, or give it a later date",
    ),
    (
        Code.LIST_ENTRY_ENDS_SOON,
        _N,
        "an entry of a list that ends within 14 days",
        "policies that name the list will decide otherwise from then on",
        "give it a later date, or let it end",
    ),
    (
        Code.LIST_ENTRY_TWICE,
        _N,
        "an entry that stands in its list twice",
        "the next person takes one of the two out, and nothing happens",
        "take one out",
    ),
    (
        Code.LIST_STALE_TOO_SOON,
        _W,
        "a fed list that is stale as soon as one refresh fails",
        "what tests it is unknown until the next one, and goes to a person",
        "make `stale` at least twice as long as `refresh`",
    ),
    (
        Code.CHAIN_UNUSED,
        _N,
        "a chain that no policy names, beside others",
        "unless the settings name it, nobody on it is ever told anything",
        "name it in a policy or as `escalation.chain`, or take it out",
    ),
    (
        Code.CHAIN_ASKS_NOBODY,
        _N,
        "a chain without approvers to which questions go",
        "whoever is told can decide in Defender only: no answer to the agent counts",
        "name them, such as `approvers: {from: [role:SecOps.Approver]}`",
    ),
    (
        Code.CHAIN_WAKES_NOBODY,
        _W,
        "a chain to which questions go, all of whose steps are of low urgency",
        "what is low is collected for an hour and told in one digest, at whatever hour that is",
        "give its last step `urgency: high`",
    ),
    (
        Code.CHAIN_REACHES_NOBODY,
        _N,
        "a chain that tells only consoles and files",
        "these are for trying out: nobody on call looks there",
        "put a channel that reaches people into `channels/`, and name it in the steps",
    ),
    (
        Code.CHAIN_TOO_LONG,
        _W,
        "a chain that takes longer than there is until its last chance, however early an action is seen",
        "every step then comes sooner than it says",
        "make its steps or repeats shorter, or `lastChance.before`",
    ),
    (
        Code.CHANNEL_UNUSED,
        _N,
        "a channel that no chain names",
        "nobody is ever paged on it",
        "name it in a chain, or take it out, unless `report.channel` of the settings names it",
    ),
    (
        Code.NO_CASES,
        _W,
        "a policy without cases of its own",
        "nobody has said what it is to do, so that nobody notices when it does something else",
        "write examples beside it, one in which it acts and one in which it does not",
    ),
    (
        Code.CASE_ASSERTS_NOTHING,
        _W,
        "a case that holds whatever stands in the way",
        "it would hold too if the policy were taken out, or if a fact in it were misspelt",
        "name in `reason` what stood in the way",
    ),
    (
        Code.CASES_ONE_SIDED,
        _W,
        "cases that only show where a policy acts, or only where it does not",
        "a policy that matches everything, or nothing, would pass them all",
        "add a case of the other side",
    ),
)

RULES: Mapping[Code, Rule] = {
    code: Rule(code=code, severity=severity, finds=finds, why=why, mend=mend)
    for code, severity, finds, why, mend in _ROWS
}
"""Every rule by its code."""


def remark(code: Code, file: str, mark: Mark, message: str, mend: str = "") -> Remark:
    """Return a remark by this rule, with the rule's own way to mend it where none is given."""
    rule = RULES[code]
    return Remark(
        code=code.value,
        severity=rule.severity,
        file=file,
        line=mark.line,
        column=mark.column,
        message=message,
        mend=mend or rule.mend,
    )


def of_problem(code: Code, problem: Problem) -> Remark:
    """Return what keeps a file from loading, or a case that fails, as a remark; its message says how to mend it."""
    return Remark(
        code=code.value,
        severity=RULES[code].severity,
        file=problem.file,
        line=problem.line,
        column=problem.column,
        message=problem.message,
    )
