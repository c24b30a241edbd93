"""What people decided, proposal by proposal -> drafts where they were consistent, and what is left out by why.

Consistent is: nobody decided the opposite on anything of the sort, also not on what the present policies settle, and of what
they leave open people decided so often, and on more than one day, that the true share is not below `SURE`. A domain narrows
a sort where all of it came from one, or where people did not decide all of it alike.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from agent.judge.report.rate import rate
from agent.judge.suggest.lived import WITHIN
from agent.judge.suggest.naming import name_of
from agent.model.decision import Verb
from agent.model.pending import MAIL_KINDS, ActionKind
from agent.model.suggestion import Bounds, Draft, Evidence, Found, LeftOut, Lived, Sort, Why
from agent.model.truth import Certainty

LEAST = 16
"""Proposals that make a draft, where nobody asks otherwise: of fewer that agree the true share may be below `SURE`."""

SURE = 0.8
"""The share of the one decision is not below this, at 95 %."""

DAYS = 2
"""On so many days at least people decided: what one person clicked through in an hour is one decision."""

WINDOW = timedelta(days=1)
"""What the limits of a draft are for."""

REVERSIBLE = frozenset(
    {
        ActionKind.SOFT_DELETE_MESSAGE,
        ActionKind.SOFT_DELETE_CLUSTER,
        ActionKind.DISABLE_FORWARDING,
        ActionKind.DISABLE_USER,
    }
)
"""Kinds that are drafted: what is done for them the agent can take back. For the others, and what is of unknown kind, people
write policies themselves."""

EXAMPLES = 5
"""Proposals that are tried as a typical one, until one shows the draft."""


class Clear(NamedTuple):
    """What people decided on something of one sort, as far as it is known of what sort that is."""

    sort: Sort
    lives: Sequence[Lived]


def found(lives: Sequence[Lived], enough: int, taken: Iterable[str]) -> Found:
    """Return the drafts, and what is left out.

    Args:
        lives: what people decided, in any order.
        enough: proposals that make a draft at least.
        taken: names of present policies.
    """
    named = set(taken)
    drafts: list[Draft] = []
    left: list[LeftOut] = []
    for clear in _sorted(lives, left):
        for one in _looked_at(clear, enough, named):
            if isinstance(one, Draft):
                named.add(one.name)
                drafts.append(one)
            else:
                left.append(one)
    return Found(lives=len(lives), drafts=tuple(drafts), left_out=tuple(left))


def _sorted(lives: Sequence[Lived], left: list[LeftOut]) -> list[Clear]:
    """Return them by their sort, without a domain; what has none is left out."""
    sorts: dict[Sort, list[Lived]] = {}
    kinds: dict[ActionKind, list[Lived]] = {}
    unsaid: list[Lived] = []
    for one in sorted(lives, key=lambda one: (one.truth.at, one.action_id, one.number)):
        if one.kind not in REVERSIBLE:
            kinds.setdefault(one.kind, []).append(one)
        elif one.verdict is None or (one.by is None and one.kind is ActionKind.SOFT_DELETE_CLUSTER):
            unsaid.append(one)
        else:
            sorts.setdefault(Sort(kind=one.kind, by=one.by, verdict=one.verdict), []).append(one)
    for kind in sorted(kinds):
        left.append(_left(Why.KIND, None, kinds[kind], f"`{kind}`"))
    if unsaid:
        left.append(_left(Why.UNSAID, None, unsaid))
    return [Clear(sort, sorts[sort]) for sort in sorted(sorts, key=_place)]


def _place(sort: Sort) -> tuple[str, str, str]:
    return (sort.kind, sort.by or "", sort.verdict)


def _looked_at(clear: Clear, enough: int, taken: set[str]) -> list[Draft | LeftOut]:
    """Return the draft of a sort or why there is none; where people disagreed, those of the domains in it."""
    domains = {one.domains for one in clear.lives}
    only = next(iter(domains)) if len(domains) == 1 else None
    if only is not None and len(only) == 1:
        sort = Sort(
            kind=clear.sort.kind, by=clear.sort.by, verdict=clear.sort.verdict, domain=next(iter(only))
        )
        return [_drafted(Clear(sort, clear.lives), enough, taken)]
    whole = _drafted(clear, enough, taken)
    if isinstance(whole, Draft) or whole.why is not Why.DISAGREED or clear.sort.kind not in MAIL_KINDS:
        return [whole]
    return [whole, *_by_domain(clear, enough, taken)]


def _by_domain(clear: Clear, enough: int, taken: set[str]) -> Iterable[Draft | LeftOut]:
    """Give drafts for single domains; those of which there is too little are told together."""
    few: list[Lived] = []
    count = 0
    for domain, lives in sorted(_domains(clear.lives).items()):
        sort = Sort(kind=clear.sort.kind, by=clear.sort.by, verdict=clear.sort.verdict, domain=domain)
        one = _drafted(Clear(sort, lives), enough, taken)
        if isinstance(one, LeftOut) and one.why is Why.TOO_FEW:
            few += [life for life in lives if life.domains == frozenset({domain})]
            count += 1
            continue
        if isinstance(one, Draft):
            taken.add(one.name)
        yield one
    forged = [one for one in clear.lives if not one.claimed]
    if count:
        words = f"{count:,} sender domains, each too seldom" if count > 1 else "one sender domain, too seldom"
        yield _left(Why.TOO_FEW, clear.sort, few, words)
    if forged:
        yield _left(Why.TOO_FEW, clear.sort, forged, "no sender of them is shown to be who it says")


def _domains(lives: Sequence[Lived]) -> Mapping[str, list[Lived]]:
    """Return what each domain has really sent, also together with others."""
    found: dict[str, list[Lived]] = {}
    for one in lives:
        for domain in one.claimed:
            found.setdefault(domain, []).append(one)
    return found


def _drafted(clear: Clear, enough: int, taken: set[str]) -> Draft | LeftOut:
    sort, lives = clear
    verbs = Counter(one.decided for one in lives)
    if len(verbs) > 1:
        return _left(Why.DISAGREED, sort, lives)
    (verb,) = verbs
    members = [one for one in lives if one.is_open and _is_clear(one, sort)]
    said = rate(len(members), len(members), enough)
    if said is None:
        return _too_few(clear, members, enough)
    if said.low < SURE:
        words = f"the true share may be {said.low:.0%}: {LEAST} that agree are the least that are sure"
        return _left(Why.UNSURE, sort, lives, words)
    days = {one.truth.at.date() for one in members}
    if len(days) < DAYS:
        return _left(Why.ONE_DAY, sort, lives, f"{len(members)} on {days.pop()}")
    return Draft(
        name=name_of(verb, sort, taken),
        verb=verb,
        sort=sort,
        bounds=_bounds(members),
        evidence=Evidence(
            lives=len(members),
            people=len({name for one in members for name in one.truth.by}),
            days=len(days),
            first=members[0].truth.at,
            last=members[-1].truth.at,
            certain=sum(one.truth.certainty is Certainty.CERTAIN for one in members),
            imported=sum(one.number == 0 for one in members),
            rate=said,
        ),
        examples=_examples(members),
    )


def _is_clear(one: Lived, sort: Sort) -> bool:
    """Whether a draft of the sort can decide it: all it goes by is known, and all of it is from the domain."""
    return one.is_whole and (sort.domain is None or one.domains == frozenset({sort.domain}))


def _too_few(clear: Clear, members: Sequence[Lived], enough: int) -> LeftOut:
    """Say why so few are left: the present policies settle the others, too little is known of them, or there are no more."""
    sort, lives = clear
    covered = [one for one in lives if one.is_covered]
    ruled = [one for one in lives if not one.is_covered and not one.is_open]
    vague = [one for one in lives if one.is_open and not _is_clear(one, sort)]
    counts = {Why.COVERED: covered, Why.RULED: ruled, Why.UNSAID: vague}
    why = max(counts, key=lambda why: len(counts[why]))
    if len(members) + len(counts[why]) < enough:
        return _left(Why.TOO_FEW, sort, lives, f"at least {enough} are asked for")
    if why is Why.UNSAID:
        return _left(why, sort, lives, f"of {len(vague)} not all was known")
    names = Counter(name for one in counts[why] for name in one.policies)
    told = ", ".join(f"`{name}`" for name, _ in names.most_common(3))
    return _left(why, sort, lives, f"{len(counts[why])} by {told}")


def _bounds(members: Sequence[Lived]) -> Bounds:
    kind = members[0].kind
    sizes = {
        name: max(one.sizes[name] for one in members)
        for name in members[0].sizes
        if all(name in one.sizes for one in members)
    }
    words = {
        name: tuple(sorted({word for one in members for word in one.words[name]}))
        for name in WITHIN.get(kind, ())
        if all(name in one.words for one in members)
    }
    ordered = sorted(members, key=lambda one: one.at)
    return Bounds(
        sizes=sizes,
        words=words,
        is_dmarc=all(one.is_dmarc for one in members),
        actions=_most(ordered, lambda _: 1),
        messages=_most(ordered, lambda one: max([1, *one.sizes.values()])) if kind in MAIL_KINDS else None,
    )


def _most(ordered: Sequence[Lived], weight: Callable[[Lived], int]) -> int:
    """Return the most that there was within a day, both of its ends counted, as limits count."""
    most = within = first = 0
    for one in ordered:
        within += weight(one)
        while ordered[first].at < one.at - WINDOW:
            within -= weight(ordered[first])
            first += 1
        most = max(most, within)
    return most


def _examples(members: Sequence[Lived]) -> tuple[tuple[str, int], ...]:
    """Return some from the middle of them by size outwards, and last the largest."""
    ordered = sorted(members, key=lambda one: (*one.sizes.values(), one.action_id, one.number))
    middle = len(ordered) // 2
    outwards = sorted(range(len(ordered)), key=lambda at: (abs(at - middle), at))
    chosen = [ordered[at] for at in outwards[:EXAMPLES]]
    return tuple((one.action_id, one.number) for one in (*chosen, ordered[-1]))


def _left(why: Why, sort: Sort | None, lives: Sequence[Lived], words: str = "") -> LeftOut:
    verbs = Counter(one.decided for one in lives)
    return LeftOut(why=why, sort=sort, approved=verbs[Verb.APPROVE], rejected=verbs[Verb.REJECT], words=words)
