"""What observing policies would have done, in a few words: with how much it would have taken, and what would have held it."""

from collections.abc import Sequence

from agent.judge.quote import counted
from agent.model.decision import Decision, Verb
from agent.model.history import Decided

DONE = {
    Verb.APPROVE: "would have approved it",
    Verb.REJECT: "would have rejected it",
    Verb.ESCALATE: "would have left it to people",
}


def would_have(decision: Decision | None) -> str:
    """Return what observing policies would have made of it; empty where they had no opinion."""
    if decision is None or decision.shadow is None:
        return ""
    shadow = decision.shadow
    return _words(shadow.verb, shadow.policies, decision.targets, decision.shadow_guard)


def would_have_then(one: Decided) -> str:
    """Return the same of a line of the history."""
    return (
        "" if one.shadow is None else _words(one.shadow, one.shadow_policies, one.targets, one.shadow_guard)
    )


def _words(verb: Verb, policies: Sequence[str], targets: int | None, guard: str | None) -> str:
    said = f"with observing policies, {', '.join(policies) or 'no policy'} {DONE[verb]}"
    if verb is not Verb.APPROVE:
        return said
    much = "" if targets is None else f" ({counted(targets, 'target', 'targets')})"
    return f"{said}{much}, and `{guard}` would have held that" if guard else f"{said}{much}"
