"""The folder of policies is read whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.adapters.host import PolicyFiles
from agent.model.errors import PolicyError

NOBODY = 65_534


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that other users can enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        found = Path(made) / "policies"
        (found / "strict").mkdir(parents=True)
        (found / "a.yaml").write_text("policy: a\n")
        (found / "strict" / "b.yaml").write_text("policy: b\n")
        yield found


def read_as_nobody(folder: Path) -> PolicyError:
    """Read the folder as somebody whom modes hold back, and return what was said."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(NOBODY)
    try:
        with pytest.raises(PolicyError) as raised:
            PolicyFiles(folder).files()
    finally:
        os.seteuid(mine)
    return raised.value


def test_a_folder_that_cannot_be_entered_is_not_taken_for_an_empty_one(folder: Path) -> None:
    (folder / "strict").chmod(0)
    try:
        error = read_as_nobody(folder)
    finally:
        (folder / "strict").chmod(0o755)

    assert str(error.problems[0]) == f"{folder / 'strict'}:1:1: cannot be read: Permission denied"


def test_a_folder_below_one_that_cannot_be_entered_is_refused_in_words(folder: Path) -> None:
    folder.parent.chmod(0)
    try:
        error = read_as_nobody(folder)
    finally:
        folder.parent.chmod(0o755)

    assert str(error.problems[0]) == f"{folder}:1:1: cannot be read: Permission denied"


def test_links_to_folders_are_followed_as_kubernetes_lays_them(folder: Path) -> None:
    (folder / "..data").mkdir()
    (folder / "..data" / "lists").mkdir()
    (folder / "..data" / "lists" / "vip.yaml").write_text("list: vip\nentries: []\n")
    (folder / "lists").symlink_to("..data/lists")

    assert sorted(PolicyFiles(folder).files()) == [
        str(folder / name) for name in ("a.yaml", "lists/vip.yaml", "strict/b.yaml")
    ]


def test_a_link_to_a_folder_that_is_not_there_is_refused(folder: Path) -> None:
    (folder / "more").symlink_to("..data/more")

    with pytest.raises(PolicyError, match="more:1:1: is a link that leads nowhere: mend it or remove it"):
        PolicyFiles(folder).files()


def test_a_link_to_a_folder_above_is_refused(folder: Path) -> None:
    (folder / "again").symlink_to(".")

    with pytest.raises(PolicyError, match="again:1:1: is a link to a folder that it lies in: remove it"):
        PolicyFiles(folder).files()


def test_a_name_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / os.fsdecode(b"c\xff.yaml")).write_text("policy: c\n")

    with pytest.raises(PolicyError, match="its name is not UTF-8: rename it"):
        PolicyFiles(folder).files()


def test_a_folder_without_any_yaml_is_refused_by_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        PolicyFiles(tmp_path).files()

    assert str(caught.value.problems[0]).startswith(f"{tmp_path}:1:1: there is no policy in this folder")


def test_a_folder_with_more_in_it_than_any_of_policies_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.adapters.host.MOST_ENTRIES", 3)
    assert PolicyFiles(folder).files()
    (folder / "strict" / "c.yaml").write_text("policy: c\n")

    with pytest.raises(PolicyError, match="has more than 3 files and folders below it: name the folder of"):
        PolicyFiles(folder).files()
