"""Persons who answer, and what they answer."""

from datetime import timedelta

import msgspec

from agent.judge.bind import offer
from agent.judge.count import Terms
from agent.model.answer import Answer, Person
from agent.model.chain import Approvers, Chain, Step
from agent.model.decision import Verb
from agent.model.enactment import Effect, EffectKind, Offer, Plan, Way
from agent.model.mark import Mark
from tests.makers import NOW, TENANT, an_action

ROLE = "SecOps.Approver"


def somebody(name: str, *, roles: tuple[str, ...] = (ROLE,), tenant_id: str = TENANT) -> Person:
    """Return a person of this name, who has the same object id wherever they sign in."""
    return Person(
        object_id=f"{name}-0000-4000-8000",
        tenant_id=tenant_id,
        name=name.capitalize(),
        addresses=(f"{name}@contoso.example",),
        roles=roles,
    )


EVE, FAY, GUS = somebody("eve"), somebody("fay"), somebody("gus")
"""Three who may answer, and whom nothing is sent to."""


def with_role(person: Person, *roles: str) -> Person:
    """Return the person as they sign in with other roles."""
    return msgspec.structs.replace(person, roles=roles)


PAIRS = tuple((f"m{number}", f"user{number}@contoso.example") for number in range(3))
MARK = Mark(line=1, column=1)


def a_chain(**values: object) -> Chain:
    approvers = {"roles": (ROLE,)} | values
    return Chain(
        name="secops",
        steps=(Step(notify=("console",), mark=MARK),),
        approvers=Approvers(**approvers),  # type: ignore[arg-type]
        file="policies/chains/secops.yaml",
        mark=MARK,
    )


def an_offer(
    *pairs: tuple[str, str],
    kind: EffectKind = EffectKind.SOFT_DELETE,
    before: tuple[str, ...] = (),
    copies: bool = False,
) -> Offer:
    action = an_action()
    effect = Effect(
        id="e",
        action_id=action.id,
        incident_id="1",
        kind=kind,
        targets=pairs,
        before=before,
        senders_copy=copies,
        intended_at=NOW,
    )
    return offer(action, Plan(way=Way.REMEDIATE, why="deletes", effects=(effect,)), ("ask-people",))


OFFER = an_offer(*PAIRS)


def an_answer(
    person: Person = EVE,
    verb: Verb = Verb.APPROVE,
    *,
    number: int = 1,
    shown: Offer | None = OFFER,
    targets: tuple[tuple[str, str], ...] | None = None,
) -> Answer:
    return Answer(
        action_id="a",
        number=number,
        at=NOW + timedelta(minutes=number),
        person=person,
        verb=verb,
        reason="it is phishing",
        digest=shown.digest if shown is not None else "",
        shown=shown,
        targets=targets,
        chain="secops",
        grant=f"role:{ROLE}",
        via="command",
        expires=NOW + timedelta(hours=24),
    )


def terms(**values: object) -> Terms:
    return Terms(**({"now": NOW + timedelta(hours=1), "chain": a_chain()} | values))  # type: ignore[arg-type]
