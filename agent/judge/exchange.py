"""What a person runs in Exchange Online PowerShell where Graph has no call: a mailbox's own forwarding, and delegation.

A mailbox's name comes from evidence, so that it is an attacker's to choose as far as Defender lets it through. It is
put between single quotes, in which PowerShell expands nothing, and only a name that is an object id or a plain address
is taken at all: nobody should have to read a command twice before running it.

Source: Set-Mailbox, Disable-InboxRule, Remove-MailboxPermission, Remove-RecipientPermission and their Get-
counterparts in the Exchange Online PowerShell reference; about_Quoting_Rules, and the characters that PowerShell takes for a single quote.
"""

import re

from agent.judge.literals import GUID
from agent.model.defender import MailboxConfigurationEvidence
from agent.model.enactment import Record

QUOTES = "'\u2018\u2019\u201a\u201b"
"""Characters that end a text in single quotes: PowerShell takes typographic ones for the plain one."""

_ADDRESS = re.compile(r"[A-Za-z0-9!#%&'+/=^_{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
"""Without `*` and `?`, which would be patterns for many mailboxes, and without what is special to PowerShell."""


class NotQuotable(ValueError):
    """A text may not stand in a command: it holds a character that shows as nothing or does something."""


def quoted(text: str) -> str:
    """Return the text as one PowerShell argument: between single quotes, those inside it doubled.

    Raises:
        NotQuotable: it is empty, or holds a character that cannot be seen.
    """
    if not text or not text.isprintable():
        raise NotQuotable("the text is empty or holds characters that cannot be seen")
    return "'" + "".join(letter * 2 if letter in QUOTES else letter for letter in text) + "'"


def commands(record: Record) -> tuple[str, ...]:
    """Return what to run instead of approving, line by line; nothing where no cmdlet does it or the mailbox is unclear."""
    evidence = record.action.evidence
    if not isinstance(evidence, MailboxConfigurationEvidence):
        return ()
    mailbox = _mailbox(evidence)
    if mailbox is None:
        return ()
    match evidence.configuration_type:
        case "mailForwardingRule":
            # Whether it means the mailbox's own forwarding or a rule is UNCONFIRMED: both are looked at.
            return (*_forwarding_off(quoted(mailbox)), *_rule_off(quoted(mailbox)))
        case "userInboxRule":
            return _rule_off(quoted(mailbox))
        case "mailDelegation":
            return _delegation_off(quoted(mailbox))
        case _:
            return ()


def _mailbox(evidence: MailboxConfigurationEvidence) -> str | None:
    """Return a name of the mailbox that cmdlets document; None where none is a plain address or an object id."""
    for name in (evidence.mailbox_primary_address, evidence.upn):
        if name is not None and _ADDRESS.fullmatch(name):
            return name
    return (
        evidence.external_directory_object_id
        if GUID.fullmatch(evidence.external_directory_object_id or "")
        else None
    )


def _forwarding_off(mailbox: str) -> tuple[str, ...]:
    """The first line shows what is there now, which is what to set again if it was wrong."""
    return (
        (
            f"Get-Mailbox -Identity {mailbox} | Format-List"
            " ForwardingSmtpAddress,ForwardingAddress,DeliverToMailboxAndForward"
        ),
        (
            f"Set-Mailbox -Identity {mailbox} -ForwardingSmtpAddress $null -ForwardingAddress $null"
            " -DeliverToMailboxAndForward $false"
        ),
    )


def _rule_off(mailbox: str) -> tuple[str, ...]:
    """That evidence names a rule by an identity that Exchange knows is UNCONFIRMED: it is shown, and asked for once."""
    return (
        (
            f"Get-InboxRule -Mailbox {mailbox} | Format-List"
            " Name,Identity,Enabled,ForwardTo,ForwardAsAttachmentTo,RedirectTo"
        ),
        "$rule = Read-Host 'Identity of the rule to turn off'",
        f"Disable-InboxRule -Mailbox {mailbox} -Identity $rule",
    )


def _delegation_off(mailbox: str) -> tuple[str, ...]:
    """Evidence does not say who the delegate is: the first lines show it, and then it is asked for once."""
    return (
        (
            f"Get-MailboxPermission -Identity {mailbox} | Where-Object {{ -not $_.IsInherited }} |"
            " Format-Table User,AccessRights"
        ),
        f"Get-RecipientPermission -Identity {mailbox} | Format-Table Trustee,AccessRights",
        f"Get-Mailbox -Identity {mailbox} | Format-List GrantSendOnBehalfTo",
        "$delegate = Read-Host 'delegate to remove'",
        f"Remove-MailboxPermission -Identity {mailbox} -User $delegate -AccessRights FullAccess",
        f"Remove-RecipientPermission -Identity {mailbox} -Trustee $delegate -AccessRights SendAs",
        f"Set-Mailbox -Identity {mailbox} -GrantSendOnBehalfTo @{{Remove=$delegate}}",
    )
