"""A promotion of a part widens where a policy enforces, and never further than was shown."""

import pytest

from agent.judge.enforcing import written
from agent.judge.promotion.parts import asked_part, of_part, widened
from agent.model.errors import SettingsError
from agent.model.pending import ActionKind
from agent.model.policy import Part, Policy
from tests.judge.writing import TENANT, parsed, policy_file

MESSAGE, CLUSTER, FILE = (
    ActionKind.SOFT_DELETE_MESSAGE,
    ActionKind.SOFT_DELETE_CLUSTER,
    ActionKind.QUARANTINE_FILE,
)
OTHER = "99999999-2222-3333-4444-555555555555"


def the_policy(mode: str, more: str = "") -> Policy:
    return parsed(policy_file(kinds="softDeleteMessage, softDeleteCluster", mode=mode, more=more))


def part(*kinds: ActionKind, tenants: tuple[str, ...] = ()) -> Part:
    return Part(kinds=frozenset(kinds) or None, tenants=frozenset(tenants) or None)


ONE_KIND = "{enforce: {kinds: [softDeleteMessage]}}"
ONE_TENANT = f"{{enforce: {{tenants: [{TENANT}]}}}}"


@pytest.mark.parametrize(
    ("mode", "asked", "becomes"),
    [
        ("observe", part(), "enforce"),
        ("observe", part(MESSAGE), ONE_KIND),
        (ONE_KIND, part(), "enforce"),
        (ONE_KIND, part(MESSAGE), ONE_KIND),
        (ONE_KIND, part(CLUSTER), "enforce"),
        ("enforce", part(CLUSTER), "enforce"),
        (ONE_TENANT, part(tenants=(OTHER,)), f"{{enforce: {{tenants: [{TENANT}, {OTHER}]}}}}"),
        (
            f"{{enforce: {{kinds: [softDeleteMessage], tenants: [{TENANT}]}}}}",
            part(CLUSTER, tenants=(TENANT,)),
            ONE_TENANT,
        ),
        (ONE_TENANT, part(MESSAGE, tenants=(TENANT,)), ONE_TENANT),
    ],
)
def test_a_second_promotion_widens_the_first(mode: str, asked: Part, becomes: str) -> None:
    policy = the_policy(mode)

    after = widened(policy, asked_part(policy, asked))

    assert f"mode: {becomes}" == f"mode: {written(policy.mode.ENFORCE, after)}"


def test_what_would_be_more_than_both_is_refused() -> None:
    policy = the_policy(f"{{enforce: {{kinds: [softDeleteMessage], tenants: [{TENANT}]}}}}")

    with pytest.raises(SettingsError, match="which is more than both: promote it for all of that"):
        widened(policy, part(CLUSTER, tenants=(OTHER,)))


def test_all_kinds_of_the_policy_are_every_kind() -> None:
    policy = the_policy("observe", more=f"tenants: [{TENANT}]")

    assert asked_part(policy, part(MESSAGE, CLUSTER, tenants=(TENANT,))) == Part()
    assert asked_part(policy, part(MESSAGE)) == part(MESSAGE)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (part(FILE), "`p` is not for `quarantineFile`: it is for `softDeleteCluster`, `softDeleteMessage`"),
        (part(tenants=(OTHER,)), f"`p` is not for the tenant `{OTHER}`"),
    ],
)
def test_what_the_policy_is_not_for_is_refused(asked: Part, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        asked_part(the_policy("observe", more=f"tenants: [{TENANT}]"), asked)


def test_a_part_is_said_in_words() -> None:
    assert of_part(Part()) == "for every kind"
    assert of_part(part(MESSAGE, tenants=(TENANT,))) == f"for `softDeleteMessage` of 1 tenant ({TENANT})"
