"""A draft -> the file of its policy, with what it rests on as a comment.

It decides below every other policy, and only where everything that it goes by is known: so it overrules none, and makes
nothing undecided that none of them says anything on. It observes until somebody promotes it.
"""

from collections.abc import Iterator

from agent.judge.quote import counted
from agent.judge.remember import AUTHENTIC
from agent.judge.suggest.lived import BY, VERDICT
from agent.judge.suggest.naming import in_words
from agent.judge.written_yaml import Inline, dumped
from agent.model.decision import Verb
from agent.model.suggestion import Bounds, Draft

PRIORITY = -1
"""Below the policies that name none."""

DONE = {Verb.APPROVE: "approved", Verb.REJECT: "rejected"}

HEAD = """\
# yaml-language-server: $schema=schema/policy.schema.json
# Drafted by `air-agent policy suggest`, from what people decided. Read it, change what is not meant, and move it to your
# policies together with its cases: nothing else puts it there. It observes until it is promoted.
#
"""


def policy_text(draft: Draft, owner: str, priority: int) -> bytes:
    """Return the file of the policy."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in _evidence(draft))
    document: dict[str, object] = {
        "policy": draft.name,
        "description": f"Drafted: {draft.verb} {in_words(draft.sort).replace('`', '')}.",
        "owner": owner,
        "for": (draft.sort.kind.value,),
        "mode": "observe",
        "priority": priority,
        "match": match_of(draft),
        "decide": draft.verb.value,
        "reason": _reason(draft),
    }
    if draft.verb is Verb.APPROVE:
        document["limits"] = Inline(_limits(draft.bounds))
    return f"{HEAD}{comment}{dumped(document)}".encode()


def match_of(draft: Draft) -> dict[str, object]:
    """Return the conditions: of what sort it is, and nothing that was not seen.

    Each fact must be there: a draft says nothing where it is not, as it says nothing where another policy does.
    """
    sort, bounds = draft.sort, draft.bounds
    match: dict[str, object] = {VERDICT: _there(equals=sort.verdict)}
    if sort.by is not None:
        match[BY] = _there(equals=sort.by)
    for name, most in bounds.sizes.items():
        match[name] = _there(atMost=most)
    for name, words in bounds.words.items():
        match[name] = _there(**{"in" if name == "mailbox.configurationType" else "allIn": words})
    if sort.domain is not None:
        passed: dict[str, object] = (
            {"auth.dmarc": _there(equals="pass")}
            if bounds.is_dmarc
            else {"any": tuple(Inline({name: _there(equals="pass")}) for name in AUTHENTIC)}
        )
        match["messages"] = {"all": {"sender.domain": _there(equals=sort.domain), **passed}}
    return match


def _there(**test: object) -> Inline:
    return Inline({"exists": True, **test})


def _reason(draft: Draft) -> str:
    evidence = draft.evidence
    return (
        f"people {DONE[draft.verb]} all {evidence.lives} of these that no policy decided, "
        f"from {evidence.first:%Y-%m-%d} to {evidence.last:%Y-%m-%d}"
    )


def _limits(bounds: Bounds) -> dict[str, object]:
    limits: dict[str, object] = {"actions": f"{bounds.actions}/d"}
    if bounds.messages is not None:
        limits["messages"] = f"{bounds.messages}/d"
    return limits


def _evidence(draft: Draft) -> Iterator[str]:
    """Give what it rests on, line by line: nothing but numbers and days."""
    one = draft.evidence
    people = counted(one.people, "person", "people") if one.people else "nobody named"
    certain = (
        "certain of all" if one.certain == one.lives else f"certain of {one.certain:,}, likely of the rest"
    )
    yield "What it rests on:"
    yield f"  actions    {one.lives:,} on which no present policy says anything, all {DONE[draft.verb]}"
    yield "  contrary   none of this sort, not even among what present policies decide"
    yield f"  people     {people}; what they decided is {certain}"
    yield f"  when       on {one.days:,} days from {one.first:%Y-%m-%d} to {one.last:%Y-%m-%d} (UTC)"
    yield f"  rate       {_percent(one.rate.share)}; 95 % interval {_percent(one.rate.low)} to {_percent(one.rate.high)}"
    if one.imported:
        yield f"  imported   {one.imported:,} of them by `air-agent backfill`"
    yield "Sizes and words are those that were seen, and its limits the most that came within 24 hours."


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0") + " %"
