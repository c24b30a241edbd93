"""A policy of a tenant does not go on in the place of one of the base that fell back."""

from agent.judge.fallen import fell_back
from agent.judge.tightening.leaning import with_leaning
from agent.loop.policies import InForce
from agent.model.policy import Fallen
from tests.judge.tightening.joining import CLUSTERS, Files, both, joined
from tests.judge.writing import policy_file
from tests.makers import NOW

MATCH = "evidence.verdict: malicious\ncluster.mailboxCount: {atMost: 200}"
LOWER = policy_file(MATCH, name="own", more="priority: -1")
FALLEN = {"clusters": Fallen(since=NOW, words="action a1 was undone")}


def observing(base: Files, tenant: Files) -> set[str]:
    return set(with_leaning(both(base, tenant), FALLEN))


def test_one_that_leans_on_what_fell_back_observes_with_it_and_says_why() -> None:
    judge = InForce(joined({"clusters.yaml": CLUSTERS}, {"own.yaml": LOWER}), fallen=FALLEN).judge

    own = judge.policies["own"].fallen

    assert own is not None
    assert fell_back(own).endswith(
        "because `clusters` of the base did, which it may only tighten: action a1 was undone"
    )
    assert judge.policies["clusters"].fallen == FALLEN["clusters"]


def test_one_that_only_escalates_or_has_another_of_the_base_to_stand_on_goes_on() -> None:
    escalates = policy_file("alert.severity: low", name="own", decide="escalate")
    other = policy_file("evidence.verdict: malicious", name="other")
    observes = policy_file("evidence.verdict: malicious", name="other", mode="observe")

    assert observing({"clusters.yaml": CLUSTERS}, {"own.yaml": escalates}) == {"clusters"}
    assert observing({"clusters.yaml": CLUSTERS, "other.yaml": other}, {"own.yaml": LOWER}) == {"clusters"}
    assert observing({"clusters.yaml": CLUSTERS, "other.yaml": observes}, {"own.yaml": LOWER}) == {
        "clusters",
        "own",
    }


def test_one_for_other_actions_goes_on_and_so_does_a_set_without_a_base() -> None:
    rules = policy_file("evidence.verdict: malicious", name="own", kinds="disableUser")
    alone = InForce({"policies/clusters.yaml": CLUSTERS}).judge.policy_set

    assert observing({"clusters.yaml": CLUSTERS}, {"own.yaml": rules}) == {"clusters"}
    assert with_leaning(alone, FALLEN) is FALLEN
