"""The one place where any error at all is caught, so that judging fails to a person and never falls over."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

V = TypeVar("V")


class Failure(msgspec.Struct, frozen=True):
    """What went wrong, in words for people."""

    words: str


def attempt(call: Callable[[], V]) -> V | Failure:
    """Return what the call returns, or that it failed.

    A policy whose evaluation fails might have been the one that says stop, so the action has to go to a
    person with the policy's name; an error let through would take the pass and all other actions with it.
    """
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - whatever it is, a person decides; see above
        return Failure(words=type(error).__name__)
