"""Whether a rule or an account may be switched on again."""

import msgspec
import pytest

from agent.judge.restore import restorable
from agent.model.enactment import EffectKind
from agent.model.targets import Account, Found, IdentityAccount, InboxRule, Rules

RULE, USER = ("r", "u"), ("u", "")
THERE = ("ia", "acc")
WAS = '{"@odata.etag":"1","actions":{"forwardTo":["x"]},"displayName":"f","isEnabled":true,"sequence":1}'
IS = '{"actions":{"forwardTo":["x"]},"displayName":"f","hasError":false,"isEnabled":false,"sequence":2}'
UNTOUCHED = (None, "")
UNREADABLE = "how it is now cannot be read: undo it again later"
NOT_THERE = "it is not there any more, or not for this app to see"
NOT_RECORDED = "what it was before was not recorded: a person decides whether it is switched on again"


def a_rule(
    *, enabled: bool | None = False, raw: str = IS, read_only: bool = False, name: str = "r", user: str = "u"
) -> Rules:
    rule = InboxRule(id=name, is_enabled=enabled, is_read_only=read_only, raw=raw)
    return Rules(user_id=user, address="anna@contoso.example", rules=(rule,), domains=None)


def an_account(enabled: bool | None = False, *, user: str = "u") -> Account:
    return Account(user_id=user, account_enabled=enabled)


def there(enabled: bool | None = False, *, name: str = "ia") -> Account:
    known = IdentityAccount(
        id=name, account_id="acc", identity_provider="activeDirectory", is_enabled=enabled
    )
    return Account(user_id="u", on_premises=known)


@pytest.mark.parametrize(
    ("before", "found", "told"),
    [
        (WAS, a_rule(), (EffectKind.ENABLE_RULE, "")),
        (WAS, a_rule(enabled=True), UNTOUCHED),
        (WAS.replace("true", "false"), a_rule(), UNTOUCHED),
        (WAS.replace("true", "null"), a_rule(), UNTOUCHED),
        ("", a_rule(), (None, NOT_RECORDED)),
        ("[1]", a_rule(), (None, NOT_RECORDED)),
        (WAS, a_rule(enabled=None), (None, UNREADABLE)),
        (WAS, a_rule(raw="{"), (None, UNREADABLE)),
        (WAS, a_rule(name="other"), (None, "somebody has removed the rule since, and it is not made anew")),
        (WAS, a_rule(user="other"), (None, NOT_THERE)),
        (WAS, None, (None, NOT_THERE)),
        (
            WAS,
            a_rule(read_only=True),
            (None, "the rule cannot be changed through Graph: a person switches it on"),
        ),
        (
            WAS,
            a_rule(raw=IS.replace('["x"]', '["y"]')),
            (None, "somebody has changed the rule since: a person decides whether it is switched on again"),
        ),
        (
            WAS,
            a_rule(raw=IS.replace('"f"', '"f","conditions":{}')),
            (None, "somebody has changed the rule since: a person decides whether it is switched on again"),
        ),
    ],
)
def test_a_rule_is_switched_on_only_as_it_was(
    before: str, found: Found | None, told: tuple[EffectKind | None, str]
) -> None:
    assert restorable(EffectKind.DISABLE_RULE, RULE, before, found) == told


@pytest.mark.parametrize(
    ("before", "enabled", "told"),
    [
        ("true", False, True),
        ("true", True, UNTOUCHED),
        ("true", None, (None, UNREADABLE)),
        ("false", False, UNTOUCHED),
        ("", False, (None, NOT_RECORDED)),
        ("yes", False, (None, NOT_RECORDED)),
    ],
)
def test_an_account_is_enabled_only_where_it_was(
    before: str, enabled: bool | None, told: tuple[EffectKind | None, str] | bool
) -> None:
    in_entra = restorable(EffectKind.DISABLE_USER, USER, before, an_account(enabled))
    on_premises = restorable(EffectKind.DISABLE_ACCOUNT, THERE, before, there(enabled))

    assert in_entra == ((EffectKind.ENABLE_USER, "") if told is True else told)
    assert on_premises == ((EffectKind.ENABLE_ACCOUNT, "") if told is True else told)


@pytest.mark.parametrize(
    ("kind", "target", "found"),
    [
        (EffectKind.DISABLE_USER, USER, an_account(user="other")),
        (EffectKind.DISABLE_USER, USER, None),
        (EffectKind.DISABLE_ACCOUNT, THERE, there(name="other")),
        (EffectKind.DISABLE_ACCOUNT, THERE, an_account()),
        (EffectKind.DISABLE_RULE, RULE, an_account()),
    ],
)
def test_another_account_or_none_is_not_switched(
    kind: EffectKind, target: tuple[str, str], found: Found | None
) -> None:
    assert restorable(kind, target, "true", found) == (None, NOT_THERE)


def test_members_that_exchange_changes_by_itself_are_no_change() -> None:
    moved = msgspec.json.decode(IS) | {"hasError": True, "sequence": 9, "@odata.context": "x"}

    told = restorable(EffectKind.DISABLE_RULE, RULE, WAS, a_rule(raw=msgspec.json.encode(moved).decode()))

    assert told == (EffectKind.ENABLE_RULE, "")
