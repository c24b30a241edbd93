"""A draft and examples of it -> the file of its cases: where it acts, and the other side of every condition.

What the set decides on each is not written down from what is meant but from what it does, so that every case holds. What other
drafts would change about a case is not said in it: each draft may be taken up without the others.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from agent.judge.cases import PolicyCase, decision_on, differences, parse_cases
from agent.judge.compile import Judge
from agent.judge.examine import acts
from agent.judge.feed import fed_lists
from agent.judge.situations import plain
from agent.judge.suggest.lived import BY, VERDICT
from agent.judge.vocabulary import WORDS
from agent.judge.written_yaml import Inline, dumped, moment_of
from agent.model.decision import Decision, Match, Verb
from agent.model.facts import Value
from agent.model.pending import MAIL_KINDS
from agent.model.situation import Situation
from agent.model.suggestion import Draft

HEAD = """\
# yaml-language-server: $schema=schema/cases.schema.json
# Made from proposals that people decided. Every address, name and text in it is made up; what the set decides is what it did
# when this was drafted.
"""

TYPICAL, LARGEST = "typical", "largest"

OTHER_DOMAIN = "another-sender.example"

LIKELY = ("suspicious", "noThreatsFound", "inbound", "outbound", "phish", "spam", "url", "similarity")
"""Words of which the first that is another one is taken for the other side of a condition."""

Part = dict[str, object]


class Cases(msgspec.Struct, frozen=True, kw_only=True):
    """A file of cases, and how many there are."""

    text: str
    count: int


def case_text(
    draft: Draft, typical: Situation, largest: Situation, judge: Judge, beside: Judge, taken: Collection[str]
) -> Cases | None:
    """Return the file; None where the draft acts on neither example.

    Args:
        draft: the draft, which is in both sets.
        typical: one that people decided.
        largest: the largest.
        judge: the set with the draft.
        beside: the set with all drafts; what it decides otherwise is left out.
        taken: names of situations that there are.
    """
    names = {name: _free(f"{draft.name}-{name}", taken) for name in (TYPICAL, LARGEST)}
    bases = {names[TYPICAL]: _base(typical)}
    parts = list(_parts(draft, typical))
    if largest != typical:
        bases[names[LARGEST]] = _base(largest)
        parts.insert(1, {"case": "the largest that people decided", "base": names[LARGEST]})
    lists: Part = dict.fromkeys(sorted(fed_lists(judge.policy_set)), ())
    document: Part = {"policy": draft.name, "base": names[TYPICAL], "bases": bases}
    if lists:
        document["given"] = {"lists": lists}
    told = [_told(part, case, judge, beside) for part, case in _read(document, parts)]
    cases = [one for one in told if one is not None]
    if not any(one["policies"] == (draft.name,) and one["decision"] == draft.verb for one in cases):
        return None
    return Cases(text=f"{HEAD}{dumped({**document, 'cases': cases})}", count=len(cases))


def shows(draft: Draft, one: Situation, judge: Judge) -> bool:
    """Whether the draft acts in the situation, within the set."""
    lists: Part = dict.fromkeys(sorted(fed_lists(judge.policy_set)), ())
    document: Part = {"policy": draft.name, "base": TYPICAL, "bases": {TYPICAL: _base(one)}}
    if lists:
        document["given"] = {"lists": lists}
    ((_, case),) = _read(document, [{"case": "it"}])
    return acts(judge.policy(draft.name), decision_on(judge, case))


def _free(name: str, taken: Collection[str]) -> str:
    return name if name not in taken else _free(f"{name}-too", taken)


def _base(one: Situation) -> Part:
    facts = one.facts
    base: Part = {"kind": one.kind.value, "now": moment_of(facts.now), "facts": dict(_inline(facts.values))}
    if facts.messages is not None:
        base["messages"] = [_inline(row) for row in facts.messages]
    return base


def _inline(facts: Mapping[str, Value]) -> Inline:
    return Inline(
        {name: tuple(value) if isinstance(value, list) else value for name, value in plain(facts).items()}
    )


def _parts(draft: Draft, typical: Situation) -> Iterator[Part]:
    """Give the cases without what is decided on them: the example, and each condition's other side."""
    bounds, sort = draft.bounds, draft.sort
    yield {"case": "a typical one that people decided"}
    for name, most in bounds.sizes.items():
        yield {"case": f"one more than the largest `{name}` that was seen", "facts": Inline({name: most + 1})}
        yield {"case": f"`{name}` is not known", "unknown": (name,)}
    yield {"case": "another verdict", "facts": Inline({VERDICT: _other(VERDICT, {sort.verdict})})}
    yield {"case": "the verdict is not known", "unknown": (VERDICT,)}
    if sort.by is not None:
        yield {"case": "a cluster built on something else", "facts": Inline({BY: _other(BY, {sort.by})})}
        yield {"case": "what the cluster is built on is not known", "unknown": (BY,)}
    for name, words in bounds.words.items():
        word = _other(name, words)
        if word:
            value: object = word if name == "mailbox.configurationType" else (word,)
            yield {"case": f"a word in `{name}` that was never seen", "facts": Inline({name: value})}
    if sort.kind in MAIL_KINDS:
        yield {"case": "some messages could not be looked up", "messagesComplete": False}
    if sort.domain is not None:
        yield {
            "case": "in the name of the domain, and not from it",
            "messages": [*_altered(typical, _forged)],
        }
        yield {"case": "another sender", "messages": [*_altered(typical, _of_another)]}


def _other(name: str, words: Collection[str]) -> str:
    """Return a word of the fact that is none of these; nothing where there is none."""
    rest = sorted(WORDS[name] - set(words))
    return next((one for one in LIKELY if one in rest), rest[0] if rest else "")


def _altered(one: Situation, alter: "dict[str, Value]") -> Iterator[Inline]:
    for row in one.facts.messages or ():
        yield _inline({**{name: value for name, value in row.items() if name != "auth.composite"}, **alter})


_forged: dict[str, Value] = {"auth.dmarc": "fail", "auth.composite": "fail"}
_of_another: dict[str, Value] = {"auth.dmarc": "pass", "sender.domain": OTHER_DOMAIN}


def _read(document: Part, parts: Sequence[Part]) -> list[tuple[Part, PolicyCase]]:
    """Return each case as it is read from its file: what is judged here is what is judged there."""
    stand_in: Part = {"decision": "escalate", "policies": ()}
    data = dumped({**document, "cases": [{**part, **stand_in} for part in parts]}).encode()
    return list(zip(parts, parse_cases("drafted.cases.yaml", data).cases, strict=True))


def _told(part: Part, case: PolicyCase, judge: Judge, beside: Judge) -> Part | None:
    """Return the case with what is decided on it; None where other drafts decide it otherwise."""
    decision = decision_on(judge, case)
    reason = _obstacle(decision)
    told = msgspec.structs.replace(
        case, verb=decision.verb, policies=decision.policies, inform=decision.inform, reason=reason
    )
    if differences(told, decision_on(beside, case)):
        return None
    found: Part = {**part, "decision": decision.verb.value, "policies": decision.policies}
    if reason:
        found["reason"] = reason
    if decision.inform:
        found["inform"] = decision.inform
    return found


def _obstacle(decision: Decision) -> tuple[str, ...]:
    """Return, where nothing decides it, a fact that stood in the way, as the reason names it."""
    if decision.verb is not Verb.ESCALATE or decision.policies:
        return ()
    out = (one for one in decision.findings if one.answer is Match.NOT_MATCHED)
    names = (f"`{name}`" for one in out for clause in one.clauses for name in clause.facts)
    return next(((name,) for name in names if name in decision.reason), ())
