"""The two ways in: Entra ID's sign-in, and for the simulator on this machine alone a link that was printed here.

A link opens once, for one browser, which may then be any of the simulator's people, one after the other; it gives out
links for other browsers. All of that is forgotten when the process ends.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_urlsafe

from agent.adapters.microsoft.open_id import OpenId
from agent.faces.web.beginning import Beginnings
from agent.model.answer import Person

MOST_LINKS = 16
"""Links that wait to be opened; older ones open no more."""

MOST_BROWSERS = 64


@dataclass(slots=True)
class OpenIdDoor:
    """People sign in with Entra ID."""

    openid: OpenId
    beginnings: Beginnings


@dataclass(slots=True)
class LinkDoor:
    """Whoever opens a printed link may be any of the simulator's people."""

    people: Callable[[], Awaitable[Sequence[Person]]]
    _links: dict[str, None] = field(default_factory=dict)
    _browsers: dict[str, None] = field(default_factory=dict)

    def link(self) -> str:
        """Return the secret of a new link."""
        return _kept(self._links, MOST_LINKS)

    def opens(self, secret: str) -> bool:
        """Whether this is the secret of a link that was not used yet."""
        return _digest(secret) in self._links

    def use(self, secret: str) -> str:
        """Use a link up; return what its browser is known by from now on, empty where it opens nothing."""
        if not self.opens(secret):
            return ""
        del self._links[_digest(secret)]
        return _kept(self._browsers, MOST_BROWSERS)

    def knows(self, browser: str) -> bool:
        """Whether a browser opened a link before."""
        return _digest(browser) in self._browsers


Door = OpenIdDoor | LinkDoor


def _kept(known: dict[str, None], most: int) -> str:
    secret = token_urlsafe(32)
    known[_digest(secret)] = None
    if len(known) > most:
        del known[next(iter(known))]
    return secret


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
