"""Who is in a group of Entra, through Graph v1.0: `GET /groups/{id}/transitiveMembers/microsoft.graph.user`.

Where an app may read memberships and not the members themselves, Graph answers 200 with members of which it
tells the id and nothing else. To take that for the whole would protect nobody, so it counts as a refusal:
a user without `userPrincipalName` or `proxyAddresses` (neither is ever null), a device without `deviceId`.

The addresses of a user are those at which mail reaches the mailbox: `mail`, `userPrincipalName` and what stands
in `proxyAddresses` as `smtp:`. `otherMails` are left out: they are private mailboxes elsewhere, which no
remediation reaches, and which users can set themselves.

`GroupMember.Read.All`, `User.Read.All` and `Device.Read.All` are the least application permissions by Microsoft's
permission tables and its page on limited information; that members without them come as described here when a
type is asked for, that `$select` of `proxyAddresses` works on members, and that a group with hidden members asked
for without `Member.Read.Hidden` answers 403 and not an empty list, are UNCONFIRMED. Requests count against
the budget of `/security`, although Graph counts them elsewhere: they are a handful an hour.

Source: Microsoft's pages "List group transitive members", "Limited information returned for inaccessible member
objects" and "user resource type".
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from agent.adapters.graph.answers import Answer, Call, first_line
from agent.adapters.graph.asking import Asking
from agent.adapters.graph.client import Client
from agent.adapters.graph.wire import records_of
from agent.model.errors import Malformed, Refused

MOST_PAGES = 500
"""Half a million members: more than a list can be for."""

SMTP = "smtp:"

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""Anything else in its place could lead to another path."""


class GraphDirectory:
    """Groups as Graph shows them. Fulfils ports.Directory."""

    def __init__(self, client: Client, asking: Asking) -> None:
        self._client = client
        self._asking = asking

    async def people(self, group_id: str) -> tuple[str, ...]:
        """Return the object id and every address of each user in the group, sorted."""
        properties = ("id", "mail", "userPrincipalName", "proxyAddresses")
        return await self._members(group_id, "user", properties, _of_user)

    async def devices(self, group_id: str) -> tuple[str, ...]:
        """Return the name and the device id of each device in the group, sorted."""
        return await self._members(group_id, "device", ("id", "deviceId", "displayName"), _of_device)

    async def _members(
        self,
        group_id: str,
        kind: str,
        properties: tuple[str, ...],
        values: Callable[[dict[str, Any]], Iterable[str]],
    ) -> tuple[str, ...]:
        """Follow pages to their end, and put together what each member is known by."""
        if _GUID.fullmatch(group_id) is None:
            raise Malformed(f"graph: `{first_line(group_id)}` is not the object id of a group")
        records, link = await self._client.read(
            Call.LIST_MEMBERS, lambda: self._asking.members(group_id, kind, properties), _page
        )
        found: set[str] = set()
        seen: set[str] = set()
        while True:
            found.update(value for record in records for value in values(record))
            if link is None:
                return tuple(sorted(found))
            here = self._client.check_link(link)
            if here in seen:
                raise Malformed(
                    f"graph: {Call.LIST_MEMBERS}: the link to the next page repeats itself: `{first_line(here)}`"
                )
            if len(seen) >= MOST_PAGES:
                raise Malformed(f"graph: {Call.LIST_MEMBERS}: more than {MOST_PAGES} pages")
            seen.add(here)
            records, link = await self._client.read(
                Call.LIST_MEMBERS,
                lambda link=here: self._asking.more_members(link),  # type: ignore[misc]
                _page,
            )


def _page(answer: Answer) -> tuple[list[dict[str, Any]], str | None]:
    if answer.status == 206:
        raise Malformed("only a part came")
    records, link = records_of(answer.body)
    if not all(isinstance(record, dict) for record in records):
        raise Malformed("a member is not an object")
    return records, link


def _of_user(record: dict[str, Any]) -> Iterable[str]:
    """Give what one user is known by."""
    addresses = record.get("proxyAddresses")
    if not isinstance(addresses, list) or not _text(record, "userPrincipalName"):
        raise _limited("User.Read.All", "addresses")
    mailboxes = [one for one in addresses if isinstance(one, str) and one.lower().startswith(SMTP)]
    yield _required(record, "id").lower()
    yield _required(record, "userPrincipalName").lower()
    yield from (one[len(SMTP) :].lower() for one in mailboxes)
    if _text(record, "mail"):
        yield _required(record, "mail").lower()


def _of_device(record: dict[str, Any]) -> Iterable[str]:
    """Give what one device is known by; it need not have a name."""
    if not _text(record, "deviceId"):
        raise _limited("Device.Read.All", "ids")
    yield _required(record, "deviceId").lower()
    if _text(record, "displayName"):
        yield _required(record, "displayName").lower()


def _limited(permission: str, lacking: str) -> Refused:
    return Refused(
        f"graph: {Call.LIST_MEMBERS}: members come without their {lacking}: grant {permission} to the app registration"
    )


def _required(record: dict[str, Any], name: str) -> str:
    value = _text(record, name)
    if not value:
        raise Malformed(f"graph: {Call.LIST_MEMBERS}: a member has no `{name}`")
    return value


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    return value.strip() if isinstance(value, str) else ""
