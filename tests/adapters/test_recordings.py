"""Recordings as folders: whole or not at all, for this user only, and read back as they were."""

import stat
from pathlib import Path

import msgspec
import pytest

from agent.adapters import recordings
from agent.adapters.recordings import drafted, read
from agent.model.errors import SettingsError
from agent.model.recording import Exchange
from tests.makers import NOW
from tests.simulator.test_replay import a_recording, an_exchange

EXCHANGES = (
    an_exchange(body={"value": [1]}, retry_after="2"),
    an_exchange(
        "/v1.0/security/runHuntingQuery", b"<html>\xff\r\n", asked='{"query": "x\\u2028y"}', status=200
    ),
    Exchange(at=NOW, method="GET", target="/v1.0", status=0),
)


def written(place: Path) -> Path:
    with drafted(place) as draft:
        for one in EXCHANGES:
            draft.add(one)
        draft.write("situations/1.yaml", b"kind: unknown\n")
        assert draft.exchanges() == EXCHANGES
        draft.finish(a_recording(*EXCHANGES).manifest)
    return place


def test_a_recording_reads_back_as_it_was(tmp_path: Path) -> None:
    assert read(written(tmp_path / "rec")) == a_recording(*EXCHANGES)


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    place = written(tmp_path / "rec")

    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in (place, *place.rglob("*"))}
    assert modes == {True: 0o700, False: 0o600}


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "rec").mkdir()

    assert read(written(tmp_path / "rec")).exchanges == EXCHANGES


def test_nothing_is_left_of_one_that_was_not_finished(tmp_path: Path) -> None:
    def unfinished() -> None:
        with drafted(tmp_path / "rec") as draft:
            draft.add(EXCHANGES[0])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        unfinished()

    assert list(tmp_path.iterdir()) == []


def test_it_is_not_there_before_it_is_whole(tmp_path: Path) -> None:
    with drafted(tmp_path / "rec") as draft:
        draft.add(EXCHANGES[0])

        assert not (tmp_path / "rec").exists()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda place: (place.mkdir(), (place / "x").touch()),
            "is not empty: name a folder that is not there yet",
        ),
        (lambda place: place.touch(), "is a file: name a folder that is not there yet"),
        (lambda place: place.parent.rmdir(), "make it first"),
    ],
    ids=["full", "file", "nowhere"],
)
def test_a_place_that_is_taken_or_nowhere_is_refused(tmp_path: Path, make: object, words: str) -> None:
    place = tmp_path / "in" / "rec"
    place.parent.mkdir()
    make(place)  # type: ignore[operator]

    with pytest.raises(SettingsError, match=words), drafted(place):
        pytest.fail("it was taken")


def test_a_folder_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"is not a recording: `manifest\.json` is missing"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("manifest.json", b"{}", "is not a recording, or was changed"),
        ("exchanges.jsonl", b"{}\n", "is not a recording, or was changed"),
        ("exchanges.jsonl", b"\xff", "is not a recording, or was changed"),
        (
            "exchanges.jsonl",
            b'{"number":1,"at":"2026-01-01T00:00:00Z","method":"GET","target":"/","status":200,"body":"/etc/passwd"}',
            "names a body outside the recording",
        ),
        (
            "exchanges.jsonl",
            b'{"number":1,"at":"2026-01-01T00:00:00Z","method":"GET","target":"/","status":200,"body":"bodies/9.json"}',
            r"`9\.json` is missing",
        ),
    ],
)
def test_a_recording_that_was_changed_is_refused(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    place = written(tmp_path / "rec")
    (place / name).write_bytes(data)

    with pytest.raises(SettingsError, match=words):
        read(place)


def test_a_recording_of_a_newer_agent_is_refused_by_name(tmp_path: Path) -> None:
    place = written(tmp_path / "rec")
    manifest = msgspec.structs.replace(read(place).manifest, format=99, agent="9.9")
    (place / "manifest.json").write_bytes(msgspec.json.encode(manifest))

    with pytest.raises(SettingsError, match=r"was recorded by a newer agent \(9\.9\)"):
        read(place)


@pytest.mark.parametrize("part", ["manifest.json", "exchanges.jsonl", "bodies/00001.json", "bodies"])
def test_a_link_out_of_the_recording_is_not_followed(tmp_path: Path, part: str) -> None:
    place = written(tmp_path / "rec")
    elsewhere = tmp_path / "elsewhere"
    (place / part).rename(elsewhere)
    (place / part).symlink_to(elsewhere)

    with pytest.raises(SettingsError, match="is a link to outside the recording"):
        read(place)


def test_one_large_body_that_is_named_often_does_not_take_all_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "LARGEST", 50)

    with pytest.raises(SettingsError, match="its bodies are larger than"):
        read(with_repeated_body(tmp_path / "rec", times=10))


def with_repeated_body(place: Path, *, times: int) -> Path:
    written(place)
    index = place / "exchanges.jsonl"
    index.write_bytes(index.read_bytes().splitlines(keepends=True)[0] * times)
    return place
