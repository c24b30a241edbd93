"""A visit: one request, by whom, and what they may do."""

from hashlib import sha256
from hmac import compare_digest
from hmac import digest as keyed

import msgspec
from starlette.requests import Request

from agent.model.answer import Person
from agent.model.chain import Chain
from agent.model.session import Session

CSRF = "csrf"
"""The field of every form that proves that it is of this session."""

LIVE = "/live"
"""Where a page is told that there is news. It asks again by itself whenever that ends: nobody uses the session then."""


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in, at one request."""

    session: Session
    secret: str
    """What the browser's cookie holds. It is shown nowhere."""
    may_operate: bool
    """Whether they may hold and release."""

    @property
    def person(self) -> Person:
        """Who it is."""
        return self.session.person

    @property
    def csrf(self) -> str:
        """What a form of this session has to bring along; another site cannot know it, and it tells nothing of the cookie."""
        return keyed(self.secret.encode(), CSRF.encode(), "sha256").hex()

    def is_mine(self, token: object) -> bool:
        """Whether a form is of this session."""
        return isinstance(token, str) and compare_digest(token.encode(), self.csrf.encode())


def session_id(secret: str) -> str:
    """Return under which id the ledger knows the session whose cookie holds this."""
    return sha256(secret.encode()).hexdigest()


def visit_of(request: Request) -> Visit:
    """Return who is signed in; only for what nobody else can reach."""
    found: Visit = request.state.visit
    return found


def may_answer(person: Person, chain: Chain) -> bool:
    """Whether the answers of this person count in a chain, as far as roles and names go."""
    return person.object_id in chain.approvers.users or bool(set(person.roles) & set(chain.approvers.roles))
