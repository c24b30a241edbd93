"""What is not shown, and why: every refusal is a page in plain words, or JSON for programs."""

from starlette.exceptions import HTTPException
from starlette.requests import Request


class NotHere(HTTPException):
    """There is nothing at this address, for this tenant."""

    def __init__(self, words: str) -> None:
        super().__init__(404, words)


class NotAllowed(HTTPException):
    """Whoever is signed in may not do this."""

    def __init__(self, words: str) -> None:
        super().__init__(403, words)


class NotUnderstood(HTTPException):
    """The address or the form says something that means nothing here; the words say where and how to mend it."""

    def __init__(self, words: str) -> None:
        super().__init__(400, words)


def wants_json(request: Request) -> bool:
    """Whether a program asks."""
    return request.url.path.endswith(".json")
