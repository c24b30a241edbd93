"""Who has acknowledged an incident in PagerDuty, read from its REST interface; nothing is written there.

An incident is asked for by the key of its alert. Its own field `incident_key` may be null then, so that it is looked
at once whether one of its alerts has the key: a server that passed over what was asked for would otherwise make
somebody else's acknowledgement ours. That the last acknowledgement was taken back, by a person or because it ran out,
shows by the incident being triggered again after one in its log.

Source: PagerDuty/api-schema, reference/REST. That `acknowledgements` is in order of time, and in which order the log
comes, is UNCONFIRMED: the newest is taken by its time.
"""

from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.calling import Call, Caller, decoded, start_of
from agent.adapters.channels.layout import NAME
from agent.adapters.channels.pace import Limit
from agent.adapters.channels.secrets import secret_of
from agent.model.channel import Channel
from agent.model.errors import Malformed
from agent.model.escalation import Heard
from agent.scrub.visible import visible

REST_URL = "https://api.pagerduty.com"

LIMITS = (Limit(300, timedelta(seconds=60)),)
"""Calls with one token: PagerDuty allows 960 a minute, and others may use it too."""

MOST_REMEMBERED = 2_000
"""Incidents of which it is remembered that their alert has our key."""

MOST_PAGES = 3
"""Pages of a hundred entries of an incident's log that are read."""

PAGE = 100

T = TypeVar("T")


class _Reference(msgspec.Struct):
    summary: str | None = None
    id: str | None = None


class _Acknowledgement(msgspec.Struct):
    at: datetime
    acknowledger: _Reference | None = None


class _Incident(msgspec.Struct):
    id: str
    status: str
    created_at: datetime
    updated_at: datetime | None = None
    incident_key: str | None = None
    last_status_change_at: datetime | None = None
    acknowledgements: list[_Acknowledgement] | None = None


class _Incidents(msgspec.Struct):
    incidents: list[_Incident]


class _Alert(msgspec.Struct):
    alert_key: str | None = None


class _Alerts(msgspec.Struct):
    alerts: list[_Alert]


class _Entry(msgspec.Struct):
    type: str
    created_at: datetime
    agent: _Reference | None = None


class _Entries(msgspec.Struct):
    log_entries: list[_Entry]
    more: bool | None = None


class Acknowledgements:
    """Reads what people have acknowledged."""

    def __init__(self, caller: Caller, bounds: Bounds) -> None:
        self._caller = caller
        self._bounds = bounds
        self._ours: dict[str, str] = {}
        """The key of incidents whose alerts were looked at, by their id."""

    async def of_key(self, channel: Channel, key: str, dedup_key: str) -> Heard | None:
        """Return the newest word on one key; None where nobody has acknowledged its incident, or it is resolved."""
        incident = await self._incident(channel, dedup_key)
        if incident is None:
            return None
        if incident.status == "acknowledged":
            return await self._acknowledged(channel, key, incident)
        return await self._taken_back(channel, key, incident)

    async def is_open(self, channel: Channel, dedup_key: str) -> bool:
        """Whether an incident of this key is triggered or acknowledged."""
        return await self._incident(channel, dedup_key) is not None

    async def _incident(self, channel: Channel, dedup_key: str) -> _Incident | None:
        """Return the newest open incident of a key."""
        query = (("incident_key", dedup_key), ("statuses[]", "triggered"), ("statuses[]", "acknowledged"))
        found = await self._get(channel, f"/incidents?{urlencode(query)}", _Incidents)
        is_open = [each for each in found.incidents if each.status in {"triggered", "acknowledged"}]
        for incident in sorted(is_open, key=lambda each: _aware(each.created_at), reverse=True):
            if await self._is_ours(channel, incident, dedup_key):
                return incident
        return None

    async def _is_ours(self, channel: Channel, incident: _Incident, dedup_key: str) -> bool:
        if incident.incident_key is not None:
            return incident.incident_key == dedup_key
        if self._ours.get(incident.id) == dedup_key:
            return True
        query = urlencode({"alert_key": dedup_key, "limit": PAGE})
        found = await self._get(channel, f"/incidents/{_segment(incident.id)}/alerts?{query}", _Alerts)
        if all(alert.alert_key != dedup_key for alert in found.alerts):
            return False
        if len(self._ours) >= MOST_REMEMBERED:
            self._ours.clear()
        self._ours[incident.id] = dedup_key
        return True

    async def _acknowledged(self, channel: Channel, key: str, incident: _Incident) -> Heard:
        if incident.acknowledgements:
            last = max(incident.acknowledgements, key=lambda each: _aware(each.at))
            return Heard(key=key, at=_aware(last.at), by=_name(last.acknowledger))
        entries = [each for each in await self._entries(channel, incident) if _acknowledges(each)]
        if not entries:
            at = incident.last_status_change_at or incident.updated_at or incident.created_at
            return Heard(key=key, at=_aware(at), by=_name(None))
        newest = max(entries, key=lambda each: _aware(each.created_at))
        return Heard(key=key, at=_aware(newest.created_at), by=_name(newest.agent))

    async def _taken_back(self, channel: Channel, key: str, incident: _Incident) -> Heard | None:
        """Return that an acknowledgement was taken back; None where the incident has never had one."""
        if incident.updated_at == incident.created_at:
            return None
        entries = await self._entries(channel, incident)
        acknowledged = [_aware(each.created_at) for each in entries if _acknowledges(each)]
        if not acknowledged:
            return None
        ended = [each for each in entries if each.type == "unacknowledge_log_entry"]
        newest = max(ended, key=lambda each: _aware(each.created_at), default=None)
        if newest is not None and _aware(newest.created_at) >= max(acknowledged):
            return Heard(key=key, at=_aware(newest.created_at), by=_name(newest.agent), is_acknowledged=False)
        # To assign or escalate it anew also makes it triggered again, without an entry of its own.
        at = _aware(incident.last_status_change_at or incident.updated_at or incident.created_at)
        return Heard(key=key, at=max(at, *acknowledged), by=_name(None), is_acknowledged=False)

    async def _entries(self, channel: Channel, incident: _Incident) -> list[_Entry]:
        entries: list[_Entry] = []
        for number in range(MOST_PAGES):
            path = f"/incidents/{_segment(incident.id)}/log_entries?limit={PAGE}&offset={number * PAGE}"
            found = await self._get(channel, path, _Entries)
            entries += found.log_entries
            if not found.more:
                break
        return entries

    async def _get(self, channel: Channel, path: str, kind: type[T]) -> T:
        token = secret_of(channel, channel.api_token, self._bounds)
        call = Call(
            start=f"{start_of(channel.name)}: reading acknowledgements",
            method="GET",
            url=f"{(channel.api_url or REST_URL).rstrip('/')}{path}",
            headers={
                "Accept": "application/vnd.pagerduty+json;version=2",
                "Authorization": f"Token token={token}",
                "Content-Type": "application/json",
            },
            secrets=(token,),
            counted=("pagerDuty REST", token),
            limits=LIMITS,
        )
        return decoded(call, await self._caller.call(call), kind)


def _acknowledges(entry: _Entry) -> bool:
    """Whether an entry is an acknowledgement: the two words are the schema's own."""
    return entry.type in {"acknowledge_log_entry", "acknowledgement_log_entry"}


def _name(reference: _Reference | None) -> str:
    return visible((reference and (reference.summary or reference.id)) or "somebody", NAME)


def _aware(at: datetime) -> datetime:
    """Return a moment of PagerDuty's in UTC; one without a zone is taken for UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _segment(incident_id: str) -> str:
    if not incident_id or len(incident_id) > NAME:
        raise Malformed("reading acknowledgements: an incident of PagerDuty has no usable id")
    return quote(incident_id, safe="")
