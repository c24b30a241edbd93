"""A base and what a tenant adds to it are one set: what is whose, what takes the place of what, and what is refused."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from agent.judge.compile import compile_set
from agent.judge.layout import folder_of
from agent.judge.lists import members_data
from agent.judge.measure import measure
from agent.judge.parse import parse_set
from agent.judge.rails.listed import protected_lists
from agent.model.decision import Match
from agent.model.errors import PolicyError
from agent.model.facts import Facts, Value
from agent.model.folders import Folders, folders_of
from agent.model.policy import PolicySet
from tests.judge.tightening.joining import (
    CLUSTERS,
    CONSOLE,
    FOLDERS,
    OURS,
    VIP,
    Files,
    both,
    chain,
    joined,
    wrong,
)
from tests.judge.writing import CLUSTER, GROUP, NOW, TENANT, policy_file

ASKS = policy_file("recipients: {anyIn: $vip}", name="asks", decide="escalate")
BASE: Files = {"asks.yaml": ASKS, "lists/vip.yaml": VIP}
FED = f"list: vip\ntype: addresses\nsource: {{group: {GROUP}}}\n"


def holds(policies: PolicySet, name: str, values: Mapping[str, Value]) -> Match:
    answers = compile_set(policies).evaluate(CLUSTER, TENANT, Facts(now=NOW, values=values))
    if name in {one.policy.name for one in answers.matched}:
        return Match.MATCHED
    return Match.UNDECIDED if name in {one.policy.name for one in answers.undecided} else Match.NOT_MATCHED


def test_the_policies_of_both_are_in_force_together() -> None:
    found = both({"clusters.yaml": CLUSTERS}, {"own.yaml": policy_file(name="own", decide="escalate")})

    assert [(one.name, one.file) for one in found.policies] == [
        ("clusters", "shared/clusters.yaml"),
        ("own", "contoso/own.yaml"),
    ]
    assert found.folders == FOLDERS


def test_a_tenant_that_adds_nothing_has_the_base() -> None:
    assert [one.name for one in both({"clusters.yaml": CLUSTERS}, {}).policies] == ["clusters"]


def test_a_policy_of_a_name_of_the_base_is_refused_at_the_tenants_place() -> None:
    found = wrong({"clusters.yaml": CLUSTERS}, {"a.yaml": policy_file(name="clusters")})

    assert found == [
        (
            "contoso/a.yaml:1:1: `clusters` is a policy of the base, in `shared/clusters.yaml`: a tenant adds policies of "
            "other names"
        )
    ]


def test_two_of_one_name_in_the_same_folder_are_what_they_were() -> None:
    own = policy_file(name="own", decide="escalate")

    found = wrong({"clusters.yaml": CLUSTERS}, {"a.yaml": own, "b.yaml": own})

    assert found == ["contoso/b.yaml:1:1: the policy `own` is in `contoso/a.yaml` already"]


@pytest.mark.parametrize(
    ("who", "is_in"),
    [("ceo@provider.example", True), ("ceo@contoso.example", True), ("anna@contoso.example", False)],
)
def test_a_list_of_the_base_has_what_the_tenant_adds_too(who: str, is_in: bool) -> None:
    found = both(BASE, {"lists/vip.yaml": OURS})

    answer = holds(found, "asks", {"recipients": frozenset({who})})

    assert answer is (Match.MATCHED if is_in else Match.NOT_MATCHED)


def test_what_is_added_is_a_list_of_its_own_that_the_policy_goes_by() -> None:
    found = both(BASE, {"lists/vip.yaml": OURS})

    (policy,) = found.policies
    assert [(one.name, one.adds_to, one.file) for one in found.lists] == [
        ("vip", None, "shared/lists/vip.yaml"),
        ("vip-of-tenant", "vip", "contoso/lists/vip.yaml"),
    ]
    assert policy.lists == {"vip", "vip-of-tenant"}
    assert policy.digest != both(BASE, {}).policies[0].digest


def test_what_is_added_may_be_a_group_and_is_unknown_while_that_was_not_asked_for() -> None:
    files = joined(BASE, {"lists/vip.yaml": FED})
    unread = parse_set(files)
    members = {"contoso/lists/vip.members": members_data(("cfo@contoso.example",))}
    who: Mapping[str, Value] = {"recipients": frozenset({"cfo@contoso.example"})}
    fetched = {**who, "list.vip-of-tenant.refreshed": NOW - timedelta(hours=1)}

    read = parse_set({**files, **members})

    assert holds(unread, "asks", who) is Match.UNDECIDED
    assert holds(read, "asks", fetched) is Match.MATCHED
    assert holds(read, "asks", who) is Match.UNDECIDED


def test_a_list_of_another_name_is_the_tenants_own() -> None:
    own = policy_file("recipients: {anyIn: $finance}", name="own", decide="escalate")

    found = both(BASE, {"own.yaml": own, "lists/finance.yaml": VIP.replace("vip", "finance")})

    assert [(one.name, one.adds_to) for one in found.lists] == [("finance", None), ("vip", None)]


def test_what_is_added_is_of_the_same_type() -> None:
    texts = "list: vip\ntype: texts\nentries: [a]\n"

    found = wrong(BASE, {"lists/vip.yaml": texts})

    assert found == [
        (
            "contoso/lists/vip.yaml:1:1: `vip` adds to the list in `shared/lists/vip.yaml`, whose entries are of another "
            "type: write `type: addresses`"
        )
    ]


def test_an_entry_that_is_none_is_told_where_the_tenant_wrote_it() -> None:
    found = wrong(
        {**BASE, "lists/vip.yaml": "list: vip\nentries: [ceo@provider.example]\n"},
        {"lists/vip.yaml": "list: vip\nentries: [x]\n"},
    )

    assert [one.split(": ")[0] for one in found] == ["contoso/lists/vip.yaml:2:11"]


def test_only_the_base_says_that_a_list_is_each_tenants_own() -> None:
    found = wrong(BASE, {"lists/vip.yaml": OURS + "perTenant: true\n"})

    assert found == [
        "contoso/lists/vip.yaml:1:1: `perTenant` belongs to a list of the base, which tenants add to: leave it out here"
    ]


def test_whoever_is_protected_by_a_list_is_by_what_is_added_to_it_too() -> None:
    found = both(BASE, {"lists/vip.yaml": OURS})

    lists = protected_lists(["vip"], found.lists, {}, datetime(2026, 8, 24, tzinfo=UTC))

    assert [one.name for one in lists] == ["vip", "vip-of-tenant"]
    assert {name for one in lists for name in one.members} >= {"ceo@contoso.example", "ceo@provider.example"}


def test_a_chain_and_a_channel_of_the_tenant_take_the_place_of_those_of_the_base() -> None:
    base: Files = {"clusters.yaml": CLUSTERS, "chains/secops.yaml": chain(), "channels/console.yaml": CONSOLE}
    own = {"chains/secops.yaml": chain(need="2"), "channels/console.yaml": CONSOLE + "description: Ours.\n"}

    found = both(base, own)

    assert [(one.name, one.file, one.approvers.need) for one in found.chains] == [
        ("secops", "contoso/chains/secops.yaml", 2)
    ]
    assert [(one.name, one.file) for one in found.channels] == [("console", "contoso/channels/console.yaml")]
    assert "shared/chains/secops.yaml" in found.files


def test_the_revision_is_of_both_and_not_of_where_they_lie() -> None:
    files = joined(BASE, {"lists/vip.yaml": OURS})
    elsewhere = Folders(base="/srv/policies/lists/base", tenant="/etc/tenant")
    moved = dict(elsewhere.marks())
    for file, data in files.items():
        folder, _, name = file.partition("/")
        moved[f"{elsewhere.base if folder == 'shared' else elsewhere.tenant}/{name}"] = data

    there = parse_set(moved)

    assert there.revision == parse_set(files).revision != both(BASE, {}).revision
    assert (
        there.revision
        != parse_set(
            {f"p/{name}": data.encode() if isinstance(data, str) else data for name, data in BASE.items()}
        ).revision
    )
    assert parse_set(there.files).revision == there.revision


def test_what_lies_too_deep_is_told_of_in_either_folder() -> None:
    found = wrong(BASE, {"lists/old/vip.yaml": OURS})

    assert found == [
        "contoso/lists/old/vip.yaml:1:1: lists lie directly in `lists`, and in no folder below it: move the file there"
    ]


def test_the_folder_of_a_set_is_the_tenants() -> None:
    assert folder_of(joined(BASE, {})) == "contoso"
    assert folders_of({"policies/a.yaml": b""}) is None
    assert FOLDERS.inside("elsewhere/x.yaml") == "elsewhere/x.yaml"


def test_no_policy_at_all_is_refused() -> None:
    with pytest.raises(PolicyError, match="there is no policy in this folder"):
        both({"lists/vip.yaml": VIP}, {})


def test_the_cases_of_a_base_are_about_the_base_alone() -> None:
    cases = (
        "policy: clusters\ncases:\n  - {case: malicious, kind: softDeleteCluster, decision: approve,"
        " policies: [clusters], facts: {evidence.verdict: malicious, cluster.mailboxCount: 3}}\n"
    )
    stops = policy_file("evidence.verdict: malicious", name="stops", decide="escalate")
    files = joined({"clusters.yaml": CLUSTERS, "clusters.cases.yaml": cases}, {"stops.yaml": stops})

    measured = measure(parse_set(files).files, files, NOW)

    assert measured["clusters"].cases[0].failure == ""
    assert measured["stops"].cases == ()
