"""Who may answer is the tenant's to say; how many have to, and how long that counts, is the base's."""

import pytest

from agent.model.tightening import Means
from tests.judge.tightening.joining import CONSOLE, OURS, VIP, Files, chain, verdict
from tests.judge.writing import policy_file

MATCH = "evidence.verdict: malicious"
CLUSTERS = policy_file(MATCH, name="clusters")
TWO = policy_file(MATCH, name="clusters", more="approvers: 2")
ASKS = policy_file("alert.severity: low", name="own", decide="escalate", more="priority: 10")


def base(policy: bytes = CLUSTERS, *chains: str) -> Files:
    named = chains or (chain(),)
    return {
        "clusters.yaml": policy,
        "channels/console.yaml": CONSOLE,
        **{f"chains/{at}.yaml": one for at, one in enumerate(named)},
    }


def people(shared: Files, tenant: Files) -> list[str]:
    found = verdict(shared, tenant)
    assert (found.means is None) is bool(found.people)
    assert found.loosened == ()
    return list(map(str, found.people))


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ({}, {}, ""),
        ({"from": "[role:Contoso.Approver]"}, {}, ""),
        ({"need": "2"}, {}, ""),
        (
            {"need": "1"},
            {"need": "2"},
            "asks for 1 to approve, and `secops` of the base for 2: write `need: 2`",
        ),
        (
            {"notRequester": "false"},
            {},
            "lets whoever asked approve, and `secops` of the base does not: write `notRequester: true`",
        ),
        ({"notRequester": "false"}, {"notRequester": "false"}, ""),
        (
            {"valid": "25h"},
            {},
            "lets an approval count for 25h, and `secops` of the base for 24h: write `valid` no longer than that",
        ),
        ({"valid": "24h"}, {}, ""),
        (
            {"lastChance": "{decide: reject}"},
            {},
            "rejects what nobody answered, and `secops` of the base does not: write `decide: escalate`",
        ),
        ({"lastChance": "{decide: handOff}"}, {}, ""),
        ({"lastChance": "{decide: reject}"}, {"lastChance": "{decide: reject}"}, ""),
    ],
)
def test_a_chain_in_the_place_of_one_of_the_base_asks_for_as_much(
    ours: dict[str, str], theirs: dict[str, str], said: str
) -> None:
    found = people(base(CLUSTERS, chain(**theirs)), {"chains/secops.yaml": chain(**ours)})

    assert found == ([f"contoso/chains/secops.yaml:1:1: the chain `secops` {said}"] if said else [])


def test_a_chain_of_another_name_asks_for_as_much_as_each_of_the_base() -> None:
    shared = base(CLUSTERS, chain(), chain("night", need="2"))

    weak, strong = (people(shared, {"chains/x.yaml": chain("own", need=need)}) for need in ("1", "2"))

    assert weak == [
        "contoso/chains/x.yaml:1:1: the chain `own` asks for 1 to approve, and `night` of the base for 2: write `need: 2`"
    ]
    assert strong == []


def test_a_policy_leaves_nothing_to_fewer_people_than_a_policy_of_the_base_does() -> None:
    few = people(base(TWO), {"own.yaml": ASKS})
    enough = people(base(TWO), {"own.yaml": ASKS, "chains/secops.yaml": chain(need="2")})

    assert few == [
        (
            "contoso/own.yaml:1:1: `own` may leave to a chain that is not named, which asks for 1, what `clusters` of the base"
            " leaves to 2 people: name a chain in `escalation` that asks for as much as any policy and chain of the base"
        )
    ]
    assert enough == []


def test_a_policy_of_other_kinds_or_one_that_observes_leaves_nothing_to_anybody() -> None:
    other = policy_file("alert.severity: low", name="own", kinds="softDeleteMessage", decide="escalate")
    watching = policy_file("alert.severity: low", name="own", decide="escalate", mode="observe")

    assert people(base(TWO), {"own.yaml": other}) == []
    assert people(base(TWO), {"own.yaml": watching}) == []


def test_a_policy_names_a_chain_that_asks_for_as_much_as_any_chain_of_the_base() -> None:
    shared = base(CLUSTERS, chain(), chain("night", need="2"))

    unnamed, weak, strong = (
        people(shared, {"own.yaml": ASKS + more})
        for more in (b"", b"escalation: secops\n", b"escalation: night\n")
    )

    said = (
        "`own` may leave to `secops` what the base leaves to others, and it asks for 1 to approve, and `night` of the base"
        " for 2: name a chain in `escalation` that asks for as much as any policy and chain of the base"
    )
    assert unnamed == [f"contoso/own.yaml:1:1: {said}"]
    assert weak == [f"contoso/own.yaml:10:1: {said}"]
    assert strong == []


def test_without_chains_nobody_is_asked_and_nothing_is_weaker() -> None:
    assert people({"clusters.yaml": TWO}, {"own.yaml": ASKS}) == []


def test_what_is_added_to_a_list_leaves_nothing_to_fewer_people() -> None:
    asks = policy_file("recipients: {anyIn: $vip}", name="asks", decide="escalate", more="priority: 9")
    two = policy_file(MATCH, name="clusters", unless="- recipients: {anyIn: $vip}", more="approvers: 2")

    escalates = people({**base(TWO), "asks.yaml": asks, "lists/vip.yaml": VIP}, {"lists/vip.yaml": OURS})
    keeps = people({**base(two), "lists/vip.yaml": VIP}, {"lists/vip.yaml": OURS})
    blank = people({**base(two), "lists/vip.yaml": VIP + "perTenant: true\n"}, {"lists/vip.yaml": OURS})

    assert escalates == [
        (
            "contoso/lists/vip.yaml:1:1: what is added to `$vip`, by which `asks` of the base goes, may leave to a chain that is"
            " not named, which asks for 1, what `clusters` of the base leaves to 2 people: leave the entries to the base, or have"
            " it say `perTenant: true` in its list"
        )
    ]
    assert keeps != []
    assert all(
        "contoso/lists/vip.yaml:1:1: what is added to `$vip`, by which `clusters` of the base goes," in one
        for one in keeps
    )
    assert blank == []


def test_what_a_list_keeps_from_matching_is_not_left_to_fewer_people() -> None:
    two = policy_file(
        MATCH, name="clusters", unless="- recipients: {anyIn: $vip}", more="approvers: 2\nescalation: night"
    )
    shared = {**base(two, chain(), chain("night", need="2")), "lists/vip.yaml": VIP}

    found = people(shared, {"lists/vip.yaml": OURS})

    assert found == [
        (
            "contoso/lists/vip.yaml:1:1: what is added to `$vip`, by which `clusters` of the base goes, may keep it from matching,"
            " so that 1 could approve what it leaves to 2: leave the entries to the base, or have it say `perTenant: true` in its"
            " list"
        )
    ]


def test_a_tenant_with_people_of_its_own_tightens_by_its_form() -> None:
    found = verdict(base(), {"own.yaml": ASKS, "chains/secops.yaml": chain(**{"from": "[role:Contoso]"})})

    assert found.means is Means.FORM
