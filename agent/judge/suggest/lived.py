"""(A proposal, what was known of it before people decided, the present policies) -> what a draft may go by.

Sender domains count where they are authentic, as everywhere: whoever forges a partner's address must not make a policy for
the partner.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from agent.judge import fold
from agent.judge.compile import Judge
from agent.judge.copies import domain_of
from agent.judge.decide import combine
from agent.judge.remember import is_authentic
from agent.judge.vocabulary import WORDS
from agent.model.decision import Verb
from agent.model.facts import Facts, Value
from agent.model.pending import MAIL_KINDS, ActionKind
from agent.model.report import Compared
from agent.model.suggestion import Lived
from agent.model.truth import Truth

TENANT, VERDICT, BY = "tenant.id", "evidence.verdict", "cluster.by"

SIZES: Mapping[ActionKind, tuple[str, ...]] = {
    ActionKind.SOFT_DELETE_CLUSTER: ("cluster.mailboxCount", "recipients.count"),
    ActionKind.SOFT_DELETE_MESSAGE: ("recipients.count",),
}
"""Counts of which a draft allows no more than was seen."""

WITHIN: Mapping[ActionKind, tuple[str, ...]] = {
    ActionKind.SOFT_DELETE_CLUSTER: ("threats", "directions"),
    ActionKind.SOFT_DELETE_MESSAGE: ("threats", "directions"),
    ActionKind.DISABLE_FORWARDING: ("mailbox.configurationType",),
}
"""Facts of which a draft allows no word that was not seen."""

DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)+")
"""What a draft may name: labels of letters and digits. So a domain is never a list's `$name`, nor anything else."""

LONGEST = 253

NOTHING: Mapping[str, int] = MappingProxyType({})


def lived(one: Compared, truth: Truth, facts: Facts, judge: Judge) -> Lived:
    """Return what a draft may go by.

    Args:
        one: the proposal.
        truth: what people decided; known.
        facts: what was known when policies decided, before people did.
        judge: the present policies.
    """
    kind = one.kind
    is_complete = kind not in MAIL_KINDS or (facts.messages_complete and bool(facts.messages))
    rows = facts.messages or ()
    sizes = {name: size for name in SIZES.get(kind, ()) if (size := _count(facts, name)) is not None}
    words = {name: some for name in WITHIN.get(kind, ()) if (some := _words(facts, name))}
    by, verdict = _word(facts, BY), _word(facts, VERDICT)
    verb, policies = decided(judge, kind, facts)
    return Lived(
        action_id=one.action_id,
        number=one.number,
        at=facts.now,
        truth=truth,
        kind=kind,
        by=by if kind is ActionKind.SOFT_DELETE_CLUSTER else None,
        verdict=verdict,
        domains=_domains(rows) if is_complete and kind in MAIL_KINDS else None,
        claimed=frozenset(domain for row in rows if is_authentic(row) and (domain := _domain(row))),
        is_dmarc=bool(rows) and all(row.get("auth.dmarc") == "pass" for row in rows),
        sizes=sizes if is_complete else NOTHING,
        words=words,
        is_whole=is_complete
        and verdict is not None
        and len(sizes) == len(SIZES.get(kind, ()))
        and (by is not None or kind is not ActionKind.SOFT_DELETE_CLUSTER),
        verb=verb,
        policies=policies,
    )


def decided(judge: Judge, kind: ActionKind, facts: Facts) -> tuple[Verb, tuple[str, ...]]:
    """Return what the policies say together, observing ones counted, and which of them settle it."""
    tenant = str(facts.values.get(TENANT, ""))
    answers = judge.evaluate(kind, tenant, facts)
    matched, undecided = (
        [one for one in some if one.enforces(kind, tenant, enforces_observers=True)]
        for some in (answers.matched, answers.undecided)
    )
    combined = combine(matched, undecided)
    settling = (*combined.deciding, *combined.undecided)
    return combined.verb, tuple(sorted(one.policy.name for one in settling))


def _count(facts: Facts, name: str) -> int | None:
    value = facts.values.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _word(facts: Facts, name: str) -> str | None:
    """Return a word that this version knows; None for every other."""
    value = facts.values.get(name)
    return value if isinstance(value, str) and value in WORDS[name] else None


def _words(facts: Facts, name: str) -> frozenset[str]:
    """Return the words of a fact; nothing where there are none, or one is not known."""
    value = facts.values.get(name)
    some = frozenset({value}) if isinstance(value, str) else value
    return some if isinstance(some, frozenset) and some <= WORDS[name] else frozenset()


def _domains(rows: Iterable[Mapping[str, Value]]) -> frozenset[str] | None:
    """Return the domains of all senders; None where one of them is not known or may be forged."""
    found = {_domain(row) if is_authentic(row) else None for row in rows}
    return frozenset(domain for domain in found if domain) if found and None not in found else None


def _domain(row: Mapping[str, Value]) -> str | None:
    """Return the domain that people see, as domains are compared; None where none is given, or it is none."""
    value = row.get("sender.domain") or domain_of(str(row.get("sender.address", "")))
    return domain_seen(value) if isinstance(value, str) else None


def domain_seen(text: str) -> str | None:
    """Return the domain as domains are compared; None where it is none that a draft may name."""
    name = fold.domain(text)
    return name if len(name) <= LONGEST and DOMAIN.fullmatch(name) else None
