"""Devices, and files on them: stopped and quarantined, and how that stands.

`StopAndQuarantineFile` answers 201 with a machine action, which stays `Pending` until the device takes it: that word is of
the device, not of an approval. What is sent is documented; the fields of the answers beyond those of Microsoft's resource
pages, and the name of the header with the request's id (Graph's is read), are UNCONFIRMED.

Source: Microsoft's pages "machineAction resource type", "machine resource type" and "Stop and quarantine file API".
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from agent.adapters.endpoint.client import Client, Request
from agent.adapters.microsoft.ability import Ability
from agent.adapters.microsoft.answers import Answer, Call, answered_in_full, body_of, first_line, whole
from agent.adapters.microsoft.caller import NotFound
from agent.adapters.microsoft.json import parse
from agent.model.enactment import Outcome, Pair, Went
from agent.model.errors import Malformed
from agent.model.permission import QUARANTINE_FILES, READ_MACHINES
from agent.model.targets import Device, Quarantine
from agent.model.vitals import Usage
from agent.ports.defender import Departing
from agent.ports.host import Clock

SYSTEM = "defender for endpoint"
LIST_MACHINES = Call("list devices", READ_MACHINES.name, SYSTEM)
READ_MACHINE = Call("read device", READ_MACHINES.name, SYSTEM)
READ_ACTION = Call("read machine action", READ_MACHINES.name, SYSTEM)
STOP_AND_QUARANTINE = Call("stop and quarantine file", QUARANTINE_FILES.name, SYSTEM)
TYPE = "StopAndQuarantineFile"

T = TypeVar("T")

_MACHINE = re.compile(r"[A-Za-z0-9_-]{1,128}")
_ACTION = re.compile(r"[A-Za-z0-9-]{1,64}")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")


class _Machine(msgspec.Struct, rename="camel"):
    id: str
    computer_dns_name: str | None = None
    os_platform: str | None = None
    health_status: str | None = None
    machine_tags: list[str] | None = None


class _File(msgspec.Struct, rename="camel"):
    file_identifier: str | None = None
    file_identifier_type: str | None = None


class _Action(msgspec.Struct, rename="camel"):
    id: str
    type: str | None = None
    status: str | None = None
    machine_id: str | None = None
    related_file_info: _File | None = None


class EndpointMachines:
    """Fulfils Machines."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._ability = Ability(
            client,
            clock,
            needs=(STOP_AND_QUARANTINE.permission, READ_MACHINE.permission),
            where="Defender for Endpoint's API",
            licence="Defender for Endpoint",
            probe=self._any,
        )

    @property
    def missing(self) -> str:
        """Why files cannot be quarantined here; empty where they can."""
        return self._ability.missing

    @property
    def budgets(self) -> Sequence[Callable[[], Usage]]:
        """What tells how much of its own request budget was used."""
        return (self._client.usage,)

    @property
    def grants(self) -> frozenset[str]:
        """The permissions in its token; none before the first."""
        return self._client.grants

    async def log_in(self) -> None:
        """Have a token, so that its permissions are known."""
        await self._client.log_in()

    async def look(self) -> None:
        """Find out by a harmless read what is missing."""
        await self._ability.look()

    async def look_again(self) -> None:
        """Find it out again where that is due."""
        await self._ability.look_again()

    async def stop_and_quarantine(self, target: Pair, *, comment: str, departing: Departing) -> Outcome:
        """Ask for one file to be stopped and quarantined; the target is (SHA-1, machine's id).

        Raises:
            Unavailable: definitely not applied.
        """
        sha1, machine_id = target
        if _SHA1.fullmatch(sha1) is None or _MACHINE.fullmatch(machine_id) is None:
            return Outcome(
                went=Went.REFUSED,
                detail=f"`{first_line(sha1)}` on `{first_line(machine_id)}` is not a file's SHA-1 on a device",
            )
        request = Request(
            method="POST",
            path=("machines", machine_id, TYPE),
            body={"Comment": comment, "Sha1": sha1},
        )
        return await self._client.write(
            STOP_AND_QUARANTINE, lambda: request, departing=departing, may_repeat=False, done=_taken_on
        )

    async def device(self, machine_id: str) -> Device | None:
        """Return the device as it is now; None where there is none of this id."""
        if _MACHINE.fullmatch(machine_id) is None:
            raise Malformed(f"{SYSTEM}: `{first_line(machine_id)}` is not a device's id")
        request = Request(path=("machines", machine_id))
        found = await self._one(READ_MACHINE, request, _Machine)
        if found is None:
            return None
        if found.id.lower() != machine_id.lower():
            raise Malformed(f"{READ_MACHINE}: another device came than was asked for")
        return Device(
            id=found.id,
            name=found.computer_dns_name,
            os_platform=found.os_platform,
            health_status=found.health_status,
            tags=tuple(found.machine_tags or ()),
        )

    async def quarantine(self, machine_action_id: str) -> Quarantine | None:
        """Return how a quarantine stands; None where there is none of this id."""
        if _ACTION.fullmatch(machine_action_id) is None:
            raise Malformed(f"{SYSTEM}: `{first_line(machine_action_id)}` is not a machine action's id")
        request = Request(path=("machineactions", machine_action_id))
        found = await self._one(READ_ACTION, request, _Action)
        if found is None:
            return None
        if found.type != TYPE:
            return None
        file = found.related_file_info
        is_sha1 = file is not None and (file.file_identifier_type or "").casefold() == "sha1"
        return Quarantine(
            id=found.id,
            status=found.status,
            sha1=file.file_identifier if file is not None and is_sha1 else None,
            machine_id=found.machine_id,
        )

    async def _one(self, call: Call, request: Request, kind: type[T]) -> T | None:
        """Return what one request gives; None where there is no such thing."""
        try:
            return await self._client.read(call, lambda: request, lambda answer: _decoded(answer, kind))
        except NotFound:
            return None

    async def _any(self) -> None:
        request = Request(path=("machines",), query={"$top": "1"})
        await self._client.read(LIST_MACHINES, lambda: request, _listed)


def _decoded(answer: Answer, kind: type[T]) -> T:
    try:
        return msgspec.convert(parse(whole(answer)), kind)
    except msgspec.ValidationError as error:
        raise Malformed(f"cannot be read: {error}") from error


def _listed(answer: Answer) -> None:
    if not isinstance(body_of(answer).get("value"), list):
        raise Malformed("the answer is not a page: it has no list `value`")


def _taken_on(answer: Answer) -> Outcome:
    """Return what a good answer says: the machine action by which it can be looked up."""
    outcome = answered_in_full(answer)
    if outcome.went is not Went.DONE:
        return outcome
    found = first_line(body_of(answer).get("id")) or None
    detail = "taken on by Defender for Endpoint"
    if found is None:
        detail += ", without an id to look it up by"
    return Outcome(went=Went.DONE, detail=detail, bulk_id=found)
