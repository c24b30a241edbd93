"""Writing: repeated only while definitely not applied, and told apart in done, refused and unknown."""

from urllib.parse import quote

import httpx
import msgspec
import pytest

from agent.adapters.graph.remediation import bulk_id
from agent.adapters.microsoft.clouds import cloud_named
from agent.model.enactment import EffectKind, Outcome, Went
from tests.adapters.graphs import (
    ALL_ROLES,
    EFFECTS,
    GUID,
    WRITES,
    Departures,
    Login,
    Step,
    Write,
    no,
    opened,
    read,
    says,
    soft_delete,
)

ACCEPTED = says(
    202, headers={"Location": 'https://security.microsoft.com/x?filters={"bulkId":["b-1"]}&tid=t'}
)


async def test_a_soft_deletion_is_sent_as_the_page_documents_it() -> None:
    async with opened(ACCEPTED) as (graph, script):
        outcome = await soft_delete(graph, Departures())

    (request,) = script.requests
    assert (request.method, request.url.path) == (
        "POST",
        "/v1.0/security/collaboration/analyzedEmails/remediate",
    )
    assert request.headers["content-type"] == "application/json"
    sent, sample = script.bodies[0], msgspec.json.decode(read("analyzedemails-remediate.request.json"))
    assert sent == {
        "displayName": "air-agent a1 e1",
        "description": "air-agent: effect e1 of action a1",
        "severity": "medium",
        "action": "softDelete",
        "remediateSendersCopy": False,
        "analyzedEmails": [{"networkMessageId": GUID, "recipientEmailAddress": "ann@contoso.example"}],
    }
    assert sent.keys() == sample.keys()
    own_id = request.headers["client-request-id"]
    accepted = Outcome(went=Went.DONE, detail="accepted by Defender", bulk_id="b-1", client_request_id=own_id)
    assert outcome == accepted


async def test_a_comment_is_sent_as_the_page_documents_it() -> None:
    async with opened(says(200, {"value": []})) as (graph, script):
        outcome = await graph.enactor.comment("29", 'é "quoted"\nline', departing=Departures())

    (request,) = script.requests
    assert (request.method, request.url.path) == ("POST", "/v1.0/security/incidents/29/comments")
    sample = msgspec.json.decode(read("incident-comment.request.json"))
    assert script.bodies == [{**sample, "comment": 'é "quoted"\nline'}]
    assert outcome.went is Went.DONE


async def test_tags_are_sent_whole_and_alone() -> None:
    async with opened(says(200, {"id": "29"})) as (graph, script):
        outcome = await graph.enactor.tag("29", ["theirs", "ours"], departing=Departures())

    (request,) = script.requests
    assert (request.method, request.url.path) == ("PATCH", "/v1.0/security/incidents/29")
    assert script.bodies == [{"customTags": ["theirs", "ours"]}]
    assert outcome.went is Went.DONE


async def test_no_tags_are_an_empty_list_not_nothing() -> None:
    async with opened(says(200, {"id": "29"})) as (graph, script):
        await graph.enactor.tag("29", [], departing=Departures())

    assert script.bodies == [{"customTags": []}]


@pytest.mark.parametrize("hostile", ["..", "29/comments", "", "1?x"])
async def test_a_hostile_id_is_refused_unsent(hostile: str) -> None:
    departing = Departures()
    async with opened(says(200)) as (graph, script):
        noted = await graph.enactor.comment(hostile, "x", departing=departing)
        tagged = await graph.enactor.tag(hostile, [], departing=departing)

    assert (noted.went, tagged.went) == (Went.REFUSED, Went.REFUSED)
    assert script.requests == []
    assert departing.count == 0


# One answer


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("answer", "went"),
    [
        (says(200, {"id": "29"}), Went.DONE),
        (says(204), Went.DONE),
        (no(400), Went.REFUSED),
        (no(403), Went.REFUSED),
        (no(404), Went.REFUSED),
        (no(405), Went.REFUSED),
        (no(409), Went.REFUSED),
        (no(412), Went.REFUSED),
        (no(408), Went.UNKNOWN),
        (no(500), Went.UNKNOWN),
        (no(502), Went.UNKNOWN),
        (no(503, retry_after="1"), Went.UNKNOWN),
        (no(504), Went.UNKNOWN),
        (no(509), Went.UNKNOWN),
        (says(200, b"<html>gateway</html>"), Went.UNKNOWN),
        (says(202, b"<html>gateway</html>"), Went.UNKNOWN),
        (says(200, b'{"id": '), Went.UNKNOWN),
        (says(302, headers={"Location": "http://login.example/"}), Went.UNKNOWN),
        (httpx.ReadTimeout("x"), Went.UNKNOWN),
        (httpx.ReadError("x"), Went.UNKNOWN),
        (httpx.RemoteProtocolError("x"), Went.UNKNOWN),
        (TimeoutError(), Went.UNKNOWN),
    ],
)
async def test_one_answer_settles_a_write(write: Write, answer: Step, went: Went) -> None:
    departing = Departures()

    async with opened(answer) as (graph, script):
        outcome = await write(graph, departing)

    assert outcome.went is went
    assert outcome.detail
    assert len(script.requests) == departing.count == 1


@pytest.mark.parametrize(
    ("write", "went"),
    [(write, Went.DONE if write is EFFECTS[0] else Went.UNKNOWN) for write in WRITES],
)
async def test_an_empty_200_is_enough_only_where_no_body_is_documented(write: Write, went: Went) -> None:
    async with opened(says(200)) as (graph, _):
        assert (await write(graph, Departures())).went is went


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (
            no(403, "Forbidden", ""),
            "403 (Forbidden): SecurityAnalyzedMessage.ReadWrite.All is granted: check the licence",
        ),
        (no(400, "BadRequest", "too many"), "400 (BadRequest: too many)"),
        (no(504, "", "", request_id="r-1"), "504 [request-id r-1]: it may have been applied"),
        (httpx.ReadTimeout("x"), "no answer in time: it may have been applied"),
    ],
)
async def test_an_outcome_says_why(answer: Step, detail: str) -> None:
    async with opened(answer) as (graph, _):
        outcome = await soft_delete(graph, Departures())

    assert outcome.detail.startswith("graph: remediate mail: ")
    assert detail in outcome.detail


async def test_a_202_without_a_place_is_done_and_says_so() -> None:
    async with opened(says(202)) as (graph, _):
        outcome = await soft_delete(graph, Departures())

    assert (outcome.went, outcome.bulk_id) == (Went.DONE, None)
    assert outcome.detail == "accepted by Defender, without an id to look it up by"


SAMPLE = msgspec.json.decode(read("analyzedemails-remediate.response-headers.json"))["headers"]["Location"]


@pytest.mark.parametrize(
    ("location", "found"),
    [
        (SAMPLE, "{bulkId}"),
        ("https://x/history?filters=" + quote('{"bulkId":["b 1"]}'), "b 1"),
        ('https://x?filters={ "bulkId" : [ "b", "c" ] }', "b"),
        ("https://x?filters={}", None),
        ("", None),
        ('"bulkId":["' + "b" * 101 + '"]', None),
    ],
)
def test_the_bulk_id_is_read_from_the_portals_address(location: str, found: str | None) -> None:
    assert bulk_id(location) == found


# What cannot be


async def test_a_cloud_without_analyzed_emails_remediates_nothing() -> None:
    departing = Departures()
    async with opened(ACCEPTED, cloud=cloud_named("usGovL4")) as (graph, script):
        outcome = await soft_delete(graph, departing)
        missing = graph.enactor.missing(EffectKind.SOFT_DELETE)

    assert outcome.went is Went.REFUSED
    assert "global cloud only" in missing
    assert script.requests == []
    assert departing.count == 0


@pytest.mark.parametrize("granted", [True, False])
async def test_what_is_missing_is_named(granted: bool) -> None:
    roles = [role for role in ALL_ROLES if granted or "AnalyzedMessage.ReadWrite" not in role]

    async with opened(ACCEPTED, login=Login(roles=roles)) as (graph, _):
        missing = graph.enactor.missing(EffectKind.SOFT_DELETE)

    assert missing == (
        "" if granted else "SecurityAnalyzedMessage.ReadWrite.All is not granted to the app registration"
    )
