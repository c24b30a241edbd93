"""The kill switch's file: certain that it is not there, or on."""

import asyncio
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.adapters import hold_file
from agent.adapters.hold_file import LONGEST, HoldFile, hold_files
from agent.model.hold import Hold

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


async def why(path: Path) -> str | None:
    """Return why it holds; None where it does not."""
    found = await HoldFile(path, "a").read(NOW)
    return None if found is None else found.reason


async def test_a_file_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert await why(tmp_path / "HOLD") is None


async def test_its_first_line_is_the_reason_and_it_says_whose_it_is(tmp_path: Path) -> None:
    file = tmp_path / "HOLD"
    file.write_text("  a bad   signature \nsecond line\n")

    found = await HoldFile(file, "a").read(NOW)

    assert found == Hold(name="file:a", since=NOW, by=f"the file {file} of a", reason="a bad signature")
    assert (found.guard, found.replica) == ("hold", "a")


@pytest.mark.parametrize("content", [b"", b"\n", b"  \nsecond"])
async def test_an_empty_file_holds_too(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "HOLD").write_bytes(content)

    assert await why(tmp_path / "HOLD") == "no reason given: write one into its first line"


async def test_whatever_its_bytes_are_it_holds_and_its_reason_is_short(tmp_path: Path) -> None:
    (tmp_path / "HOLD").write_bytes(b"\xff\0" + b"x" * 5000)

    found = await why(tmp_path / "HOLD")

    assert found is not None
    assert found.startswith("\ufffd x")
    assert len(found) == LONGEST


async def test_a_file_that_goes_holds_no_more_and_one_that_comes_does(tmp_path: Path) -> None:
    switch, file = HoldFile(tmp_path / "HOLD", "a"), tmp_path / "HOLD"

    said = [await switch.read(NOW)]
    file.touch()
    said.append(await switch.read(NOW))
    file.unlink()
    said.append(await switch.read(NOW))

    assert [one is None for one in said] == [True, False, True]


def a_folder(place: Path) -> Path:
    (place / "HOLD").mkdir()
    return place / "HOLD"


def a_pipe(place: Path) -> Path:
    os.mkfifo(place / "HOLD")
    return place / "HOLD"


def a_link_to_nowhere(place: Path) -> Path:
    (place / "HOLD").symlink_to(place / "nowhere" / "HOLD")
    return place / "HOLD"


def a_link_to_itself(place: Path) -> Path:
    (place / "HOLD").symlink_to(place / "HOLD")
    return place / "HOLD"


def in_a_folder_that_is_gone(place: Path) -> Path:
    return place / "gone" / "HOLD"


def below_a_file(place: Path) -> Path:
    (place / "file").touch()
    return place / "file" / "HOLD"


def with_a_name_that_no_file_can_have(place: Path) -> Path:
    return place / ("x" * 300)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (a_folder, "it is there, and it is not a file"),
        (a_pipe, "it is there, and it is not a file"),
        (a_link_to_nowhere, "it cannot be read: it is a link that leads nowhere"),
        (a_link_to_itself, "it is there, and its reason cannot be read: too many levels of symbolic links"),
        (in_a_folder_that_is_gone, "it cannot be read: its folder "),
        (below_a_file, "it cannot be read: not a directory"),
        (with_a_name_that_no_file_can_have, "it cannot be read: file name too long"),
    ],
)
async def test_what_cannot_be_told_for_certain_holds_and_says_so(
    tmp_path: Path, made: "object", words: str
) -> None:
    assert callable(made)

    found = await why(made(tmp_path))

    assert found is not None
    assert found.startswith(words)


class Forbidden(type(Path())):  # type: ignore[misc]  # the platform's own kind of path
    """A path in a folder that may not be entered."""

    def lstat(self) -> os.stat_result:
        raise PermissionError(13, "Permission denied")


async def test_a_folder_that_may_not_be_entered_holds(tmp_path: Path) -> None:
    assert await why(Forbidden(tmp_path / "HOLD")) == "it cannot be read: permission denied"


class Unreadable(type(Path())):  # type: ignore[misc]  # the platform's own kind of path
    """A file that may be seen and not read, whoever asks: root may read everything."""

    def lstat(self) -> os.stat_result:
        return os.lstat(str(self))

    def __fspath__(self) -> str:
        raise PermissionError(13, "Permission denied")


async def test_a_file_that_may_not_be_read_holds(tmp_path: Path) -> None:
    (tmp_path / "HOLD").touch()

    found = await why(Unreadable(f"{tmp_path}/HOLD"))

    assert found == "it is there, and its reason cannot be read: permission denied"


class Hanging(type(Path())):  # type: ignore[misc]  # the platform's own kind of path
    """A path on a file system that does not answer until `answers` is set."""

    answers = threading.Event()
    asked = 0

    def lstat(self) -> os.stat_result:
        Hanging.asked += 1
        Hanging.answers.wait(20)
        return os.lstat(self)


@pytest.fixture
def _hangs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Hanging, "answers", threading.Event())
    monkeypatch.setattr(Hanging, "asked", 0)
    yield
    Hanging.answers.set()


@pytest.mark.usefixtures("_hangs")
async def test_a_file_system_that_hangs_holds_and_is_not_asked_again_until_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold_file, "PATIENCE", 0.02)
    switch = HoldFile(Hanging(tmp_path / "HOLD"), "a")

    said = [await switch.read(NOW), await switch.read(NOW)]
    asked = Hanging.asked
    Hanging.answers.set()
    while (freed := await switch.read(NOW)) is not None:
        assert freed.reason == "it cannot be read: no answer within 0.02 s"

    assert [one.reason for one in said if one] == ["it cannot be read: no answer within 0.02 s"] * 2
    assert asked == 1


@pytest.mark.usefixtures("_hangs")
async def test_of_many_tenants_one_whose_file_hangs_keeps_no_other_from_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold_file, "PATIENCE", 0.2)
    together = hold_files()
    (tmp_path / "HOLD").write_text("stop")
    hanging = HoldFile(Hanging(tmp_path / "hangs"), "hanging", together)
    before = HoldFile(tmp_path / "HOLD", "before", together)
    after = HoldFile(tmp_path / "no", "after", together)

    first = await asyncio.gather(*(one.read(NOW) for one in (before, hanging, after)))
    second = await asyncio.gather(*(one.read(NOW) for one in (before, after)))

    assert [None if one is None else one.reason for one in first] == [
        "stop",
        "it cannot be read: no answer within 0.2 s",
        None,
    ]
    assert [None if one is None else one.reason for one in second] == ["stop", None]
