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
from agent.adapters.microsoft.sign_in_codes import SIGN_IN
from agent.adapters.microsoft.tokens import refusal
from agent.model.errors import Refused, Unavailable

Prompt = Callable[[str, str, datetime], None]
"""Tells the person where to go, which code to type there, and until when."""

_QUIET = ("azure", "msal")
"""They log what a login answered, at WARNING."""

_MENDS = SIGN_IN | {
    "AADSTS53003": "conditional access blocks this: allow the device code flow for this app, or sign in from elsewhere",
    "AADSTS530035": "security defaults block this: use conditional access, and allow the device code flow for this app",
    "AADSTS70016": "nobody signed in in time: start again",
    "AADSTS70018": "the code was not right: start again",
    "AADSTS70019": "the code is over: start again",
    "AADSTS70020": "the code is over: start again",
    "AADSTS7000218": "allow public client flows in the app registration (Authentication, Settings)",
}
"""What to do, by Entra ID's codes, where the device code flow has its own."""


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
