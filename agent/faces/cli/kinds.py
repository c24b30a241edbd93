"""Kinds of pending actions, as options name them."""

from agent.judge.literals import nearest
from agent.judge.strict_yaml import shown
from agent.model.errors import SettingsError
from agent.model.pending import ActionKind


def kind_of(word: str) -> ActionKind:
    """Return the kind that `--kind` names.

    Raises:
        SettingsError: it is none, with what may be meant.
    """
    if word not in set(ActionKind):
        raise SettingsError(
            f"`--kind {shown(word)}` is not a kind of pending action{nearest(word, set(ActionKind))}"
        )
    return ActionKind(word)
