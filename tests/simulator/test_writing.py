"""What can be written: properties, tags, comments, remediations, and who may."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from agent.simulator import names
from agent.simulator.switches import Switches
from tests.simulator.worlds import ALERTS, EMAILS, IDENTITIES, INCIDENTS, NOW, Caller, caller, tenant


def incident_of(graph: Caller) -> str:
    return f"{INCIDENTS}/{next(iter(graph.state.incidents))}"


def alert_of(graph: Caller) -> str:
    return f"{ALERTS}/{next(iter(graph.state.alerts))}"


async def test_a_patch_replaces_all_tags_and_signs_them_with_the_apps_name() -> None:
    graph = caller()

    await graph.patch(incident_of(graph), customTags=["one", "two"])
    answer = await graph.patch(incident_of(graph), customTags=["three"])

    assert answer.json()["customTags"] == ["three"]
    assert answer.json()["lastModifiedBy"] == f"API-App:{names.APP_NAME}"


async def test_a_patch_takes_words_in_any_case_and_answers_them_as_graph_spells_them() -> None:
    graph = caller()

    answer = await graph.patch(incident_of(graph), classification="TruePositive", determination="Phishing")

    assert (answer.json()["classification"], answer.json()["determination"]) == ("truePositive", "phishing")


async def test_an_alert_takes_status_and_classification() -> None:
    graph = caller()

    answer = await graph.patch(alert_of(graph), status="resolved", classification="falsePositive")

    assert answer.json()["status"] == "resolved"
    assert answer.json()["classification"] == "falsePositive"


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "redirected"},
        {"status": "awaitingAction"},
        {"systemTags": ["x"]},
        {"lastModifiedBy": "me"},
        {"comments": []},
        {"customTags": "one"},
        {"customTags": [1]},
        {"displayName": 1},
        {"severity": "extreme"},
        {},
    ],
)
async def test_an_incident_takes_only_what_is_documented_as_writable(changes: dict[str, object]) -> None:
    graph = caller()
    before = (await graph.get(incident_of(graph))).content
    unjudged = httpx.AsyncClient(
        transport=httpx.ASGITransport(graph.app), base_url="http://127.0.0.1", headers=graph.http.headers
    )

    answer = await unjudged.patch(incident_of(graph), json=changes)

    assert answer.status_code == 400
    assert (await graph.get(incident_of(graph))).content == before


async def test_evidence_cannot_be_written() -> None:
    graph = caller()

    answer = await graph.patch(alert_of(graph), evidence=[])

    assert answer.status_code == 400
    assert (await graph.evidence())["remediationStatus"] == "pendingApproval"


@pytest.mark.parametrize("of", [incident_of, alert_of])
@pytest.mark.parametrize(
    ("alone", "changes", "status"),
    [
        (True, {"determination": "phishing"}, 200),
        (False, {"determination": "phishing"}, 400),
        (False, {"determination": "phishing", "classification": "unknown"}, 400),
        (False, {"determination": "phishing", "classification": "truePositive"}, 200),
        (False, {"determination": "unknown"}, 200),
        (False, {"classification": "truePositive"}, 200),
    ],
)
async def test_what_is_determined_may_have_to_be_classified(
    of: Callable[[Caller], str], alone: bool, changes: dict[str, str], status: int
) -> None:
    graph = caller(switches=Switches(determination_alone=alone))

    answer = await graph.patch(of(graph), **changes)

    assert answer.status_code == status


async def test_what_was_classified_before_may_be_determined() -> None:
    graph = caller(switches=Switches(determination_alone=False))

    await graph.patch(alert_of(graph), classification="truePositive")
    answer = await graph.patch(alert_of(graph), determination="phishing")

    assert answer.json()["determination"] == "phishing"


async def test_a_comment_is_answered_with_all_comments_oldest_first() -> None:
    graph = caller()

    await graph.comment(incident_of(graph), "first")
    answer = await graph.comment(incident_of(graph), "second")
    on_alert = await graph.comment(alert_of(graph), "elsewhere")

    assert answer.status_code == 200
    assert [one["comment"] for one in answer.json()["value"]] == ["first", "second"]
    assert [one["comment"] for one in on_alert.json()["value"]] == ["elsewhere"]
    assert answer.json()["value"][0]["createdByDisplayName"] == names.APP_NAME


@pytest.mark.parametrize(("length", "status"), [(1000, 200), (1001, 400), (0, 400)])
async def test_a_comment_has_between_one_and_a_thousand_characters(length: int, status: int) -> None:
    graph = caller()

    assert (await graph.comment(incident_of(graph), "x" * length)).status_code == status


@pytest.mark.parametrize("advances", [True, False])
async def test_our_own_write_is_news_only_where_the_switch_says_so(advances: bool) -> None:
    graph = caller(switches=Switches(own_write_advances=advances))
    before = (await graph.get(incident_of(graph))).json()["lastUpdateDateTime"]

    graph.later(minutes=5)
    await graph.comment(incident_of(graph), "seen")
    await graph.patch(incident_of(graph), customTags=["seen"])

    after = (await graph.get(incident_of(graph))).json()
    assert (after["lastUpdateDateTime"] != before) is advances
    assert len(after["comments"]) == 1


async def test_writing_to_a_merged_incident_is_remembered_as_a_mistake() -> None:
    graph = caller(tenant(1))
    number = next(iter(graph.state.incidents))
    graph.state.incidents[number]["status"] = "redirected"

    await graph.comment(f"{INCIDENTS}/{number}", "too late")

    assert graph.state.strays == [number]


@pytest.mark.parametrize("name", ["remediate", "microsoft.graph.security.remediate"])
async def test_a_remediation_is_accepted_without_a_body_and_with_a_link_for_people(name: str) -> None:
    graph = caller()

    answer = await graph.remediate(graph.pairs(), name=name)

    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["location"].startswith(
        "https://security.microsoft.com/action-center/history?filters="
    )
    assert graph.state.remediations[0].bulk_id in answer.headers["location"]
    assert names.TENANT_ID in answer.headers["location"]


async def test_each_accepted_pair_is_counted_so_that_doubles_show() -> None:
    graph = caller()
    first, second, *_ = graph.pairs()

    await graph.remediate([first, second])
    await graph.remediate([(first[0].upper(), first[1].upper())])

    assert graph.state.remediated == {first: 2, second: 1}
    status = (await graph.http.get("/simulator/status")).json()
    assert (status["remediated"], status["remediatedTwice"]) == (2, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"analyzedEmails": []},
        {"analyzedEmails": [{"networkMessageId": "x"}]},
        {"analyzedEmails": [{"networkMessageId": "x", "recipientEmailAddress": "nobody"}]},
        {"analyzedEmails": [{"networkMessageId": "x", "recipientEmailAddress": "a@b", "subject": "s"}]},
        {"analyzedEmails": ["x"]},
        {"remediateSendersCopy": "false"},
        {"action": "moveToQuarantine"},
        {"action": "delete"},
        {"action": []},
        {"severity": "extreme"},
        {"displayName": None},
        {"approverUpn": "somebody@contoso.example"},
    ],
)
async def test_a_remediation_of_another_form_is_refused_and_not_counted(wrong: dict[str, object]) -> None:
    graph = caller()
    graph.http._transport = httpx.ASGITransport(graph.app)

    answer = await graph.remediate(graph.pairs(), changes=wrong)

    assert answer.status_code == 400
    assert not graph.state.remediated


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'"x"'])
@pytest.mark.parametrize("path", [f"{EMAILS}/remediate", "/v1.0/security/runHuntingQuery", "comments"])
async def test_a_body_that_is_no_json_object_is_refused(path: str, body: bytes) -> None:
    graph = caller()
    graph.http._transport = httpx.ASGITransport(graph.app)
    where = f"{incident_of(graph)}/comments" if path == "comments" else path

    assert (await graph.http.post(where, content=body)).status_code == 400


RULES = "/v1.0/users/x/mailFolders/inbox/messageRules"
ASKS = [
    ("GET", INCIDENTS, {names.READ_INCIDENTS, names.WRITE_INCIDENTS}),
    ("GET", "incident", {names.READ_INCIDENTS, names.WRITE_INCIDENTS}),
    ("PATCH", "incident", {names.WRITE_INCIDENTS}),
    ("POST", "incident/comments", {names.WRITE_INCIDENTS}),
    ("GET", ALERTS, {names.READ_ALERTS, names.WRITE_ALERTS}),
    ("GET", "alert", {names.READ_ALERTS, names.WRITE_ALERTS}),
    ("PATCH", "alert", {names.WRITE_ALERTS}),
    ("POST", "alert/comments", {names.WRITE_ALERTS}),
    ("GET", EMAILS, {names.READ_MAIL, names.WRITE_MAIL}),
    ("POST", f"{EMAILS}/remediate", {names.WRITE_MAIL}),
    ("POST", "/v1.0/security/runHuntingQuery", {names.HUNT}),
    ("POST", "/v1.0/security/auditLog/queries", {names.READ_AUDIT}),
    ("GET", "/v1.0/security/auditLog/queries", {names.READ_AUDIT}),
    ("GET", "/v1.0/security/auditLog/queries/x", {names.READ_AUDIT}),
    ("GET", "/v1.0/security/auditLog/queries/x/records", {names.READ_AUDIT}),
    ("GET", "/v1.0/users/x", {names.READ_USERS}),
    ("GET", "/v1.0/users/$count", {names.READ_USERS}),
    ("PATCH", "/v1.0/users/x", {names.SWITCH_ACCOUNTS}),
    ("POST", "/v1.0/users/x/revokeSignInSessions", {names.REVOKE_SESSIONS}),
    ("GET", "/v1.0/users/x/transitiveMemberOf/microsoft.graph.directoryRole", {names.READ_ROLES}),
    ("GET", "/v1.0/domains", {names.READ_DOMAINS}),
    ("GET", RULES, {names.READ_MAILBOXES, names.WRITE_MAILBOXES}),
    ("GET", f"{RULES}/y", {names.READ_MAILBOXES, names.WRITE_MAILBOXES}),
    ("PATCH", f"{RULES}/y", {names.WRITE_MAILBOXES}),
    ("GET", IDENTITIES, {names.READ_IDENTITIES}),
    ("GET", f"{IDENTITIES}/x", {names.READ_IDENTITIES}),
    ("POST", f"{IDENTITIES}/x/invokeAction", {names.ACT_ON_IDENTITIES}),
]


@pytest.mark.parametrize(("method", "path", "enough"), ASKS)
async def test_a_request_needs_one_of_its_roles(method: str, path: str, enough: set[str]) -> None:
    graph = caller()
    graph.http._transport = httpx.ASGITransport(graph.app)
    where = path.replace("incident/", f"{incident_of(graph)}/") if path.startswith("incident/") else path
    where = where.replace("alert/", f"{alert_of(graph)}/") if path.startswith("alert/") else where
    where = {"incident": incident_of(graph), "alert": alert_of(graph)}.get(where, where)

    for role in sorted(names.ALL_ROLES):
        graph.state.adopt(Switches(roles=frozenset({role}), throttle_per_minute=None))
        graph.log_in()
        answer = await graph.http.request(method, where, content=None if method == "GET" else b"{}")

        assert (answer.status_code == 403) is (role not in enough), role
        if answer.status_code == 403:
            assert all(name in answer.json()["error"]["message"] for name in enough)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Bearer a.b.c", "Basic eDp5"])
async def test_without_a_valid_token_nothing_is_answered(header: str) -> None:
    graph = caller()

    answer = await graph.http.get(INCIDENTS, headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"


async def test_a_token_ends_with_its_lifetime() -> None:
    graph = caller(switches=Switches(token_lifetime=timedelta(hours=1)))

    graph.later(minutes=59, seconds=59)
    before = await graph.get(INCIDENTS)
    graph.later(seconds=1)
    after = await graph.get(INCIDENTS)

    assert (before.status_code, after.status_code) == (200, 401)


async def asked(graph: Caller, tenant_id: str = names.TENANT_ID, **form: str) -> httpx.Response:
    right = {
        "grant_type": "client_credentials",
        "client_id": names.CLIENT_ID,
        "client_secret": names.CLIENT_SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    return await graph.http.post(f"/{tenant_id}/oauth2/v2.0/token", data={**right, **form})


async def test_the_right_secret_gets_a_token_that_opens_graph() -> None:
    graph = caller()

    answer = (await asked(graph)).json()

    token = answer["access_token"]
    assert token.count(".") == 2
    assert answer["token_type"] == "Bearer"
    listed = await graph.http.get(INCIDENTS, headers={"Authorization": f"Bearer {token}"})
    assert listed.status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, "AADSTS7000215"),
        ({"client_id": "somebody"}, 400, "AADSTS700016"),
        ({"grant_type": "password"}, 400, "AADSTS70003"),
        ({"scope": "openid"}, 400, "AADSTS70011"),
        ({"tenant_id": "another"}, 400, "AADSTS90002"),
    ],
)
async def test_a_wrong_login_is_refused_with_its_code(form: dict[str, str], status: int, code: str) -> None:
    graph = caller()

    answer = await asked(graph, **form)

    assert answer.status_code == status
    assert answer.json()["error_description"].startswith(f"{code}: ")


async def test_every_answer_carries_the_worlds_own_date() -> None:
    graph = caller()

    graph.later(days=2)

    answer = await graph.http.get(INCIDENTS, headers={"Authorization": ""})
    assert answer.headers["date"] == (NOW + timedelta(days=2)).strftime("%a, %d %b %Y %H:%M:%S GMT")
