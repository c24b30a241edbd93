"""What a button says is what its effects do."""

import pytest

from agent.faces.doing import does
from agent.model.enactment import Effect, EffectKind
from tests.makers import NOW

COPIES = (("m1", "ann@x.example"), ("m2", "ann@x.example"), ("m1", "bob@x.example"))


def effect(kind: EffectKind, *pairs: tuple[str, str], copies: bool = False) -> Effect:
    return Effect(
        id=kind.value,
        action_id="a",
        incident_id="1",
        kind=kind,
        targets=pairs,
        senders_copy=copies,
        intended_at=NOW,
    )


@pytest.mark.parametrize(
    ("effects", "words"),
    [
        ((), ""),
        ((effect(EffectKind.SOFT_DELETE, *COPIES),), "soft delete 3 copies in 2 mailboxes"),
        ((effect(EffectKind.SOFT_DELETE, COPIES[0]),), "soft delete 1 copy in 1 mailbox"),
        ((effect(EffectKind.SOFT_DELETE, *COPIES[:2]), effect(EffectKind.SOFT_DELETE, COPIES[2])), "soft delete 3 copies in 2 mailboxes"),
        ((effect(EffectKind.SOFT_DELETE, COPIES[0], copies=True),), "soft delete 1 copy in 1 mailbox and the sender's own copy of each message"),
        ((effect(EffectKind.DISABLE_RULE, ("r", "u"), ("s", "u")),), "turn off 2 inbox rules"),
        ((effect(EffectKind.REVOKE_SESSIONS, ("u", "")), effect(EffectKind.DISABLE_USER, ("u", ""))), "disable 1 user, revoke the sessions of 1 user"),
        ((effect(EffectKind.QUARANTINE_FILE, ("sha", "d")),), "stop and quarantine a file on 1 device"),
    ],
)  # fmt: skip
def test_effects_in_words(effects: tuple[Effect, ...], words: str) -> None:
    assert does(effects) == words


@pytest.mark.parametrize("kind", EffectKind)
def test_every_effect_has_words(kind: EffectKind) -> None:
    assert does((effect(kind, ("a", "b")),))
