"""Opens a page in the browser of whoever types, where there is a screen to show it on."""

import os
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import PurePath

TEXT = frozenset({"browsh", "elinks", "links", "links2", "lynx", "w3m", "www-browser"})
"""Browsers that would take the terminal over."""


def has_screen(environ: Mapping[str, str], platform: str, *, is_terminal: bool) -> bool:
    """Whether a person sits there: a terminal, and a screen beside it."""
    has_windows = platform in {"darwin", "win32"} or bool(
        environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    )
    return is_terminal and has_windows


def open_page(url: str) -> bool:
    """Open it, and return whether a browser was asked to. Nothing is opened in a terminal, or without one."""
    if not has_screen(os.environ, sys.platform, is_terminal=sys.stderr.isatty()):
        return False
    try:
        browser = webbrowser.get()
        return not is_text(browser) and browser.open(url)
    except (webbrowser.Error, OSError):
        return False


def is_text(browser: webbrowser.BaseBrowser) -> bool:
    """Whether a browser is shown in the terminal: by its name, or because it would be waited for."""
    name = PurePath(getattr(browser, "name", "") or "").name
    return name in TEXT or type(browser) is webbrowser.GenericBrowser
