"""The judge of what is posted to Teams: the published schema of Adaptive Cards 1.4, and what it does not say."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft6Validator

SAMPLES = Path(__file__).parent.parent / "samples" / "channels"
MOST_BYTES = 20 * 1024


def card_of(content: bytes, *, is_checked: bool = True) -> dict[str, Any]:
    """Return the card of a posted body; raise an assertion where Teams might not show it.

    The published schema takes a third of a second for a large card: it can be left out where many are alike.
    """
    assert len(content) <= MOST_BYTES
    body = json.loads(content)
    assert set(body) == {"type", "attachments"}
    (attachment,) = body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card: dict[str, Any] = attachment["content"]
    if is_checked:
        check_card(card)
    return card


def check_card(card: dict[str, Any]) -> None:
    """Raise an assertion where a card is not of schema 1.4. `msteams` is of Teams, and not in it."""
    plain = {key: value for key, value in card.items() if key != "msteams"}
    errors = [error.message for error in _validator().iter_errors(plain)]
    assert not errors, errors[:3]
    assert card["version"] == "1.4"
    assert card["msteams"] == {"width": "Full"}
    assert len(card["actions"]) <= 6
    assert {action["type"] for action in card["actions"]} <= {"Action.OpenUrl"}


def elements(part: Any) -> list[dict[str, Any]]:
    """Return every element in a card, wherever it is."""
    if isinstance(part, list):
        return [found for each in part for found in elements(each)]
    if not isinstance(part, dict):
        return []
    inner = [found for value in part.values() for found in elements(value)]
    return [part, *inner] if "type" in part else inner


@cache
def _validator() -> Draft6Validator:
    return Draft6Validator(json.loads((SAMPLES / "adaptive-card-1.4.0.schema.json").read_text()))
