"""What would be acted on besides mail, as it is now: inbox rules, accounts, devices.

Words are Graph's and Defender for Endpoint's, in snake case. What an API leaves out is None.
"""

from datetime import datetime

import msgspec


class InboxRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of a mailbox's inbox (`messageRule`).

    `forwards_to` are the addresses of `forwardTo`, `forwardAsAttachmentTo` and `redirectTo`, lower case.
    """

    id: str
    display_name: str | None = None
    is_enabled: bool | None = None
    is_read_only: bool | None = None
    has_error: bool | None = None
    forwards_to: tuple[str, ...] = ()
    raw: str = ""
    """The rule as Graph gave it, JSON with its keys in order."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The inbox rules of one mailbox, and which domains are the tenant's own."""

    user_id: str
    """The mailbox's user, by object id."""
    address: str
    rules: tuple[InboxRule, ...]
    domains: frozenset[str] | None
    """The tenant's accepted domains, lower case; None where they cannot be read."""


class IdentityAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account as Defender for Identity knows it (`identityAccounts`)."""

    id: str
    account_id: str
    """What `invokeAction` wants as `accountId`."""
    identity_provider: str
    """`activeDirectory`, `entraID` or `okta`, however it was spelt."""
    is_enabled: bool | None = None
    actions: tuple[str, ...] = ()


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One user: in Entra ID, and on premises where it is synchronised from there."""

    user_id: str | None
    """Object id in Entra ID; None for an account that is not there."""
    user_principal_name: str | None = None
    addresses: tuple[str, ...] | None = ()
    """At which mail reaches it, lower case; None where that cannot be read."""
    account_enabled: bool | None = None
    is_synced: bool | None = None
    """`onPremisesSyncEnabled`: what is changed in Entra ID is then overwritten from on premises."""
    sessions_valid_from: datetime | None = None
    """`signInSessionsValidFromDateTime`."""
    roles: tuple[str, ...] | None = None
    """Names of the Entra roles that it holds, by groups too; None where they cannot be read."""
    on_premises: IdentityAccount | None = None


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One device of Defender for Endpoint (`machine`)."""

    id: str
    name: str | None = None
    os_platform: str | None = None
    health_status: str | None = None
    tags: tuple[str, ...] = ()


class Quarantine(msgspec.Struct, frozen=True, kw_only=True):
    """How a `StopAndQuarantineFile` stands (`machineAction`); `status` is the API's word."""

    id: str
    status: str | None
    sha1: str | None = None
    machine_id: str | None = None


Found = Rules | Account | Device
"""What is known of what one pending action would act on."""


class OfRules(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for the inbox rules of a mailbox, by object id or address."""

    mailbox: str


class OfAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for an account, by whichever of its names are known."""

    user_id: str | None = None
    user_principal_name: str | None = None
    sid: str | None = None


class OfDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for a device, by its id in Defender for Endpoint."""

    id: str


Asked = OfRules | OfAccount | OfDevice
"""What is to be looked up before a pending action that is not about mail can be planned."""
