"""What a token of a person claims, once it is proven to be one of this tenant: the same for every kind of token.

The signature is RS256 by a key that the tenant publishes; whatever else a header asks for, an algorithm, `none`, a key of
its own, is refused before anything is checked with it. Issuer, audience, tenant, version, object id and moments are
checked here, so that no kind of token can forget one; what is of one kind alone is checked where that kind is read.

Guests count. Somebody from another organisation has an account of their own in this tenant (`tid` and `oid` are this
tenant's), and no role unless an administrator of this tenant gave it to that account. Whoever wants none gives roles to
none.

Names and addresses in a token may be changed by their owner: they are shown, and they take the right to answer away
(affected people, last authors), and never give it. Roles are as they were when the token was made.

Source: Microsoft's pages "ID token claims reference", "Access token claims reference", "Secure applications and APIs by
validating claims"; RFC 8725 on the uses of JWT.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import jwt
import msgspec
from jwt.exceptions import (
    InvalidAudienceError,
    InvalidIssuerError,
    InvalidSignatureError,
    MissingRequiredClaimError,
    PyJWTError,
)

from agent.adapters.microsoft.answers import first_line
from agent.adapters.microsoft.signing_keys import SigningKeys
from agent.model.answer import Person
from agent.model.errors import Refused

LARGEST = 64 * 1024
"""Characters of a token: those with two hundred groups have a quarter of that."""

LEEWAY = 60.0
"""Seconds by which clocks may differ."""

ALGORITHM = "RS256"
REQUIRED = ("aud", "iss", "iat", "nbf", "exp", "tid", "oid", "ver")

LONGEST_NAME = 256
"""Characters of a name: Entra ID allows as many."""

UNFIT = "sign-in: the token's claims do not fit together: sign in again"

_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UNSIGNED = "sign-in: the token is not signed as Entra ID signs: sign in again"


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What every token claims, as far as it is used."""

    iss: str
    tid: str
    oid: str
    ver: str
    iat: float
    nbf: float
    exp: float
    name: str = ""
    preferred_username: str = ""
    upn: str = ""
    unique_name: str = ""
    email: str = ""
    roles: tuple[str, ...] = ()


Kind = TypeVar("Kind", bound=Claims)


async def proven(
    token: str,
    keys: SigningKeys,
    kind: type[Kind],
    *,
    tenant_id: str,
    audiences: Sequence[str],
    issuers: Mapping[str, str],
    now: float,
) -> Kind:
    """Return what a token claims, once it is proven to be of this tenant, for us and of now.

    Args:
        token: it is in no message.
        keys: the tenant's.
        kind: the claims of this kind of token.
        tenant_id: the only tenant whose people count, in lower case.
        audiences: for whom it may be; the first is who we are.
        issuers: who may have issued it, by the version of the token.
        now: the real time in seconds since 1970.

    Raises:
        Refused: it is not one that counts, and what to do.
        Unavailable, Malformed: the tenant's keys cannot be had.
    """
    key = await keys.key(_key_id(token))
    claims = _claims(token, key, kind, audiences=audiences, issuers=issuers)
    _check_times(claims, now)
    if claims.tid.lower() != tenant_id:
        raise Refused(
            f"sign-in: this is an account of tenant `{first_line(claims.tid)}`, the settings say `{tenant_id}`: "
            "sign in with an account of this tenant"
        )
    if issuers.get(claims.ver) != claims.iss or not _GUID.fullmatch(claims.oid):
        raise Refused(UNFIT)
    return claims


def person(claims: Claims) -> Person:
    """Return whose token it is."""
    named = (claims.preferred_username, claims.upn, claims.unique_name, claims.email)
    addresses = tuple(dict.fromkeys(one.strip().lower() for one in named if "@" in one))
    return Person(
        object_id=claims.oid.lower(),
        tenant_id=claims.tid.lower(),
        name=claims.name.strip()[:LONGEST_NAME] or next(iter(addresses), claims.oid.lower()),
        addresses=addresses,
        roles=tuple(dict.fromkeys(claims.roles)),
    )


def _key_id(token: str) -> str:
    """Return the name of the key that it says it is signed with, once its header asks for nothing else."""
    if len(token) > LARGEST:
        raise Refused(f"sign-in: the token is longer than {LARGEST:,} characters: leave groups out of it")
    try:
        header = jwt.get_unverified_header(token)
    except (PyJWTError, ValueError, RecursionError) as error:
        raise Refused("sign-in: what the login gave is no token: sign in again") from error
    name = header.get("kid")
    is_usual = header.get("alg") == ALGORITHM and "crit" not in header
    if not is_usual or not isinstance(name, str) or not _KEY_ID.fullmatch(name):
        raise Refused(_UNSIGNED)
    return name


def _claims(
    token: str, key: Any, kind: type[Kind], *, audiences: Sequence[str], issuers: Mapping[str, str]
) -> Kind:
    try:
        found = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=list(audiences),
            issuer=list(issuers.values()),
            # Their moments are checked against the clock that is given, further below.
            options={
                "require": list(REQUIRED),
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
        return msgspec.convert(found, kind)
    except InvalidSignatureError as error:
        raise Refused(_UNSIGNED) from error
    except MissingRequiredClaimError as error:
        raise Refused(f"sign-in: the token has no `{error.claim}`: sign in again") from error
    except InvalidAudienceError as error:
        raise Refused(
            f"sign-in: the token is for another app than {audiences[0]}: check `escalation.client_id`"
        ) from error
    except InvalidIssuerError as error:
        raise Refused(
            "sign-in: the token was issued by somebody else than this tenant: check `tenant.id` and `graph.cloud`"
        ) from error
    except (PyJWTError, msgspec.ValidationError, RecursionError) as error:
        raise Refused("sign-in: the token's claims cannot be read: sign in again") from error


def _check_times(claims: Claims, now: float) -> None:
    if claims.exp <= now - LEEWAY:
        raise Refused("sign-in: the sign-in is over: sign in again")
    if max(claims.nbf, claims.iat) > now + LEEWAY:
        raise Refused("sign-in: the token is of a later moment than this machine's: set its clock right")
