"""What people and tests may ask of the simulator itself; nothing of it is Graph's. Loopback only."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.simulator import happenings
from agent.simulator.answers import json
from agent.simulator.clock import Clock
from agent.simulator.moments import text
from agent.simulator.names import PORTAL_PERSON
from agent.simulator.nouns import Judgement, Sent
from agent.simulator.rendering import encode
from agent.simulator.shapes import Json
from agent.simulator.state import State

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_VERBS = {"approve": happenings.person_approves, "reject": happenings.person_rejects}


class Asked(msgspec.Struct, frozen=True, rename="camel"):
    """A person's decision in the portal: `evidence` counts from 0 within the alert."""

    alert_id: str
    evidence: int
    verb: str
    by: str = PORTAL_PERSON
    comment: str | None = None


def routes(state: State, clock: Clock) -> list[Route]:
    """Return the paths below `/simulator`."""

    async def status(_request: Request) -> Response:
        return json(encode(_status(state, text(clock.now()))))

    async def requests(_request: Request) -> Response:
        return json(encode({"requests": [_entry(one) for one in state.requests]}))

    async def mail(_request: Request) -> Response:
        return json(encode({"mail": [_letter(one) for one in state.sent]}))

    async def judgements(_request: Request) -> Response:
        return json(encode({"judgements": [_judgement(one) for one in state.judgements.values()]}))

    async def people(request: Request) -> Response:
        try:
            asked = msgspec.json.decode(await request.body(), type=Asked)
            decide = _VERBS[asked.verb](asked.alert_id, asked.evidence, asked.by, asked.comment)
            decide(state, clock.now())
        except (msgspec.DecodeError, KeyError, IndexError):
            return Response(status_code=400)
        return Response(status_code=204)

    async def approvers(_request: Request) -> Response:
        return json(encode({"people": [_person(*one) for one in state.directory.approvers()]}))

    table = (
        ("GET", "status", status),
        ("GET", "requests", requests),
        ("GET", "mail", mail),
        ("GET", "people", approvers),
        ("GET", "judgements", judgements),
        ("POST", "people", people),
    )
    return [Route(f"/simulator/{name}", _near(answer), methods=[verb]) for verb, name, answer in table]


def _near(
    answer: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def guard(request: Request) -> Response:
        if request.client is None or request.client.host not in _LOOPBACK:
            return Response(status_code=404)
        return await answer(request)

    return guard


def _status(state: State, now: str) -> Json:
    return {
        "now": now,
        "seed": state.seed,
        "incidents": len(state.incidents),
        "alerts": len(state.alerts),
        "pending": sum(1 for _ in state.open_proposals()),
        "requests": Counter(one.kind for one in state.requests),
        "statuses": Counter(str(one.status) for one in state.requests),
        "mail": len(state.sent),
        "remediations": len(state.remediations),
        "notTriggered": sum(1 for one in state.remediations if not one.triggered),
        "remediated": len(state.remediated),
        "remediatedTwice": sum(1 for times in state.remediated.values() if times > 1),
        "applied": Counter(effect for effect, _, _ in state.applied),
        "appliedTwice": [target for target, times in sorted(state.applied.items()) if times > 1],
        "strays": state.strays,
    }


def _letter(sent: Sent) -> Json:
    return {
        "at": text(sent.at),
        "sender": sent.sender,
        "to": list(sent.to),
        "message": sent.message.decode(errors="replace"),
    }


def _person(user: Json, roles: tuple[str, ...]) -> Json:
    """Return who could sign in with which roles: there is no sign-in here, so that `answer --as` asks for this."""
    return {
        "objectId": user["id"],
        "name": user["displayName"],
        "addresses": [user["userPrincipalName"]],
        "roles": list(roles),
    }


def _judgement(one: Judgement) -> Json:
    return {
        "alertId": one.alert_id,
        "evidence": one.evidence,
        "fate": one.fate,
        "rule": one.rule,
        "isMistake": one.is_mistake,
        "by": one.by,
        "isSilent": one.is_silent,
        "due": text(one.due),
        "at": None if one.at is None else text(one.at),
    }


def _entry(request: Any) -> Json:
    return {
        "at": text(request.at),
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "kind": request.kind,
        "id": request.id,
        "status": request.status,
        "effect": request.effect,
        "pairs": request.pairs,
    }
