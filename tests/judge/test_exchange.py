"""Commands for Exchange Online PowerShell, over mailboxes with names that an attacker chose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.exchange import QUOTES, NotQuotable, commands, quoted
from agent.model.defender import PENDING_APPROVAL, MailboxConfigurationEvidence
from agent.model.enactment import Record, State
from tests.makers import a_cluster, an_action

ID = "0a1b2c3d-0000-4000-8000-00000000000f"


def a_record(
    of: str = "mailForwardingRule",
    *,
    mailbox_primary_address: str | None = None,
    upn: str | None = None,
    external_directory_object_id: str | None = None,
) -> Record:
    evidence = MailboxConfigurationEvidence(
        remediation_status=PENDING_APPROVAL,
        configuration_type=of,
        mailbox_primary_address=mailbox_primary_address,
        upn=upn,
        external_directory_object_id=external_directory_object_id,
    )
    return Record(action=an_action(evidence), state=State.HANDED_OFF, due=None)


def test_forwarding_is_shown_first_and_then_turned_off() -> None:
    found = commands(a_record(mailbox_primary_address="anna@contoso.example"))

    assert found[:2] == (
        (
            "Get-Mailbox -Identity 'anna@contoso.example' | Format-List"
            " ForwardingSmtpAddress,ForwardingAddress,DeliverToMailboxAndForward"
        ),
        (
            "Set-Mailbox -Identity 'anna@contoso.example' -ForwardingSmtpAddress $null -ForwardingAddress $null"
            " -DeliverToMailboxAndForward $false"
        ),
    )


def test_an_inbox_rule_is_shown_asked_for_and_disabled() -> None:
    rule = commands(a_record("userInboxRule", upn="anna@contoso.example"))

    assert rule == (
        (
            "Get-InboxRule -Mailbox 'anna@contoso.example' | Format-List"
            " Name,Identity,Enabled,ForwardTo,ForwardAsAttachmentTo,RedirectTo"
        ),
        "$rule = Read-Host 'Identity of the rule to turn off'",
        "Disable-InboxRule -Mailbox 'anna@contoso.example' -Identity $rule",
    )
    assert commands(a_record(upn="anna@contoso.example"))[2:] == rule


def test_delegation_asks_once_for_the_delegate_that_evidence_does_not_name() -> None:
    found = commands(a_record("mailDelegation", upn="anna@contoso.example"))

    assert found[3:] == (
        "$delegate = Read-Host 'delegate to remove'",
        "Remove-MailboxPermission -Identity 'anna@contoso.example' -User $delegate -AccessRights FullAccess",
        "Remove-RecipientPermission -Identity 'anna@contoso.example' -Trustee $delegate -AccessRights SendAs",
        "Set-Mailbox -Identity 'anna@contoso.example' -GrantSendOnBehalfTo @{Remove=$delegate}",
    )


def test_a_quote_in_an_address_is_doubled() -> None:
    found = commands(a_record(mailbox_primary_address="o'brien@contoso.example"))

    assert "-Identity 'o''brien@contoso.example' " in found[1]


def test_a_mailbox_without_a_plain_address_goes_by_its_object_id() -> None:
    found = commands(a_record(mailbox_primary_address="*", external_directory_object_id=ID))

    assert f"-Identity '{ID}' " in found[1]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "*",
        "*@contoso.example",
        "anna",
        "anna@contoso.example; Remove-Mailbox x",
        "anna@contoso.example\n",
        "$(calc)@contoso.example",
        "a`b@contoso.example",
        "\u2019@contoso.example",
        "\u202eanna@contoso.example",
        "\u3164@contoso.example",
        "a\x00@contoso.example",
    ],
)
def test_a_name_that_is_no_plain_address_gives_no_command(name: str) -> None:
    assert commands(a_record(mailbox_primary_address=name, external_directory_object_id=name, upn=name)) == ()


def test_other_actions_have_no_command() -> None:
    cluster = Record(action=an_action(a_cluster()), state=State.HANDED_OFF, due=None)

    assert commands(cluster) == ()
    assert commands(a_record("owaSettings", upn="anna@contoso.example")) == ()


@pytest.mark.parametrize("quote", list(QUOTES))
def test_every_quote_that_powershell_knows_is_doubled(quote: str) -> None:
    assert quoted(f"a{quote}b") == f"'a{quote}{quote}b'"


@pytest.mark.parametrize("text", ["", "a\nb", "\x1b[2J", "\u202e", "a\u200bb", "\x7f"])
def test_what_cannot_be_seen_is_refused(text: str) -> None:
    with pytest.raises(NotQuotable):
        quoted(text)


@given(st.text(min_size=1).filter(str.isprintable))
def test_no_text_ends_its_quotes_early(text: str) -> None:
    found = quoted(text)

    inside = found[1:-1]
    assert (found[0], found[-1]) == ("'", "'")
    while inside:
        # As PowerShell reads it: a quote inside single quotes stands only where another one follows.
        length = 2 if inside[0] in QUOTES else 1
        assert length == 1 or inside[1] in QUOTES
        inside = inside[length:]
