"""Each kind of effect: the one documented request, what its answers mean, and what is never sent."""

from typing import Any

import msgspec
import pytest

from agent.model.decision import Classification
from agent.model.enactment import MAIL_EFFECTS, EffectKind, Outcome, Pair, Went
from tests.adapters.graphs import (
    ACCOUNT,
    ANN,
    GUID,
    IDENTITY,
    RULE,
    TARGETS,
    WRITES,
    Departures,
    Script,
    Step,
    Write,
    an_effect,
    comment,
    enacting,
    no,
    opened,
    read,
    says,
)

GRAPH = "http://127.0.0.1:9/v1.0"
RULES = f"/users/{ANN}/mailFolders/inbox/messageRules"
INVOKE = f"/security/identities/identityAccounts/{IDENTITY}/invokeAction"
ON_GRAPH = [kind for kind in EffectKind if kind is not EffectKind.QUARANTINE_FILE]
ONE_BY_ONE = [kind for kind in ON_GRAPH if kind not in MAIL_EFFECTS]


async def enacted(
    kind: EffectKind, *targets: Pair, answer: Step, departing: Departures | None = None, **more: Any
) -> tuple[Outcome, Script]:
    async with opened(answer) as (graph, script):
        effect = an_effect(kind, *targets, **more)
        return await graph.enactor.enact(effect, name="n", departing=departing or Departures()), script


def an_invocation(action: str) -> dict[str, str]:
    sample = msgspec.json.decode(read("identityaccounts-invokeaction.request.json"), type=dict[str, str])
    return {**sample, "action": action}


# What is sent


@pytest.mark.parametrize(
    ("kind", "method", "path", "body"),
    [
        (EffectKind.DISABLE_RULE, "PATCH", f"{RULES}/AQAAAJ5dZqA%3D", {"isEnabled": False}),
        (EffectKind.ENABLE_RULE, "PATCH", f"{RULES}/AQAAAJ5dZqA%3D", {"isEnabled": True}),
        (EffectKind.DISABLE_USER, "PATCH", f"/users/{ANN}", {"accountEnabled": False}),
        (EffectKind.ENABLE_USER, "PATCH", f"/users/{ANN}", {"accountEnabled": True}),
        (EffectKind.REVOKE_SESSIONS, "POST", f"/users/{ANN}/revokeSignInSessions", None),
        (EffectKind.DISABLE_ACCOUNT, "POST", INVOKE, an_invocation("disable")),
        (EffectKind.ENABLE_ACCOUNT, "POST", INVOKE, an_invocation("enable")),
        (EffectKind.RESET_PASSWORD, "POST", INVOKE, an_invocation("forcePasswordReset")),
    ],
)
async def test_an_effect_is_the_documented_request_and_nothing_else(
    kind: EffectKind, method: str, path: str, body: Any
) -> None:
    departing = Departures()

    outcome, script = await enacted(kind, TARGETS[kind], answer=says(204), departing=departing)

    (request,) = script.requests
    assert (request.method, str(request.url)) == (method, GRAPH + path)
    assert (msgspec.json.decode(request.content) if request.content else None) == body
    assert request.headers.get("content-type") == (None if body is None else "application/json")
    assert request.headers["accept"] == "application/json"
    assert request.headers["authorization"].startswith("Bearer ")
    assert outcome.went is Went.DONE
    assert departing.count == 1


@pytest.mark.parametrize("kind", sorted(MAIL_EFFECTS))
@pytest.mark.parametrize("senders_copy", [True, False])
async def test_mail_goes_where_the_effect_says_all_of_it_in_one_call(
    kind: EffectKind, senders_copy: bool
) -> None:
    pairs = ((GUID, "ann@contoso.example"), (GUID, "bob@contoso.example"))

    _, script = await enacted(kind, *pairs, answer=says(202), senders_copy=senders_copy)

    assert script.bodies == [
        {
            "displayName": "n",
            "description": "air-agent: effect e1 of action a1",
            "severity": "medium",
            "action": kind.value,
            "remediateSendersCopy": senders_copy,
            "analyzedEmails": [
                {"networkMessageId": GUID, "recipientEmailAddress": recipient} for _, recipient in pairs
            ],
        }
    ]


async def test_an_alert_is_commented_as_the_page_documents_it() -> None:
    async with opened(says(200, {"value": []})) as (graph, script):
        outcome = await graph.enactor.comment_alert("da637_1", "é", departing=Departures())

    (request,) = script.requests
    sample = msgspec.json.decode(read("incident-comment.request.json"))
    assert (request.method, str(request.url)) == ("POST", f"{GRAPH}/security/alerts_v2/da637_1/comments")
    assert script.bodies == [{**sample, "comment": "é"}]
    assert outcome.went is Went.DONE


@pytest.mark.parametrize("determination", ["phishing", None])
async def test_an_alert_gets_both_words_in_one_call(determination: str | None) -> None:
    concluded = Classification(classification="truePositive", determination=determination)

    async with opened(says(200, {"id": "da637_1"})) as (graph, script):
        outcome = await graph.enactor.classify_alert("da637_1", concluded, departing=Departures())

    (request,) = script.requests
    both = {"classification": "truePositive"} | ({"determination": determination} if determination else {})
    assert (request.method, str(request.url)) == ("PATCH", f"{GRAPH}/security/alerts_v2/da637_1")
    assert script.bodies == [both]
    assert outcome.went is Went.DONE


# What an answer means


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("answer", [says(200, {}), no(403), no(409), no(500), no(504)])
async def test_whatever_comes_of_a_write_the_requests_id_is_kept(write: Write, answer: Any) -> None:
    answer.headers["request-id"] = "r-1"

    async with opened(answer) as (graph, _):
        assert (await write(graph, Departures())).request_id == "r-1"


async def test_an_answer_without_an_id_or_with_a_hostile_one_is_no_trouble() -> None:
    async with opened(says(200, {}), says(200, {}, {"request-id": "x" * 5000})) as (graph, _):
        first, second = [await comment(graph, Departures()) for _ in range(2)]

    assert first.request_id is None
    assert second.request_id is not None
    assert len(second.request_id) <= 160


FLAT = {
    "accountId": ACCOUNT,
    "action": "disable",
    "identityProvider": "activeDirectory",
    "correlationId": "c-1",
}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (read("identityaccounts-invokeaction.response.json"), "ed2f052b-2a01-4cd9-acb3-f6145f83e1a5"),
        (FLAT, "c-1"),
        ({"value": FLAT}, "c-1"),
        ({"value": [FLAT]}, None),
        ({"value": {"correlationId": 7}}, None),
        ({}, None),
    ],
)
async def test_an_invocation_is_kept_by_its_correlation_id_in_either_shape(
    body: Any, found: str | None
) -> None:
    kind = EffectKind.DISABLE_ACCOUNT

    outcome, _ = await enacted(kind, TARGETS[kind], answer=says(200, body))

    assert (outcome.went, outcome.bulk_id) == (Went.DONE, found)


@pytest.mark.parametrize(
    ("kind", "body", "went"),
    [
        (EffectKind.DISABLE_RULE, {"id": RULE, "isEnabled": False}, Went.DONE),
        (EffectKind.DISABLE_RULE, {"id": RULE, "isEnabled": True}, Went.UNKNOWN),
        (EffectKind.ENABLE_RULE, {"id": RULE, "isEnabled": True}, Went.DONE),
        (EffectKind.ENABLE_RULE, {"id": RULE, "isEnabled": False}, Went.UNKNOWN),
        (EffectKind.DISABLE_RULE, {"id": RULE}, Went.DONE),
        (EffectKind.REVOKE_SESSIONS, {"value": True}, Went.DONE),
        (EffectKind.REVOKE_SESSIONS, {"value": False}, Went.UNKNOWN),
    ],
)
async def test_a_good_answer_that_says_the_opposite_is_read_back(
    kind: EffectKind, body: Any, went: Went
) -> None:
    outcome, _ = await enacted(kind, TARGETS[kind], answer=says(200, body))

    assert outcome.went is went


@pytest.mark.parametrize(
    ("kind", "permission"),
    [
        (EffectKind.SOFT_DELETE, "SecurityAnalyzedMessage.ReadWrite.All"),
        (EffectKind.DISABLE_RULE, "MailboxSettings.ReadWrite"),
        (EffectKind.DISABLE_USER, "User.EnableDisableAccount.All"),
        (EffectKind.REVOKE_SESSIONS, "User.RevokeSessions.All"),
        (EffectKind.RESET_PASSWORD, "SecurityIdentitiesActions.ReadWrite.All"),
    ],
)
async def test_a_forbidden_effect_names_the_permission_that_is_granted_in_vain(
    kind: EffectKind, permission: str
) -> None:
    outcome, _ = await enacted(kind, TARGETS[kind], answer=no(403, "Authorization_RequestDenied", "denied"))

    assert outcome.went is Went.REFUSED
    assert f"{permission} is granted: check the licence, and roles and policies" in outcome.detail


# What is never sent


HOSTILE = ["", ".", "..", "a/b", "../x", "x?y=1", "x#y", "x%2Fy", "x\ny", "x' or '1' eq '1", "Ünï"]


@pytest.mark.parametrize("hostile", [*HOSTILE, f"{ANN}/x", f" {ANN}"])
@pytest.mark.parametrize("kind", ONE_BY_ONE)
async def test_a_hostile_target_is_refused_unsent(kind: EffectKind, hostile: str) -> None:
    what, place = TARGETS[kind]
    departing = Departures()
    aimed = [(hostile, place)] + ([(what, hostile)] if place else [])

    for target in aimed:
        if target in {("a/b", ANN), (f"{ANN}/x", ANN)}:
            continue  # a rule's id may hold a slash, as base64 does
        outcome, script = await enacted(kind, target, answer=says(200), departing=departing)

        assert outcome.went is Went.REFUSED
        assert script.requests == []
    assert departing.count == 0


async def test_a_rules_id_with_a_slash_stays_one_segment() -> None:
    _, script = await enacted(EffectKind.DISABLE_RULE, ("A/B+C==", ANN), answer=says(204))

    assert str(script.requests[0].url) == f"{GRAPH}{RULES}/A%2FB%2BC%3D%3D"


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_hostile_alert_is_refused_unsent(hostile: str) -> None:
    departing = Departures()
    async with opened(says(200)) as (graph, script):
        noted = await graph.enactor.comment_alert(hostile, "x", departing=departing)
        concluded = Classification(classification="truePositive")
        classified = await graph.enactor.classify_alert(hostile, concluded, departing=departing)

    assert (noted.went, classified.went) == (Went.REFUSED, Went.REFUSED)
    assert "is not an alert's id" in noted.detail
    assert script.requests == []
    assert departing.count == 0


@pytest.mark.parametrize("kind", ONE_BY_ONE)
@pytest.mark.parametrize("count", [0, 2])
async def test_each_target_but_mail_is_a_call_of_its_own(kind: EffectKind, count: int) -> None:
    outcome, script = await enacted(kind, *([TARGETS[kind]] * count), answer=says(204))

    assert outcome.went is Went.REFUSED
    assert outcome.detail == f"`{kind}` takes one target in one call, not {count}"
    assert script.requests == []


@pytest.mark.parametrize("kind", sorted(MAIL_EFFECTS))
async def test_no_mail_is_no_remediation(kind: EffectKind) -> None:
    outcome, script = await enacted(kind, answer=says(202))

    assert outcome.went is Went.REFUSED
    assert script.requests == []


async def test_files_are_refused_where_defender_for_endpoint_is_off() -> None:
    departing = Departures()
    async with opened(says(200)) as (graph, script):
        outcome = await enacting(EffectKind.QUARANTINE_FILE)(graph, departing)

    assert outcome.went is Went.REFUSED
    assert "set `endpoint.enabled: true`" in outcome.detail
    assert script.requests == []
    assert departing.count == 0
