"""A policy enforces where its mode says, and observes everywhere else."""

import pytest

from agent.judge.compile import compile_set
from agent.judge.parse import parse_set
from agent.model.decision import Verb
from agent.model.pending import ActionKind
from agent.model.policy import Mode, Part
from tests.judge.lint.linting import told
from tests.judge.writing import TENANT, parsed, policy_file, problems

OTHER = "99999999-2222-3333-4444-555555555555"
MESSAGE, CLUSTER = ActionKind.SOFT_DELETE_MESSAGE, ActionKind.SOFT_DELETE_CLUSTER
EXAMPLE = "mode: {enforce: {kinds: [softDeleteMessage]}}"
BOTH = "softDeleteMessage, softDeleteCluster"


@pytest.mark.parametrize(
    ("mode", "kind", "tenant", "enforces"),
    [
        ("observe", MESSAGE, TENANT, False),
        ("enforce", MESSAGE, TENANT, True),
        ("{enforce: {kinds: [softDeleteMessage]}}", MESSAGE, OTHER, True),
        ("{enforce: {kinds: [softDeleteMessage]}}", CLUSTER, OTHER, False),
        (f"{{enforce: {{tenants: [{TENANT}]}}}}", CLUSTER, TENANT.upper(), True),
        (f"{{enforce: {{tenants: [{TENANT}]}}}}", CLUSTER, OTHER, False),
        (f"{{enforce: {{kinds: [softDeleteMessage], tenants: [{TENANT}]}}}}", MESSAGE, TENANT, True),
        (f"{{enforce: {{kinds: [softDeleteMessage], tenants: [{TENANT}]}}}}", CLUSTER, TENANT, False),
        (f"{{enforce: {{kinds: [softDeleteMessage], tenants: [{TENANT}]}}}}", MESSAGE, OTHER, False),
        ("\n  enforce:\n    kinds:\n      - softDeleteMessage", MESSAGE, TENANT, True),
    ],
)
def test_it_enforces_where_its_mode_says(mode: str, kind: ActionKind, tenant: str, enforces: bool) -> None:
    policy = parsed(policy_file(kinds=BOTH, mode=mode))

    assert policy.enforces(kind, tenant, enforces_observers=False) is enforces
    assert policy.enforces(kind, tenant, enforces_observers=True)
    assert policy.observes_somewhere(enforces_observers=False) is (mode != "enforce")
    assert not policy.observes_somewhere(enforces_observers=True)


@pytest.mark.parametrize(
    ("mode", "problem"),
    [
        ("enforced", "5:7: `enforced` is not a mode: did you mean `enforce`?"),
        (
            "[enforce]",
            "5:7: write `mode: observe`, `mode: enforce`, or `mode: {enforce: {kinds: [softDeleteMessage]}}`",
        ),
        (
            "{}",
            "5:7: write `mode: observe`, `mode: enforce`, or `mode: {enforce: {kinds: [softDeleteMessage]}}`",
        ),
        (
            "{observe: {kinds: [softDeleteMessage]}}",
            f"5:8: only `enforce` is narrowed: everywhere else it observes: write `{EXAMPLE}`",
        ),
        ("{enforces: {kinds: [softDeleteMessage]}}", "5:8: unknown key `enforces`: did you mean `enforce`?"),
        (
            "{enforce: true}",
            f"5:17: `kinds`, `tenants` or both are asked for: write `{EXAMPLE}`, or `mode: enforce`",
        ),
        ("{enforce: {kind: [softDeleteMessage]}}", "5:18: unknown key `kind`: did you mean `kinds`?"),
        ("{enforce: {kinds: []}}", "5:25: a list of kinds is asked for, such as `[softDeleteCluster]`"),
        (
            "{enforce: {kinds: [softDeleteMessages]}}",
            "5:26: `softDeleteMessages` is not a kind of pending action: did you mean `softDeleteMessage`?",
        ),
        ("{enforce: {tenants: contoso}}", "5:27: a list of tenant ids is asked for"),
    ],
)
def test_what_is_no_mode_is_told_at_its_place(mode: str, problem: str) -> None:
    assert problems(policy_file(mode=mode)) == [problem]


def test_where_it_does_not_enforce_it_is_a_shadow_only() -> None:
    text = policy_file(kinds=BOTH, mode="{enforce: {kinds: [softDeleteMessage]}}")
    judge = compile_set(parse_set({"p.yaml": text}))
    (one,) = judge.of_kind(CLUSTER)

    assert one.enforces(MESSAGE, TENANT, enforces_observers=False)
    assert not one.enforces(CLUSTER, TENANT, enforces_observers=False)
    assert judge.policy("p").enforces_somewhere(enforces_observers=False)
    assert judge.policy("p").verb is Verb.APPROVE


def test_a_kind_or_tenant_that_the_policy_is_not_for_is_told() -> None:
    mode = f"{{enforce: {{kinds: [softDeleteMessage, softDeleteCluster], tenants: [{OTHER}, {TENANT}]}}}}"
    policy = policy_file(mode=mode, more=f"tenants: [{TENANT}]")

    assert told(policy) == [
        "5:18 enforces-elsewhere: the policy is to enforce for `softDeleteMessage`, and is not for it",
        f"5:65 enforces-elsewhere: the policy is to enforce for the tenant `{OTHER}`, and is not for it",
    ]


def test_a_policy_that_enforces_in_less_keeps_no_other_from_deciding() -> None:
    ours = policy_file(name="ours", kinds=BOTH)
    above = policy_file(
        name="above", kinds=BOTH, mode="{enforce: {kinds: [softDeleteMessage]}}", more="priority: 1"
    )

    assert not [one for one in told(ours, above) if "shadowed" in one]
    assert [
        one
        for one in told(ours, above.replace(b"{enforce: {kinds: [softDeleteMessage]}}", b"enforce"))
        if "shadowed" in one
    ]


@pytest.mark.parametrize(
    ("some", "other", "holds"),
    [
        (Part(), Part(kinds=frozenset({MESSAGE})), True),
        (Part(kinds=frozenset({MESSAGE})), Part(), False),
        (Part(kinds=frozenset({MESSAGE, CLUSTER})), Part(kinds=frozenset({MESSAGE})), True),
        (
            Part(kinds=frozenset({MESSAGE})),
            Part(kinds=frozenset({MESSAGE}), tenants=frozenset({TENANT})),
            True,
        ),
        (Part(tenants=frozenset({TENANT})), Part(kinds=frozenset({MESSAGE})), False),
    ],
)
def test_a_part_holds_another(some: Part, other: Part, holds: bool) -> None:
    assert some.holds(other) is holds


def test_an_observing_policy_has_no_part() -> None:
    policy = parsed(policy_file(mode="observe"))

    assert (policy.mode, policy.part, policy.part.is_whole) == (Mode.OBSERVE, Part(), True)
    assert not policy.enforces_somewhere(enforces_observers=False)
