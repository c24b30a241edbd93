"""What the agent can carry out, kind by kind: where it cannot, such actions are handed to people."""

from collections.abc import Iterator, Mapping

from agent.model.checkup import Features, Seen, failed, passed, warned
from agent.model.enactment import EffectKind
from agent.model.pending import ActionKind

EFFECTS: Mapping[ActionKind, tuple[EffectKind, ...]] = {
    ActionKind.SOFT_DELETE_MESSAGE: (EffectKind.SOFT_DELETE,),
    ActionKind.SOFT_DELETE_CLUSTER: (EffectKind.SOFT_DELETE,),
    ActionKind.DISABLE_FORWARDING: (EffectKind.DISABLE_RULE,),
    ActionKind.DISABLE_USER: (EffectKind.DISABLE_USER, EffectKind.REVOKE_SESSIONS),
    ActionKind.REVOKE_USER_SESSIONS: (EffectKind.REVOKE_SESSIONS,),
    ActionKind.FORCE_PASSWORD_RESET: (EffectKind.RESET_PASSWORD,),
    ActionKind.QUARANTINE_FILE: (EffectKind.QUARANTINE_FILE,),
}
"""Kinds that a documented API carries out, and by which effects; accounts on premises are looked at apart."""

OBSERVES = "nothing is carried out in `mode: observe`: what is missing for it is not asked"


def judge_capability(features: Features, missing: Mapping[EffectKind, str]) -> tuple[Seen, ...]:
    """Return of each kind whether it can be carried out here, and why not.

    Args:
        features: which kinds policies are for, and whether anything is carried out at all.
        missing: why effects cannot be had here; empty words where they can.
    """
    if not features.enforces:
        return (passed(OBSERVES),)
    return (*_kinds(features, missing), *_on_premises(features, missing))


def _kinds(features: Features, missing: Mapping[EffectKind, str]) -> Iterator[Seen]:
    can = [kind for kind, effects in EFFECTS.items() if not _why(effects, missing)]
    if can:
        yield passed(f"nothing speaks against carrying out: {', '.join(can)}")
    unused: dict[str, list[str]] = {}
    for kind, effects in EFFECTS.items():
        why = _why(effects, missing)
        if not why:
            continue
        if kind in features.enforced:
            yield failed(f"a policy approves {kind}, which cannot be carried out here: {why}", mend_of(why))
        elif kind in features.named:
            yield warned(f"{kind} is handed to people here, even when they approve it: {why}", mend_of(why))
        else:
            unused.setdefault(why, []).append(kind)
    for why, kinds in unused.items():
        yield passed(f"handed to people here, and no policy is for it: {', '.join(kinds)}: {why}")


def _on_premises(features: Features, missing: Mapping[EffectKind, str]) -> Iterator[Seen]:
    why = missing.get(EffectKind.DISABLE_ACCOUNT, "")
    if why and ActionKind.DISABLE_USER in features.enforced | features.named:
        yield passed(f"disableUser of accounts that live on premises is handed to people here: {why}")


def _why(effects: tuple[EffectKind, ...], missing: Mapping[EffectKind, str]) -> str:
    return next((words for kind in effects if (words := missing.get(kind, ""))), "")


def mend_of(why: str) -> str:
    """Return what mends that an effect cannot be had."""
    if "granted to the app registration" in why:
        return "air-agent doctor --grants --format az | bash"
    if "licence" in why:
        return f"buy the licence ({why.partition(':')[0]}) for this tenant, or let no policy approve such actions"
    if "endpoint.enabled" in why:
        return "endpoint.enabled: true"
    return "let no policy approve such actions here: escalate them instead"
