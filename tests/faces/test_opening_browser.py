"""A browser is opened where a person sits in front of a screen, and nowhere else."""

import webbrowser

import pytest

from agent.faces.cli import opening_browser
from agent.faces.cli.opening_browser import has_screen, is_text, open_page


@pytest.mark.parametrize(
    ("environ", "platform", "is_terminal", "found"),
    [
        ({"DISPLAY": ":0"}, "linux", True, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True, True),
        ({}, "darwin", True, True),
        ({}, "win32", True, True),
        ({}, "linux", True, False),
        ({"DISPLAY": ""}, "linux", True, False),
        ({"DISPLAY": ":0"}, "linux", False, False),
        ({}, "darwin", False, False),
    ],
)
def test_a_screen_is_a_terminal_with_windows_beside_it(
    environ: dict[str, str], platform: str, is_terminal: bool, found: bool
) -> None:
    assert has_screen(environ, platform, is_terminal=is_terminal) is found


@pytest.mark.parametrize(
    ("browser", "found"),
    [
        (webbrowser.GenericBrowser("lynx"), True),
        (webbrowser.GenericBrowser(["/opt/own-browser", "%s"]), True),
        (webbrowser.BackgroundBrowser("/usr/bin/w3m"), True),
        (webbrowser.BackgroundBrowser("xdg-open"), False),
        (webbrowser.Mozilla("firefox"), False),
    ],
)
def test_a_browser_in_the_terminal_is_never_opened(browser: webbrowser.BaseBrowser, found: bool) -> None:
    assert is_text(browser) is found


class Recorder(webbrowser.BaseBrowser):
    """Keeps what it is asked to open."""

    def __init__(self) -> None:
        super().__init__("recorder")
        self.opened: list[str] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.opened.append(url)
        return True


def at_a_screen(monkeypatch: pytest.MonkeyPatch, browser: webbrowser.BaseBrowser | None) -> None:
    def get() -> webbrowser.BaseBrowser:
        if browser is None:
            raise webbrowser.Error("could not locate runnable browser")
        return browser

    monkeypatch.setattr(opening_browser, "has_screen", lambda *_, **__: True)
    monkeypatch.setattr(webbrowser, "get", get)


def test_what_is_opened_is_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Recorder()
    at_a_screen(monkeypatch, browser)

    assert open_page("http://127.0.0.1:1/sign-in/link/x")

    assert browser.opened == ["http://127.0.0.1:1/sign-in/link/x"]


@pytest.mark.parametrize("browser", [None, webbrowser.GenericBrowser("lynx")])
def test_where_there_is_none_that_can_be_used_nothing_is_opened(
    monkeypatch: pytest.MonkeyPatch, browser: webbrowser.BaseBrowser | None
) -> None:
    at_a_screen(monkeypatch, browser)

    assert not open_page("http://127.0.0.1:1/")


def test_without_a_terminal_nobody_looks_for_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    browser = Recorder()
    monkeypatch.setattr(webbrowser, "get", lambda: browser)

    assert not open_page("http://127.0.0.1:1/")

    assert browser.opened == []
