"""Signing a person in by Entra ID's device code: they type a code into a browser, on whichever machine they like.

Nothing is kept on disk. A cached sign-in would let whoever sits down at the machine next answer as somebody else, and
roles and conditional access would be as old as the cache; people answer a few times a day.

Blocks until the person is through, and in the thread that calls it: Ctrl-C ends it at once.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from agent.adapters.microsoft.clouds import Cloud
from agent.adapters.microsoft.tokens import refusal
from agent.model.errors import Refused, Unavailable

Prompt = Callable[[str, str, datetime], None]
"""Tells the person where to go, which code to type there, and until when."""

_QUIET = ("azure", "msal")
"""They log what a login answered, at WARNING."""

_MENDS = {
    "AADSTS50020": "this account is not of this tenant: sign in with one that is",
    "AADSTS50057": "this account is disabled",
    "AADSTS50105": "this account has no role of the app: an administrator assigns one (Enterprise applications)",
    "AADSTS50126": "wrong name or password: sign in again",
    "AADSTS500011": "the app registration has no service principal in this tenant: check `escalation.client_id`",
    "AADSTS53000": "conditional access wants a managed device: sign in on one",
    "AADSTS53001": "conditional access wants a managed device: sign in on one",
    "AADSTS53003": "conditional access blocks this: allow the device code flow for this app, or sign in from elsewhere",
    "AADSTS530003": "conditional access wants a managed device: sign in on one",
    "AADSTS530035": "security defaults block this: use conditional access, and allow the device code flow for this app",
    "AADSTS65001": "nobody consented to the app: an administrator does (App registrations, API permissions)",
    "AADSTS65004": "you declined: sign in again",
    "AADSTS70016": "nobody signed in in time: start again",
    "AADSTS70018": "the code was not right: start again",
    "AADSTS70019": "the code is over: start again",
    "AADSTS70020": "the code is over: start again",
    "AADSTS70043": "the sign-in is over by conditional access: sign in again",
    "AADSTS700016": "no such app in this tenant: check `escalation.client_id`",
    "AADSTS7000218": "allow public client flows in the app registration (Authentication, Settings)",
    "AADSTS7000112": "the app is disabled in this tenant: enable it",
    "AADSTS90002": "no such tenant in this cloud: check `tenant.id` and `graph.cloud`",
    "AADSTS90009": "the app registration must be named by its client id: check `escalation.client_id`",
}
"""What to do, by Entra ID's codes. Source: Microsoft's page of authentication and authorization error codes."""


def access_token(
    cloud: Cloud, tenant_id: str, client_id: str, prompt: Prompt, *, transport: Any = None
) -> str:
    """Return an access token for our own app registration, of whoever signs in.

    It is asked for by client id: an app that asks for a token for itself may not name itself otherwise (AADSTS90009).

    Args:
        cloud: whose login.
        tenant_id: the only tenant that is signed in to.
        client_id: the app registration, a public client.
        prompt: is called once there is a code.
        transport: sends the requests; real connections where none is given.

    Raises:
        Refused: the login says no, or nobody signed in in time.
        Unavailable: the login cannot be reached.
    """
    from azure.core.exceptions import AzureError, ClientAuthenticationError  # noqa: PLC0415  slow
    from azure.identity import DeviceCodeCredential  # noqa: PLC0415  slow

    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    given = {} if transport is None else {"transport": transport}
    try:
        with DeviceCodeCredential(
            client_id,
            tenant_id=tenant_id,
            authority=urlsplit(cloud.authority).netloc,
            prompt_callback=prompt,
            # The authority is one of our own few, so that nobody else has to be asked whether it is one.
            disable_instance_discovery=True,
            **given,
        ) as credential:
            return str(credential.get_token(f"{client_id}/.default").token)
    except ClientAuthenticationError as error:
        if "Timed out" in str(error):
            raise Refused("sign-in: nobody signed in in time: start again") from error
        raise refusal(error, _MENDS, about="sign-in", otherwise="start again") from error
    except (AzureError, ValueError, OSError) as error:
        raise Unavailable(
            "sign-in: the login cannot be reached: check the network, the proxy and the cloud"
        ) from error
