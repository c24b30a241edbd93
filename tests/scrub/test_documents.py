"""Bodies: everything that is not known to name nobody is replaced, in whole JSON and in broken."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.scrub.documents import PAGE, Documents
from agent.scrub.links import Links
from agent.scrub.names import COLUMNS, PROPERTIES
from agent.scrub.pseudonyms import Pseudonyms
from agent.scrub.shapes import Shapes

GRAPH = "https://graph.microsoft.com"
MARK = "qzx"


def scrubbing() -> Documents:
    shapes = Shapes(Pseudonyms())
    return Documents(shapes, Links(GRAPH, shapes))


def scrubbed(thing: Any) -> Any:
    return json.loads(scrubbing().body(json.dumps(thing).encode()))


# What is kept


@pytest.mark.parametrize(
    "kept",
    [
        {"verdict": "malicious", "remediationStatus": "pendingApproval", "severity": None},
        {"createdDateTime": "2026-09-01T11:09:59.8623288Z", "Timestamp": "2026-09-01T11:09:59Z"},
        {"emailCount": 12, "fileSize": 183296, "bulkComplaintLevel": "8", "@odata.count": 3},
        {"isRead": None, "roles": ["compromised", "attacked"], "evidence": []},
        {"@odata.type": "#microsoft.graph.security.mailClusterEvidence"},
        {"title": "Email messages containing malicious URL removed after delivery"},
        {"clusterBy": "Subject;P2SenderDomain;ContentType"},
        {"ThreatTypes": "Phish, Malware", "DetectionMethods": "URL malicious reputation, Bulk"},
        {"schema": [{"name": "SenderFromAddress", "type": "String"}]},
        {"customTags": ["air-agent:approved"], "mitreTechniques": ["T1566", "T1566.002"]},
        {"value": [True, False, None]},
    ],
)
def test_what_names_nobody_is_kept(kept: Any) -> None:
    known = {key: value for key, value in kept.items() if key != "isRead"}

    assert scrubbed(known) == known


# What is replaced


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"subject": "high"}, {"subject": "text 1"}),
        ({"severity": "highest"}, {"severity": "text 1"}),
        ({"remediationStatus": "awaitingMoonPhase"}, {"remediationStatus": "text 1"}),
        ({"processId": 4712, "latitude": 52.5}, {"processId": 1900000001, "latitude": 1900000002.5}),
        ({"subject": "2026-09-01T11:09:59Z"}, {"subject": "1970-01-01T00:00:01.0000001Z"}),
        ({"title": "Mail of Anna removed"}, {"title": "text 1"}),
        ({"anna@contoso.example": 1}, {"user1@domain1.example": 1900000001}),
        ({"newMember": "high"}, {"text 1": "text 2"}),
        (
            {"@odata.type": "#microsoft.graph.security.quantumMailEvidence"},
            {"@odata.type": "#microsoft.graph.security.token1"},
        ),
        ({"ThreatTypes": "Phish, Anna"}, {"ThreatTypes": "Phish, text 1"}),
        ({"clusterBy": "Subject;AnnasField"}, {"clusterBy": "Subject;text 1"}),
        ({"emailCount": "12 of Anna"}, {"emailCount": "text 1"}),
        ({"schema": [{"name": "AnnasColumn"}]}, {"schema": [{"name": "text 1"}]}),
        ({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users('anna')"},) * 1
        + ({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata"},),
    ],
)
def test_what_could_name_somebody_is_replaced(given: Any, expected: Any) -> None:
    assert scrubbed(given) == expected


def test_json_in_texts_is_looked_into() -> None:
    inner = {
        "Subject": "Salaries",
        "SPF": "pass",
        "Inner": json.dumps({"DMARC": "fail", "To": "anna@contoso.example"}),
    }

    found = scrubbed({"AdditionalFields": json.dumps(inner), "AuthenticationDetails": '{"SPF":"pass"}'})

    told = json.loads(found["AdditionalFields"])
    assert found["AuthenticationDetails"] == '{"SPF":"pass"}'
    assert (told["Subject"], told["SPF"]) == ("text 1", "pass")
    assert json.loads(told["text 2"]) == {"DMARC": "fail", "To": "user1@domain1.example"}


def test_json_in_texts_beyond_all_reason_is_replaced_whole() -> None:
    inner: Any = {"Subject": MARK}
    for _ in range(12):
        inner = {"AdditionalFields": json.dumps(inner)}

    assert MARK not in json.dumps(scrubbed(inner))


def test_the_query_of_a_cluster_keeps_its_fields_and_what_it_looks_for_fits_the_rest() -> None:
    query = '( (( (Subject:"Pay \\"now\\"") ) AND ( (P2SenderDomain:"evil.example") )) AND ( (ContentType:1) AND (Size:77)))'

    found = scrubbed({"query": query, "subject": 'Pay "now"', "domainName": "evil.example"})

    assert found["query"] == (
        '( (( (Subject:"text 1") ) AND ( (P2SenderDomain:"domain1.example") )) AND ( (ContentType:1) AND (token1:'
        "1900000001)))"
    )
    assert (found["subject"], found["domainName"]) == ("text 1", "domain1.example")


def test_a_link_to_the_next_page_leads_to_the_place_of_the_recording() -> None:
    link = f"{GRAPH}/v1.0/security/incidents?$expand=alerts&$filter=lastUpdateDateTime ge 2026-09-01T00:00:00Z&$skiptoken=AnnA"

    found = scrubbed({"@odata.nextLink": link, "url": link})

    assert found["@odata.nextLink"].startswith(
        "https://graph.recording.example/v1.0/security/incidents?$expand=alerts&"
    )
    assert found["@odata.nextLink"].endswith("&$skiptoken=token1")
    assert "recording" not in found["url"]


@pytest.mark.parametrize(
    ("link", "found"),
    [
        (f"{GRAPH}:443/v1.0/security/incidents", "https://graph.recording.example/v1.0/security/incidents"),
        (f"{GRAPH}/v1.0/../anna", "https://graph.recording.example/v1.0/../text%201"),
        (f"{GRAPH}:8443/v1.0/security", "https://sub1.domain1.example/path1"),
        ("https://anna@graph.microsoft.com/v1.0/security", "https://sub1.domain1.example/path1"),
        ("https://[anna/v1.0", "text 1"),
    ],
)
def test_what_the_agent_says_of_a_link_holds_for_the_one_in_its_place(link: str, found: str) -> None:
    assert scrubbed({"@odata.nextLink": link}) == {"@odata.nextLink": found}


def test_a_link_to_another_host_stays_one() -> None:
    found = scrubbed(
        {"@odata.nextLink": "https://graph.microsoft.com.attacker.example/v1.0/security/incidents?a=b"}
    )

    assert found["@odata.nextLink"] == "https://sub1.sub2.sub3.domain1.example/path1"


# What is broken


@pytest.mark.parametrize("body", [b"", b"  \r\n"])
def test_nothing_stays_nothing(body: bytes) -> None:
    assert scrubbing().body(body) == body


def test_a_page_of_a_gateway_becomes_one_that_says_nothing() -> None:
    assert scrubbing().body(b"\n<html>Anna is not allowed") == PAGE


def test_words_become_words() -> None:
    assert scrubbing().body(b"upstream anna timed out") == b"text 1"


def test_what_is_no_json_within_json_becomes_a_question_mark_there() -> None:
    assert scrubbing().body(b'{"subject": Anna, "emailCount": 3}') == b'{"subject": ?, "emailCount": 3}'


def test_a_key_that_is_there_twice_is_there_twice() -> None:
    assert scrubbing().body(b'{"verdict":"malicious","verdict":"suspicious"}') == (
        b'{"verdict":"malicious","verdict":"suspicious"}'
    )


def test_white_space_and_a_byte_order_mark_stay() -> None:
    assert scrubbing().body(b'\xef\xbb\xbf{ "emailCount" :\n3 }') == b'\xef\xbb\xbf{ "emailCount" :\n3 }'


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"subject":"\xff\xfe anna"}', b'{"subject":"text 1"}'),
        (rb'{"subject":"\ud800 anna"}', b'{"subject":"text 1"}'),
        (rb'{"subject":"\a nna"}', rb'{"subject":"\\part1"}'),
    ],
)
def test_text_that_cannot_be_read_is_replaced(body: bytes, found: bytes) -> None:
    assert scrubbing().body(body) == found


# Random JSON

KEYS = sorted({*PROPERTIES.split(), *COLUMNS.split()})
marked = st.one_of(
    st.text(max_size=12).map(lambda text: f"{MARK}{text}"),
    st.text(max_size=12).map(lambda text: f"{text}{MARK}"),
    st.sampled_from(
        [
            f"{MARK}@{MARK}.example",
            f"https://{MARK}.example/{MARK}?{MARK}",
            f"C:\\{MARK}\\{MARK}.exe",
            f'{{"{MARK}": "{MARK}", "verdict": "{MARK}"}}',
            f'["{MARK}", {{"Subject": "{MARK}"}}]',
            f'(Subject:"{MARK}" AND {MARK}:{MARK} OR "{MARK}',
            f"{MARK};Subject;{MARK}",
            f"Phish, {MARK}",
            f"#microsoft.graph.security.{MARK}",
            f"{GRAPH}/v1.0/{MARK}?{MARK}={MARK}&$filter={MARK} eq '{MARK}'&$skiptoken={MARK}",
            f"malicious {MARK}",
            f"2026-09-01T00:00:00{MARK}",
        ]
    ),
)
keys = st.one_of(
    st.sampled_from(KEYS), st.sampled_from(["@odata.nextLink", "@odata.context", "query"]), marked
)
documents = st.recursive(
    st.one_of(marked, marked.map(json.dumps), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=5)),
    max_leaves=12,
)


def shape(thing: Any) -> Any:
    """Return what is left of JSON without its texts and names."""
    match thing:
        case dict():
            return [shape(value) for value in thing.values()]
        case list():
            return [shape(value) for value in thing]
        case str():
            return "text"
        case _:
            return thing


@given(documents)
def test_nothing_marked_is_left_of_any_json_and_its_shape_is(document: Any) -> None:
    found = scrubbing().body(json.dumps({"value": document}).encode())

    assert MARK not in found.decode()
    assert shape(json.loads(found)) == shape({"value": document})


@given(documents, st.integers(min_value=0, max_value=400), st.booleans())
def test_nothing_marked_is_left_of_json_that_was_cut_off_and_it_stays_cut_off(
    document: Any, place: int, escapes: bool
) -> None:
    whole = json.dumps({"value": document}, ensure_ascii=escapes).encode("utf-8", "surrogatepass")
    cut = whole[: min(place, len(whole) - 1)]

    found = scrubbing().body(cut)

    assert MARK not in found.decode()
    if cut:
        with pytest.raises(json.JSONDecodeError):
            json.loads(found)


@given(st.binary(max_size=200))
def test_no_body_of_any_bytes_breaks_it(body: bytes) -> None:
    found = scrubbing().body(body + MARK.encode() + body)

    assert MARK.encode() not in found


@given(documents)
def test_the_same_document_is_replaced_the_same_way(document: Any) -> None:
    documents = scrubbing()
    body = json.dumps(document).encode()

    assert documents.body(body) == documents.body(body)
