"""Who holds an app role of the sign-in, through Graph v1.0, and whose accounts are enabled.

App roles are written into the app registration that people sign in to; who holds one is an assignment to its
enterprise application: `GET /servicePrincipals(appId='…')`, then `/servicePrincipals/{id}/appRoleAssignedTo`. A group that
is assigned gives its role to its direct members alone: Entra ID does not put a role into the token of somebody in a
group within it. The same holds here, so that nobody counts as a holder who could not sign in as one.

A role that is switched off is in no token, and is held by nobody. One that is not there at all is refused, not empty: a
misspelled role would otherwise read as if everybody had been removed.

`Application.Read.All` is the least application permission for both by their permission tables. How long an assignment
takes to show is not published. That `$top` works on assignments, and that members without `User.Read.All` come with
null for `accountEnabled`, are UNCONFIRMED: where it is null there is no answer.

Source: Microsoft's pages "Get servicePrincipal", "List appRoleAssignments granted for a service principal", "Assign users
and groups to an application" (on groups within groups) and "Use the $filter query parameter" (`in` takes 15 values).
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from agent.adapters.graph import calls
from agent.adapters.graph.client import Client
from agent.adapters.graph.ids import is_guid, literal, segment
from agent.adapters.graph.pages import every
from agent.adapters.graph.plain import ADVANCED, reading
from agent.adapters.microsoft.answers import Answer, Call, first_line
from agent.adapters.microsoft.caller import NotFound
from agent.adapters.microsoft.json import parse
from agent.model.errors import Malformed, Refused

MOST_PAGES = 100
MOST_ON_PAGE = 999
AT_ONCE = 15
"""Ids in one filter."""

_ACCOUNT = {"$select": "id,accountEnabled"}

T = TypeVar("T")


class Role(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An app role as the app registration has it. `value` is what tokens say; a role without one is in none."""

    id: str
    is_enabled: bool
    value: str | None = None
    allowed_member_types: tuple[str, ...] = ()


class Application(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The enterprise application: the app registration as it is in this tenant."""

    id: str
    app_id: str
    app_roles: tuple[Role, ...] = ()


class Assignment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """That somebody or some group was given a role; `principal_type` is `User`, `Group` or `ServicePrincipal`."""

    app_role_id: str
    principal_id: str
    principal_type: str


class Account(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A user's account; `account_enabled` is None where it may not be read."""

    id: str
    account_enabled: bool | None = None


class AppRoles:
    """The app roles of one app registration. Raises Unavailable, Refused or Malformed, and nothing else."""

    def __init__(self, client: Client, client_id: str | None) -> None:
        self._client = client
        self._client_id = client_id

    async def holders(self, role: str) -> frozenset[str]:
        """Return the object ids of the enabled accounts that hold this role, lower case."""
        application = await self._application()
        role_ids = {
            one.id.lower() for one in application.app_roles if one.value == role and _is_for_people(one)
        }
        if not role_ids:
            raise Refused(
                f"{calls.READ_APPLICATION}: the app registration {application.app_id} has no enabled app role "
                f"`{first_line(role)}` for users: add it there, or correct the chain"
            )
        given = [
            one for one in await self._assignments(application.id) if one.app_role_id.lower() in role_ids
        ]
        people = {one.principal_id for one in given if one.principal_type == "User"}
        groups = sorted({one.principal_id for one in given if one.principal_type == "Group"})
        found = await self.enabled(sorted(people)) if people else frozenset()
        for group in groups:
            found |= await self._members(group)
        return found

    async def enabled(self, object_ids: Sequence[str]) -> frozenset[str]:
        """Return those of these users whose accounts are there and enabled, lower case."""
        wanted = sorted({one.lower() for one in object_ids})
        for one in wanted:
            if not is_guid(one):
                raise Malformed(f"graph: `{first_line(one)}` is not the object id of a user")
        found: frozenset[str] = frozenset()
        for first in range(0, len(wanted), AT_ONCE):
            some = wanted[first : first + AT_ONCE]
            query = {**_ACCOUNT, "$filter": f"id in ({','.join(literal(one) for one in some)})"}
            records = await every(
                self._client,
                calls.LIST_ACCOUNTS,
                lambda query=query: reading(f"{self._client.base_url}/users", query),  # type: ignore[misc]
                reading,
                most=MOST_PAGES,
            )
            found |= _enabled(calls.LIST_ACCOUNTS, records) & set(some)
        return found

    async def _application(self) -> Application:
        if self._client_id is None:
            raise Refused(
                f"{calls.READ_APPLICATION}: nobody said which app registration people sign in to: "
                "set `escalation.client_id`"
            )
        client_id = self._client_id
        url = f"{self._client.base_url}/servicePrincipals(appId={literal(segment(client_id))})"
        query = {"$select": "id,appId,appRoles"}
        try:
            found = await self._client.read(calls.READ_APPLICATION, lambda: reading(url, query), _application)
        except NotFound as error:
            raise Refused(
                f"{calls.READ_APPLICATION}: the app registration {client_id} has no enterprise application in this "
                "tenant: correct `escalation.client_id`"
            ) from error
        if found.app_id.lower() != client_id.lower():
            raise Malformed(f"{calls.READ_APPLICATION}: another application came than was asked for")
        return found

    async def _assignments(self, application_id: str) -> tuple[Assignment, ...]:
        url = f"{self._client.base_url}/servicePrincipals/{segment(application_id)}/appRoleAssignedTo"
        records = await every(
            self._client,
            calls.LIST_ASSIGNMENTS,
            lambda: reading(url, {"$top": str(MOST_ON_PAGE)}),
            reading,
            most=MOST_PAGES,
        )
        return tuple(_taken(calls.LIST_ASSIGNMENTS, one, Assignment) for one in records)

    async def _members(self, group_id: str) -> frozenset[str]:
        """Return the direct members of a group whose accounts are enabled; a type is an advanced query."""
        if not is_guid(group_id):
            raise Malformed(
                f"{calls.LIST_ASSIGNMENTS}: `{first_line(group_id)}` is not the object id of a group"
            )
        url = f"{self._client.base_url}/groups/{group_id}/members/microsoft.graph.user"
        records = await every(
            self._client,
            calls.LIST_MEMBERS,
            lambda: reading(url, {**_ACCOUNT, "$top": str(MOST_ON_PAGE), "$count": "true"}, headers=ADVANCED),
            lambda link: reading(link, headers=ADVANCED),
            most=MOST_PAGES,
        )
        return _enabled(calls.LIST_MEMBERS, records)


def _is_for_people(role: Role) -> bool:
    return role.is_enabled and "User" in role.allowed_member_types


def _application(answer: Answer) -> Application:
    found = _taken(calls.READ_APPLICATION, parse(answer.body), Application)
    if not is_guid(found.id):
        raise Malformed("an enterprise application has an id that is none")
    return found


def _enabled(call: Call, records: Iterable[dict[str, Any]]) -> frozenset[str]:
    accounts = [_taken(call, one, Account) for one in records]
    if any(one.account_enabled is None for one in accounts):
        raise Refused(
            f"{call}: accounts come without whether they are enabled: grant {calls.LIST_ACCOUNTS.permission} to "
            "the app registration"
        )
    return frozenset(one.id.lower() for one in accounts if one.account_enabled)


def _taken(call: Call, record: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(record, kind)
    except msgspec.ValidationError as error:
        raise Malformed(f"{call}: a record cannot be read: {error}") from error
