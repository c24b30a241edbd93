"""What would be acted on besides mail, as Graph shows it: rules, accounts, roles; or nothing, where it cannot be told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from agent.adapters.graph.connect import Graph
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.targets import Account, Asked, Found, IdentityAccount, OfAccount, OfDevice, OfRules, Rules
from tests.adapters.graphs import ALL_ROLES, ANN, Login, Script, no, opened, page, read, says
from tests.clock import ManualClock

GRAPH = "http://127.0.0.1:9/v1.0"
BOB = "11111111-2222-3333-4444-000000000002"
SID = "S-1-5-21-989687458-3461180213-172365591-281652"
JON = "00104216-0539-4838-88b1-55baafdc296b"
ADDRESS = "ann@contoso.example"
FORWARD = "attacker@evil.example"

Answers = dict[str, httpx.Response | list[httpx.Response]]


def answering(answers: Answers) -> Script:
    """Answer by the path's end, the longest that fits; a list in its order."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        ends = sorted((one for one in answers if path.endswith(one)), key=len)
        if not ends:
            return no(404, "Request_ResourceNotFound")
        found = answers[ends[-1]]
        return (found.pop(0) if len(found) > 1 else found[0]) if isinstance(found, list) else found

    return Script([lambda request: _again(answer(request))])


def _again(answer: httpx.Response) -> httpx.Response:
    return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def a_user(number: str = ANN, **more: Any) -> dict[str, Any]:
    return {
        "@odata.context": "x",
        "id": number,
        "userPrincipalName": "Ann@contoso.example",
        "mail": "Ann.Mail@contoso.example",
        "proxyAddresses": [
            "SMTP:Ann.Mail@contoso.example",
            "smtp:ANN.old@contoso.example",
            "SIP:ann@contoso.example",
        ],
        "accountEnabled": True,
        "onPremisesSyncEnabled": None,
        "onPremisesSecurityIdentifier": None,
        "signInSessionsValidFromDateTime": "2026-08-01T10:00:00Z",
        **more,
    }


def a_rule(number: str = "AQAAAJ5dZqA=", **actions: Any) -> dict[str, Any]:
    sample = msgspec.json.decode(read("messagerule-patch.response.json"), type=dict[str, Any])
    return {**sample, "id": number, "actions": actions}


def to(*addresses: str | None) -> list[Any]:
    return [{"emailAddress": {"name": "x", "address": address}} for address in addresses]


def a_domain(name: str, is_verified: Any = True) -> dict[str, Any]:
    return {"id": name, "isVerified": is_verified}


async def found(
    asked: Asked, answers: Answers, *, login: Login | None = None
) -> tuple[Found | None, list[httpx.Request]]:
    script = answering(answers)
    async with opened(transport=httpx.MockTransport(script), login=login) as (graph, _):
        return await graph.targets.find(asked), script.requests


async def rules(*records: Any, **more: httpx.Response | list[httpx.Response]) -> Rules:
    answers: Answers = {
        f"/users/{ANN}": says(200, a_user()),
        "/messageRules": page(*records),
        "/domains": page(a_domain("contoso.example")),
        **more,
    }
    there, _ = await found(OfRules(mailbox=ANN), answers)
    assert isinstance(there, Rules)
    return there


async def account(asked: OfAccount, answers: Answers, **more: Any) -> Account | None:
    there, _ = await found(asked, {"/microsoft.graph.directoryRole": page(), **answers}, **more)
    assert there is None or isinstance(there, Account)
    return there


# Rules


async def test_rules_are_asked_for_as_documented() -> None:
    answers: Answers = {
        "/users/ann@contoso.example": says(200, a_user()),
        "/messageRules": page(a_rule()),
        "/domains": page(a_domain("contoso.example")),
    }

    _, requests = await found(OfRules(mailbox=ADDRESS), answers)

    assert [request.method for request in requests] == ["GET"] * 3
    assert [str(request.url) for request in requests] == [
        f"{GRAPH}/users/ann%40contoso.example?$select=id,userPrincipalName,mail",
        f"{GRAPH}/users/{ANN}/mailFolders/inbox/messageRules",
        f"{GRAPH}/domains?$select=id,isVerified",
    ]


async def test_a_rule_is_known_by_everybody_it_forwards_to() -> None:
    forwarding = a_rule(
        forwardTo=to("A@evil.example", "b@evil.example"),
        forwardAsAttachmentTo=to("a@EVIL.example "),
        redirectTo=to("c@contoso.example"),
        markImportance="high",
    )

    there = await rules(forwarding, a_rule("x"))

    first, second = there.rules
    assert first.forwards_to == ("a@evil.example", "b@evil.example", "c@contoso.example")
    assert (first.id, first.display_name, first.is_enabled) == (
        "AQAAAJ5dZqA=",
        "Important from partner",
        True,
    )
    assert (first.is_read_only, first.has_error) == (False, False)
    assert second.forwards_to == ()
    assert (there.user_id, there.address) == (ANN, "ann.mail@contoso.example")


async def test_a_rule_is_kept_as_graph_gave_it_whatever_the_order_of_its_keys() -> None:
    one, other = a_rule(forwardTo=to(FORWARD)), dict(reversed(a_rule(forwardTo=to(FORWARD)).items()))

    first, second = (await rules(one, other)).rules

    assert msgspec.json.decode(first.raw) == one
    assert first.raw == second.raw


@pytest.mark.parametrize(
    "lacking",
    [
        {"actions": None},
        {"isEnabled": None, "hasError": None, "isReadOnly": None, "displayName": None},
        {"actions": {"forwardTo": None, "unheardOf": 7}, "unheardOf": [1]},
    ],
)
async def test_what_a_rule_leaves_out_is_none_and_what_is_new_is_no_trouble(lacking: Any) -> None:
    (rule,) = (await rules({**a_rule(), **lacking})).rules

    assert rule.forwards_to == ()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({**a_rule(), "isEnabled": "yes"}, "a rule cannot be read: Expected `bool | null`, got `str`"),
        ({**a_rule(), "id": None}, "a rule cannot be read"),
        ("rule", "a record is not an object"),
        (a_rule(forwardTo=to(None)), "a rule forwards to somebody without an address"),
        (a_rule(redirectTo=to(" ")), "a rule forwards to somebody without an address"),
        (a_rule(forwardAsAttachmentTo=[{}]), "a rule forwards to somebody without an address"),
        (a_rule(forwardTo={"emailAddress": {"address": FORWARD}}), "a rule cannot be read"),
    ],
)
async def test_a_rule_that_cannot_be_read_leaves_the_mailbox_to_a_person(rule: Any, words: str) -> None:
    """It could be the very one that forwards."""
    with pytest.raises(Malformed, match=words.replace("|", r"\|")):
        await rules(a_rule("good"), rule)


async def test_rules_of_every_page_count() -> None:
    link = f"{GRAPH}/users/{ANN}/mailFolders/inbox/messageRules?$skip=1"

    there = await rules(**{"/messageRules": [page(a_rule("1"), link=link), page(a_rule("2"))]})

    assert [rule.id for rule in there.rules] == ["1", "2"]


async def test_only_domains_that_are_proved_to_be_owned_are_the_tenants() -> None:
    domains = page(
        a_domain("Contoso.example"), a_domain("mail.contoso.example"), a_domain("evil.example", False),
        a_domain("odd.example", "true"), {"isVerified": True},
    )  # fmt: skip

    there = await rules(a_rule(), **{"/domains": domains})

    assert there.domains == frozenset({"contoso.example", "mail.contoso.example"})


async def test_domains_that_may_not_be_read_are_none() -> None:
    assert (await rules(a_rule(), **{"/domains": no(403)})).domains is None


@pytest.mark.parametrize("answer", [page(a_domain("contoso.example")), no(403)])
async def test_domains_are_asked_for_once_an_hour(answer: httpx.Response) -> None:
    clock = ManualClock()
    script = answering({f"/users/{ANN}": says(200, a_user()), "/messageRules": page(), "/domains": answer})
    counts = []

    async with opened(transport=httpx.MockTransport(script), clock=clock) as (graph, _):
        for pause in (0, 3599, 1):
            clock.advance(timedelta(seconds=pause))
            await graph.targets.find(OfRules(mailbox=ANN))
            counts.append(sum(request.url.path.endswith("/domains") for request in script.requests))

    assert counts == [1, 1, 2]


async def test_an_outage_of_the_domains_is_an_outage() -> None:
    with pytest.raises(Unavailable, match="list domains: 503"):
        await rules(a_rule(), **{"/domains": no(503)})


async def test_a_mailbox_that_is_not_there_has_no_rules_at_all() -> None:
    gone, _ = await found(OfRules(mailbox=ANN), {})
    without, _ = await found(OfRules(mailbox=ANN), {f"/users/{ANN}": says(200, a_user())})

    assert gone is None
    assert without is None


async def test_a_mailbox_that_keeps_the_app_out_says_what_to_grant() -> None:
    with pytest.raises(Refused, match=r"list inbox rules: 403 .*: MailboxSettings\.Read is granted: check"):
        await rules(**{"/messageRules": no(403, "ErrorAccessDenied")})


async def test_an_address_that_is_no_principal_name_is_looked_for_among_the_mail_addresses() -> None:
    address = "o'brien@contoso.example"
    answers: Answers = {
        "/users": page(a_user()),
        f"/users/{ANN}": says(200, a_user()),
        "/messageRules": page(),
        "/domains": page(),
    }

    there, requests = await found(OfRules(mailbox=address), answers)

    assert isinstance(there, Rules)
    assert there.user_id == ANN
    assert (
        requests[0].url.raw_path
        == b"/v1.0/users/o%27brien%40contoso.example?$select=id,userPrincipalName,mail"
    )
    assert dict(requests[1].url.params) == {
        "$filter": "mail eq 'o''brien@contoso.example'",
        "$select": "id,userPrincipalName,mail",
        "$top": "2",
    }


@pytest.mark.parametrize("listed", [page(), no(404)])
async def test_an_address_that_nobody_has_is_nobodys(listed: httpx.Response) -> None:
    there, _ = await found(OfRules(mailbox=ADDRESS), {"/users": listed})

    assert there is None


@pytest.mark.parametrize(
    "listed", [page(a_user(), a_user(BOB)), page(a_user(), link=f"{GRAPH}/users?$skiptoken=x")]
)
async def test_an_address_of_two_is_nobodys(listed: httpx.Response) -> None:
    with pytest.raises(Malformed, match="more than one user has this address"):
        await found(OfRules(mailbox=ADDRESS), {"/users": listed})


# Accounts


async def test_an_account_is_asked_for_as_documented() -> None:
    answers: Answers = {
        f"/users/{ANN}": says(200, a_user(onPremisesSecurityIdentifier=SID)),
        "/microsoft.graph.directoryRole": page(),
        "/identityAccounts": page(),
    }

    _, requests = await found(OfAccount(user_id=ANN), answers)

    user, accounts, roles = requests
    assert str(user.url) == (
        f"{GRAPH}/users/{ANN}?$select=id,userPrincipalName,mail,proxyAddresses,accountEnabled,onPremisesSyncEnabled,"
        "onPremisesSecurityIdentifier,signInSessionsValidFromDateTime"
    )
    assert roles.url.path == f"/v1.0/users/{ANN}/transitiveMemberOf/microsoft.graph.directoryRole"
    assert dict(roles.url.params) == {"$select": "id,displayName", "$count": "true"}
    assert roles.headers["consistencylevel"] == "eventual"
    assert accounts.url.path == "/v1.0/security/identities/identityAccounts"
    assert dict(accounts.url.params) == {"$filter": f"onPremisesSecurityIdentifier eq '{SID}'"}


async def test_an_account_is_as_graph_shows_it() -> None:
    roles = page(
        {"id": BOB, "displayName": "User Administrator"}, {"id": ANN, "displayName": "Exchange Administrator"}
    )
    answers: Answers = {f"/users/{ANN}": says(200, a_user()), "/microsoft.graph.directoryRole": roles}

    assert await account(OfAccount(user_id=ANN), answers) == Account(
        user_id=ANN,
        user_principal_name="Ann@contoso.example",
        addresses=("ann.mail@contoso.example", "ann.old@contoso.example"),
        account_enabled=True,
        is_synced=None,
        sessions_valid_from=datetime(2026, 8, 1, 10, tzinfo=UTC),
        roles=("Exchange Administrator", "User Administrator"),
        on_premises=None,
    )


async def test_what_graph_leaves_out_of_a_user_is_none() -> None:
    there = await account(OfAccount(user_id=ANN), {f"/users/{ANN}": says(200, {"id": ANN})})

    assert there == Account(user_id=ANN, addresses=None, roles=())


@pytest.mark.parametrize(
    "roles", [no(403), no(400), page({"id": BOB}), page({"id": BOB, "displayName": None}), page({"displayName": "x"}, {"displayName": ""})]
)  # fmt: skip
async def test_roles_that_cannot_be_read_are_unknown_not_none_at_all(roles: httpx.Response) -> None:
    answers: Answers = {f"/users/{ANN}": says(200, a_user()), "/microsoft.graph.directoryRole": roles}
    there = await account(OfAccount(user_id=ANN), answers)

    assert there is not None
    assert there.roles is None


async def test_an_outage_of_the_roles_is_an_outage() -> None:
    answers: Answers = {f"/users/{ANN}": says(200, a_user()), "/microsoft.graph.directoryRole": no(503)}

    with pytest.raises(Unavailable, match="list roles of user: 503"):
        await account(OfAccount(user_id=ANN), answers)


def as_the_schema_has_it(raw: Any) -> Any:
    for identity in raw["value"]:
        for one in identity["accounts"]:
            word = one.pop("provider")
            one["identityProvider"] = word[0].lower() + word[1:]
    return raw


@pytest.mark.parametrize("spelled", [lambda raw: raw, as_the_schema_has_it])
async def test_an_account_on_premises_is_found_in_either_spelling(spelled: Callable[[Any], Any]) -> None:
    listed = spelled(msgspec.json.decode(read("identityaccounts-list.response.json")))
    answers: Answers = {
        f"/users/{ANN}": says(200, a_user(onPremisesSecurityIdentifier=SID, onPremisesSyncEnabled=True)),
        "/identityAccounts": says(200, listed),
    }

    there = await account(OfAccount(user_id=ANN), answers)

    assert there is not None
    assert there.is_synced is True
    assert there.on_premises == IdentityAccount(
        id=JON,
        account_id="256db173-930a-4991-9061-0d51a9a93ba5",
        identity_provider="activeDirectory",
        is_enabled=True,
    )


def an_identity(*providers: str | None, sid: str = SID, **more: Any) -> dict[str, Any]:
    accounts = [{"identityProvider": one, "identifier": f"{place}"} for place, one in enumerate(providers)]
    return {"id": JON, "onPremisesSecurityIdentifier": sid, "accounts": accounts, **more}


@pytest.mark.parametrize(
    "listed",
    [
        page(),
        page(an_identity("entraID", "okta", None, "somethingNew")),
        page(an_identity("activeDirectory", sid=f"{SID}1")),
        page(an_identity("activeDirectory", accounts=None)),
        page(an_identity(accounts=[{"identityProvider": "activeDirectory"}])),
        no(403),
        no(400),
    ],
)
async def test_what_cannot_be_acted_on_on_premises_is_not_there(listed: httpx.Response) -> None:
    answers: Answers = {
        f"/users/{ANN}": says(200, a_user(onPremisesSecurityIdentifier=SID)),
        "/identityAccounts": listed,
    }
    there = await account(OfAccount(user_id=ANN), answers)

    assert there is not None
    assert there.on_premises is None


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        (page(an_identity("activeDirectory"), an_identity("ActiveDirectory")), "more than one account"),
        (page(an_identity("activeDirectory", "activeDirectory")), "more than one account"),
        (page(an_identity(accounts="none")), "an account cannot be read"),
    ],
)
async def test_an_account_on_premises_that_is_not_certain_is_left_to_a_person(
    listed: httpx.Response, words: str
) -> None:
    answers: Answers = {
        f"/users/{ANN}": says(200, a_user(onPremisesSecurityIdentifier=SID)),
        "/identityAccounts": listed,
    }

    with pytest.raises(Malformed, match=words):
        await account(OfAccount(user_id=ANN), answers)


async def test_accounts_on_premises_that_may_not_be_read_are_not_asked_for() -> None:
    login = Login(roles=[role for role in ALL_ROLES if role != "SecurityIdentitiesAccount.Read.All"])
    answers: Answers = {
        f"/users/{ANN}": says(200, a_user(onPremisesSecurityIdentifier=SID)),
        "/microsoft.graph.directoryRole": page(),
    }

    there, requests = await found(OfAccount(user_id=ANN), answers, login=login)

    assert isinstance(there, Account)
    assert not any("identityAccounts" in request.url.path for request in requests)


async def test_an_account_is_found_by_the_most_lasting_of_its_names() -> None:
    """A principal name may be another person's by now."""
    asked = OfAccount(user_id=ANN, user_principal_name="ann@contoso.example", sid=SID)
    answers: Answers = {
        f"/users/{ANN}": says(200, a_user(onPremisesSecurityIdentifier=SID)),
        "/microsoft.graph.directoryRole": page(),
        "/identityAccounts": page(),
    }

    _, requests = await found(asked, answers)

    assert requests[0].url.path == f"/v1.0/users/{ANN}"
    assert not any("contoso" in request.url.path for request in requests)


async def test_an_id_that_is_gone_is_not_replaced_by_a_name() -> None:
    asked = OfAccount(user_id=ANN, user_principal_name="ann@contoso.example")

    assert await account(asked, {"/users/ann@contoso.example": says(200, a_user(BOB))}) is None


async def test_an_account_is_not_taken_for_another_that_has_its_name_as_an_address() -> None:
    """Whose principal name was ann@ may be gone, and whoever gets her mail by now is somebody else."""
    asked = OfAccount(user_principal_name="ann@contoso.example")
    other = a_user(BOB, userPrincipalName="bob@contoso.example", mail="ann@contoso.example")

    assert await account(asked, {"/users": page(other)}) is None


async def test_an_account_is_found_by_its_sid_rather_than_by_a_name_that_another_has_by_now() -> None:
    asked = OfAccount(user_principal_name="ann@contoso.example", sid=SID)
    answers: Answers = {
        "/users": page(),
        "/users/ann@contoso.example": says(200, a_user(BOB)),
        "/identityAccounts": page(),
    }

    assert await account(asked, answers) is None


async def test_a_user_with_another_principal_name_than_was_asked_for_is_left_to_a_person() -> None:
    asked = OfAccount(user_principal_name="ann@contoso.example")
    other = a_user(BOB, userPrincipalName="bob@contoso.example")

    with pytest.raises(Malformed, match="another user came"):
        await account(asked, {"/users/ann@contoso.example": says(200, other)})


async def test_an_object_id_that_is_an_address_names_nobody() -> None:
    with pytest.raises(Malformed, match="is not the object id of a user"):
        await account(
            OfAccount(user_id="bob@contoso.example"), {"/users/bob@contoso.example": says(200, a_user(BOB))}
        )


async def test_an_account_is_found_by_its_principal_name_whatever_its_case() -> None:
    asked = OfAccount(user_principal_name="Ann@Contoso.example")
    user = a_user(userPrincipalName="ann@contoso.example")

    there = await account(asked, {"/users/Ann@Contoso.example": says(200, user)})

    assert there is not None
    assert there.user_id == ANN


async def test_an_account_with_nothing_but_its_sid_is_found_by_it() -> None:
    user, listed = a_user(onPremisesSecurityIdentifier=SID), page(an_identity("activeDirectory"))
    answers: Answers = {
        "/users": page(user),
        "/microsoft.graph.directoryRole": page(),
        "/identityAccounts": listed,
    }

    there, requests = await found(OfAccount(sid=SID), answers)

    assert requests[0].url.params["$filter"] == f"onPremisesSecurityIdentifier eq '{SID}'"
    assert isinstance(there, Account)
    assert there.user_id == ANN
    assert there.on_premises is not None


async def test_an_account_that_is_on_premises_only_has_no_user() -> None:
    answers: Answers = {"/users": page(), "/identityAccounts": page(an_identity("activeDirectory"))}
    there = await account(OfAccount(sid=SID), answers)

    assert there is not None
    assert (there.user_id, there.roles) == (None, None)
    assert there.on_premises is not None


@pytest.mark.parametrize(
    "asked", [OfAccount(user_id=ANN), OfAccount(sid=SID), OfAccount(user_id=ANN, sid=SID)]
)
async def test_an_account_that_is_nowhere_is_none(asked: OfAccount) -> None:
    assert await account(asked, {"/users": page(), "/identityAccounts": page()}) is None


async def test_names_of_two_accounts_are_left_to_a_person() -> None:
    answers: Answers = {f"/users/{ANN}": says(200, a_user(onPremisesSecurityIdentifier=f"{SID}9"))}

    with pytest.raises(Malformed, match="are those of two accounts"):
        await account(OfAccount(user_id=ANN, sid=SID), answers)


async def test_a_sid_of_entra_ids_own_is_no_account_on_premises() -> None:
    cloud = "S-1-12-1-2492432728-1225839317-3974870967-847981844"

    there = await account(OfAccount(user_id=ANN, sid=cloud), {f"/users/{ANN}": says(200, a_user())})

    assert there is not None
    assert there.on_premises is None


@pytest.mark.parametrize(
    "asked", [OfAccount(), OfAccount(sid="S-1-12-1-1-2-3-4"), OfAccount(user_id="", user_principal_name="")]
)
async def test_an_account_without_a_name_cannot_be_looked_for(asked: OfAccount) -> None:
    with pytest.raises(Malformed, match="no name by which it could be found"):
        await account(asked, {})


@pytest.mark.parametrize(
    "user", [a_user(BOB), {**a_user(), "id": "../x"}, {**a_user(), "accountEnabled": "true"}, {}, []]
)
async def test_a_user_that_is_not_the_one_asked_for_is_left_to_a_person(user: Any) -> None:
    with pytest.raises(Malformed, match="read user"):
        await account(OfAccount(user_id=ANN), {f"/users/{ANN}": says(200, user)})


# What is never asked for


HOSTILE = [
    "", "ann", "../me", "a@b/../c", "a@b?x", "a@b#c", "a@b%2F", "a@b\n", "a b@c", "@b", "a@", "a@b..c",
    "$a@b", 'a"@b', "a@b@c", f"{ANN}/x", f"{ANN}?x", f" {ANN}", "å@b.example", "a" * 400 + "@b",
]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_hostile_mailbox_or_user_is_not_asked_for(hostile: str) -> None:
    async with opened(page()) as (graph, script):
        for asked in (OfRules(mailbox=hostile), OfAccount(user_id=hostile or "x")):
            with pytest.raises(Malformed):
                await graph.targets.find(asked)

    assert script.requests == []


@pytest.mark.parametrize("hostile", ["S-1-5-21-' or '1' eq '1", "S-1-5-21-", "S-1-5-21-1 ", "S-1-5-21-1/2"])
async def test_a_hostile_sid_is_not_asked_for(hostile: str) -> None:
    async with opened(page()) as (graph, script):
        with pytest.raises(Malformed, match="is not a security identifier"):
            await graph.targets.find(OfAccount(sid=hostile))

    assert script.requests == []


async def test_a_guests_name_is_one_segment() -> None:
    name = "ann_fabrikam.example#EXT#@contoso.example"

    _, requests = await found(OfRules(mailbox=name), {"/users": page()})

    assert requests[0].url.raw_path.startswith(
        b"/v1.0/users/ann_fabrikam.example%23EXT%23%40contoso.example?"
    )


async def test_a_device_cannot_be_looked_for_where_defender_for_endpoint_is_off() -> None:
    async def both(graph: Graph) -> None:
        with pytest.raises(Refused, match="switched off"):
            await graph.targets.find(OfDevice(id="a"))
        with pytest.raises(Refused, match="switched off"):
            await graph.targets.quarantine("a")

    async with opened(page()) as (graph, script):
        await both(graph)

    assert script.requests == []
