"""Accounts as Defender for Identity knows them (`identityAccounts`), in both forms that Microsoft documents."""

from collections.abc import Mapping

from agent.simulator.shapes import Json

ACTIVE_DIRECTORY = "activeDirectory"
ENTRA = "entraID"
OKTA = "okta"

ACTIONS: Mapping[str, frozenset[str]] = {
    ACTIVE_DIRECTORY: frozenset({"disable", "enable", "forcePasswordReset"}),
    OKTA: frozenset({"disable", "enable", "revokeAllSessions"}),
}
"""What may be asked of which provider. Source: the page on `invokeAction`, which ends with Entra ID being out of scope."""

PRINTED = {ACTIVE_DIRECTORY: "ActiveDirectory", ENTRA: "EntraID", OKTA: "Okta"}
"""How the sample of the list prints providers; that of `invokeAction` prints them as the schema does."""


def identity(
    object_id: str,
    name: str,
    domain: str,
    *,
    sid: str | None = None,
    cloud_sid: str | None = None,
    is_enabled: bool = True,
    accounts: Mapping[str, str],
) -> Json:
    """Return one `identityAccounts`; `accounts` are the identifiers by their providers."""
    return {
        "id": object_id,
        "displayName": name,
        "domain": domain,
        "onPremisesSecurityIdentifier": sid,
        "cloudSecurityIdentifier": cloud_sid,
        "isEnabled": is_enabled,
        "accounts": [
            {
                "identityProvider": provider,
                "identifier": identifier,
                "actions": sorted(ACTIONS.get(provider, ())),
            }
            for provider, identifier in accounts.items()
        ],
    }


def as_printed(identity: Json) -> Json:
    """Return the form of the documentation's sample: another name for the provider, other words, and no actions."""
    accounts = [
        {
            "provider": PRINTED[one["identityProvider"]],
            "identifier": one["identifier"],
            "actions": [],
        }
        for one in identity["accounts"]
    ]
    return {**identity, "accounts": accounts}


def provider_of(identity: Json, account_id: str) -> str | None:
    """Return whose account of this identity it is; None where it has no such account."""
    found = (one for one in identity["accounts"] if one["identifier"].lower() == account_id.lower())
    return next((str(one["identityProvider"]) for one in found), None)
