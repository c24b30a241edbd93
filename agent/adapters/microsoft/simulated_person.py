"""The simulator's people, taken at their word: without a sign-in, and so from the simulator on this machine alone."""

from urllib.parse import urlsplit

import httpx
import msgspec

from agent.adapters.microsoft.clouds import LOOPBACK, Cloud
from agent.adapters.microsoft.connection import CONNECT_SECONDS
from agent.model.answer import Person
from agent.model.errors import Malformed, Refused, SettingsError, Unavailable

SIMULATOR = "simulator"
"""What the cloud of the simulator is called."""


class Known(msgspec.Struct, frozen=True, rename="camel"):
    """Somebody who has a role there."""

    object_id: str
    name: str
    addresses: tuple[str, ...]
    roles: tuple[str, ...]

    def is_called(self, name: str) -> bool:
        """Whether an address, what stands before its `@`, or the object id is this name."""
        names = {self.object_id, *self.addresses, *(one.partition("@")[0] for one in self.addresses)}
        return name.strip().lower() in {one.lower() for one in names}


class People(msgspec.Struct, frozen=True):
    """Everybody who has a role there."""

    people: tuple[Known, ...]


async def simulated_person(
    cloud: Cloud, tenant_id: str, name: str, *, transport: httpx.AsyncBaseTransport | None = None
) -> Person:
    """Return the person of this name, with the roles that the simulator gives them now.

    Raises:
        Refused: the cloud is not the simulator on this machine; nothing is asked then.
        SettingsError: nobody there is called so.
        Unavailable, Malformed: the simulator does not answer, or something else does.
    """
    people = await _asked(cloud, transport)
    found = [one for one in people if one.is_called(name)]
    if len(found) != 1:
        known = ", ".join(f"`{address}`" for one in people for address in one.addresses[:1])
        raise SettingsError(f"`--as {name}`: nobody with a role is called so: name one of {known}")
    return _person(found[0], tenant_id)


async def simulated_people(
    cloud: Cloud, tenant_id: str, *, transport: httpx.AsyncBaseTransport | None = None
) -> tuple[Person, ...]:
    """Return everybody whom the simulator gives a role now.

    Raises:
        Refused: the cloud is not the simulator on this machine; nothing is asked then.
        Unavailable, Malformed: the simulator does not answer, or something else does.
    """
    return tuple(_person(one, tenant_id) for one in await _asked(cloud, transport))


async def _asked(cloud: Cloud, transport: httpx.AsyncBaseTransport | None) -> tuple[Known, ...]:
    url = urlsplit(cloud.authority)
    if cloud.name != SIMULATOR or url.hostname not in LOOPBACK or url.username is not None:
        raise Refused("nobody answers as somebody else: only the simulator on this machine has no sign-in")
    try:
        # Neither a proxy nor a redirect leads away from this machine.
        async with httpx.AsyncClient(
            transport=transport, timeout=CONNECT_SECONDS, trust_env=False, follow_redirects=False
        ) as http:
            answer = await http.get(f"{cloud.authority}/simulator/people")
    except httpx.HTTPError as error:
        raise Unavailable(f"no simulator answers at `{cloud.authority}`: start it") from error
    try:
        return msgspec.json.decode(answer.content if answer.status_code == 200 else b"", type=People).people
    except msgspec.DecodeError as error:
        raise Malformed(f"what answers at `{cloud.authority}` is no simulator of this version") from error


def _person(known: Known, tenant_id: str) -> Person:
    return Person(
        object_id=known.object_id.lower(),
        tenant_id=tenant_id.lower(),
        name=known.name,
        addresses=tuple(one.lower() for one in known.addresses),
        roles=known.roles,
    )
