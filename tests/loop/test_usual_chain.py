"""The chain that the settings name has to be there: at the start, and whenever the policies change."""

import pytest

from agent.loop.policies import InForce
from agent.model.errors import PolicyError
from tests.judge.writing import chain_files, policy_file

FILES = {"policies/p.yaml": policy_file(), **chain_files("secops")}


def test_a_set_with_the_chain_of_the_settings_comes_into_force() -> None:
    assert [one.name for one in InForce(FILES, chain="secops").judge.policy_set.chains] == ["secops"]
    assert InForce({"policies/p.yaml": policy_file()}).judge.policy_set.chains == ()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (FILES, "there is no chain `secop`: did you mean `secops`?"),
        (
            {"policies/p.yaml": policy_file()},
            "there is no chain `secop`: there are no chains: write one to `chains/NAME.yaml`",
        ),
    ],
)
def test_one_that_is_not_there_stops_the_start(files: dict[str, bytes], words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        InForce(files, chain="secop")

    assert (
        str(caught.value) == f"policies/chains:1:1: `escalation.chain` names one that is not there: {words}"
    )


def test_what_is_wrong_with_lists_is_told_with_it() -> None:
    with pytest.raises(PolicyError) as caught:
        InForce(FILES, chain="secop", protected=("vip",))

    assert [one.file for one in caught.value.problems] == ["policies/lists", "policies/chains"]


def test_a_set_that_loses_it_does_not_come_into_force() -> None:
    policies = InForce(FILES, chain="secops")
    before = policies.judge.revision

    with pytest.raises(PolicyError, match="names one that is not there"):
        policies.renew({"policies/p.yaml": policy_file(), **chain_files("other")})

    assert policies.judge.revision == before


def test_a_set_of_the_past_names_chains_that_nobody_kept() -> None:
    old = {"policies/p.yaml": policy_file(more="escalation: desk")}

    assert InForce(old, is_past=True).judge.policy_set.policies[0].escalation == "desk"
    with pytest.raises(PolicyError):
        InForce(old)
