"""Log lines: parsable, private, and harmless to whoever reads them on a terminal."""

import json
import logging
import stat
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from agent.faces.cli.logs import configure
from agent.model.errors import SettingsError
from agent.settings.subjects import Log, LogFormat, LogLevel
from tests.faces.records import HOSTILE
from tests.makers import NOW


def now() -> datetime:
    return NOW


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {
        name: logging.getLogger(name).level for name in ("httpx", "azure", "httpcore", "msal", "uvicorn")
    }
    yield
    for handler in root.handlers:
        if handler not in handlers and isinstance(handler, logging.StreamHandler):
            handler.stream.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def to_file(folder: Path, **changed: Any) -> Path:
    path = folder / "agent.log"
    configure(Log(file=path, **changed), now)
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def test_a_line_is_one_json_object_with_the_agents_own_time(tmp_path: Path) -> None:
    path = to_file(tmp_path)

    structlog.get_logger().info("pass", decided=3)

    assert lines(path) == [
        {"timestamp": "2026-11-02T09:00:00.000Z", "level": "info", "event": "pass", "decided": 3}
    ]


@pytest.mark.parametrize("kind", list(LogFormat))
def test_an_attackers_text_stays_on_its_line_and_does_nothing(tmp_path: Path, kind: LogFormat) -> None:
    path = to_file(tmp_path, format=kind)

    structlog.get_logger().warning("subject seen", subject=HOSTILE, more=[HOSTILE])

    text = path.read_text(encoding="utf-8")
    assert text.count("\n") == 1
    assert not {letter for letter in text if unicodedata.category(letter) in {"Cc", "Cf"}} - {"\n"}
    assert "Invoice" in text


@pytest.mark.parametrize("kind", list(LogFormat))
def test_a_traceback_is_told_and_its_text_does_nothing(tmp_path: Path, kind: LogFormat) -> None:
    path = to_file(tmp_path, format=kind)

    try:
        raise ValueError(HOSTILE)
    except ValueError:
        structlog.get_logger().exception("pass failed")

    text = path.read_text(encoding="utf-8")
    assert "ValueError" in text
    assert not {letter for letter in text if unicodedata.category(letter) in {"Cc", "Cf"}} - {"\n"}


def test_several_values_are_an_array_whatever_stands_in_them(tmp_path: Path) -> None:
    path = to_file(tmp_path)

    structlog.get_logger().info("decided", policies=("p", HOSTILE), none=(), deep=[("a", 1, None)])

    (line,) = lines(path)
    assert line["policies"] == ["p", HOSTILE]
    assert line["none"] == []
    assert line["deep"] == [["a", 1, None]]


def test_for_people_several_values_are_told_one_after_the_other(tmp_path: Path) -> None:
    path = to_file(tmp_path, format=LogFormat.CONSOLE)

    structlog.get_logger().info("decided", policies=("p", "q"))

    assert "policies='p, q'" in path.read_text(encoding="utf-8")


def test_lines_below_the_level_are_left_out(tmp_path: Path) -> None:
    path = to_file(tmp_path, level=LogLevel.WARNING)

    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")

    assert [line["event"] for line in lines(path)] == ["loud"]


def test_libraries_are_logged_in_the_same_form_and_only_their_warnings(tmp_path: Path) -> None:
    path = to_file(tmp_path, level=LogLevel.DEBUG)

    logging.getLogger("httpx").info("GET https://graph/?secret")
    logging.getLogger("azure.identity").warning("token %s", "expired")

    (line,) = lines(path)
    assert (line["event"], line["level"]) == ("token expired", "warning")


def test_the_file_is_private_and_is_added_to(tmp_path: Path) -> None:
    path = to_file(tmp_path)
    structlog.get_logger().info("first")
    (before,) = logging.getLogger().handlers
    assert isinstance(before, logging.StreamHandler)
    before.stream.close()
    configure(Log(file=path), now)
    structlog.get_logger().info("second")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [line["event"] for line in lines(path)] == ["first", "second"]


def test_a_file_that_cannot_be_opened_is_a_matter_of_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"`log\.file`: .* cannot be opened: no such file or directory"):
        configure(Log(file=tmp_path / "none" / "agent.log"), now)


def test_a_file_is_closed_once_lines_go_elsewhere(tmp_path: Path) -> None:
    to_file(tmp_path)
    (first,) = logging.getLogger().handlers
    assert isinstance(first, logging.StreamHandler)

    configure(Log(file=tmp_path / "other.log"), now)

    (second,) = logging.getLogger().handlers
    assert isinstance(second, logging.StreamHandler)
    assert first.stream.closed
    assert not second.stream.closed
