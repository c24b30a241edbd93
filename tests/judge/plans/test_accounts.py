"""Accounts: where each lives, and what is done to it there."""

import pytest

from agent.judge.plans.means import Means, Problem
from agent.model.enactment import EffectKind, Plan, Way
from agent.model.pending import ActionKind
from agent.model.targets import Account
from tests.judge.plans.scenes import (
    ANNA,
    a_device,
    account_action,
    an_account,
    covering,
    on_premises,
    planned,
)

THERE = ("identity-1", "S-1-5-21-1")


def steps(plan: Plan) -> list[tuple[EffectKind, tuple[str, str]]]:
    return [(effect.kind, effect.targets[0]) for effect in plan.effects]


def test_a_cloud_account_is_disabled_in_entra_id_and_its_sessions_end() -> None:
    plan = planned(account_action(), an_account())

    assert steps(plan) == [(EffectKind.DISABLE_USER, (ANNA, "")), (EffectKind.REVOKE_SESSIONS, (ANNA, ""))]
    assert [effect.before for effect in plan.effects] == [("true",), ()]
    assert plan.why == "disables the account in Entra ID and revokes its sessions: anna@contoso.example"


@pytest.mark.parametrize("synced", [True, False, None])
def test_an_account_is_disabled_where_it_is_ruled_from(synced: bool | None) -> None:
    plan = planned(account_action(), an_account(is_synced=synced, on_premises=on_premises()))

    first = (EffectKind.DISABLE_ACCOUNT, THERE) if synced else (EffectKind.DISABLE_USER, (ANNA, ""))
    assert steps(plan) == [first, (EffectKind.REVOKE_SESSIONS, (ANNA, ""))]


def test_an_account_that_is_on_premises_alone_has_no_sessions_to_revoke() -> None:
    plan = planned(account_action(), an_account(user_id=None, on_premises=on_premises()))

    assert steps(plan) == [(EffectKind.DISABLE_ACCOUNT, THERE)]


def test_sessions_alone_are_revoked_where_that_is_proposed() -> None:
    plan = planned(account_action(ActionKind.REVOKE_USER_SESSIONS), an_account())

    assert steps(plan) == [(EffectKind.REVOKE_SESSIONS, (ANNA, ""))]


def test_a_password_is_reset_on_premises_alone() -> None:
    there = an_account(is_synced=True, on_premises=on_premises())
    alone = an_account(user_id=None, on_premises=on_premises())

    for account in (there, alone):
        plan = planned(account_action(ActionKind.FORCE_PASSWORD_RESET), account)
        assert steps(plan) == [(EffectKind.RESET_PASSWORD, THERE)]
        assert plan.effects[0].before == ()


HAND_OFFS: list[tuple[ActionKind, Account | Problem | None, str]] = [
    (ActionKind.DISABLE_USER, an_account(account_enabled=None), "whether the account is enabled"),
    (ActionKind.DISABLE_USER, an_account(is_synced=True), "does not show it"),
    (
        ActionKind.DISABLE_USER,
        an_account(is_synced=True, on_premises=on_premises(identity_provider="okta")),
        "is of okta",
    ),
    (
        ActionKind.DISABLE_USER,
        an_account(is_synced=True, on_premises=on_premises(is_enabled=None)),
        "whether the account is enabled on premises",
    ),
    (ActionKind.REVOKE_USER_SESSIONS, an_account(user_id=None), "not in Entra ID"),
    (ActionKind.FORCE_PASSWORD_RESET, an_account(), "no documented API resets"),
    (ActionKind.FORCE_PASSWORD_RESET, an_account(is_synced=True), "does not show it"),
    (ActionKind.DISABLE_USER, None, "account is not there"),
    (ActionKind.DISABLE_USER, Problem(words="graph: away", may_pass=True), "graph: away"),
]


@pytest.mark.parametrize(("kind", "found", "why"), HAND_OFFS)
def test_what_is_not_plain_is_handed_off_with_the_reason(
    kind: ActionKind, found: Account | Problem | None, why: str
) -> None:
    plan = planned(account_action(kind), found)

    assert (plan.way, plan.effects) == (Way.HAND_OFF, ())
    assert why in plan.why
    assert plan.may_pass is (isinstance(found, Problem))


@pytest.mark.parametrize(
    "account",
    [
        an_account(account_enabled=False),
        an_account(is_synced=True, on_premises=on_premises(is_enabled=False)),
    ],
)
def test_an_account_that_is_disabled_needs_nothing(account: Account) -> None:
    plan = planned(account_action(), account)

    assert (plan.way, plan.effects) == (Way.REMEDIATE, ())
    assert "already" in plan.why


@pytest.mark.parametrize("kind", [EffectKind.DISABLE_USER, EffectKind.REVOKE_SESSIONS])
def test_what_another_action_did_to_the_account_is_for_a_person(kind: EffectKind) -> None:
    plan = planned(account_action(), an_account(), covered=covering(kind, (ANNA, ""), by="another"))

    assert (plan.way, plan.effects) == (Way.HAND_OFF, ())


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        (EffectKind.DISABLE_USER, EffectKind.REVOKE_SESSIONS),
        (EffectKind.REVOKE_SESSIONS, EffectKind.DISABLE_USER),
    ],
)
def test_of_what_this_action_has_sent_only_the_rest_is_left(sent: EffectKind, left: EffectKind) -> None:
    action = account_action()

    plan = planned(action, an_account(), covered=covering(sent, (ANNA, ""), by=action.id))

    assert steps(plan) == [(left, (ANNA, ""))]


@pytest.mark.parametrize(
    ("account", "sent"),
    [
        (an_account(account_enabled=False), (EffectKind.DISABLE_USER, (ANNA, ""))),
        (
            an_account(is_synced=True, on_premises=on_premises(is_enabled=False)),
            (EffectKind.DISABLE_ACCOUNT, THERE),
        ),
    ],
)
def test_that_this_action_has_disabled_the_account_does_not_keep_its_sessions_alive(
    account: Account, sent: tuple[EffectKind, tuple[str, str]]
) -> None:
    action = account_action()

    plan = planned(action, account, covered=covering(*sent, by=action.id))

    assert steps(plan) == [(EffectKind.REVOKE_SESSIONS, (ANNA, ""))]


def test_what_this_action_has_sent_whole_is_not_sent_again() -> None:
    action = account_action()
    disabled = covering(EffectKind.DISABLE_USER, (ANNA, ""), by=action.id)
    revoked = covering(EffectKind.REVOKE_SESSIONS, (ANNA, ""), by=action.id)

    plan = planned(action, an_account(), covered={**disabled, **revoked})

    assert (plan.way, plan.effects) == (Way.REMEDIATE, ())
    assert plan.why == "it was sent before and is not sent again"


@pytest.mark.parametrize("kind", [EffectKind.DISABLE_USER, EffectKind.REVOKE_SESSIONS])
def test_an_account_is_not_half_disabled_where_a_permission_is_missing(kind: EffectKind) -> None:
    means = Means(targets_per_call=1, observes=False, missing={kind: "grant X"})

    plan = planned(account_action(), an_account(), means)

    assert (plan.way, plan.why, plan.effects) == (Way.HAND_OFF, "grant X", ())


def test_a_device_is_no_account() -> None:
    assert planned(account_action(), a_device()).way is Way.HAND_OFF
