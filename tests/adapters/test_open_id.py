"""Signing in by OpenID Connect, against a provider of our own: who it is, and everything that is not believed."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from agent.adapters.microsoft.open_id import Asking, OpenId, SignedIn, refused
from agent.model.answer import Person
from agent.model.errors import AgentError, Malformed, Refused, Unavailable
from tests.openid import CLIENT, HERE, SECRET, TENANT, Provider

BACK = "https://air.contoso.example/sign-in/back"
HOUR = 3600.0
NOW = 1_800_000_000.0
ASKING = Asking(state="s" * 22, nonce="n" * 22, verifier="v" * 43)
AGAIN = Asking(state="s" * 22, nonce="n" * 22, verifier="v" * 43, again=True)
STRONGLY = Asking(state="s" * 22, nonce="n" * 22, verifier="v" * 43, context="c1")


class Wall:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def provider(wall: Wall) -> Provider:
    return Provider(BACK, wall=wall)


async def chosen(
    provider: Provider, address: str, who: str, browser: httpx.AsyncClient | None = None
) -> dict[str, str]:
    """Return what the browser is sent back with once somebody was chosen on the provider's page."""
    browser = browser or httpx.AsyncClient(transport=provider.transport())
    shown = await browser.get(address)
    if shown.status_code == 200:
        shown = await browser.post(address, content=f"who={who}")
    assert shown.status_code == 302, shown.text
    return {name: values[0] for name, values in parse_qs(urlsplit(shown.headers["location"]).query).items()}


async def through(
    provider: Provider,
    asking: Asking = ASKING,
    who: str = "eve",
    *,
    back: Asking | None = None,
    openid: OpenId | None = None,
    browser: httpx.AsyncClient | None = None,
) -> SignedIn:
    openid = openid or provider.open_id()
    said = await chosen(provider, await openid.address(asking, max_age=HOUR), who, browser)
    return await openid.signed_in(back or asking, said["code"], max_age=HOUR)


async def test_who_signed_in_is_known_by_tenant_and_object_id(provider: Provider) -> None:
    found = await through(provider)

    assert found == SignedIn(
        person=Person(
            object_id="0b1ec700-0000-4000-8000-000000000002",
            tenant_id=TENANT,
            name="Eve Approver",
            addresses=("eve@contoso.example",),
            roles=("Reader", "SecOps.Approver"),
        ),
        contexts=(),
        proved=NOW,
    )


async def test_what_is_asked_for_is_a_code_for_this_site_bound_to_this_browser(provider: Provider) -> None:
    await through(provider)

    asked, exchanged = provider.asked[0], provider.exchanged[0]
    assert asked["scope"] == "openid profile email"
    assert asked["redirect_uri"] == exchanged["redirect_uri"] == BACK
    assert (asked["state"], asked["nonce"]) == (ASKING.state, ASKING.nonce)
    assert "v" * 43 not in str(asked)
    assert exchanged["code_verifier"] == "v" * 43
    assert {"prompt", "max_age", "claims", "login_hint"}.isdisjoint(asked)


async def test_signing_in_again_asks_for_a_new_proof(provider: Provider, wall: Wall) -> None:
    browser = httpx.AsyncClient(transport=provider.transport())
    await through(provider, browser=browser)
    wall.now += HOUR

    found = await through(provider, AGAIN, browser=browser)

    assert (provider.asked[1]["prompt"], provider.asked[1]["max_age"]) == ("login", "3600")
    assert found.proved == NOW + HOUR


async def test_whoever_takes_the_question_out_of_the_address_is_not_believed(
    provider: Provider, wall: Wall
) -> None:
    openid, browser = provider.open_id(), httpx.AsyncClient(transport=provider.transport())
    await through(provider, browser=browser)
    wall.now += HOUR
    address = await openid.address(AGAIN, max_age=HOUR)
    said = await chosen(
        provider, address.replace("prompt=login", "").replace("max_age=3600", ""), "eve", browser
    )

    with pytest.raises(Refused, match="did not ask you anew who you are"):
        await openid.signed_in(AGAIN, said["code"], max_age=HOUR)


async def test_without_auth_time_nobody_has_signed_in_lately(provider: Provider) -> None:
    provider.says_auth_time = False

    first = await through(provider)

    assert first.proved is None
    for asking in (AGAIN, STRONGLY):
        with pytest.raises(Refused, match="adds the optional claim `auth_time` to ID tokens"):
            await through(provider, asking)


async def test_a_moment_that_is_still_to_come_is_now(provider: Provider) -> None:
    provider.claims = {"auth_time": NOW + 30 * HOUR}

    assert (await through(provider)).proved == NOW


async def test_a_stronger_sign_in_is_one_that_says_so(provider: Provider) -> None:
    found = await through(provider, STRONGLY)

    assert provider.asked[0]["claims"] == '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}'
    assert provider.asked[0]["max_age"] == "3600"
    assert "prompt" not in provider.asked[0]
    assert found.contexts == ("c1",)


@pytest.mark.parametrize("acrs", [None, [], ["c2"], "c2", "c11"])
async def test_a_stronger_sign_in_that_was_not_is_refused(provider: Provider, acrs: Any) -> None:
    provider.claims = {"acrs": acrs}

    with pytest.raises(Refused, match="does not fulfil the authentication context `c1`"):
        await through(provider, STRONGLY)


async def test_contexts_may_be_one_text(provider: Provider) -> None:
    provider.claims = {"acrs": "c1"}

    assert (await through(provider, STRONGLY)).contexts == ("c1",)


async def test_whoever_signed_out_chooses_an_account(provider: Provider) -> None:
    openid = provider.open_id()
    await through(provider, Asking(state="s", nonce="n", verifier="v" * 43, choose=True), openid=openid)
    address = await openid.address(AGAIN, max_age=HOUR, hint="eve@contoso.example")

    assert provider.asked[0]["prompt"] == "select_account"
    assert parse_qs(urlsplit(address).query)["login_hint"] == ["eve@contoso.example"]


OTHER = "99999999-2222-4333-8444-555555555555"
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"aud": OTHER}, "for another app"),
    ({"aud": f"api://{CLIENT}"}, "for another app"),
    ({"aud": [CLIENT, OTHER]}, "claims cannot be read"),
    ({"aud": None}, "has no `aud`"),
    ({"iss": f"{HERE}/{OTHER}/v2.0"}, "issued by somebody else"),
    ({"iss": f"https://sts.windows.net/{TENANT}/", "ver": "1.0"}, "issued by somebody else"),
    ({"ver": "1.0"}, "do not fit together"),
    ({"tid": OTHER}, "sign in with an account of this tenant"),
    ({"oid": "eve"}, "do not fit together"),
    ({"oid": None}, "has no `oid`"),
    ({"nonce": "another"}, "do not fit together"),
    ({"nonce": None}, "claims cannot be read"),
    ({"nonce": ""}, "do not fit together"),
    ({"exp": NOW - 60}, "is over"),
    ({"nbf": NOW + 61}, "set its clock right"),
    ({"iat": NOW + 61}, "set its clock right"),
    ({"roles": "Operator"}, "claims cannot be read"),
    ({"auth_time": "now"}, "claims cannot be read"),
]


@pytest.mark.parametrize(("claims", "words"), WRONG, ids=[str(one[0])[:60] for one in WRONG])
async def test_a_token_that_is_not_for_this_sign_in_is_refused(
    provider: Provider, claims: dict[str, Any], words: str
) -> None:
    provider.claims = claims

    with pytest.raises(Refused, match=r"^sign-in: ") as error:
        await through(provider)

    assert words in str(error.value)


async def test_a_code_works_once_and_for_whoever_began(provider: Provider) -> None:
    openid = provider.open_id()
    said = await chosen(provider, await openid.address(ASKING, max_age=HOUR), "eve")
    await openid.signed_in(ASKING, said["code"], max_age=HOUR)

    with pytest.raises(Refused, match="AADSTS54005: this sign-in was used already"):
        await openid.signed_in(ASKING, said["code"], max_age=HOUR)
    with pytest.raises(Refused, match="AADSTS501481"):
        await through(provider, back=Asking(state=ASKING.state, nonce=ASKING.nonce, verifier="x" * 43))


async def test_a_wrong_secret_says_which_setting(provider: Provider) -> None:
    with pytest.raises(
        Refused, match=r"AADSTS7000215: the client secret is wrong: set `web.client_secret`"
    ) as no:
        await through(provider, openid=provider.open_id(secret="not-it"))

    assert "not-it" not in str(no.value)


@pytest.mark.parametrize(
    ("error", "description", "kind", "words"),
    [
        ("access_denied", "AADSTS65004: <script>", Refused, "AADSTS65004: you declined: sign in again"),
        ("access_denied", "", Refused, "it was declined, or broken off"),
        ("server_error", "x", Unavailable, "away for a moment"),
        ("invalid_request", "Your account is locked, call +1 555", Refused, "said no, and not why"),
        (None, None, Refused, "said no, and not why"),
        ({"a": 1}, ["AADSTS53003"], Refused, "conditional access blocks this"),
    ],
)
def test_a_no_is_told_in_our_own_words(
    error: Any, description: Any, kind: type[AgentError], words: str
) -> None:
    found = refused(error, description)

    assert type(found) is kind
    assert words in str(found)
    assert "script" not in str(found)


def answering(*answers: httpx.Response | Exception, **metadata: str) -> OpenId:
    """Return a sign-in whose token endpoint answers so."""
    steps = list(answers)
    base = f"https://login.example/{TENANT}"
    told = {
        "issuer": f"{base}/v2.0",
        "jwks_uri": f"{base}/keys",
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
    }

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(200, json=told | metadata)
        if request.url.path.endswith("/keys"):
            return httpx.Response(200, json={"keys": []})
        step = steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    from agent.adapters.microsoft.clouds import Cloud

    cloud = Cloud("local", "https://graph.example", "https://login.example", True)
    return OpenId(
        cloud,
        TENANT,
        client_id=CLIENT,
        client_secret=SECRET,
        back=BACK,
        transport=httpx.MockTransport(answer),
    )


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(503, text="<html>"), Unavailable),
        (httpx.Response(429, text=""), Unavailable),
        (httpx.ConnectError("no"), Unavailable),
        (httpx.Response(200, text="x" * 300_000), Unavailable),
        (httpx.Response(200, text="<html>"), Malformed),
        (httpx.Response(200, json={"access_token": "x"}), Malformed),
        (httpx.Response(200, json={"id_token": "x"}), Refused),
        (httpx.Response(302, headers={"location": "https://evil.example"}), Malformed),
        (httpx.Response(400, json=[]), Refused),
    ],
)
async def test_a_token_endpoint_that_answers_something_else_signs_nobody_in(
    answer: httpx.Response | Exception, kind: type[AgentError]
) -> None:
    with pytest.raises(kind):
        await answering(answer).signed_in(ASKING, "code", max_age=HOUR)


@pytest.mark.parametrize(
    "metadata",
    [
        {"authorization_endpoint": "https://evil.example/authorize"},
        {"token_endpoint": "http://login.example/token"},
        {"token_endpoint": ""},
        {"issuer": f"https://login.example/{OTHER}/v2.0"},
    ],
)
async def test_nobody_is_sent_to_another_host_than_the_login(metadata: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        await answering(**metadata).address(ASKING, max_age=HOUR)


async def test_an_answer_of_another_login_is_refused() -> None:
    openid = answering()

    await openid.check_issuer("")
    await openid.check_issuer(f"https://login.example/{TENANT}/v2.0")
    with pytest.raises(Refused, match="of another login"):
        await openid.check_issuer(f"https://login.example/{OTHER}/v2.0")


async def test_it_is_the_same_over_a_real_connection() -> None:
    provider = Provider(BACK)
    async with provider.serving(), httpx.AsyncClient(trust_env=False) as browser:
        found = await through(provider, who="otto", browser=browser)

    assert found.person.roles == ("Operator",)
