"""What was asked: wording of the agent's own stays, what Graph gave it is replaced."""

import json

import pytest

from agent.adapters.graph.hunting import query
from agent.model.recording import Exchange
from agent.scrub.links import Links
from agent.scrub.pseudonyms import Pseudonyms
from agent.scrub.queries import of_cluster, of_filter, of_hunting
from agent.scrub.scrubber import Scrubber
from agent.scrub.shapes import Shapes
from tests.makers import NOW, message_id

GRAPH = "https://graph.microsoft.com"
TENANT = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def shapes() -> Shapes:
    return Shapes(Pseudonyms())


def test_the_agents_hunting_query_keeps_all_but_what_it_looks_for(shapes: Shapes) -> None:
    asked = query([message_id(1), message_id(2)])

    found = of_hunting(asked, shapes)

    ours = '"00000000-0000-4000-8000-000000000001","00000000-0000-4000-8000-000000000002"'
    assert found == asked.replace(f'"{message_id(1)}","{message_id(2)}"', ours)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ('EmailEvents | where ActionType == "Phish ZAP"', 'EmailEvents | where ActionType == "Phish ZAP"'),
        (
            "UrlClickEvents | where Url in ('https://a.example/x')",
            "UrlClickEvents | where Url in ('https://domain1.example/path1')",
        ),
        ('X | where Subject == "say \\"anna\\""', 'X | where Subject == "text 1"'),
    ],
)
def test_other_hunting_queries_too(shapes: Shapes, asked: str, found: str) -> None:
    assert of_hunting(asked, shapes) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("Urls:https://anna.example/x", "Urls:token1://part1/part2"),
        ("SenderIp:10.1.2.3", "SenderIp:192.0.2.1"),
        ('Anna:"x"', 'token1:"text 1"'),
        ('Subject:"anna', "Subject:token1"),
        ("(AntispamDirection:1) NOT (ContentType:12)", "(AntispamDirection:1) NOT (ContentType:12)"),
        ("AntispamDirection:1234", "AntispamDirection:1900000001"),
        ("AntispamDirection:1 AND 1 OR Anna:1", "AntispamDirection:1 AND 1900000001 OR token1:1900000001"),
        ("Subject:1", "Subject:1900000001"),
    ],
)
def test_queries_of_clusters_keep_nothing_but_their_fields(shapes: Shapes, query: str, found: str) -> None:
    assert of_cluster(query, shapes) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "lastUpdateDateTime ge 2026-09-01T00:00:00.000000Z",
            "lastUpdateDateTime ge 2026-09-01T00:00:00.000000Z",
        ),
        (
            f"networkMessageId eq '{message_id(9)}'",
            "networkMessageId eq '00000000-0000-4000-8000-000000000001'",
        ),
        ("subject eq 'Anna''s pay' and anna eq 'x'", "subject eq 'text 1' and token1 eq 'text 2'"),
    ],
)
def test_filters_keep_names_and_moments(shapes: Shapes, text: str, found: str) -> None:
    assert of_filter(text, shapes) == found


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (
            "/v1.0/security/incidents?$expand=alerts&$top=50",
            "/v1.0/security/incidents?$expand=alerts&$top=50",
        ),
        ("/v1.0/security/incidents/924518", "/v1.0/security/incidents/1900000001"),
        ("/v1.0/security/alerts_v2/an%20id", "/v1.0/security/alerts_v2/text%201"),
        ("/v1.0/groups/anna/members?$select=id", "/v1.0/groups/text%201/members?$select=id"),
        (
            "/v1.0/security/incidents?anna=anna@contoso.example",
            "/v1.0/security/incidents?token1=user1%40domain1.example",
        ),
        ("/v1.0/security/incidents?$top=anna&$skip=5", "/v1.0/security/incidents?$top=token1&$skip=5"),
        (
            "/v1.0/x/collaboration?startTime=2026-09-01T00:00:00Z&endTime=anna",
            "/v1.0/text%201/collaboration?startTime=2026-09-01T00%3A00%3A00Z&endTime=token1",
        ),
    ],
)
def test_where_it_was_asked_keeps_graphs_own_words(shapes: Shapes, target: str, found: str) -> None:
    assert Links(GRAPH, shapes).target(target) == found


def test_an_exchange_keeps_two_headers_and_only_what_they_can_be() -> None:
    scrubber = Scrubber(GRAPH, TENANT)
    headers = {
        "Content-Type": "application/json; odata.metadata=minimal; charset=utf-8; anna=1",
        "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT",
        "request-id": message_id(1),
        "set-cookie": "anna=1",
        "www-authenticate": 'Bearer claims="anna"',
        "warning": "anna",
    }

    found = scrubber.exchange(Exchange(at=NOW, method="GET", target="/v1.0", status=429, headers=headers))

    assert found.headers == {
        "content-type": "application/json; charset=utf-8",
        "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT",
    }


@pytest.mark.parametrize(
    ("value", "is_kept"), [("2", True), ("0.249", True), ("-5", True), ("soon, anna", False)]
)
def test_how_long_to_wait_is_kept_where_it_is_a_number(value: str, is_kept: bool) -> None:
    found = Scrubber(GRAPH, TENANT).exchange(
        Exchange(at=NOW, method="GET", target="/", status=429, headers={"retry-after": value})
    )

    assert ("retry-after" in found.headers) is is_kept


def test_the_body_of_a_request_keeps_its_form() -> None:
    asked = json.dumps({"Query": 'EmailEvents | where Subject == "anna"', "Timespan": "anna", "Anna": None})

    found = Scrubber(GRAPH, TENANT).exchange(
        Exchange(at=NOW, method="POST", target="/", asked=asked, status=200)
    )

    assert json.loads(found.asked) == {
        "Query": 'EmailEvents | where Subject == "text 1"',
        "Timespan": "text 1",
        "text 2": None,
    }


def test_the_tenant_has_the_first_pseudonym() -> None:
    scrubber = Scrubber(GRAPH, TENANT)

    assert scrubber.tenant == "00000000-0000-4000-8000-000000000001"
    assert scrubber.shapes.like(TENANT.upper()) == scrubber.tenant
