"""The audit's key is used and never shown."""

import pickle

import pytest

from agent.audit.key import Key
from tests.audit.chains import TENANT

TEXT = "correct-horse-battery-staple-0123"


def test_a_key_shows_itself_nowhere() -> None:
    key = Key(TEXT)

    shown = f"{key} {key!r} {[key]}"

    assert TEXT not in shown
    assert shown == "*** *** [***]"
    with pytest.raises(TypeError, match="not written anywhere"):
        pickle.dumps(key)


@pytest.mark.parametrize(("length", "is_taken"), [(31, False), (32, True)])
def test_a_key_has_32_characters_at_least(length: int, is_taken: bool) -> None:
    if is_taken:
        Key("x" * length)
        return
    with pytest.raises(ValueError, match="make one with `openssl rand -hex 32`"):
        Key("x" * length)


def test_each_use_tenant_and_replica_has_a_key_of_its_own() -> None:
    key = Key(TEXT)

    made = [
        key.of_chain(TENANT, "a"),
        key.of_chain(TENANT, "b"),
        key.of_chain(TENANT + "a", ""),
        key.of_values(TENANT),
        key.of_anchors(TENANT),
        key.of_pages(TENANT),
        key.of_backups(TENANT),
        Key(TEXT + "!").of_values(TENANT),
    ]

    assert len(set(made)) == len(made)


def test_a_key_is_told_by_a_fingerprint_that_says_nothing_else_of_it() -> None:
    key = Key(TEXT)

    assert key.fingerprint == Key(TEXT).fingerprint
    assert [len(part) for part in key.fingerprint.split("-")] == [4, 4, 4, 4]
    assert key.fingerprint != Key(TEXT + "!").fingerprint
