"""Who is affected, and whom an attacker cannot make so."""

import msgspec
import pytest

from agent.judge.affected import affected, is_among
from agent.model.defender import (
    AnyEvidence,
    MailboxConfigurationEvidence,
    MailboxEvidence,
    UrlEvidence,
    UserEvidence,
)
from agent.model.enactment import EffectKind
from agent.model.facts import Facts
from tests.makers import NOW, a_message, a_user, an_action
from tests.persons import EVE, an_offer

FACTS = Facts(
    now=NOW,
    values={},
    messages=(
        {
            "recipient": "Bob@Contoso.example",
            "sender.address": "eve@contoso.example",
            "sender.mailFrom": "m@x.example",
        },
        {"sender.address": "dan@contoso.example"},
    ),
)


@pytest.mark.parametrize(
    ("evidence", "names"),
    [
        (a_message(recipient="Anna@Contoso.example"), {"anna@contoso.example"}),
        (a_message(recipient=None), set()),
        (
            MailboxConfigurationEvidence(
                mailbox_primary_address="box@contoso.example",
                upn="u@contoso.example",
                external_directory_object_id="id-1",
            ),
            {"box@contoso.example", "u@contoso.example", "id-1"},
        ),
        (MailboxEvidence(primary_address="p@contoso.example", upn=None), {"p@contoso.example"}),
        (a_user(object_id="ID-2"), {"id-2", "carla@contoso.example"}),
        (UserEvidence(), set()),
        (UrlEvidence(url="https://x.example"), set()),
        (None, set()),
    ],
)
def test_whose_mailbox_or_account_it_is_is_affected(evidence: AnyEvidence | None, names: set[str]) -> None:
    action = msgspec.structs.replace(an_action(), evidence=evidence)

    assert affected(action, None, None) == names


def test_recipients_are_affected_and_whoever_is_said_to_have_sent_it_is_not() -> None:
    found = affected(an_action(), FACTS, an_offer(("m", "Carl@Contoso.example")))

    assert {"bob@contoso.example", "carl@contoso.example"} <= found
    assert not is_among(EVE, found)


def test_senders_are_affected_where_their_own_copy_would_go() -> None:
    found = affected(an_action(), FACTS, an_offer(("m", "x@contoso.example"), copies=True))

    assert is_among(EVE, found)
    assert {"dan@contoso.example", "m@x.example"} <= found


def test_the_owner_of_a_rule_is_affected_by_their_object_id() -> None:
    found = affected(an_action(), None, an_offer(("rule", EVE.object_id), kind=EffectKind.DISABLE_RULE))

    assert is_among(EVE, found)
