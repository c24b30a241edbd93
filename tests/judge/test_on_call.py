"""What is named has to be there: channels by chains, chains by policies; and each file lies where it is looked for."""

import pytest

from agent.judge.layout import is_beside, is_chain, is_channel, is_policy
from agent.judge.parse import parse_set
from agent.model.errors import PolicyError
from tests.judge.writing import chain_files, policy_file

POLICY = {"p/p.yaml": policy_file()}
CONSOLE = {"p/channels/console.yaml": b"channel: console\nkind: console\n"}


def chain(name: str = "secops", channel: str = "console") -> bytes:
    return f"chain: {name}\nsteps: [{{notify: [{channel}]}}]\n".encode()


def told(files: dict[str, bytes], *, is_past: bool = False) -> list[str]:
    try:
        parse_set(files, is_past=is_past)
    except PolicyError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_chains_and_channels_are_part_of_the_set_by_their_names() -> None:
    found = parse_set(
        {**POLICY, **CONSOLE, "p/chains/z.yaml": chain("alpha"), "p/chains/a.yml": chain("beta")}
    )

    assert [one.name for one in found.chains] == ["alpha", "beta"]
    assert [one.name for one in found.channels] == ["console"]
    assert set(found.files) == {"p/p.yaml", "p/channels/console.yaml", "p/chains/z.yaml", "p/chains/a.yml"}


@pytest.mark.parametrize("file", ["p/chains/secops.yaml", "p/channels/console.yaml"])
def test_the_revision_changes_with_any_byte_of_them(file: str) -> None:
    files = {**POLICY, **CONSOLE, "p/chains/secops.yaml": chain()}

    changed = {**files, file: files[file] + b"# more\n"}

    assert parse_set(changed).revision != parse_set(files).revision


@pytest.mark.parametrize("key", ["escalation", "inform"])
def test_a_policy_names_a_chain_that_is_there(key: str) -> None:
    policy = {"p/p.yaml": policy_file(more=f"{key}: secop")}
    at = f"p/p.yaml:9:{len(key) + 3}: there is no chain `secop`"

    assert told({**policy, **CONSOLE, "p/chains/x.yaml": chain("secop")}) == []
    assert told({**policy, **CONSOLE, "p/chains/x.yaml": chain("secops")}) == [
        f"{at}: did you mean `secops`?"
    ]
    assert told({**policy, **CONSOLE, "p/chains/x.yaml": chain("quite-another")}) == [
        f"{at}: one of `quite-another`"
    ]
    assert told({**policy, **CONSOLE}) == [f"{at}: there are no chains: write one to `chains/NAME.yaml`"]


def test_where_there_are_many_chains_it_is_said_where_one_goes() -> None:
    many = {f"p/chains/{at}.yaml": chain(f"long-name-{at}") for at in range(9)}

    assert told({"p/p.yaml": policy_file(more="escalation: zz"), **CONSOLE, **many}) == [
        "p/p.yaml:9:13: there is no chain `zz`: write one of that name to the folder `chains`"
    ]


def test_a_chain_names_a_channel_that_is_there() -> None:
    files = {**POLICY, **CONSOLE, "p/chains/secops.yaml": chain(channel="konsole")}
    alone = {**POLICY, "p/chains/secops.yaml": chain(channel="konsole")}

    assert told(files) == [
        "p/chains/secops.yaml:2:19: there is no channel `konsole`: did you mean `console`?"
    ]
    assert told(alone) == [
        "p/chains/secops.yaml:2:19: there is no channel `konsole`: write one of that name to the folder `channels`"
    ]


@pytest.mark.parametrize(
    "broken", [b"channel: console\nkind: consol\n", b"channel: [\n", b"kind: console\n", b"channel: {}\n"]
)
def test_a_channel_that_cannot_be_read_is_told_at_its_own_place_only(broken: bytes) -> None:
    found = told({**POLICY, "p/channels/console.yaml": broken, "p/chains/secops.yaml": chain()})

    assert found
    assert all(one.startswith("p/channels/console.yaml:") for one in found)


@pytest.mark.parametrize("broken", [chain().replace(b"notify", b"notfy"), b"chain: [\n", b"- x\n"])
def test_a_chain_that_cannot_be_read_is_told_at_its_own_place_only(broken: bytes) -> None:
    policy = {"p/p.yaml": policy_file(more="escalation: secops\ninform: secops")}

    found = told({**policy, **CONSOLE, "p/chains/secops.yaml": broken})

    assert found
    assert all(one.startswith("p/chains/secops.yaml:") for one in found)


def test_a_name_is_there_once() -> None:
    assert told({**POLICY, **CONSOLE, "p/chains/a.yaml": chain(), "p/chains/b.yaml": chain()}) == [
        "p/chains/b.yaml:1:1: the chain `secops` is in `p/chains/a.yaml` already"
    ]
    assert told({**POLICY, **CONSOLE, "p/channels/z.yaml": CONSOLE["p/channels/console.yaml"]}) == [
        "p/channels/z.yaml:1:1: the channel `console` is in `p/channels/console.yaml` already"
    ]


def test_a_policy_that_is_wrong_elsewhere_is_told_of_its_chain_too() -> None:
    policy = policy_file(decide="aprove", more="escalation: desk")

    found = told({"p/p.yaml": policy, **CONSOLE})

    assert [one.split(": ", 1)[0] for one in found] == ["p/p.yaml:8:9", "p/p.yaml:9:13"]


@pytest.mark.parametrize(
    ("more", "is_taken"),
    [
        ({}, True),
        (CONSOLE, True),
        ({**CONSOLE, "p/chains/secops.yaml": chain()}, False),
        ({"p/chains/secops.yaml": b"chain: ["}, False),
    ],
)
def test_a_set_of_the_past_may_name_chains_and_have_none(more: dict[str, bytes], is_taken: bool) -> None:
    files = {"p/p.yaml": policy_file(more="escalation: desk"), **more}

    assert told(files) != []
    assert (told(files, is_past=True) == []) is is_taken


@pytest.mark.parametrize("folder", ["chains", "channels"])
def test_they_lie_directly_in_their_folder(folder: str) -> None:
    policy = {"p/p.yaml": policy_file(more="escalation: deep"), **chain_files("other")}
    deep = f"p/{folder}/team/deep.yaml"

    found = told({**policy, deep: b"chain: deep\n"})

    assert (
        f"{deep}:1:1: {folder} lie directly in `{folder}`, and in no folder below it: move the file there"
        in found
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (chain(), "is a chain, and no policy: chains lie directly in the folder `chains`: move it there"),
        (b"steps: []\n", "is a chain, and no policy: chains lie directly in the folder `chains`: move it there"),
        (
            CONSOLE["p/channels/console.yaml"],
            "is a channel, and no policy: channels lie directly in the folder `channels`: move it there",
        ),
    ],
)  # fmt: skip
def test_one_that_lies_among_the_policies_is_told_where_it_belongs(data: bytes, words: str) -> None:
    assert told({**POLICY, "p/x.yaml": data}) == [f"p/x.yaml:1:1: {words}"]


def test_a_folder_of_chains_alone_is_no_folder_of_policies() -> None:
    assert told({"p/chains/secops.yaml": chain(), "p/chains/b.yaml": chain("b")})[-1].startswith("p/chains")
    assert (
        parse_no_policy()
        == "there is no policy in `chains`: the folder of policies is the one in which it lies"
    )


def parse_no_policy() -> str:
    with pytest.raises(PolicyError) as caught:
        parse_set({}, folder="p/chains")
    return caught.value.problems[0].message


@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("p/chains/a.yaml", "chain"),
        ("p\\chains\\a.yml", "chain"),
        ("p/channels/a.yaml", "channel"),
        ("chains/a.yaml", "chain"),
        ("p/lists/a.yaml", "beside"),
        ("p/situations/a.yaml", "beside"),
        ("chains/p/a.yaml", "policy"),
        ("p/channels/a.yaml.example", ""),
        ("p/chains/a.md", ""),
        ("p/a.yaml", "policy"),
    ],
)
def test_a_file_is_what_its_folder_says(file: str, what: str) -> None:
    assert is_chain(file) is (what == "chain")
    assert is_channel(file) is (what == "channel")
    assert is_beside(file) is (what in ("chain", "channel", "beside"))
    assert is_policy(file) is (what == "policy")
