"""Which sets only tighten their base, by what that is known, and what is told of those that do not."""

import sys

import pytest

import agent.judge.proof
from agent.judge.situations import parse_situation
from agent.judge.tightening.tighten import tighten
from agent.model.decision import Verb
from agent.model.errors import PolicyError
from agent.model.pending import ActionKind
from agent.model.proof import Outcome
from agent.model.tightening import Means, Verdict
from tests.judge.tightening.joining import CLUSTERS, OURS, TENANT, VIP, Files, verdict
from tests.judge.writing import GROUP, policy_file

BASE: Files = {"clusters.yaml": CLUSTERS}
OTHER = "99999999-2222-3333-4444-555555555555"
MATCH = "evidence.verdict: malicious\ncluster.mailboxCount: {atMost: 200}"


def own(match: str = MATCH, **parts: str) -> Files:
    """Return a tenant's folder with one policy."""
    return {"own.yaml": policy_file(match, name="own", **parts)}


def words(found: Verdict) -> list[str]:
    return [one.words for one in found.loosened]


@pytest.mark.parametrize(
    "tenant",
    [
        {},
        own("alert.severity: low", decide="escalate", more="priority: 1000"),
        own("alert.severity: low", mode="observe"),
        own(MATCH + "\nalert.severity: low"),
        own(MATCH, decide="reject"),
        own(MATCH + "\nalert.severity: low", more="priority: -1\nexpires: 2026-12-01"),
    ],
    ids=["nothing", "escalates", "observes", "agrees in less", "disagrees", "stands lower and ends"],
)
def test_what_its_form_shows_to_tighten(tenant: Files) -> None:
    found = verdict(BASE, tenant)

    assert (found.means, found.problems, found.kinds) == (Means.FORM, (), ())


@pytest.mark.parametrize(
    "match",
    [
        "evidence.verdict: malicious\ncluster.mailboxCount: {atMost: 100}",
        "evidence.verdict: malicious\ncluster.mailboxCount: 7",
    ],
    ids=["fewer", "one number"],
)
def test_what_the_solver_proves_to_tighten(match: str) -> None:
    found = verdict(BASE, own(match))

    assert (found.means, found.problems, found.kinds) == (Means.SOLVER, (), (ActionKind.SOFT_DELETE_CLUSTER,))


def test_what_approves_more_is_refused_at_its_place_with_an_action() -> None:
    found = verdict(BASE, own("evidence.verdict: malicious\ncluster.mailboxCount: {atMost: 300}"))

    (problem,) = found.problems
    (one,) = found.loosened
    assert one.example is not None
    assert (one.outcome, one.example.verb, one.example.before) == (
        Outcome.REFUTED,
        Verb.APPROVE,
        Verb.ESCALATE,
    )
    assert str(problem).startswith(
        "contoso/own.yaml:1:1: the tenant's policy `own` loosens the base: softDeleteCluster: approve by `own`, and "
        "escalate by the base alone, such as {kind: softDeleteCluster, now: '2026-08-24T09:00:00Z', tenant: "
    )
    assert str(problem).endswith(
        " (as a file: `air-agent policy prove contoso --base shared --examples DIR`)"
    )
    written = str(problem).partition(", such as ")[2].rpartition(" (as a file")[0]
    read = parse_situation("kept.yaml", written.encode())
    assert (read.kind, read.facts) == (one.example.situation.kind, one.example.situation.facts)


def test_what_approves_past_the_limits_of_the_base_is_refused() -> None:
    found = verdict(BASE, own(MATCH, more="priority: 1"))

    assert words(found) == [
        (
            "the tenant's policy `own` loosens the base: softDeleteCluster: approve by `own`, without every policy of the "
            "base that approves it, and so past its limits"
        )
    ]


def test_what_rejects_what_people_were_to_hear_of_is_refused() -> None:
    found = verdict(BASE, own("alert.severity: low", decide="reject"))

    assert words(found) == [
        "the tenant's policy `own` loosens the base: softDeleteCluster: reject by `own`, and escalate by the base alone"
    ]


def test_what_rejects_what_the_base_approves_tightens_until_the_week_is_over() -> None:
    found = verdict(BASE, own(MATCH, decide="reject", more="priority: 1"))

    assert found.means is Means.SOLVER


def test_a_policy_of_the_base_that_observes_is_none_to_agree_with() -> None:
    base = {"clusters.yaml": policy_file(MATCH, name="clusters", mode="observe")}

    assert verdict(base, own(MATCH)).means is None
    assert verdict(base, own(MATCH), enforces_observers=True).means is Means.FORM
    assert verdict(base, own("alert.severity: low", mode="observe"), enforces_observers=True).means is None


def test_whose_actions_are_meant_makes_the_difference() -> None:
    only = policy_file(MATCH, name="clusters", mode="{enforce: {tenants: [" + TENANT + "]}}")
    base = {"clusters.yaml": only, "other.yaml": policy_file("alert.severity: low", name="other")}

    assert verdict(base, own(MATCH)).means is Means.FORM
    assert verdict(base, own(MATCH), of=OTHER).means is None
    assert verdict(base, own(MATCH), of=None).means is None
    assert verdict(base, own(MATCH, more=f"tenants: [{TENANT}]"), of=None).means is Means.FORM


def test_kinds_in_which_neither_counts_are_not_looked_at() -> None:
    base = {
        "clusters.yaml": policy_file(
            "evidence.verdict: malicious", name="clusters", kinds="softDeleteCluster, softDeleteMessage"
        )
    }
    part = "{enforce: {kinds: [softDeleteMessage]}}"

    found = verdict(
        base, own("evidence.verdict: suspicious", kinds="softDeleteCluster, softDeleteMessage", mode=part)
    )

    assert [one.kind for one in found.loosened] == [ActionKind.SOFT_DELETE_MESSAGE]


# Lists

ESCALATES = policy_file("recipients: {anyIn: $vip}", name="asks", decide="escalate", more="priority: 100")
APPROVES = policy_file(MATCH, name="clusters", unless="- recipients: {anyIn: $vip}")
TRUSTS = policy_file(MATCH + "\nrecipients: {allIn: $vip}", name="clusters")
LOWER = policy_file("alert.severity: low", name="lower", more="priority: -1")


@pytest.mark.parametrize(
    ("base", "means"),
    [
        ({"asks.yaml": ESCALATES, "clusters.yaml": CLUSTERS}, Means.FORM),
        ({"clusters.yaml": APPROVES}, Means.FORM),
        ({"clusters.yaml": APPROVES, "asks.yaml": ESCALATES}, Means.FORM),
        ({"clusters.yaml": APPROVES, "lower.yaml": LOWER}, None),
        ({"clusters.yaml": APPROVES, "asks.yaml": ESCALATES, "lower.yaml": LOWER}, Means.SOLVER),
        ({"clusters.yaml": TRUSTS}, None),
    ],
    ids=[
        "escalates more",
        "approves less",
        "both",
        "another approves instead",
        "asked before that",
        "approves more",
    ],
)
def test_what_is_added_to_a_list(base: dict[str, bytes], means: Means | None) -> None:
    found = verdict({**base, "lists/vip.yaml": VIP}, {"lists/vip.yaml": OURS})

    assert found.means is means
    assert [str(one).partition(": ")[0] for one in found.problems] == (
        [] if means else ["contoso/lists/vip.yaml:1:1"]
    )


def test_what_is_added_to_a_list_that_is_each_tenants_own_is_meant_by_the_base() -> None:
    vip = VIP + "perTenant: true\n"

    found = verdict({"clusters.yaml": TRUSTS, "lists/vip.yaml": vip}, {"lists/vip.yaml": OURS})

    assert found.means is Means.FORM


def test_who_is_in_a_group_makes_no_difference() -> None:
    fed = f"list: vip\ntype: addresses\nsource: {{group: {GROUP}}}\n"

    more = verdict({"clusters.yaml": TRUSTS, "lists/vip.yaml": VIP}, {"lists/vip.yaml": fed})
    blank = verdict(
        {"clusters.yaml": TRUSTS, "lists/vip.yaml": VIP + "perTenant: true\n"}, {"lists/vip.yaml": fed}
    )
    fewer = verdict({"clusters.yaml": APPROVES, "lists/vip.yaml": VIP}, {"lists/vip.yaml": fed})

    assert (more.means, blank.means, fewer.means) == (None, Means.FORM, Means.FORM)
    assert (
        "what the tenant adds to the list `vip`, by which the policy `clusters` of the base goes, loosens"
        in words(more)[0]
    )


def test_a_base_that_does_not_load_by_itself_is_told_of() -> None:
    base = {"clusters.yaml": policy_file(MATCH, name="clusters", more="escalation: night")}
    night = {
        "chains/night.yaml": "chain: night\nsteps: [{notify: [console]}]\n",
        "channels/console.yaml": "channel: console\nkind: console\n",
    }

    with pytest.raises(PolicyError, match=r"shared/clusters\.yaml:\d+:\d+: there is no chain `night`"):
        verdict(base, night)


def test_a_set_in_one_folder_has_nothing_to_tighten() -> None:
    with pytest.raises(ValueError, match="no base"):
        tighten({"policies/p.yaml": policy_file()}, tenant=None, enforces_observers=False, within=1)


# The solver


def forget_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all that proves imported anew, when it is asked for next."""
    for name in [one for one in sys.modules if one.startswith("agent.judge.proof.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(agent.judge.proof, "prove", raising=False)


def test_without_the_solver_what_its_form_leaves_open_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_the_solver(monkeypatch)
    monkeypatch.setitem(sys.modules, "z3", None)

    by_form = verdict(BASE, own("alert.severity: low", decide="escalate"))
    found = verdict(BASE, own("evidence.verdict: malicious\ncluster.mailboxCount: 7"))

    assert by_form.means is Means.FORM
    assert list(map(str, found.problems)) == [
        (
            "contoso/own.yaml:1:1: the tenant's policy `own` may loosen the base, and the solver Z3, which could tell, is not"
            " installed: install it with `pip install 'air-agent[prove]'`, or have people decide: `decide: escalate` always"
            " tightens"
        ),
    ]


def test_what_else_cannot_be_imported_is_a_bug_that_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_the_solver(monkeypatch)
    monkeypatch.setitem(sys.modules, "agent.judge.proof.prove", None)

    with pytest.raises(ModuleNotFoundError, match=r"agent\.judge\.proof\.prove"):
        verdict(BASE, own("evidence.verdict: malicious\ncluster.mailboxCount: 7"))


def test_an_example_that_is_too_long_for_a_line_is_for_a_file() -> None:
    names = "\n".join(f"  - {{alert.titles: {{contains: '{'b' * 60}{at:02}'}}}}" for at in range(12))

    found = verdict(BASE, own(f"all:\n{names}"))

    assert ", such as {" not in str(found.problems[0])
    assert "(as a file: `air-agent policy prove contoso --base shared --examples DIR`)" in str(
        found.problems[0]
    )


def test_what_hangs_on_a_pattern_is_not_proved() -> None:
    base = {"clusters.yaml": policy_file("alert.title: {matches: '[a-z]+'}", name="clusters")}

    found = verdict(base, own("alert.title: {matches: '[a-y]+'}"))

    assert (found.means, [one.outcome for one in found.loosened]) == (None, [Outcome.CANNOT_SAY])
    assert words(found) == [
        (
            "the tenant's policy `own` is not proved to only tighten the base: softDeleteCluster: it depends on what the solver"
            " takes as it comes (`alert.title` matches [a-y]+; `alert.title` matches [a-z]+)"
        )
    ]
