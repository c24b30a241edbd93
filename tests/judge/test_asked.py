"""What is looked up before something is planned, and what a plan could claim of it."""

import msgspec
import pytest

from agent.judge.asked import asked, claimable
from agent.judge.plans.means import Problem
from agent.model.defender import FileDetails, UserEvidence
from agent.model.enactment import EffectKind
from agent.model.pending import ActionKind, PendingAction
from agent.model.targets import Asked, OfAccount, OfDevice, OfRules
from tests.judge.plans.scenes import (
    ANNA,
    DEVICE,
    SHA1,
    a_device,
    a_rule,
    account_action,
    an_account,
    file_action,
    forwarding,
    on_premises,
    replaced,
    rules,
)
from tests.makers import a_copy, an_action, some_mail

NAMED = OfAccount(user_id=ANNA, user_principal_name="anna@contoso.example", sid=None)
LOOKED_UP: list[tuple[PendingAction, Asked | None]] = [
    (forwarding(), OfRules(mailbox="anna@contoso.example")),
    (forwarding(external_directory_object_id=ANNA), OfRules(mailbox=ANNA)),
    (forwarding(mailbox_primary_address=None, upn="a@contoso.example"), OfRules(mailbox="a@contoso.example")),
    (account_action(), NAMED),
    (account_action(ActionKind.FORCE_PASSWORD_RESET), NAMED),
    (account_action(ActionKind.UNKNOWN), None),
    (file_action(), OfDevice(id=DEVICE)),
    (an_action(), None),
    (msgspec.structs.replace(forwarding(), kind=ActionKind.REMOVE_DELEGATION), None),
    (replaced(account_action(), UserEvidence()), None),
]


@pytest.mark.parametrize(("action", "what"), LOOKED_UP)
def test_only_what_may_be_acted_on_is_looked_up(action: PendingAction, what: Asked | None) -> None:
    assert asked(action) == what


def test_a_mailbox_without_any_name_is_not_looked_up() -> None:
    action = forwarding()
    nameless = forwarding(mailbox_primary_address="x")
    evidence = msgspec.structs.replace(nameless.evidence, mailbox_primary_address=None)  # type: ignore[type-var]

    assert asked(msgspec.structs.replace(action, evidence=evidence)) is None


def test_every_target_that_a_plan_could_have_is_claimable() -> None:
    whole = an_account(on_premises=on_premises())
    there = (("identity-1", "S-1-5-21-1"),)

    assert claimable(forwarding(), None, rules(a_rule(id="x"), a_rule(id="y"))) == {
        EffectKind.DISABLE_RULE: (("x", ANNA), ("y", ANNA))
    }
    assert claimable(account_action(), None, whole) == {
        EffectKind.DISABLE_USER: ((ANNA, ""),),
        EffectKind.REVOKE_SESSIONS: ((ANNA, ""),),
        EffectKind.DISABLE_ACCOUNT: there,
        EffectKind.RESET_PASSWORD: there,
    }
    assert claimable(account_action(), None, an_account(user_id=None)) == {}
    assert claimable(file_action(), None, a_device()) == {EffectKind.QUARANTINE_FILE: ((SHA1, DEVICE),)}
    assert claimable(an_action(), some_mail(a_copy(1)), None) == {EffectKind.SOFT_DELETE: (a_copy(1).pair,)}


def test_what_cannot_be_read_claims_nothing() -> None:
    assert claimable(forwarding(), None, Problem(words="away")) == {}
    assert claimable(an_action(), None, None) == {}
    assert claimable(an_action(), some_mail(a_copy(1, location="others")), None) == {}


def test_a_file_without_a_hash_claims_nothing_real() -> None:
    nameless = file_action(file_details=FileDetails(file_name="x"))
    fileless = replaced(file_action(), msgspec.structs.replace(nameless.evidence, file_details=None))  # type: ignore[type-var,arg-type]

    assert claimable(nameless, None, a_device()) == {EffectKind.QUARANTINE_FILE: (("", DEVICE),)}
    assert claimable(fileless, None, a_device()) == {EffectKind.QUARANTINE_FILE: (("", DEVICE),)}
