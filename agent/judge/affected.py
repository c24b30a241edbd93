"""Who is affected by what would be done: their own answer to it does not count.

Recipients, the owner of a mailbox, whoever an account is of, and senders whose own copies would go. Whoever is merely said
to have sent a message is not: an attacker writes that, and could choose by it whose answers count.
"""

from collections.abc import Iterator

from agent.judge import fold
from agent.model.answer import Person
from agent.model.defender import (
    AnalyzedMessageEvidence,
    AnyEvidence,
    MailboxConfigurationEvidence,
    MailboxEvidence,
    UserAccount,
    UserEvidence,
)
from agent.model.enactment import Offer
from agent.model.facts import Facts
from agent.model.pending import PendingAction

SENDERS = ("sender.address", "sender.mailFrom")
"""Facts of a message that name its sender."""


def affected(action: PendingAction, facts: Facts | None, offered: Offer | None) -> frozenset[str]:
    """Return every name by which somebody is known who is affected: addresses, object ids, user principal names."""
    names = [*_of_evidence(action.evidence), *_of_offer(offered)]
    rows = facts.messages or () if facts is not None else ()
    names += [row.get("recipient") for row in rows]
    if offered is not None and any(effect.senders_copy for effect in offered.effects):
        names += [row.get(fact) for row in rows for fact in SENDERS]
    return frozenset(fold.address(name) for name in names if isinstance(name, str) and name)


def is_among(person: Person, names: frozenset[str]) -> bool:
    """Whether the person is known by one of these names."""
    theirs = {fold.address(name) for name in (person.object_id, *person.addresses) if name}
    return not names.isdisjoint(theirs)


def _of_offer(offered: Offer | None) -> Iterator[object]:
    """Give both parts of every target: an address or a user's id is one of them, and the rest names nobody."""
    for effect in offered.effects if offered is not None else ():
        for target in effect.targets:
            yield from target


def _of_evidence(evidence: AnyEvidence | None) -> Iterator[object]:
    match evidence:
        case AnalyzedMessageEvidence():
            yield evidence.recipient_email_address
        case MailboxConfigurationEvidence():
            yield from (
                evidence.mailbox_primary_address,
                evidence.upn,
                evidence.external_directory_object_id,
            )
        case MailboxEvidence():
            yield from (evidence.primary_address, evidence.upn)
        case UserEvidence(user_account=UserAccount() as account):
            yield from (account.azure_ad_user_id, account.user_principal_name)
        case _:
            return
