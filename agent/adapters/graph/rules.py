"""Inbox rules through Graph v1.0: found, switched off and on. A rule is never deleted: what is off can be shown and undone.

Forwarding that is set on the mailbox itself has no call in Graph, and does not show here. Which rule evidence means is
UNCONFIRMED (`configurationId` may or may not be a rule's id), so that all are listed, with whom they forward to.
Accepted domains are the verified ones of `GET /domains`: one that nobody has proved to own is not the tenant's.

Source: Microsoft's pages "List rules", "Update rule", "messageRule resource type" and "List domains".
"""

from datetime import timedelta
from typing import Any

import msgspec
from kiota_abstractions.method import Method

from agent.adapters.graph import calls
from agent.adapters.graph.client import Client
from agent.adapters.graph.ids import is_guid, is_rule_id, segment
from agent.adapters.graph.pages import every
from agent.adapters.graph.plain import reading, writing
from agent.adapters.graph.users import NAMES, Users
from agent.adapters.microsoft.answers import Answer, answered_in_full, body_of, first_line
from agent.adapters.microsoft.caller import NotFound
from agent.model.enactment import Outcome, Pair, Went
from agent.model.errors import Malformed, Refused
from agent.model.targets import InboxRule, Rules
from agent.ports.defender import Departing
from agent.ports.host import Clock

MOST_PAGES = 50
"""A mailbox's rules are a few hundred at most: Exchange gives them 256 KB."""

DOMAINS_KEPT = timedelta(hours=1)


class _Address(msgspec.Struct):
    address: str | None = None


class _Recipient(msgspec.Struct, rename="camel"):
    email_address: _Address | None = None


class _Actions(msgspec.Struct, rename="camel"):
    forward_to: list[_Recipient] | None = None
    forward_as_attachment_to: list[_Recipient] | None = None
    redirect_to: list[_Recipient] | None = None


class _Rule(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    is_enabled: bool | None = None
    is_read_only: bool | None = None
    has_error: bool | None = None
    actions: _Actions | None = None


class Domains:
    """The tenant's own domains, kept for an hour."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._known: frozenset[str] | None = None
        self._until = clock.now()

    async def own(self) -> frozenset[str] | None:
        """Return the accepted domains, lower case; None where they may not be read."""
        if self._clock.now() >= self._until:
            self._known = await self._read()
            self._until = self._clock.now() + DOMAINS_KEPT
        return self._known

    async def _read(self) -> frozenset[str] | None:
        try:
            records = await every(
                self._client,
                calls.LIST_DOMAINS,
                lambda: reading(f"{self._client.base_url}/domains", {"$select": "id,isVerified"}),
                reading,
                most=MOST_PAGES,
            )
        except Refused:
            return None
        found = {one.get("id") for one in records if one.get("isVerified") is True}
        return frozenset(name.lower() for name in found if isinstance(name, str))


class InboxRules:
    """The inbox rules of one tenant's mailboxes. Reading raises Unavailable, Refused or Malformed, and nothing else."""

    def __init__(self, client: Client, users: Users, clock: Clock) -> None:
        self._client = client
        self._users = users
        self._domains = Domains(client, clock)

    async def find(self, mailbox: str) -> Rules | None:
        """Return every rule of a mailbox, by object id or address; None where there is no such user or mailbox."""
        user = await self._users.find(mailbox, NAMES)
        if user is None:
            return None
        url = self._url(user.id)
        try:
            records = await every(
                self._client, calls.LIST_RULES, lambda: reading(url), reading, most=MOST_PAGES
            )
        except NotFound:
            return None
        return Rules(
            user_id=user.id,
            address=(user.mail or user.user_principal_name or mailbox).lower(),
            rules=tuple(rule_of(record) for record in records),
            domains=await self._domains.own(),
        )

    async def switch(self, target: Pair, *, is_enabled: bool, departing: Departing) -> Outcome:
        """Switch one rule on or off; the target is (rule's id, mailbox's user).

        Raises:
            Unavailable: definitely not applied.
        """
        rule_id, user_id = target
        if not is_rule_id(rule_id) or not is_guid(user_id):
            return Outcome(
                went=Went.REFUSED,
                detail=f"`{first_line(rule_id)}` of `{first_line(user_id)}` is not an inbox rule",
            )
        return await self._client.write(
            calls.SWITCH_RULE,
            lambda: writing(
                Method.PATCH, f"{self._url(user_id)}/{segment(rule_id)}", {"isEnabled": is_enabled}
            ),
            departing=departing,
            may_repeat=False,
            done=lambda answer: _switched(answer, is_enabled=is_enabled),
        )

    def _url(self, user_id: str) -> str:
        return f"{self._client.base_url}/users/{segment(user_id)}/mailFolders/inbox/messageRules"


def rule_of(record: dict[str, Any]) -> InboxRule:
    """Return the rule that a record is.

    Raises:
        Malformed: it cannot be read, or whom it forwards to cannot: what is missing could be what matters.
    """
    try:
        rule = msgspec.convert(record, _Rule)
    except msgspec.ValidationError as error:
        raise Malformed(f"{calls.LIST_RULES}: a rule cannot be read: {error}") from error
    actions = rule.actions or _Actions()
    recipients = [
        *(actions.forward_to or ()),
        *(actions.forward_as_attachment_to or ()),
        *(actions.redirect_to or ()),
    ]
    return InboxRule(
        id=rule.id,
        display_name=rule.display_name,
        is_enabled=rule.is_enabled,
        is_read_only=rule.is_read_only,
        has_error=rule.has_error,
        forwards_to=tuple(sorted({_address(one) for one in recipients})),
        raw=msgspec.json.encode(record, order="deterministic").decode(),
    )


def _address(recipient: _Recipient) -> str:
    found = recipient.email_address.address if recipient.email_address is not None else None
    if not found or not found.strip():
        raise Malformed(f"{calls.LIST_RULES}: a rule forwards to somebody without an address")
    return found.strip().lower()


def _switched(answer: Answer, *, is_enabled: bool) -> Outcome:
    """Return what a good answer says: it holds the rule as it is now."""
    if body_of(answer).get("isEnabled") is (not is_enabled):
        state = "off" if is_enabled else "on"
        return Outcome(
            went=Went.UNKNOWN,
            detail=f"answered {answer.status} with the rule still {state}: it is to be read again",
        )
    return answered_in_full(answer)
