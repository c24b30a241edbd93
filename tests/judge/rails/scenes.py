"""Scenes for guard rails: say only what matters, and nothing else stands in the way."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from agent.judge.rails.given import Given, Others
from agent.judge.rails.scene import Scene
from agent.model.defender import AnyEvidence
from agent.model.enactment import Effect, EffectKind, Pair
from agent.model.rails import Rails
from tests.makers import NOW, TENANT, a_cluster, an_action

OPEN = Rails(caps=())
"""Guard rails as they are where nothing is set, without caps."""


def an_effect(
    *targets: Pair,
    kind: EffectKind = EffectKind.SOFT_DELETE,
    action: str = "this",
    ago: timedelta = timedelta(0),
    number: int = 0,
) -> Effect:
    return Effect(
        id=f"{action}-{number}",
        action_id=action,
        incident_id="1",
        kind=kind,
        targets=targets or (("m1", "anna@contoso.example"),),
        intended_at=NOW - ago,
    )


def mails(count: int, *, mailboxes: int | None = None, **more: object) -> Effect:
    """Return an effect on so many messages, each in a mailbox of its own or in so many of them."""
    places = mailboxes or count
    targets = tuple((f"m{n}", f"u{n % places}@contoso.example") for n in range(count))
    return msgspec.structs.replace(an_effect(**more), targets=targets)  # type: ignore[arg-type]


def others(*effects: Effect) -> Others:
    """Return what counts beside an approval, where these were given away."""
    return Others(given=Given(effects))


def a_scene(
    *effects: Effect, evidence: AnyEvidence | None = None, given: Iterable[Effect] = (), **more: object
) -> Scene:
    action = an_action(evidence or a_cluster(messages=1))
    values: dict[str, object] = {
        "now": NOW,
        "tenant_id": TENANT,
        "rails": OPEN,
        "action": action,
        "given": others(*given),
    }
    return Scene(effects=effects or (an_effect(),), **(values | more))  # type: ignore[arg-type]
