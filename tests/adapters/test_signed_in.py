"""Whose token it is: only one that says everything, signed by the tenant, for our app, of a person, now."""

import asyncio
import base64
import json
import logging
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.microsoft.claims import LARGEST
from agent.adapters.microsoft.clouds import cloud_named
from agent.adapters.microsoft.signed_in import person_of
from agent.adapters.microsoft.signing_keys import SigningKeys
from agent.model.answer import Person
from agent.model.errors import AgentError, Malformed, Refused, Unavailable
from tests.adapters.entra import (
    ANN,
    CLIENT,
    GLOBAL,
    KID,
    LOGIN,
    NOW,
    TENANT,
    V1,
    V2,
    Published,
    claims,
    private_key,
    published,
    token,
)

OTHER = "99999999-2222-4333-8444-555555555555"


class Wall:
    """The real time, set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def keys_of(login: Published, wall: Wall | None = None, cloud: str = "global") -> SigningKeys:
    return SigningKeys(
        cloud_named(cloud), TENANT.upper(), transport=httpx.MockTransport(login), wall=wall or Wall()
    )


async def person(text: str, login: Published | None = None, *, client: str = CLIENT) -> Person:
    return await person_of(
        text, keys_of(login or Published()), tenant_id=TENANT.upper(), client_id=client.upper(), wall=Wall()
    )


async def test_a_token_of_version_2_says_who_it_is() -> None:
    found = await person(token(email="A.Approver@contoso.example", roles=["SecOps.Approver", "X"]))

    assert found == Person(
        object_id=ANN,
        tenant_id=TENANT,
        name="Ann Approver",
        addresses=("ann@contoso.example", "a.approver@contoso.example"),
        roles=("SecOps.Approver", "X"),
    )


async def test_a_token_of_version_1_says_the_same_by_its_own_names() -> None:
    found = await person(
        token(
            ver="1.0",
            iss=V1,
            aud=f"api://{CLIENT}",
            azp=None,
            appid=CLIENT.upper(),
            preferred_username=None,
            upn="Ann@contoso.example",
            unique_name="Ann@contoso.example",
            oid=ANN.upper(),
            tid=TENANT.upper(),
            idtyp="user",
        )
    )

    assert (found.object_id, found.tenant_id, found.addresses) == (ANN, TENANT, ("ann@contoso.example",))


async def test_a_guest_counts_with_the_account_that_they_have_here() -> None:
    """The account and its roles are this tenant's; where the person signed in does not matter."""
    guest = token(idp=f"https://sts.windows.net/{OTHER}/", preferred_username="eve@msp.example", acct=1)

    assert (await person(guest)).object_id == ANN


@pytest.mark.parametrize("roles", [None, []])
async def test_who_has_no_role_is_signed_in_without_any(roles: Any) -> None:
    assert (await person(token(roles=roles))).roles == ()


async def test_who_has_no_name_is_called_by_address_or_else_by_id() -> None:
    assert (await person(token(name=None))).name == "ann@contoso.example"
    assert (await person(token(name=" ", preferred_username="ann"))).name == ANN
    assert len((await person(token(name="x" * 5000))).name) == 256


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"aud": OTHER}, f"for another app than {CLIENT}: check `escalation.client_id`"),
    ({"aud": "00000003-0000-0000-c000-000000000000"}, "for another app"),
    ({"aud": f"api://{OTHER}"}, "for another app"),
    ({"aud": f"api://{CLIENT}/x"}, "for another app"),
    ({"aud": None}, "has no `aud`"),
    ({"iss": V2.replace(TENANT, OTHER)}, "issued by somebody else than this tenant: check `tenant.id`"),
    ({"iss": V2 + "/"}, "issued by somebody else"),
    ({"iss": f"https://login.microsoftonline.us/{TENANT}/v2.0"}, "issued by somebody else"),
    ({"iss": "https://evil.example/"}, "issued by somebody else"),
    ({"iss": None}, "has no `iss`"),
    ({"tid": OTHER}, f"account of tenant `{OTHER}`, the settings say `{TENANT}`"),
    ({"tid": "9188040d-6c67-4c5b-b112-36a304b66dad"}, "sign in with an account of this tenant"),
    ({"tid": None}, "has no `tid`"),
    ({"iss": V1}, "do not fit together"),
    ({"ver": "1.0"}, "do not fit together"),
    ({"ver": "3.0"}, "do not fit together"),
    ({"ver": None}, "has no `ver`"),
    ({"oid": None}, "has no `oid`"),
    ({"oid": "ann"}, "do not fit together"),
    ({"oid": f"{ANN}\n"}, "do not fit together"),
    ({"oid": 7}, "claims cannot be read"),
    ({"roles": "SecOps.Approver"}, "claims cannot be read"),
    ({"roles": [7]}, "claims cannot be read"),
    ({"exp": None}, "has no `exp`"),
    ({"exp": "tomorrow"}, "claims cannot be read"),
    ({"exp": True}, "claims cannot be read"),
    ({"iat": None}, "has no `iat`"),
    ({"nbf": None}, "has no `nbf`"),
    ({"exp": NOW - 60}, "is over: sign in again"),
    ({"nbf": NOW + 61}, "set its clock right"),
    ({"iat": NOW + 61}, "set its clock right"),
    ({"idtyp": "app"}, "a service, not a person: a person has to answer"),
    ({"idtyp": "device"}, "a service, not a person"),
    ({"scp": None}, "does not say that it stands for a person: expose a scope"),
    ({"scp": " "}, "expose a scope"),
    ({"azp": OTHER}, "given to another program"),
    ({"azp": None}, "given to another program"),
]


@pytest.mark.parametrize(("changes", "words"), REFUSED, ids=[str(one[0])[:60] for one in REFUSED])
async def test_every_claim_that_is_wrong_or_missing_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=r"^sign-in: ") as refused:
        await person(token(**changes))

    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("changes", [{"exp": NOW - 59}, {"nbf": NOW + 60}, {"iat": NOW + 60}])
async def test_clocks_may_differ_by_a_minute(changes: dict[str, Any]) -> None:
    assert (await person(token(**changes))).object_id == ANN


# How it is signed


def forged(header: dict[str, Any], **changes: Any) -> str:
    """Return a token with this header and no signature."""
    parts = (header, claims(**changes))
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts)
        + "."
    )


PEM = (
    private_key()
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
)


def by_the_public_key() -> str:
    """Return a token that is signed HS256 with the public key, which a careless check takes for the secret."""
    import hashlib
    import hmac

    head = forged({"alg": "HS256", "typ": "JWT", "kid": KID}).rstrip(".")
    signature = hmac.digest(PEM, head.encode(), hashlib.sha256)
    return f"{head}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


@pytest.mark.parametrize(
    "text",
    [
        forged({"alg": "none", "typ": "JWT", "kid": KID}),
        forged({"alg": "NONE", "kid": KID}),
        forged({"alg": "RS256", "kid": KID}),
        forged({"alg": "RS256"}),
        forged({"kid": KID}),
        by_the_public_key(),
        token(alg="PS256"),
        token(alg="RS512"),
        token(ec.generate_private_key(ec.SECP256R1()), alg="ES256"),
        token(b"x" * 32, alg="HS256"),
        token(private_key("another"), headers={"jwk": published("another")}),
        token(headers={"crit": ["exp"]}),
        token(headers={"kid": "../../../dev/null"}),
        token(headers={"kid": "https://evil.example/keys"}),
        token(headers={"kid": "x' OR '1'='1"}),
        token(headers={"kid": "k" * 129}),
        token(headers={"kid": ""}),
        token()[:-8] + "AAAAAAAA",
        ".".join([token().split(".")[0], token(oid=OTHER).split(".")[1], token().split(".")[2]]),
    ],
)  # fmt: skip
async def test_what_entra_id_did_not_sign_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"is not signed as Entra ID signs|is no token"):
        await person(text)


@pytest.mark.parametrize(
    "text", ["", "x", "a.b", "a.b.c", "....", "\0", "é" * 40, f"{token()}.x", "{}", "[" * 9000]
)
async def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="sign-in: "):
        await person(text)


async def test_a_huge_token_is_refused_before_anything_is_read_of_it() -> None:
    login = Published()

    with pytest.raises(Refused, match=r"longer than 65,536 characters"):
        await person("a" * (LARGEST + 1), login)

    assert login.asked == []


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda one: one.decode("latin-1")))
async def test_nothing_that_anybody_types_is_anything_but_refused(text: str) -> None:
    with pytest.raises(Refused):
        await person(text)


@given(at=st.integers(0, 10_000), to=st.integers(0, 255))
async def test_a_token_of_which_one_character_was_changed_does_not_count(at: int, to: int) -> None:
    good = token()
    at %= len(good)
    changed = good[:at] + chr(to) + good[at + 1 :]
    if changed == good:
        return
    try:
        found = await person(changed)
    except Refused:
        return

    # Bits of the last letter that stand for nothing: the signature is the same bytes.
    assert (at, found.object_id) == (len(good) - 1, ANN)


async def test_nothing_of_the_token_is_in_any_message(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for changes, _ in REFUSED:
        text = token(**changes)
        with pytest.raises(Refused) as refused:
            await person(text)
        said = str(refused.value) + caplog.text
        assert not any(part in said for part in text.split("."))


# The keys


async def test_keys_lie_where_the_tenants_metadata_says_and_are_kept() -> None:
    login, wall = Published(), Wall()
    keys = keys_of(login, wall)

    await keys.key(KID)
    wall.now += 3599
    await keys.key(KID)

    assert login.asked == [f"{V2}/.well-known/openid-configuration", f"{LOGIN}/{TENANT}/discovery/v2.0/keys"]


async def test_keys_are_looked_at_again_after_an_hour_and_one_that_went_signs_no_more() -> None:
    login, wall = Published(), Wall()
    keys = keys_of(login, wall)
    await keys.key(KID)

    login.keys = [published("key-2")]
    wall.now += 3600

    with pytest.raises(Refused, match=r"a key that tenant .* does not publish"):
        await keys.key(KID)
    assert (await keys.key("key-2")).key_size == 2048


async def test_a_key_that_is_new_is_found_at_once_and_strange_names_do_not_make_us_ask_for_ever() -> None:
    login, wall = Published(), Wall()
    keys = keys_of(login, wall)
    await keys.key(KID)
    login.keys.append(published("key-2"))

    wall.now += 299
    with pytest.raises(Refused):
        await keys.key("key-2")
    wall.now += 1
    await keys.key("key-2")
    for number in range(50):
        with pytest.raises(Refused):
            await keys.key(f"strange-{number}")

    assert login.fetched == 2


async def test_a_clock_that_was_set_back_does_not_keep_keys_for_ever() -> None:
    login, wall = Published(), Wall()
    keys = keys_of(login, wall)
    await keys.key(KID)

    wall.now -= 86_400
    await keys.key(KID)

    assert login.fetched == 2


@pytest.mark.parametrize(
    "key",
    [
        published(issuer=f"{LOGIN}/{OTHER}/v2.0"),
        published(issuer=f"{LOGIN}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"),
        published(use="enc"),
        published(bits=1024),
        published(kty="oct", k="eHg"),
        published(n="AQAB", e="AQAB"),
        published(n="!", e="!"),
        {"kty": "RSA", "n": "", "e": ""},
        {"kty": "EC", "kid": KID, "crv": "P-256"},
    ],
)
async def test_a_key_that_is_of_others_or_no_good_signs_nothing(key: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="does not publish"):
        await person(token(), Published(keys=[key, published("other")]))


@pytest.mark.parametrize("issuer", [None, "https://login.microsoftonline.com/{tenantid}/v2.0"])
async def test_a_key_may_be_for_any_tenant(issuer: str | None) -> None:
    key = published() if issuer is None else published(issuer=issuer)
    key = {name: value for name, value in key.items() if name != "issuer" or issuer is not None}

    assert (await person(token(), Published(keys=[key]))).object_id == ANN


@pytest.mark.parametrize(
    ("login", "kind", "words"),
    [
        (Published(issuer=f"{LOGIN}/{OTHER}/v2.0"), Malformed, "the metadata is of"),
        (Published(jwks_uri="https://evil.example/keys"), Malformed, "lie at `evil.example`: not followed"),
        (Published(jwks_uri=f"http://login.microsoftonline.com/{TENANT}/keys"), Malformed, "not followed"),
        (Published(jwks_uri="https://login.microsoftonline.com@evil.example/"), Malformed, "not followed"),
        (Published(keys=["x"]), Malformed, "cannot be read"),
        (Published(keys=[published()] * 101), Malformed, "is no list of keys"),
        (Published(steps=[httpx.Response(200, content=b"<html>")]), Malformed, "HTML"),
        (Published(steps=[httpx.Response(200, json={"issuer": 1})]), Malformed, "cannot be read"),
        (Published(steps=[httpx.Response(302, headers={"location": "https://evil.example"})]), Unavailable, "302"),
        (Published(steps=[httpx.Response(400)]), Refused, r"knows no tenant .*: check `tenant\.id` and `graph"),
        (Published(steps=[httpx.Response(503)]), Unavailable, "cannot be fetched: 503"),
        (Published(steps=[httpx.ConnectError("no")]), Unavailable, "check the network and the proxy"),
        (Published(steps=[httpx.Response(200, json={"issuer": V2, "jwks_uri": f"{LOGIN}/k"}),
                          httpx.Response(200, json=[])]), Malformed, "is no list of keys"),
    ],
)  # fmt: skip
async def test_keys_that_cannot_be_had_are_no_sign_in(
    login: Published, kind: type[AgentError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        await person(token(), login)

    assert not any("evil" in url for url in login.asked)


async def test_another_cloud_has_a_login_and_an_issuer_of_its_own() -> None:
    us = f"https://login.microsoftonline.us/{TENANT}/v2.0"
    login = Published(
        issuer=us, jwks_uri=f"https://login.microsoftonline.us/{TENANT}/keys", keys=[published(issuer=us)]
    )
    keys = keys_of(login, cloud="usGovL4")

    found = await person_of(token(iss=us), keys, tenant_id=TENANT, client_id=CLIENT, wall=Wall())

    assert found.object_id == ANN
    with pytest.raises(Refused, match="issued by somebody else"):
        await person_of(token(), keys, tenant_id=TENANT, client_id=CLIENT, wall=Wall())


def test_the_forgeries_above_are_forgeries() -> None:
    """HS256 with the public key verifies for whoever lets the token choose: it is the attack and no accident."""
    head, _, signature = by_the_public_key().rpartition(".")
    key = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)

    assert key.verify(head.encode(), PEM, base64.urlsafe_b64decode(signature + "="))
    assert GLOBAL.authority == LOGIN


async def test_what_is_published_is_fetched_once_for_all_who_wait_for_it() -> None:
    login = Published()
    keys = keys_of(login)

    found = await asyncio.gather(*(keys.metadata() for _ in range(5)))

    assert login.fetched == 1
    assert {one.issuer for one in found} == {V2}


async def test_a_fetch_that_fails_fails_nobody_who_comes_later() -> None:
    login = Published(steps=[httpx.ConnectError("no route")])
    keys = keys_of(login)

    first, second = await asyncio.gather(keys.metadata(), keys.metadata(), return_exceptions=True)

    assert isinstance(first, Unavailable)
    assert not isinstance(second, BaseException)
