"""A person by their access token: every claim that says for whom, by whom, to whom and until when is checked.

The token is one for our own app registration (its audience), asked for by that same registration, so that another
program cannot answer with a token that was meant for it or that it got for something else. It has to be an access token
that stands for a person: `scp` is in those alone, an ID token has none, nor has one of a service (`idtyp` is `app`, or it
has roles and no `scp`). What holds for every kind of token stands in `claims`.

That an app which asks for a token for itself has to name itself by its client id is Entra ID's error AADSTS90009. That
such a token has `scp` once the registration exposes a scope is UNCONFIRMED: a token without is refused, and says so.

Source: Microsoft's pages "Access token claims reference", "Access tokens".
"""

from collections.abc import Callable

from agent.adapters.microsoft import claims
from agent.adapters.microsoft.signing_keys import SigningKeys
from agent.adapters.microsoft.tokens import wall_clock
from agent.model.answer import Person
from agent.model.errors import Refused

V1_ISSUER = "https://sts.windows.net/{}/"
"""Who issues tokens of version 1.0, in the US Government clouds too. Source: the metadata of both versions."""


class Claims(claims.Claims, frozen=True, kw_only=True):
    """What an access token claims besides."""

    scp: str = ""
    azp: str = ""
    appid: str = ""
    idtyp: str = ""


async def person_of(
    token: str,
    keys: SigningKeys,
    *,
    tenant_id: str,
    client_id: str,
    wall: Callable[[], float] = wall_clock,
) -> Person:
    """Return whose token it is, once all of it was checked.

    Args:
        token: the access token; it is in no message.
        keys: the tenant's.
        tenant_id: the only tenant whose people count.
        client_id: the app registration that people sign in to.
        wall: the real time in seconds since 1970.

    Raises:
        Refused: it is not one that counts, and what to do.
        Unavailable, Malformed: the tenant's keys cannot be had.
    """
    client = client_id.lower()
    found = await claims.proven(
        token,
        keys,
        Claims,
        tenant_id=tenant_id.lower(),
        audiences=(client, f"api://{client}"),
        issuers={"1.0": V1_ISSUER.format(tenant_id.lower()), "2.0": keys.issuer},
        now=wall(),
    )
    _check_whose(found, client)
    return claims.person(found)


def _check_whose(found: Claims, client_id: str) -> None:
    if found.idtyp not in {"", "user"}:
        raise Refused("sign-in: this is a service, not a person: a person has to answer")
    if not found.scp.strip():
        raise Refused(
            "sign-in: the token does not say that it stands for a person: "
            "expose a scope in the app registration (Expose an API), and consent to it"
        )
    if (found.azp or found.appid).lower() != client_id:
        raise Refused(
            "sign-in: the token was given to another program: sign in with this command, and with no other token"
        )
