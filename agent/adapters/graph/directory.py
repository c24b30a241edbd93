"""Who is in a group of Entra, and who holds an app role (`app_roles`), through Graph v1.0: `GET /groups/{id}/transitiveMembers/microsoft.graph.user`.

Where an app may read memberships and not the members themselves, Graph answers 200 with members of which it
tells the id and nothing else. To take that for the whole would protect nobody, so it counts as a refusal:
a user without `userPrincipalName` or `proxyAddresses` (neither is ever null), a device without `deviceId`.

The addresses of a user are those at which mail reaches the mailbox: `mail`, `userPrincipalName` and what stands
in `proxyAddresses` as `smtp:`. `otherMails` are left out: they are private mailboxes elsewhere, which no
remediation reaches, and which users can set themselves.

`GroupMember.Read.All`, `User.Read.All` and `Device.Read.All` are the least application permissions by Microsoft's
permission tables and its page on limited information; that members without them come as described here when a
type is asked for, that `$select` of `proxyAddresses` works on members, and that a group with hidden members asked
for without `Member.Read.Hidden` answers 403 and not an empty list, are UNCONFIRMED. How many users
there are is `GET /users/$count`, which answers with a number as plain text. Requests count against
the budget of `/security`, although Graph counts them elsewhere: they are a handful an hour.

Source: Microsoft's pages "List group transitive members", "Limited information returned for inaccessible member
objects" and "user resource type".
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from agent.adapters.graph import calls
from agent.adapters.graph.app_roles import AppRoles
from agent.adapters.graph.client import Client
from agent.adapters.graph.ids import is_guid
from agent.adapters.graph.pages import every
from agent.adapters.graph.plain import ADVANCED, reading
from agent.adapters.microsoft.answers import Answer, first_line
from agent.model.errors import Malformed, Refused
from agent.model.permission import READ_DEVICES, READ_USERS

MOST_PAGES = 500
"""Half a million members: more than a list can be for."""

MOST_MEMBERS = 999
"""Members on one page: the most that is allowed. Source: Microsoft's page on listing transitive members."""

SMTP = "smtp:"


class GraphDirectory:
    """Groups and app roles as Graph shows them. Fulfils ports.Directory."""

    def __init__(self, client: Client, sign_in: str | None = None) -> None:
        self._client = client
        self._app_roles = AppRoles(client, sign_in)

    async def people(self, group_id: str) -> tuple[str, ...]:
        """Return the object id and every address of each user in the group, sorted."""
        properties = ("id", "mail", "userPrincipalName", "proxyAddresses")
        return await self._members(group_id, "user", properties, _of_user)

    async def devices(self, group_id: str) -> tuple[str, ...]:
        """Return the name and the device id of each device in the group, sorted."""
        return await self._members(group_id, "device", ("id", "deviceId", "displayName"), _of_device)

    async def holders(self, role: str) -> frozenset[str]:
        """Return the object ids of everybody who has this app role of the sign-in, lower case; no disabled accounts."""
        return await self._app_roles.holders(role)

    async def enabled(self, object_ids: Sequence[str]) -> frozenset[str]:
        """Return those of these users whose accounts are there and enabled, lower case."""
        return await self._app_roles.enabled(object_ids)

    async def size(self) -> int | None:
        """Return how many users the tenant has, guests too; None where they may not be counted."""
        url = f"{self._client.base_url}/users/$count"
        headers = {**ADVANCED, "Accept": "text/plain"}
        try:
            return await self._client.read(calls.COUNT_USERS, lambda: reading(url, headers=headers), _count)
        except Refused:
            return None

    async def _members(
        self,
        group_id: str,
        kind: str,
        properties: tuple[str, ...],
        values: Callable[[dict[str, Any]], Iterable[str]],
    ) -> tuple[str, ...]:
        """Follow pages to their end, and put together what each member is known by.

        Members of one type are an advanced query: it needs the header and `$count`.

        Source: Microsoft's page on listing transitive members, and the one on advanced queries.
        """
        if not is_guid(group_id):
            raise Malformed(f"graph: `{first_line(group_id)}` is not the object id of a group")
        url = f"{self._client.base_url}/groups/{group_id}/transitiveMembers/microsoft.graph.{kind}"
        query = {"$select": ",".join(properties), "$top": str(MOST_MEMBERS), "$count": "true"}
        records = await every(
            self._client,
            calls.LIST_MEMBERS,
            lambda: reading(url, query, headers=ADVANCED),
            lambda link: reading(link, headers=ADVANCED),
            most=MOST_PAGES,
        )
        return tuple(sorted({value for record in records for value in values(record)}))


def _count(answer: Answer) -> int:
    """Return the number that the whole body is."""
    text = answer.body.decode("utf-8-sig", errors="replace").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Malformed("the answer is not a number")
    return int(text)


def _of_user(record: dict[str, Any]) -> Iterable[str]:
    """Give what one user is known by."""
    addresses = record.get("proxyAddresses")
    if not isinstance(addresses, list) or not _text(record, "userPrincipalName"):
        raise _limited(READ_USERS.name, "addresses")
    mailboxes = [one for one in addresses if isinstance(one, str) and one.lower().startswith(SMTP)]
    yield _required(record, "id").lower()
    yield _required(record, "userPrincipalName").lower()
    yield from (one[len(SMTP) :].lower() for one in mailboxes)
    if _text(record, "mail"):
        yield _required(record, "mail").lower()


def _of_device(record: dict[str, Any]) -> Iterable[str]:
    """Give what one device is known by; it need not have a name."""
    if not _text(record, "deviceId"):
        raise _limited(READ_DEVICES.name, "ids")
    yield _required(record, "deviceId").lower()
    if _text(record, "displayName"):
        yield _required(record, "displayName").lower()


def _limited(permission: str, lacking: str) -> Refused:
    return Refused(
        f"{calls.LIST_MEMBERS}: members come without their {lacking}: grant {permission} to the app registration"
    )


def _required(record: dict[str, Any], name: str) -> str:
    value = _text(record, name)
    if not value:
        raise Malformed(f"{calls.LIST_MEMBERS}: a member has no `{name}`")
    return value


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    return value.strip() if isinstance(value, str) else ""
