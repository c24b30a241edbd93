"""Remarks on chains and channels: what nothing names, and what reaches, wakes or asks nobody."""

from collections.abc import Mapping

import pytest

from tests.judge.lint.linting import remarks
from tests.judge.writing import ASKS, DUTY, chain_files, policy_file

ASKED = policy_file(more="escalation: desk")
LOUD = "[{notify: [duty]}, {after: 2h, notify: [duty], urgency: high}]"


def told(files: Mapping[str, bytes], policy: bytes = ASKED) -> list[tuple[str, str]]:
    """Return the codes and places of what is said of chains and channels."""
    found = remarks(policy, lists=files)
    return [
        (one.code, f"{one.file.removeprefix('policies/')}:{one.line}:{one.column}")
        for one in found
        if one.code.startswith(("chain-", "channel-"))
    ]


def a_chain(steps: str = LOUD, *, name: str = "desk", more: str = ASKS) -> dict[str, bytes]:
    return chain_files(name, steps=steps, more=more)


def test_a_chain_that_reaches_wakes_and_asks_people_is_well() -> None:
    assert told(a_chain()) == []


def test_a_channel_that_no_chain_names_is_noted() -> None:
    other = {"policies/channels/spare.yaml": b"# spare\nchannel: spare\nkind: console\n"}

    assert told({**a_chain(), **other}) == [("channel-unused", "channels/spare.yaml:2:1")]


def test_a_channel_of_the_last_chance_is_named() -> None:
    other = {"policies/channels/spare.yaml": b"channel: spare\nkind: console\n"}

    assert told({**a_chain(more=f"{ASKS}\nlastChance: {{notify: [spare]}}"), **other}) == []


@pytest.mark.parametrize(
    ("name", "policy", "is_unused"),
    [
        ("spare", ASKED, True),
        ("default", ASKED, False),
        ("spare", policy_file(more="escalation: desk\ninform: spare"), False),
    ],
)
def test_a_chain_that_no_policy_names_is_noted_beside_others(
    name: str, policy: bytes, is_unused: bool
) -> None:
    found = told({**a_chain(), **a_chain(name=name)}, policy)

    assert found == ([("chain-unused", "chains/spare.yaml:1:1")] if is_unused else [])


def test_the_only_chain_is_the_usual_one() -> None:
    assert told(a_chain(name="other"), policy_file()) == []


@pytest.mark.parametrize(
    ("policy", "is_noted"),
    [
        (ASKED, True),
        (policy_file(), True),
        (policy_file(decide="", more="inform: desk"), False),
    ],
)
def test_a_chain_that_questions_go_to_asks_somebody(policy: bytes, is_noted: bool) -> None:
    beside = {} if policy == policy_file() else a_chain(name="default")

    found = told({**a_chain(more=""), **beside}, policy)

    assert found == ([("chain-asks-nobody", "chains/desk.yaml:1:1")] if is_noted else [])


@pytest.mark.parametrize(("loud", "is_told"), [("low", True), ("normal", False), ("high", False)])
def test_a_chain_that_questions_go_to_is_not_all_low(loud: str, is_told: bool) -> None:
    steps = f"[{{notify: [duty], urgency: low}}, {{after: 1h, notify: [duty], urgency: {loud}}}]"

    assert told(a_chain(steps)) == ([("chain-wakes-nobody", "chains/desk.yaml:2:9")] if is_told else [])


def test_a_chain_that_only_informs_may_be_low() -> None:
    files = {**a_chain(name="default"), **a_chain("[{notify: [duty], urgency: low}]")}

    assert told(files, policy_file(decide="", more="inform: desk")) == []


@pytest.mark.parametrize(("kind", "is_noted"), [("console", True), ("file\npath: x", True), ("", False)])
def test_a_chain_tells_more_than_consoles_and_files(kind: str, is_noted: bool) -> None:
    channels = {"policies/channels/duty.yaml": f"channel: duty\nkind: {kind}\n".encode()} if kind else DUTY

    found = told({**a_chain(), **channels})

    assert found == ([("chain-reaches-nobody", "chains/desk.yaml:1:1")] if is_noted else [])


@pytest.mark.parametrize(
    ("more", "is_told"),
    [
        ("lastChance: {before: 165h}", False),
        ("lastChance: {before: 166h}", True),
        ("repeat: {every: 1h, times: 5}\nlastChance: {before: 160h}", False),
        ("repeat: {every: 1h, times: 6}\nlastChance: {before: 160h}", True),
    ],
)
def test_a_chain_ends_before_its_last_chance(more: str, is_told: bool) -> None:
    found = told(a_chain(more=f"{ASKS}\n{more}"))

    assert found == ([("chain-too-long", "chains/desk.yaml:2:27")] if is_told else [])


def test_what_is_too_long_is_told_with_both_lengths() -> None:
    files = a_chain(more=f"{ASKS}\nrepeat: {{every: 48h, times: 3}}")

    (found,) = (one for one in remarks(ASKED, lists=files) if one.code == "chain-too-long")

    assert found.message == (
        "the chain `desk` takes 7 days with its repeats, and its last chance comes 6 days after an action appears"
    )
