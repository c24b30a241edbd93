"""The two settings that are URLs: which ones are taken, and in which form they are kept."""

import re
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
SQLITE = "sqlite:///"

_LOGIN = re.compile(r"//\S*@")
_PASSWORD = re.compile(r"(password=)[^&\s]*", re.IGNORECASE)


def simulator_url(text: str) -> str:
    """Return the simulator's URL without a slash at its end.

    Raises:
        ValueError: it leads off this machine, or is no address of a server.
    """
    url = _split(text)
    if url.scheme != "http" or url.hostname not in LOOPBACK or not _has_port(url) or url.username is not None:
        raise ValueError(
            "is not an address of the simulator on this machine, such as `http://127.0.0.1:8080`"
        )
    if url.path.strip("/") or url.query or url.fragment:
        raise ValueError("has something after the port: leave it out")
    return text.rstrip("/")


def ledger_url(text: str, folder: Path) -> str:
    """Return the ledger's URL; a relative SQLite path is counted from `folder`.

    A path is meant as it is written. SQLAlchemy reads `%20` in it as a space, so that `%` is escaped.

    Raises:
        ValueError: it is no ledger's URL, or has a password in it.
    """
    url = _split(text)
    if url.password is not None or "password" in parse_qs(url.query):
        raise ValueError(
            "has a password in it: leave it out, and set AIR_AGENT_LEDGER_PASSWORD or `ledger.password_file`"
        )
    if url.scheme in {"postgresql", "postgresql+psycopg"}:
        if not url.path.strip("/"):
            raise ValueError("names no database: write it as `postgresql://USER@HOST/NAME`")
        return text
    place = text.removeprefix(SQLITE)
    if place == text:
        raise ValueError("is not `sqlite:///PATH` or `postgresql://USER@HOST/NAME`")
    if not place or place.startswith((":memory:", "file:")) or "?" in place or "\0" in place:
        raise ValueError("does not name a file: write it as `sqlite:///PATH`")
    return SQLITE + (folder / Path(place).expanduser()).as_posix().replace("%", "%25")


def without_login(text: str) -> str:
    """Return the text with whatever could be a login in a URL left out, to be shown."""
    return _PASSWORD.sub(r"\1***", _LOGIN.sub("//***@", text))


def _split(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        _has_port(url)
    except ValueError:
        raise ValueError("is not a URL") from None
    return url


def _has_port(url: SplitResult) -> bool:
    return url.port is not None
