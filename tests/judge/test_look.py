"""Whether an effect did what it was to do, from what is read afterwards."""

from datetime import timedelta

import msgspec
import pytest

from agent.judge.look import at_mail, at_quarantine, at_target
from agent.model.defender import Mail
from agent.model.enactment import Effect, EffectKind, Pair
from agent.model.targets import Found, Quarantine
from tests.judge.plans.scenes import ANNA, a_device, a_rule, an_account, on_premises, rules
from tests.makers import NOW, a_copy, some_mail

S = timedelta(seconds=1)


def an_effect(kind: EffectKind, *targets: Pair) -> Effect:
    return Effect(
        id="e", action_id="a", incident_id="1", kind=kind, targets=targets, intended_at=NOW, sent_at=NOW
    )


MAIL = [("inbox_folder", False), ("junkFolder", False), ("others", True)]


@pytest.mark.parametrize(("place", "reached"), MAIL)
def test_mail_is_judged_by_where_it_lies(place: str, reached: bool) -> None:
    copy = a_copy(1, location=place)

    seen = at_mail([an_effect(EffectKind.SOFT_DELETE, copy.pair)], some_mail(copy))

    assert seen == {(EffectKind.SOFT_DELETE, copy.pair): reached}


def test_mail_that_cannot_be_read_is_left_out_and_what_others_delete_is_looked_at_too() -> None:
    sent, theirs, strange = a_copy(1), a_copy(2, location="others"), a_copy(3, location=None)
    effect = an_effect(EffectKind.SOFT_DELETE, sent.pair, strange.pair)

    found = at_mail(
        [effect, an_effect(EffectKind.DISABLE_RULE, ("r", "m"))], some_mail(theirs, strange), [theirs.pair]
    )

    assert found == {(EffectKind.SOFT_DELETE, theirs.pair): True}
    assert at_mail([effect], Mail()) == {}


BOB = "99999999-0000-4000-8000-00000000000b"
HERE = (ANNA, "")
RULE = ("rule-1", ANNA)
THERE = ("identity-1", "S-1-5-21-1")
TARGETS: list[tuple[EffectKind, Pair, Found | None, bool | None]] = [
    (EffectKind.DISABLE_RULE, RULE, rules(a_rule(is_enabled=False)), True),
    (EffectKind.DISABLE_RULE, RULE, rules(a_rule()), False),
    (EffectKind.DISABLE_RULE, RULE, rules(a_rule(is_enabled=None)), False),
    (EffectKind.DISABLE_RULE, RULE, rules(a_rule(id="other")), True),
    (EffectKind.DISABLE_RULE, RULE, None, None),
    (EffectKind.ENABLE_RULE, RULE, rules(a_rule()), True),
    (EffectKind.ENABLE_RULE, RULE, rules(a_rule(is_enabled=False)), False),
    (EffectKind.ENABLE_RULE, RULE, rules(), False),
    (EffectKind.DISABLE_USER, HERE, an_account(account_enabled=False), True),
    (EffectKind.DISABLE_USER, HERE, an_account(), False),
    (EffectKind.DISABLE_USER, HERE, an_account(account_enabled=None), None),
    (EffectKind.ENABLE_USER, HERE, an_account(), True),
    (EffectKind.REVOKE_SESSIONS, HERE, an_account(sessions_valid_from=NOW - 120 * S), True),
    (EffectKind.REVOKE_SESSIONS, HERE, an_account(sessions_valid_from=NOW - 121 * S), False),
    (EffectKind.REVOKE_SESSIONS, HERE, an_account(), None),
    (EffectKind.DISABLE_ACCOUNT, THERE, an_account(on_premises=on_premises(is_enabled=False)), True),
    (EffectKind.DISABLE_ACCOUNT, THERE, an_account(on_premises=on_premises()), False),
    (EffectKind.DISABLE_ACCOUNT, THERE, an_account(on_premises=on_premises(is_enabled=None)), None),
    (EffectKind.DISABLE_ACCOUNT, THERE, an_account(), None),
    (EffectKind.ENABLE_ACCOUNT, THERE, an_account(on_premises=on_premises()), True),
    (EffectKind.RESET_PASSWORD, THERE, an_account(on_premises=on_premises()), None),
    (EffectKind.DISABLE_USER, HERE, a_device(), None),
]


@pytest.mark.parametrize(("kind", "target", "found", "reached"), TARGETS)
def test_rules_and_accounts_are_judged_by_what_they_are_now(
    kind: EffectKind, target: Pair, found: Found | None, reached: bool | None
) -> None:
    seen = at_target(an_effect(kind, target), found)

    assert seen == ({} if reached is None else {(kind, target): reached})


@pytest.mark.parametrize(
    ("kind", "target", "found"),
    [
        (EffectKind.DISABLE_RULE, ("rule-1", BOB), rules()),
        (EffectKind.DISABLE_RULE, ("rule-1", BOB), rules(a_rule(is_enabled=False))),
        (EffectKind.DISABLE_USER, (BOB, ""), an_account(account_enabled=False)),
        (EffectKind.ENABLE_USER, (BOB, ""), an_account()),
        (EffectKind.REVOKE_SESSIONS, (BOB, ""), an_account(sessions_valid_from=NOW)),
        (
            EffectKind.DISABLE_ACCOUNT,
            ("identity-2", "S-1-5-21-2"),
            an_account(on_premises=on_premises(is_enabled=False)),
        ),
    ],
)
def test_what_another_has_become_says_nothing_of_the_target(
    kind: EffectKind, target: Pair, found: Found
) -> None:
    """Evidence may name a mailbox or an account by a name that is somebody else's by now."""
    assert at_target(an_effect(kind, target), found) == {}


def test_sessions_of_a_call_that_never_left_are_not_judged() -> None:
    effect = msgspec.structs.replace(an_effect(EffectKind.REVOKE_SESSIONS, HERE), sent_at=None)

    assert at_target(effect, an_account(sessions_valid_from=NOW)) == {}


@pytest.mark.parametrize(
    ("status", "reached"),
    [
        ("Succeeded", True),
        ("Failed", False),
        ("TimeOut", False),
        ("Cancelled", False),
        ("Pending", None),
        ("InProgress", None),
        ("succeeded", None),
        (None, None),
    ],
)
def test_a_quarantine_is_judged_by_how_its_machine_action_ended(
    status: str | None, reached: bool | None
) -> None:
    effect = an_effect(EffectKind.QUARANTINE_FILE, ("a" * 40, "d"))

    seen = at_quarantine(effect, Quarantine(id="m", status=status))

    assert seen == ({} if reached is None else {(effect.kind, effect.targets[0]): reached})
    assert at_quarantine(effect, None) == {}
