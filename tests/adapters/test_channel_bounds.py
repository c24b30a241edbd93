"""What channel files may name: nothing outside of what the settings say, however it is spelt, linked or swapped.

Requires: whoever may write policies can have the agent send out no file of the process and of no other tenant, and add to none.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from agent.adapters.channels import bounds as module
from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.lines import Lines
from agent.adapters.channels.secrets import secret_of
from agent.model.channel import Channel, ChannelKind, Part, SecretPlace
from agent.model.errors import Refused
from tests.adapters.hostile import notice
from tests.adapters.wires import channel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of secrets with one in it, beside what is nobody's business."""
    (tmp_path / "secrets" / "below").mkdir(parents=True)
    (tmp_path / "secrets" / "key").write_text("routing-key\n")
    (tmp_path / "secrets" / "below" / "key").write_text("deeper\n")
    (tmp_path / "secrets-of-fabrikam").mkdir()
    (tmp_path / "secrets-of-fabrikam" / "key").write_text("theirs\n")
    (tmp_path / "login").write_text("login\n")
    (tmp_path / "notices").mkdir()
    return tmp_path


def held(folder: Path, *own: Path) -> Bounds:
    return Bounds(secrets=(folder / "secrets",), files=folder / "notices", own=own)


def of_secret(path: Path | str) -> Channel:
    return channel(ChannelKind.PAGER_DUTY, secret=SecretPlace(file=str(path)))


def of_file(path: Path | str) -> Channel:
    return channel(ChannelKind.FILE, path=str(path))


def read(bounds: Bounds, path: Path | str) -> str:
    here = of_secret(path)
    return secret_of(here, here.secret, bounds)


# -- secrets --


@pytest.mark.parametrize(
    ("path", "content"), [("key", "routing-key"), ("below/key", "deeper"), ("below/../key", "routing-key")]
)
def test_what_lies_in_the_folder_is_read(folder: Path, path: str, content: str) -> None:
    whole = f"{folder}/secrets/{path}"

    assert held(folder).outside(of_secret(whole)) == ()
    assert read(held(folder), whole) == content


@pytest.mark.parametrize(
    "path", ["../login", "below/../../login", "", ".", "..", "../secrets-of-fabrikam/key"]
)
def test_no_way_up_leads_out(folder: Path, path: str) -> None:
    whole = f"{folder}/secrets/{path}"

    (found,) = held(folder).outside(of_secret(whole))

    assert found.part is Part.MAIN
    assert found.words == (
        f"the file {whole} lies outside of `{folder}/secrets`, where channels may take secrets from: "
        "move it there, or set `escalation.secrets`"
    )
    with pytest.raises(Refused, match=r"^channel `here`: the file .* lies outside of"):
        read(held(folder), whole)


def test_a_whole_path_elsewhere_is_refused(folder: Path) -> None:
    for path in (folder / "login", Path("/etc/passwd"), Path("/dev/zero"), folder / "not-there"):
        assert held(folder).outside(of_secret(path))
        with pytest.raises(Refused, match="lies outside of"):
            read(held(folder), path)


def test_links_count_as_what_they_lead_to(folder: Path) -> None:
    (folder / "secrets" / "out").symlink_to(folder / "login")
    (folder / "secrets" / "up").symlink_to(folder)
    (folder / "elsewhere").symlink_to(folder / "secrets" / "key")

    for path in ("secrets/out", "secrets/up/login"):
        assert held(folder).outside(of_secret(folder / path))
        with pytest.raises(Refused, match="lies outside of"):
            read(held(folder), folder / path)
    assert read(held(folder), folder / "elsewhere") == "routing-key"


def test_a_folder_that_is_a_link_itself_is_meant_as_what_it_leads_to(folder: Path) -> None:
    (folder / "named").symlink_to(folder / "secrets")

    assert read(Bounds(secrets=(folder / "named",)), folder / "secrets" / "key") == "routing-key"
    assert read(Bounds(secrets=(folder / "secrets",)), folder / "named" / "key") == "routing-key"


def test_secrets_as_kubernetes_mounts_and_replaces_them_are_read(folder: Path) -> None:
    mounted = folder / "secrets"
    (mounted / "..2026_08_20").mkdir()
    (mounted / "..2026_08_20" / "pager").write_text("mounted")
    (mounted / "..data").symlink_to("..2026_08_20")
    (mounted / "pager").symlink_to("..data/pager")

    assert read(held(folder), mounted / "pager") == "mounted"


def test_a_secret_that_is_replaced_between_two_looks_is_looked_for_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "secrets" / "first").mkdir()
    (folder / "secrets" / "first" / "pager").write_text("old")
    (folder / "secrets" / "pager").symlink_to("first/pager")
    (folder / "secrets" / "second").mkdir()
    (folder / "secrets" / "second" / "pager").write_text("new")

    def turn() -> None:
        (folder / "secrets" / "pager").unlink()
        (folder / "secrets" / "pager").symlink_to("second/pager")
        (folder / "secrets" / "first" / "pager").unlink()

    _meanwhile(monkeypatch, turn)

    assert read(held(folder), folder / "secrets" / "pager") == "new"


def test_a_file_that_becomes_a_link_after_the_look_is_not_followed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap() -> None:
        (folder / "secrets" / "key").unlink()
        (folder / "secrets" / "key").symlink_to(folder / "login")

    _meanwhile(monkeypatch, swap)

    with pytest.raises(Refused, match="leads over a link"):
        read(held(folder), folder / "secrets" / "key")


def test_a_folder_that_is_swapped_after_the_look_is_not_entered(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "secrets-of-fabrikam" / "key").chmod(0o600)

    def swap() -> None:
        (folder / "secrets" / "below").rename(folder / "away")
        (folder / "secrets" / "below").symlink_to(folder / "secrets-of-fabrikam")

    _meanwhile(monkeypatch, swap)

    with pytest.raises(Refused, match=r"lies outside of|leads over a link|not a directory"):
        read(held(folder), folder / "secrets" / "below" / "key")


def test_a_second_name_of_a_file_elsewhere_is_refused(folder: Path) -> None:
    os.link(folder / "login", folder / "secrets" / "linked")

    with pytest.raises(Refused, match="has a second name elsewhere: copy the secret into a file of its own"):
        read(held(folder), folder / "secrets" / "linked")


def test_what_the_agent_logs_in_with_is_no_channel_s_wherever_it_lies(folder: Path) -> None:
    own = folder / "secrets" / "key"
    (folder / "secrets" / "alias").symlink_to(own)

    for path in (own, folder / "secrets" / "alias"):
        with pytest.raises(Refused, match="is what the agent itself logs in or signs with"):
            read(held(folder, folder / "not-there", own), path)
    assert read(held(folder, folder / "login"), own) == "routing-key"


def test_without_a_folder_no_file_is_a_secret(folder: Path) -> None:
    with pytest.raises(Refused, match="lies outside of no folder at all"):
        read(Bounds(), folder / "secrets" / "key")


@pytest.mark.parametrize(
    ("variables", "name", "is_allowed"),
    [
        (None, "ANY_KEY", True),
        ((), "ANY_KEY", False),
        (("PAGER_*", "SLACK_TOKEN"), "PAGER_KEY", True),
        (("PAGER_*", "SLACK_TOKEN"), "SLACK_TOKEN", True),
        (("PAGER_*", "SLACK_TOKEN"), "SLACK_TOKEN_OF_FABRIKAM", False),
        (("PAGER_*", "SLACK_TOKEN"), "PAGER", False),
    ],
)
def test_only_variables_for_channels_are_read(
    variables: tuple[str, ...] | None, name: str, is_allowed: bool
) -> None:
    here = channel(ChannelKind.SLACK, secret=SecretPlace(env=name))
    bounds = Bounds(environ={name: "value"}, variables=variables)

    assert (bounds.outside(here) == ()) is is_allowed
    if is_allowed:
        assert secret_of(here, here.secret, bounds) == "value"
        return
    with pytest.raises(Refused, match=rf"add {name} to `escalation.variables`") as refused:
        secret_of(here, here.secret, bounds)
    assert "value" not in str(refused.value)


# -- files --


async def write(bounds: Bounds, path: Path | str) -> None:
    await Lines(bounds).send(of_file(path), notice(), ())


async def test_a_path_is_counted_from_the_folder_which_is_made(folder: Path) -> None:
    place = folder / "air-agent-data" / "notices"
    bounds = Bounds(files=place)

    await write(bounds, "pages.jsonl")
    await write(bounds, place / "whole.jsonl")

    assert sorted(path.name for path in place.iterdir()) == ["pages.jsonl", "whole.jsonl"]
    assert {one.stat().st_mode & 0o777 for one in (place, place.parent)} == {0o700}


@pytest.mark.parametrize(
    "path", ["../login", "below/../../login", "/etc/cron.d/agent", ".", "{}/login", "{}/notices"]
)
async def test_no_file_outside_is_added_to(folder: Path, path: str) -> None:
    before = (folder / "login").read_text()
    path = path.format(folder)

    (found,) = held(folder).outside(of_file(path))
    with pytest.raises(Refused, match=r"^channel `here`: .* lies outside of"):
        await write(held(folder), path)

    assert found.part is Part.PATH
    assert found.words.startswith(f"`{path}` lies outside of `{folder}/notices`, where channels may write")
    assert (folder / "login").read_text() == before


async def test_no_link_on_the_way_is_followed(folder: Path) -> None:
    (folder / "notices" / "file.jsonl").symlink_to(folder / "login")
    (folder / "notices" / "up").symlink_to(folder)

    for path in ("file.jsonl", "up/login"):
        assert (
            held(folder)
            .outside(of_file(path))[0]
            .words.endswith(f"name a file that lies in `{folder}/notices` itself")
        )
        with pytest.raises(Refused):
            await write(held(folder), path)
    assert (folder / "login").read_text() == "login\n"


async def test_a_file_with_a_second_name_is_not_added_to(folder: Path) -> None:
    os.link(folder / "login", folder / "notices" / "file.jsonl")

    with pytest.raises(Refused, match="has a second name elsewhere: name a file of its own"):
        await write(held(folder), "file.jsonl")

    assert (folder / "login").read_text() == "login\n"


async def test_without_a_folder_no_file_is_written(folder: Path) -> None:
    with pytest.raises(Refused, match=r"name the folder for such files in `escalation.files`"):
        await write(Bounds(), folder / "notices" / "file.jsonl")


def _meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Have something happen once, between the look at a name and the opening of what it leads to."""
    opening, waiting = module._open_below, [act]

    def open_below(folder: str, parts: Sequence[str], flags: int) -> int:
        if waiting:
            waiting.pop()()
        return opening(folder, parts, flags)

    monkeypatch.setattr(module, "_open_below", open_below)
