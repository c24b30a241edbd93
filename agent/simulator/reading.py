"""What can be read: incidents, alerts, analysed mail, and hunting over it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agent.simulator import cloud_events, hunting, odata
from agent.simulator.answers import json
from agent.simulator.faults import Faults
from agent.simulator.mail import Copy
from agent.simulator.moments import day_or_moment, text, ticks
from agent.simulator.odata import ALERTS, ANALYZED_EMAILS, INCIDENTS, BadRequest, Resource
from agent.simulator.paging import PAGE, SKIP_TOKEN, Place, link, place
from agent.simulator.rendering import Rendering, analyzed_email, encode
from agent.simulator.shapes import Json
from agent.simulator.state import State
from agent.simulator.switches import Top

MOST_TOP = 1000
METADATA = "https://graph.microsoft.com/v1.0/$metadata#"

Thing = TypeVar("Thing")


class NotFound(Exception):
    """There is no such thing."""


def wants_unknown_members(request: Request, state: State) -> bool:
    """Whether the request asks for enumeration members that came later, and is heard."""
    asks = "include-unknown-enum-members" in request.headers.get("prefer", "").lower()
    return asks and state.switches.honours_prefer


def address(request: Request) -> str:
    """Return the address as it was asked for, without its query."""
    return f"{request.url.scheme}://{request.url.netloc}{request.url.path}"


class Reading:
    """Answers every GET, and hunting."""

    def __init__(self, state: State, faults: Faults) -> None:
        self._state = state
        self._faults = faults
        self._rendering = Rendering(state)

    async def incidents(self, request: Request, now: datetime) -> Response:
        """List incidents, last updated first."""
        options = dict(request.query_params)
        odata.checked(options, INCIDENTS, frozenset({SKIP_TOKEN}))
        expand = _expands_alerts(options)
        unmasked = wants_unknown_members(request, self._state)
        found = self._found(self._state.incidents, options, INCIDENTS, now)
        render = self._rendering.incident
        return page(
            request,
            found,
            lambda one: render(one["id"], unmasked=unmasked, alerts=expand),
            context="security/incidents(alerts())" if expand else "security/incidents",
            size=self._size(options),
        )

    async def alerts(self, request: Request, now: datetime) -> Response:
        """List alerts, last updated first."""
        options = dict(request.query_params)
        odata.checked(options, ALERTS, frozenset({SKIP_TOKEN}))
        unmasked = wants_unknown_members(request, self._state)
        found = self._found(self._state.alerts, options, ALERTS, now)
        return page(
            request,
            found,
            lambda one: self._rendering.alert(one["id"], unmasked=unmasked),
            context="security/alerts_v2",
            size=self._size(options),
        )

    async def incident(self, request: Request, _now: datetime) -> Response:
        """Give one incident as it is now, late updates or not."""
        options = dict(request.query_params)
        odata.checked(options, Resource("incidents/{id}", frozenset({"$expand"}), {}), frozenset())
        body = self.incident_body(
            request.path_params["id"],
            unmasked=wants_unknown_members(request, self._state),
            alerts=_expands_alerts(options),
        )
        return json(body)

    def incident_body(self, incident_id: str, *, unmasked: bool, alerts: bool = False) -> bytes:
        """Return one incident as the body of an answer.

        Raises:
            NotFound: there is none.
        """
        if incident_id not in self._state.incidents:
            raise NotFound(f"incident `{incident_id[:40]}` was not found")
        body = self._rendering.incident(incident_id, unmasked=unmasked, alerts=alerts)
        return _in_context("security/incidents/$entity", body)

    async def alert(self, request: Request, _now: datetime) -> Response:
        """Give one alert as it is now."""
        odata.checked(dict(request.query_params), Resource("alerts_v2/{id}", frozenset(), {}), frozenset())
        return json(
            self.alert_body(request.path_params["id"], unmasked=wants_unknown_members(request, self._state))
        )

    def alert_body(self, alert_id: str, *, unmasked: bool) -> bytes:
        """Return one alert as the body of an answer.

        Raises:
            NotFound: there is none.
        """
        if alert_id not in self._state.alerts:
            raise NotFound(f"alert `{alert_id[:60]}` was not found")
        body = self._rendering.alert(alert_id, unmasked=unmasked)
        return _in_context("security/alerts_v2/$entity", body)

    async def analyzed_emails(self, request: Request, _now: datetime) -> Response:
        """List copies of messages, newest first."""
        options = dict(request.query_params)
        odata.checked(options, ANALYZED_EMAILS, frozenset({SKIP_TOKEN}))
        asked = odata.literals(options.get("$filter"), ANALYZED_EMAILS)
        within = _window(options)
        recipient = asked.get("recipientEmailAddress", "").lower()
        message = asked.get("networkMessageId")
        copies = self._state.post.all() if message is None else self._state.post.of_message(message)
        found = [copy for copy in copies if recipient in {"", copy.recipient.lower()} and within(copy)]
        found.sort(key=lambda copy: (copy.received, copy.pair), reverse=True)
        return page(
            request,
            found,
            lambda copy: encode(analyzed_email(copy)),
            context="security/collaboration/analyzedEmails",
            size=min(odata.number(options, "$top", least=1) or PAGE, MOST_TOP),
        )

    async def hunt(self, request: Request, now: datetime) -> Response:
        """Run one of the two forms of hunting queries that are understood here."""
        try:
            body = msgspec.json.decode(await request.body(), type=dict[str, str | None])
        except msgspec.DecodeError as error:
            raise BadRequest("the body is not valid JSON of the documented form") from error
        asked = {name.lower(): value for name, value in body.items()}
        words = asked.get("query")
        if not words or asked.keys() - {"query", "timespan"}:
            raise BadRequest("the body must hold `Query` and may hold `Timespan`")
        if cloud_events.is_about(words):
            found = cloud_events.answer(words, self._state, now)
        else:
            has_clicks = self._state.switches.click_table
            found = hunting.answer(words, self._state.post, now, has_clicks=has_clicks)
        return json(_in_context("microsoft.graph.security.huntingQueryResults", encode(found)))

    def _found(
        self, things: Mapping[str, Json], options: Mapping[str, str], resource: Resource, now: datetime
    ) -> list[Json]:
        passes = odata.filtered(options.get("$filter"), resource)
        moment = ticks(text(now))
        found = [one for one in things.values() if passes(one) and not self._faults.hides(one, moment)]
        found.sort(key=lambda one: (ticks(one["lastUpdateDateTime"]), one["id"]), reverse=True)
        return found

    def _size(self, options: Mapping[str, str]) -> int:
        top = odata.number(options, "$top", least=1)
        if top is None:
            return PAGE
        if self._state.switches.top is Top.REFUSED:
            raise BadRequest("query option `$top` is not supported")
        return min(top, PAGE if self._state.switches.top is Top.CAPPED else MOST_TOP)


def _expands_alerts(options: Mapping[str, str]) -> bool:
    expand = options.get("$expand")
    if expand not in (None, "alerts"):
        raise BadRequest(f"`{expand}` cannot be expanded")
    return expand is not None


def _in_context(context: str, body: bytes) -> bytes:
    return b'{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#%s",' % context.encode() + body[1:]


def _window(options: Mapping[str, str]) -> Callable[[Copy], bool]:
    try:
        start = day_or_moment(options["startTime"]) if "startTime" in options else 0
        end = day_or_moment(options["endTime"]) if "endTime" in options else None
    except ValueError as error:
        raise BadRequest(str(error)) from error
    return lambda copy: (
        start <= ticks(text(copy.received)) and (end is None or ticks(text(copy.received)) <= end)
    )


def page(
    request: Request,
    found: Sequence[Thing],
    render: Callable[[Thing], bytes],
    *,
    context: str,
    size: int,
    metadata: str = METADATA,
) -> Response:
    """Answer one page of what was found, with a link where there is more."""
    options = dict(request.query_params)
    begin = place(options).offset
    parts = [f'{{"@odata.context":"{metadata}{context}"'.encode()]
    counted = options.get("$count")
    if counted not in (None, "true", "false"):
        raise BadRequest(f"`{counted}` is not a valid value of `$count`")
    if counted == "true":
        parts.append(f'"@odata.count":{len(found)}'.encode())
    if begin + size < len(found):
        more = link(address(request), options, Place(begin + size))
        parts.append(b'"@odata.nextLink":' + encode(more))
    value = b",".join(render(one) for one in found[begin : begin + size])
    parts.append(b'"value":[' + value + b"]")
    return json(b",".join(parts) + b"}")
