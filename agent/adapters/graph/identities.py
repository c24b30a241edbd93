"""Accounts on premises, through Defender for Identity: `security/identities/identityAccounts`.

Its actions do not reach Entra ID; there `users` acts. Microsoft's page prints the provider as `provider` with the value
`ActiveDirectory` where the schema says `identityProvider` and `activeDirectory`, and wraps the answer of `invokeAction` in
`value` where the schema does not: both are read, the schema's is sent. There is no way to look an action up by
the `correlationId` of its answer: it is kept for people.

Source: Microsoft's pages "List identityAccounts" and "identityAccounts: invokeAction", and the v1.0 metadata.
"""

from typing import Any

import msgspec
from kiota_abstractions.method import Method

from agent.adapters.graph import calls
from agent.adapters.graph.client import Client
from agent.adapters.graph.ids import is_account_id, is_sid, literal, segment
from agent.adapters.graph.pages import every, page_of
from agent.adapters.graph.plain import reading, writing
from agent.adapters.microsoft.answers import Answer, answered_in_full, body_of, first_line
from agent.model.enactment import EffectKind, Outcome, Pair, Went
from agent.model.errors import Malformed, Refused
from agent.model.permission import is_granted
from agent.model.targets import IdentityAccount
from agent.ports.defender import Departing

ACTIVE_DIRECTORY = "activeDirectory"
NOBODY = "S-1-0-0"
"""The security identifier that nobody has."""
MOST_PAGES = 20

_PROVIDERS = {"activedirectory": ACTIVE_DIRECTORY, "entraid": "entraID", "okta": "okta"}

_ACTIONS = {
    EffectKind.DISABLE_ACCOUNT: "disable",
    EffectKind.ENABLE_ACCOUNT: "enable",
    EffectKind.RESET_PASSWORD: "forcePasswordReset",
}


class _Account(msgspec.Struct, rename="camel"):
    identity_provider: str | None = None
    provider: str | None = None
    identifier: str | None = None
    actions: list[str] | None = None

    @property
    def is_on_premises(self) -> bool:
        word = self.identity_provider or self.provider or ""
        return _PROVIDERS.get(word.casefold()) == ACTIVE_DIRECTORY


class _Identity(msgspec.Struct, rename="camel"):
    id: str
    on_premises_security_identifier: str | None = None
    is_enabled: bool | None = None
    accounts: list[_Account] | None = None


class Identities:
    """Accounts on premises. Reading raises Unavailable, Refused or Malformed, and nothing else."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._url = f"{client.base_url}/security/identities/identityAccounts"

    async def find(self, sid: str) -> IdentityAccount | None:
        """Return the account in Active Directory with this security identifier.

        None where there is none, and where it may not be read: what cannot be read cannot be acted on either.
        """
        if not is_sid(sid):
            raise Malformed(f"graph: `{first_line(sid)}` is not a security identifier")
        is_readable = is_granted(calls.FIND_ACCOUNT.permission, self._client.grants)
        if not is_readable or not self._client.cloud.has_identity_accounts:
            return None
        try:
            records = await every(
                self._client, calls.FIND_ACCOUNT, lambda: self._asking(sid), reading, most=MOST_PAGES
            )
        except Refused:
            return None
        return _on_premises(records, sid)

    async def look(self) -> None:
        """Ask for the account that nobody has."""
        await self._client.read(calls.FIND_ACCOUNT, lambda: self._asking(NOBODY), page_of)

    async def act(self, kind: EffectKind, target: Pair, *, departing: Departing) -> Outcome:
        """Disable or enable the account, or have its password reset; the target is (id, accountId).

        Raises:
            Unavailable: definitely not applied.
        """
        identity, account = target
        if not is_account_id(identity) or not is_account_id(account):
            return Outcome(
                went=Went.REFUSED,
                detail=f"`{first_line(account)}` of `{first_line(identity)}` is not an account of Defender for Identity",
            )
        body = {"accountId": account, "action": _ACTIONS[kind], "identityProvider": ACTIVE_DIRECTORY}
        return await self._client.write(
            calls.INVOKE_ACTION,
            lambda: writing(Method.POST, f"{self._url}/{segment(identity)}/invokeAction", body),
            departing=departing,
            may_repeat=False,
            done=_invoked,
        )

    def _asking(self, sid: str) -> Any:
        return reading(self._url, {"$filter": f"onPremisesSecurityIdentifier eq {literal(sid)}"})


def _on_premises(records: list[dict[str, Any]], sid: str) -> IdentityAccount | None:
    """Return the one account in Active Directory; two could be two people's."""
    try:
        identities = msgspec.convert(records, list[_Identity])
    except msgspec.ValidationError as error:
        raise Malformed(f"{calls.FIND_ACCOUNT}: an account cannot be read: {error}") from error
    found = [
        IdentityAccount(
            id=identity.id,
            account_id=account.identifier,
            identity_provider=ACTIVE_DIRECTORY,
            is_enabled=identity.is_enabled,
            actions=tuple(account.actions or ()),
        )
        for identity in identities
        if (identity.on_premises_security_identifier or "").upper() == sid.upper()
        for account in identity.accounts or ()
        if account.is_on_premises and account.identifier
    ]
    if len(found) > 1:
        raise Malformed(f"{calls.FIND_ACCOUNT}: more than one account has this security identifier")
    return found[0] if found else None


def _invoked(answer: Answer) -> Outcome:
    """Return what a good answer says, in either of its shapes."""
    outcome = answered_in_full(answer)
    body = body_of(answer)
    inner = body.get("value")
    shown = first_line((inner if isinstance(inner, dict) else body).get("correlationId"))
    return msgspec.structs.replace(outcome, bulk_id=shown or None)
