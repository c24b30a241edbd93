"""The judge itself: what it lets pass and what it does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.simulator import identities, words
from tests.metadata import SLICE, Mismatch, check_request, check_response, metadata
from tests.simulator.worlds import ALERTS, EMAILS, HUNTING, IDENTITIES, INCIDENTS, caller

SECURITY = "microsoft.graph.security."
RULE = "/v1.0/users/1/mailFolders/inbox/messageRules/1"
COUNT = "/v1.0/users/$count"


def sample(name: str) -> bytes:
    return SLICE.with_name(f"{name}.json").read_bytes()


async def alert() -> dict[str, Any]:
    return await caller().alert()


def judged(thing: object, path: str = f"{ALERTS}/1", **more: bool) -> None:
    check_response("GET", path, 200, json.dumps(thing).encode(), **more)


async def test_an_alert_of_the_simulator_passes() -> None:
    judged(await alert())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "red"),
        ("investigationId", "1"),
        ("severity", "extreme"),
        ("severity", "High"),
        ("severity", None),
        ("severity", 3),
        ("title", 1),
        ("comments", {}),
        ("comments", [{"comment": "x", "createdBy": "y", "createdDateTime": "2026-09-01T08:00:00Z"}]),
        ("createdDateTime", "2026-09-01"),
        ("createdDateTime", "2026-13-01T08:00:00Z"),
        ("createdDateTime", 1),
        ("evidence", None),
        ("id", None),
    ],
)
async def test_what_the_metadata_lacks_does_not_pass(name: str, value: object) -> None:
    with pytest.raises(Mismatch):
        judged({**await alert(), name: value} if (name, value) != ("evidence", None) else {"id": "1"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("@odata.type", "#microsoft.graph.security.quantumEvidence"),
        ("@odata.type", "#microsoft.graph.security.alert"),
        ("remediationStatus", "waiting"),
        ("verdict", "benign"),
        ("emailCount", "3"),
        ("emailCount", True),
        ("emailCount", 2**63),
        ("networkMessageIds", [1]),
        ("recipientEmailAddress", "x@contoso.example"),
        ("createdDateTime", None),
    ],
)
async def test_evidence_is_judged_by_its_own_type(name: str, value: object) -> None:
    found = await alert()
    found["evidence"][0][name] = value

    with pytest.raises(Mismatch):
        judged(found)


async def test_later_members_pass_only_where_they_were_asked_for() -> None:
    found = await alert()

    judged(found, unmasked=True)
    with pytest.raises(Mismatch):
        judged(found, unmasked=False)


async def test_a_property_that_cannot_be_null_must_be_there() -> None:
    found = await alert()
    del found["serviceSource"]

    with pytest.raises(Mismatch, match="serviceSource"):
        judged(found)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"{INCIDENTS}/1", {"customTags": ["a"], "classification": "TruePositive"}),
        ("PATCH", f"{ALERTS}/1", {"status": "resolved"}),
        (
            "POST",
            f"{INCIDENTS}/1/comments",
            {"@odata.type": "microsoft.graph.security.alertComment", "comment": "x"},
        ),
        ("POST", HUNTING, {"Query": "EmailEvents", "Timespan": "P30D"}),
        (
            "POST",
            f"{EMAILS}/remediate",
            {"analyzedEmails": [{"networkMessageId": "x"}], "action": "softDelete"},
        ),
        ("PATCH", "/v1.0/users/a@contoso.example", {"accountEnabled": False}),
        ("PATCH", RULE, {"isEnabled": False}),
        ("POST", f"{IDENTITIES}/1/invokeAction", json.loads(sample("identityaccounts-invokeaction.request"))),
        ("POST", f"{IDENTITIES}/1/microsoft.graph.security.invokeAction", {"action": "enable"}),
    ],
)
def test_documented_requests_pass(method: str, path: str, body: object) -> None:
    check_request(method, path, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"{INCIDENTS}/1", {"tags": ["a"]}),
        ("PATCH", f"{INCIDENTS}/1", {"customTags": "a"}),
        ("PATCH", f"{INCIDENTS}/1", {"status": "closed"}),
        ("POST", f"{INCIDENTS}/1/comments", {"text": "x"}),
        (
            "POST",
            f"{INCIDENTS}/1/comments",
            {"@odata.type": "microsoft.graph.security.alert", "comment": "x"},
        ),
        ("POST", HUNTING, {"Query": "x", "Rows": 1}),
        ("POST", f"{EMAILS}/remediate", {"remediateSendersCopy": "false"}),
        ("POST", f"{EMAILS}/remediate", {"approverUpn": "x"}),
        ("POST", f"{EMAILS}/remediate", {"analyzedEmails": [{"recipient": "x"}]}),
        ("POST", f"{ALERTS}/1/approve", {}),
        ("PUT", f"{ALERTS}/1", {}),
        ("PATCH", "/v1.0/users/1", {"accountEnabled": "no"}),
        ("PATCH", "/v1.0/users/1", {"enabled": False}),
        ("POST", "/v1.0/users/1", {"accountEnabled": False}),
        ("POST", "/v1.0/users/1/revokeSignInSessions", {"now": True}),
        ("PATCH", RULE, {"isEnabled": None, "enabled": False}),
        ("DELETE", RULE, {}),
        ("POST", f"{IDENTITIES}/1/invokeAction", {"action": "destroy"}),
        ("POST", f"{IDENTITIES}/1/invokeAction", {"provider": "activeDirectory"}),
        ("POST", f"{IDENTITIES}/1", {}),
        ("DELETE", f"{ALERTS}/1", {}),
    ],
)
def test_undocumented_requests_do_not_pass(method: str, path: str, body: object) -> None:
    with pytest.raises(Mismatch):
        check_request(method, path, json.dumps(body).encode())


@pytest.mark.parametrize(
    "path",
    [
        "/v1.0/users/1",
        "/v1.0/domains",
        RULE,
        RULE.rpartition("/")[0],
        IDENTITIES,
        f"{IDENTITIES}/1",
        "/v1.0/users/1/transitiveMemberOf/microsoft.graph.directoryRole",
    ],
)
def test_documented_reads_pass(path: str) -> None:
    check_request("GET", path, b"")


def test_a_count_needs_its_header_and_is_a_number() -> None:
    check_request("GET", COUNT, b"", {"consistencylevel": "eventual"})
    check_response("GET", COUNT, 200, b"1602")
    with pytest.raises(Mismatch):
        check_request("GET", COUNT, b"")
    with pytest.raises(Mismatch):
        check_response("GET", COUNT, 200, b'{"value": 1602}')


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", IDENTITIES, "identityaccounts-list.response"),
        ("POST", f"{IDENTITIES}/1/invokeAction", "identityaccounts-invokeaction.response"),
        ("PATCH", "/v1.0/users/1/mailFolders/inbox/messageRules/1", "messagerule-patch.response"),
    ],
)
def test_microsofts_own_samples_pass(method: str, path: str, name: str) -> None:
    check_response(method, path, 200, sample(name))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", IDENTITIES, {"value": [{"id": "1", "isEnabled": True, "accounts": [{"provider": "Other"}]}]}),
        ("GET", IDENTITIES, {"value": [{"id": "1"}]}),
        (
            "POST",
            f"{IDENTITIES}/1/invokeAction",
            {"value": {"action": "disable", "provider": "activeDirectory"}},
        ),
        ("POST", f"{IDENTITIES}/1/invokeAction", {"accountId": "1", "action": "disable"}),
        ("GET", RULE, {"id": "1", "isEnabled": "yes"}),
        ("GET", RULE, {"id": "1", "actions": {"forwardTo": ["a@b.example"]}}),
        ("GET", "/v1.0/users/1", {"id": "1", "enabled": True}),
        ("GET", "/v1.0/domains", {"value": [{"id": "a.example", "isVerified": "yes"}]}),
        ("PATCH", "/v1.0/users/1", {"id": "1"}),
        ("POST", "/v1.0/users/1/revokeSignInSessions", {"value": "true"}),
    ],
)
def test_other_answers_do_not_pass(method: str, path: str, body: object) -> None:
    with pytest.raises(Mismatch):
        check_response(method, path, 200, json.dumps(body).encode())


@pytest.mark.parametrize("path", ["/v1.0/security/pendingActions", "/v1.0/groups", f"{INCIDENTS}/1/alerts"])
def test_unknown_paths_do_not_pass(path: str) -> None:
    with pytest.raises(Mismatch):
        check_request("GET", path, b"")


def test_what_is_not_graphs_is_passed_over() -> None:
    check_request("POST", "/tenant/oauth2/v2.0/token", b"grant_type=x")
    check_response("GET", "/simulator/status", 200, b"anything")

    assert metadata().actions.keys() >= {f"{SECURITY}remediate"}


@pytest.mark.parametrize(
    "body", [{"message": "x"}, {"error": {"code": "x"}}, {"error": {"code": 1, "hint": "x"}}]
)
def test_an_error_has_a_code_and_a_message(body: object) -> None:
    with pytest.raises(Mismatch):
        check_response("GET", INCIDENTS, 400, json.dumps(body).encode())


def test_a_remediation_is_answered_without_a_body() -> None:
    check_response("POST", f"{EMAILS}/remediate", 202, b"")
    with pytest.raises(Mismatch):
        check_response("POST", f"{EMAILS}/remediate", 200, b"")


def later(enum: str) -> set[str]:
    members = metadata().enums[SECURITY + enum]
    return set(members[members.index(words.SENTINEL) + 1 :])


@pytest.mark.parametrize(
    ("mine", "enum"),
    [
        (words.HIDDEN_REMEDIATION_STATUSES, "evidenceRemediationStatus"),
        (words.HIDDEN_STATUSES, "incidentStatus"),
        (words.HIDDEN_SERVICE_SOURCES, "serviceSource"),
        (words.HIDDEN_DETECTION_SOURCES, "detectionSource"),
    ],
)
def test_the_simulator_hides_exactly_the_members_that_came_later(mine: frozenset[str], enum: str) -> None:
    assert mine == later(enum)


@pytest.mark.parametrize(
    ("mine", "enum", "without"),
    [
        (words.CLASSIFICATIONS, "alertClassification", set()),
        (words.DETERMINATIONS, "alertDetermination", set()),
        (words.SEVERITIES, "alertSeverity", set()),
        (words.STATUSES, "alertStatus", set()),
        (words.INCIDENT_STATUSES, "incidentStatus", set()),
        (words.SERVICE_SOURCES, "serviceSource", set()),
        (words.REMEDIATION_ACTIONS, "remediationAction", {"moveToQuarantine"}),
        (frozenset(identities.PRINTED), "identityProvider", set()),
        (
            frozenset[str]().union(*identities.ACTIONS.values()),
            "action",
            {"requireUserToSignInAgain", "markUserAsCompromised"},
        ),
        (words.REMEDIATION_SEVERITIES, "remediationSeverity", set()),
    ],
)
def test_the_simulators_words_are_the_metadatas(mine: frozenset[str], enum: str, without: set[str]) -> None:
    assert mine == set(metadata().enums[SECURITY + enum]) - {words.SENTINEL} - without


def test_the_metadata_lies_beside_the_tests_with_its_source() -> None:
    sources = (Path(SLICE).parent / "SOURCES.md").read_text()

    assert SLICE.name in sources
