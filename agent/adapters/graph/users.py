"""Users of Entra ID, through Graph v1.0: found, switched on and off, signed out.

Only what is to change is sent: a whole user would be refused for its read-only properties. What these writes answer
is UNCONFIRMED (204, 200 and 204 are expected): any good answer is taken, unless it says that the call did nothing. Whether
an administrator can be disabled depends on a role of the app beside its permission (UNCONFIRMED): a 403 says so.

A user is named by object id or by user principal name. Whose mailbox an address is, which is no principal name, is looked
for among the `mail` addresses: more than one is nobody's. An account is not: who gets somebody's mail by now is another.
"""

from typing import Any

import msgspec
from kiota_abstractions.method import Method

from agent.adapters.graph import calls
from agent.adapters.graph.client import Client
from agent.adapters.graph.ids import is_address, is_guid, is_sid, literal, segment
from agent.adapters.graph.pages import every, page_of
from agent.adapters.graph.plain import ADVANCED, reading, writing
from agent.adapters.microsoft.answers import Answer, answered_in_full, body_of, first_line
from agent.adapters.microsoft.caller import NotFound
from agent.adapters.microsoft.json import parse
from agent.model.enactment import Outcome, Went
from agent.model.errors import Malformed, Refused
from agent.ports.defender import Departing

NAMES = ("id", "userPrincipalName", "mail")
STATE = (
    "id",
    "userPrincipalName",
    "mail",
    "proxyAddresses",
    "accountEnabled",
    "onPremisesSyncEnabled",
    "onPremisesSecurityIdentifier",
    "signInSessionsValidFromDateTime",
)
MOST_PAGES = 20

SMTP = "smtp:"
"""How the addresses for mail begin among `proxyAddresses`."""


class User(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A user, with whichever properties were asked for; what Graph leaves out is None."""

    id: str
    user_principal_name: str | None = None
    mail: str | None = None
    proxy_addresses: list[str] | None = None
    account_enabled: bool | None = None
    on_premises_sync_enabled: bool | None = None
    on_premises_security_identifier: str | None = None
    sign_in_sessions_valid_from: str | None = msgspec.field(
        name="signInSessionsValidFromDateTime", default=None
    )

    @property
    def addresses(self) -> tuple[str, ...] | None:
        """At which mail reaches the user, lower case; None where they may not be read, which `userPrincipalName` tells."""
        if self.user_principal_name is None or self.proxy_addresses is None:
            return None
        found = [one[len(SMTP) :] for one in self.proxy_addresses if one.lower().startswith(SMTP)]
        return tuple(sorted({one.lower() for one in (*found, self.mail) if one}))


class Users:
    """The users of one tenant. Reading raises Unavailable, Refused or Malformed, and nothing else."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._url = f"{client.base_url}/users"

    async def find(self, name: str, properties: tuple[str, ...]) -> User | None:
        """Return the user of this object id, principal name or mail address; None where there is none."""
        if not is_guid(name) and not is_address(name):
            raise Malformed(f"graph: `{first_line(name)}` is neither an object id nor an address of a user")
        query = {"$select": ",".join(properties)}
        try:
            user = await self._client.read(
                calls.READ_USER, lambda: reading(f"{self._url}/{segment(name)}", query), _user
            )
        except NotFound:
            return None if is_guid(name) else await self._the_one(f"mail eq {literal(name)}", properties)
        if is_guid(name) and user.id.lower() != name.lower():
            raise Malformed(f"{calls.READ_USER}: another user came than was asked for")
        return user

    async def find_by_principal_name(self, name: str, properties: tuple[str, ...]) -> User | None:
        """Return the user whose principal name this is, and nobody who only has it as an address; None where there is none."""
        if not is_address(name):
            raise Malformed(f"graph: `{first_line(name)}` is not the principal name of a user")
        query = {"$select": ",".join(properties)}
        try:
            user = await self._client.read(
                calls.READ_USER, lambda: reading(f"{self._url}/{segment(name)}", query), _user
            )
        except NotFound:
            return None
        if (user.user_principal_name or "").lower() != name.lower():
            raise Malformed(f"{calls.READ_USER}: another user came than was asked for")
        return user

    async def find_by_sid(self, sid: str, properties: tuple[str, ...]) -> User | None:
        """Return the user that is synchronised from this account on premises; None where there is none."""
        if not is_sid(sid):
            raise Malformed(f"graph: `{first_line(sid)}` is not a security identifier")
        return await self._the_one(f"onPremisesSecurityIdentifier eq {literal(sid)}", properties)

    async def roles(self, user_id: str) -> tuple[str, ...] | None:
        """Return the names of the Entra roles that the user holds, by groups too; None where they cannot be read.

        Where directory roles may not be read, Graph answers with roles that have no name. Roles that a person could
        still activate are not among them.
        """
        url = f"{self._url}/{segment(user_id)}/transitiveMemberOf/microsoft.graph.directoryRole"
        query = {"$select": "id,displayName", "$count": "true"}
        try:
            records = await every(
                self._client,
                calls.LIST_ROLES,
                lambda: reading(url, query, headers=ADVANCED),
                lambda link: reading(link, headers=ADVANCED),
                most=MOST_PAGES,
            )
        except Refused:
            return None
        names = [record.get("displayName") for record in records]
        if not all(isinstance(name, str) and name for name in names):
            return None
        return tuple(sorted(map(str, names)))

    async def switch(self, user_id: str, *, is_enabled: bool, departing: Departing) -> Outcome:
        """Enable or disable the user.

        Raises:
            Unavailable: definitely not applied.
        """
        if not is_guid(user_id):
            return _no_such(user_id)
        url = f"{self._url}/{segment(user_id)}"
        return await self._client.write(
            calls.SWITCH_USER,
            lambda: writing(Method.PATCH, url, {"accountEnabled": is_enabled}),
            departing=departing,
            may_repeat=False,
            done=answered_in_full,
        )

    async def revoke_sessions(self, user_id: str, *, departing: Departing) -> Outcome:
        """Sign the user out everywhere.

        Raises:
            Unavailable: definitely not applied.
        """
        if not is_guid(user_id):
            return _no_such(user_id)
        url = f"{self._url}/{segment(user_id)}/revokeSignInSessions"
        return await self._client.write(
            calls.REVOKE_SESSIONS,
            lambda: writing(Method.POST, url, None),
            departing=departing,
            may_repeat=False,
            done=_revoked,
        )

    async def _the_one(self, condition: str, properties: tuple[str, ...]) -> User | None:
        query = {"$filter": condition, "$select": ",".join(properties), "$top": "2"}
        try:
            return await self._client.read(calls.READ_USER, lambda: reading(self._url, query), _the_only)
        except NotFound:
            return None


def _user(answer: Answer) -> User:
    return _taken(parse(answer.body))


def _the_only(answer: Answer) -> User | None:
    records, link = page_of(answer)
    if len(records) > 1 or link is not None:
        raise Malformed("more than one user has this address or identifier")
    return _taken(records[0]) if records else None


def _taken(record: Any) -> User:
    try:
        user = msgspec.convert(record, User)
    except msgspec.ValidationError as error:
        raise Malformed(f"a user cannot be read: {error}") from error
    if not is_guid(user.id):
        raise Malformed("a user has an id that is none")
    return user


def _revoked(answer: Answer) -> Outcome:
    """Return what a good answer says: it may hold in words that nothing was done."""
    if body_of(answer).get("value") is False:
        return Outcome(
            went=Went.UNKNOWN, detail=f"answered {answer.status} and `false`: it may not have been applied"
        )
    return answered_in_full(answer)


def _no_such(user_id: str) -> Outcome:
    return Outcome(went=Went.REFUSED, detail=f"`{first_line(user_id)}` is not the object id of a user")
