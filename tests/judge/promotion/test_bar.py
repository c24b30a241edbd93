"""The bar: both sides of each of its numbers, and what is said where something is missing."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from agent.judge.parse import parse_set
from agent.judge.promotion.bar import Checks, bar_of
from agent.judge.promotion.counting import Evidencing, counts
from agent.model.decision import Verb
from agent.model.pending import ActionKind
from agent.model.policy import Fallen, Part, Policy
from agent.model.promotion import Asked, Bar, Evidence
from agent.model.report import Compared, Standing, Tally
from tests.judge.writing import NOW, TENANT, chains_of, policy_file
from tests.reports import a_compared

DAY = timedelta(days=1)
BAR = Bar()
MESSAGE, CLUSTER = ActionKind.SOFT_DELETE_MESSAGE, ActionKind.SOFT_DELETE_CLUSTER


def the_set(*policies: bytes) -> tuple[Policy, ...]:
    files = {f"{at}.yaml": data for at, data in enumerate(policies)}
    return parse_set(files | chains_of(*policies)).policies


def evidence(agreed: int = 30, looser: int = 0, *, days: float = 7, **more: Any) -> Evidence:
    named = tuple(f"{at:016x}" for at in range(looser))
    return Evidence(
        since=NOW - days * DAY,
        until=NOW,
        why="since so",
        tally=Tally(agreed=agreed, looser=looser, **more),
        looser=named,
    )


def lines(
    *policies: bytes,
    found: Evidence | None = None,
    checks: Checks = Checks(tried=2),  # noqa: B008  a frozen noun
    bar: Bar = BAR,
    part: Part = Part(),  # noqa: B008  a frozen noun
    is_unmended: bool = False,
) -> dict[str, Asked]:
    some = the_set(*(policies or (policy_file(mode="observe"),)))
    policy = next(one for one in some if one.name == "p")
    made = bar_of(
        policy, part, some, evidence() if found is None else found, checks, bar, NOW, is_unmended=is_unmended
    )
    return {one.name: one for one in made}


def missing(found: dict[str, Asked]) -> dict[str, str]:
    return {name: one.missing for name, one in found.items() if not one.is_met}


def test_a_policy_that_meets_every_line_misses_nothing() -> None:
    found = lines()

    assert missing(found) == {}
    assert list(found) == ["observed", "compared", "looser", "overruled", "cases", "proofs", "check"]


@pytest.mark.parametrize(("agreed", "lacks"), [(29, "1 more that people decide"), (30, None), (31, None)])
def test_so_many_have_to_be_compared(agreed: int, lacks: str | None) -> None:
    assert missing(lines(found=evidence(agreed))).get("compared") == lacks


@pytest.mark.parametrize(("most", "is_met"), [(0, False), (1, True)])
def test_what_people_approved_a_policy_that_rejects_must_not_have_rejected(most: int, is_met: bool) -> None:
    found = replace(evidence(29, rejected=1), stricter=("a" * 16,))

    told = lines(policy_file(mode="observe", decide="reject"), found=found, bar=replace(BAR, looser=most))

    assert "looser" not in told
    assert told["stricter"].asked == f"at most {most} that people approved"
    assert told["stricter"].is_met is is_met
    assert is_met or told["stricter"].missing == "look at `air-agent show aaaaaaaa`, and narrow the policy"


def test_what_is_stricter_and_looser_is_compared_and_what_is_undecided_is_not() -> None:
    found = evidence(27, looser=1, rejected=1, undecided=50)

    told = lines(found=found, bar=replace(BAR, looser=1))["compared"]

    assert told.found == "29: 27 agreed, 1 stricter, 1 looser; 50 more undecided"
    assert told.missing == "1 more that people decide"


@pytest.mark.parametrize(
    ("looser", "most", "is_met"), [(0, 0, True), (1, 0, False), (1, 1, True), (2, 1, False)]
)
def test_at_most_so_many_are_looser(looser: int, most: int, is_met: bool) -> None:
    told = lines(found=evidence(60, looser), bar=replace(BAR, looser=most))["looser"]

    assert told.is_met is is_met


def test_the_looser_ones_are_named() -> None:
    told = lines(found=evidence(60, 7))["looser"].missing

    assert told.startswith("look at `air-agent show 00000000`")
    assert told.endswith("and 2 more, and narrow the policy")


@pytest.mark.parametrize(
    ("days", "lacks"), [(7 - 1 / 24, "60m more"), (7, None), (8, None), (1, "6 days more")]
)
def test_it_is_observed_for_so_long(days: float, lacks: str | None) -> None:
    assert missing(lines(found=evidence(days=days))).get("observed") == lacks


def test_a_text_that_never_was_in_force_was_not_observed() -> None:
    found = lines(found=Evidence(since=None, until=NOW))

    assert missing(found)["observed"] == "let an agent run with it for 7 days"
    assert "compared" in missing(found)


@pytest.mark.parametrize("name", ["cases", "proofs", "errors"])
def test_what_is_wrong_with_the_files_is_missing(name: str) -> None:
    checks = replace(Checks(), **{name: ("p.yaml:1: it fails", "p.yaml:2: too")})
    line = "check" if name == "errors" else name

    assert missing(lines(checks=checks)) == {line: "p.yaml:1: it fails (and 1 more)"}


def test_a_policy_that_only_asks_people_needs_no_comparison() -> None:
    found = lines(policy_file(mode="observe", decide="escalate"), found=Evidence(since=None, until=NOW))

    assert list(found) == ["cases", "proofs", "check"]
    assert missing(found) == {}


def test_one_that_fell_back_has_to_be_changed() -> None:
    assert missing(lines(is_unmended=True)) == {
        "mended": "change what was wrong with it, or `air-agent policy reinstate p`"
    }


VIP = {"name": "vip", "decide": "escalate", "more": "priority: 1"}


@pytest.mark.parametrize(
    ("other", "overrules"),
    [
        (policy_file("alert.severity: high", mode="observe", **VIP), True),
        (policy_file("alert.severity: high", mode="enforce", **VIP), False),
        (policy_file("alert.severity: high", mode="{enforce: {kinds: [softDeleteMessage]}}", **VIP), True),
        (policy_file("evidence.verdict: suspicious", mode="observe", **VIP), False),
        (policy_file("alert.severity: high", mode="observe", name="vip", more="priority: 1"), False),
        (
            policy_file(
                "alert.severity: high", mode="observe", name="vip", decide="escalate", more="priority: -1"
            ),
            False,
        ),
        (policy_file("alert.severity: high", mode="observe", name="vip", decide="reject"), True),
        (policy_file("file.name: x", mode="observe", kinds="quarantineFile", **VIP), False),
        (
            policy_file(
                "alert.severity: high",
                mode="observe",
                name="vip",
                decide="escalate",
                more="priority: 1\nexpires: 2020-01-01",
            ),
            False,
        ),
        (
            policy_file(
                "alert.severity: high",
                mode="observe",
                name="vip",
                decide="escalate",
                more="priority: 1\ntenants: [99999999-2222-3333-4444-555555555555]",
            ),
            False,
        ),
        (
            policy_file("alert.severity: high", mode="observe", name="vip", decide="", more="inform: desk"),
            False,
        ),
    ],
)
def test_what_overruled_it_in_the_comparison_has_to_enforce_too(other: bytes, overrules: bool) -> None:
    ours = policy_file(mode="observe", more=f"tenants: [{TENANT}]")

    told = lines(ours, other)["overruled"]

    assert told.is_met is not overrules
    assert told.missing == ("promote `vip` first" if overrules else "")


def test_only_where_it_is_to_enforce_counts_who_overrules_it() -> None:
    both = "softDeleteMessage, softDeleteCluster"
    ours = policy_file(mode="observe", kinds=both)
    other = policy_file("alert.severity: high", mode="observe", kinds="softDeleteMessage", **VIP)

    assert lines(ours, other, part=Part(kinds=frozenset({CLUSTER})))["overruled"].is_met
    assert not lines(ours, other, part=Part(kinds=frozenset({MESSAGE})))["overruled"].is_met


def test_one_that_fell_back_does_not_enforce() -> None:
    some = the_set(policy_file(mode="observe"), policy_file("alert.severity: high", mode="enforce", **VIP))
    fell = replace(some[1], fallen=Fallen(since=NOW, words="so"))

    made = bar_of(some[0], Part(), (some[0], fell), evidence(), Checks(), BAR, NOW)

    assert [one.name for one in made if not one.is_met] == ["overruled"]


def a_life(**more: Any) -> Compared:
    usual: dict[str, Any] = {"policies": ("p", "q"), "decided": NOW, "standing": Standing.AGREED}
    return a_compared(**(usual | more))


@pytest.mark.parametrize(
    ("more", "is_counted"),
    [
        ({}, True),
        ({"policies": ("q",)}, False),
        ({"verb": Verb.ESCALATE}, False),
        ({"verb": Verb.REJECT}, False),
        ({"is_imported": True}, False),
        ({"decided": NOW - timedelta(microseconds=1)}, False),
        ({"decided": None}, False),
        ({"guard": "size"}, True),
    ],
)
def test_what_the_policy_decided_by_itself_counts(more: dict[str, Any], is_counted: bool) -> None:
    (policy,) = the_set(policy_file(mode="observe"))

    assert counts(a_life(**more), policy, NOW) is is_counted


def test_lives_are_counted_as_they_stand() -> None:
    (policy,) = the_set(policy_file(mode="observe"))
    counting = Evidencing(policy, NOW)

    for one in (*Standing, Standing.AGREED):
        counting.take(a_life(standing=one, action_id=str(one)))

    tally = counting.tally()
    told = (tally.agreed, tally.both_approved, tally.looser, tally.stricter, tally.undecided)
    assert told == (2, 2, 1, 1, 1)
    assert (counting.looser, counting.stricter) == (["looser"], ["stricter"])
