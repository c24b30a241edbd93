r"""What both scripts say to Entra ID, as JSON in ASCII, and texts that are safe in a shell.

A script is run by an administrator: a name from the settings or from a policy must be nothing in it but that name. So each
stands between single quotes, in ASCII: JSON writes everything else as `\\uXXXX`, and nothing else has to be escaped.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from agent.judge.doctor.needs import Need
from agent.judge.doctor.registration import CLAIM, OPENID, SCOPE, AppRole, Registration, SignIn
from agent.model.permission import Api

GRAPH_APP = Api.GRAPH.app_id


def in_json(value: Any) -> str:
    """Return a value as JSON on one line, in ASCII alone."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def in_bash(text: str) -> str:
    """Return a text as one word of a shell; what is not ASCII is refused before it gets here, or is JSON."""
    return shlex.quote(text)


def in_powershell(text: str) -> str:
    """Return a text as a string of PowerShell, which ends only at a quote of its own.

    PowerShell takes curly quotes for quotes too.
    """
    doubled = "".join(letter * 2 if letter in "'\u2018\u2019\u201a\u201b" else letter for letter in text)
    return f"'{doubled}'"


def remark(text: str) -> str:
    """Return a text for a remark: on one line, and nothing but visible ASCII."""
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in text)[:200]


def access_of(needs: tuple[Need, ...]) -> str:
    """Return which permissions an app registration says that it asks for."""
    return in_json({"requiredResourceAccess": _resources(needs)})


def _resources(needs: tuple[Need, ...]) -> list[Mapping[str, Any]]:
    return [
        {
            "resourceAppId": api.app_id,
            "resourceAccess": [
                {"id": one.permission.id, "type": "Role"} for one in needs if one.permission.api is api
            ],
        }
        for api in Api
        if any(one.permission.api is api for one in needs)
    ]


def role_of(role: AppRole) -> str:
    """Return an app role as Graph takes it."""
    return in_json(
        {
            "id": role.id,
            "value": role.value,
            "displayName": role.value,
            "description": f"air-agent: {role.words}",
            "allowedMemberTypes": ["User"],
            "isEnabled": True,
        }
    )


def scope_of(sign_in: SignIn) -> str:
    """Return the scope of the sign-in's own API as Graph takes it."""
    return in_json(
        {
            "id": sign_in.scope,
            "value": SCOPE,
            "type": "User",
            "isEnabled": True,
            "adminConsentDisplayName": "Answer as yourself",
            "adminConsentDescription": "Lets people answer what air-agent asks them.",
            "userConsentDisplayName": "Answer as yourself",
            "userConsentDescription": "Lets you answer what air-agent asks you.",
        }
    )


def claim() -> str:
    """Return the optional claim as Graph takes it."""
    return in_json({"name": CLAIM, "essential": False, "additionalProperties": []})


def plain_sign_in() -> str:
    """Return what of the sign-in is the same everywhere: one tenant, device codes, no implicit tokens, three scopes."""
    asks = [{"id": one, "type": "Scope"} for _, one in OPENID]
    return in_json(
        {
            "signInAudience": "AzureADMyOrg",
            "isFallbackPublicClient": True,
            "requiredResourceAccess": [{"resourceAppId": GRAPH_APP, "resourceAccess": asks}],
            "web": {
                "implicitGrantSettings": {"enableIdTokenIssuance": False, "enableAccessTokenIssuance": False}
            },
        }
    )


def scopes() -> str:
    """Return the scopes of Graph that are consented to for everybody."""
    return " ".join(name for name, _ in OPENID)


def whose(one: Registration) -> str:
    """Return the tenant as a remark."""
    return f"{one.tenant_id}{f' ({remark(one.tenant)})' if one.tenant else ''}"


def filter_of(senders: Sequence[str]) -> str:
    """Return Exchange's filter for these mailboxes, for the inside of double quotes in PowerShell."""
    return " -or ".join(f"PrimarySmtpAddress -eq '{plain_address(one)}'" for one in senders)


def plain_address(address: str) -> str:
    """Return an address without anything that a shell, PowerShell or a filter of Exchange could take for its own."""
    return "".join(one for one in address if one.isascii() and (one.isalnum() or one in "@._+-"))
