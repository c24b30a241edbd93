"""Graph's JSON -> model: everything good survives its bad neighbours."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.graph.wire import alerts_page, incidents_page, moment_of, one_incident
from agent.adapters.microsoft.json import parse
from agent.model.defender import (
    OtherEvidence,
    UrlEvidence,
)
from agent.model.errors import Malformed
from tests.adapters.graphs import pack

URL = {"@odata.type": "#microsoft.graph.security.urlEvidence", "url": "https://a.example"}


def incident(**more: Any) -> dict[str, Any]:
    return {"id": "1", "lastUpdateDateTime": "2026-09-01T11:00:00.1234567Z", **more}


def with_evidence(*evidence: Any, **more: Any) -> dict[str, Any]:
    return incident(alerts=[{"id": "a", "evidence": list(evidence), **more}])


def evidence_in(body: bytes) -> tuple[Any, ...]:
    return incidents_page(body).page.incidents[0].alerts[0].evidence


@pytest.mark.parametrize(
    "tag", ["#microsoft.graph.security.urlEvidence", "microsoft.graph.security.urlEvidence"]
)
def test_an_evidence_tag_is_taken_with_and_without_its_mark(tag: str) -> None:
    (found,) = evidence_in(pack(with_evidence({**URL, "@odata.type": tag})))

    assert isinstance(found, UrlEvidence)


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("#microsoft.graph.security.quantumEvidence", "quantumEvidence"),
        ("#microsoft.graph.security.URLEVIDENCE", "URLEVIDENCE"),
        ("other", "other"),
        ("", ""),
        (7, ""),
        (None, ""),
    ],
)
def test_evidence_of_an_unknown_type_is_kept_whole(tag: Any, name: str) -> None:
    raw = {
        "@odata.type": tag,
        "verdict": "malicious",
        "remediationStatus": "pendingApproval",
        "tags": None,
        "x": [1],
    }

    found, neighbour = evidence_in(pack(with_evidence(raw, URL)))

    assert isinstance(found, OtherEvidence)
    assert (found.type_name, found.verdict, found.remediation_status) == (
        name,
        "malicious",
        "pendingApproval",
    )
    assert msgspec.json.decode(found.raw) == {"x": [1]}
    assert isinstance(neighbour, UrlEvidence)


def test_evidence_without_a_tag_is_kept_whole() -> None:
    (found,) = evidence_in(pack(with_evidence({"remediationStatus": "pendingApproval"})))

    assert isinstance(found, OtherEvidence)
    assert (found.type_name, found.remediation_status) == ("", "pendingApproval")


def test_evidence_that_does_not_fit_its_type_loses_no_neighbour() -> None:
    bad = {
        "@odata.type": "#microsoft.graph.security.mailClusterEvidence",
        "emailCount": "many",
        "verdict": "malicious",
        "remediationStatus": "pendingApproval",
        "roles": ["source", 5],
        "createdDateTime": "2026-09-01T10:00:00Z",
    }
    walked = incidents_page(pack(with_evidence(URL, bad, URL), incident(id="2")))

    first, found, last = walked.page.incidents[0].alerts[0].evidence

    assert walked.page.is_whole
    assert isinstance(found, OtherEvidence)
    assert (found.type_name, found.verdict, found.remediation_status) == (
        "mailClusterEvidence",
        "malicious",
        "pendingApproval",
    )
    assert found.roles == ("source",)
    assert found.created_date_time == datetime(2026, 9, 1, 10, tzinfo=UTC)
    assert first == last
    assert [one.id for one in walked.page.incidents] == ["1", "2"]


@pytest.mark.parametrize("bad", [5, "text", ["list"], True])
def test_evidence_that_is_no_object_is_kept_as_something(bad: Any) -> None:
    found, neighbour = evidence_in(pack(with_evidence(bad, URL)))

    assert isinstance(found, OtherEvidence)
    assert isinstance(neighbour, UrlEvidence)


def test_a_status_that_is_no_text_is_not_kept() -> None:
    (found,) = evidence_in(
        pack(with_evidence({**URL, "verdict": 3, "remediationStatus": ["pendingApproval"]}))
    )

    assert isinstance(found, OtherEvidence)
    assert (found.verdict, found.remediation_status) == (None, None)


def test_nulls_in_place_of_lists_say_nothing() -> None:
    body = pack(
        incident(
            customTags=None,
            systemTags=None,
            comments=None,
            alerts=[
                {"id": "a", "evidence": [{**URL, "roles": None, "detailedRoles": None, "tags": [None, "x"]}]}
            ],
        )
    )

    page = incidents_page(body).page

    assert page.is_whole
    (found,) = page.incidents
    assert (found.custom_tags, found.comments) == (None, ())
    (evidence,) = found.alerts[0].evidence
    assert isinstance(evidence, UrlEvidence)
    assert (evidence.roles, evidence.tags) == (None, ("x",))


@pytest.mark.parametrize("key", ["alerts", "evidence"])
def test_a_null_list_of_things_is_empty(key: str) -> None:
    record = incident(alerts=None) if key == "alerts" else incident(alerts=[{"id": "a", "evidence": None}])

    page = incidents_page(pack(record)).page

    assert page.is_whole
    assert sum(len(alert.evidence) for alert in page.incidents[0].alerts) == 0


def test_a_bad_alert_is_left_out_by_name_and_its_neighbours_stay() -> None:
    bad = {"id": "bad-1", "severity": 9, "evidence": [URL]}
    page = incidents_page(pack(incident(alerts=[{"id": "a"}, bad, {"id": "c", "evidence": [URL]}]))).page

    assert [alert.id for alert in page.incidents[0].alerts] == ["a", "c"]
    assert len(page.incidents[0].alerts[1].evidence) == 1
    assert page.unreadable
    assert page.unreadable[0].startswith("alert `bad-1` of incident `1`: ")


def test_a_bad_incident_is_left_out_by_name_and_its_neighbours_stay() -> None:
    page = incidents_page(pack(incident(), incident(id="2", status={}), 7, incident(id="3"))).page

    assert [one.id for one in page.incidents] == ["1", "3"]
    assert page.unreadable
    assert [problem.split(":")[0] for problem in page.unreadable] == [
        "incident `2`",
        "an incident that is not an object",
    ]


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (incident(alerts="none"), "the alerts of incident `1`: not a list"),
        (
            incident(alerts=[{"id": "a", "evidence": {}}]),
            "the evidence of alert `a` of incident `1`: not a list",
        ),
        (incident(alerts=[[]]), "an alert of incident `1` that is not an object"),
    ],
)
def test_wrong_shapes_are_named(record: Any, problem: str) -> None:
    page = incidents_page(pack(record)).page

    assert page.unreadable == (problem,)
    assert page.unreadable


def test_a_name_that_could_fake_a_line_is_not_repeated() -> None:
    page = incidents_page(pack({"id": "1\n\x1b[31mfine", "status": 1})).page

    assert page.unreadable[0].startswith("incident without a usable id: ")
    assert page.unreadable[0].isprintable()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-09-01T11:00:00.1234567Z", datetime(2026, 9, 1, 11, 0, 0, 123457, tzinfo=UTC)),
        ("2026-09-01T11:00:00", datetime(2026, 9, 1, 11, tzinfo=UTC)),
        ("2026-09-01T13:00:00+02:00", datetime(2026, 9, 1, 11, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.9999999Z", datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_moments_of_every_shape_are_read_aware(text: str, moment: datetime) -> None:
    page = incidents_page(
        pack(
            with_evidence({**URL, "createdDateTime": text})
            | {"lastUpdateDateTime": text, "createdDateTime": text}
        )
    ).page

    (found,) = page.incidents
    assert page.is_whole
    assert found.last_update_date_time == found.created_date_time == moment
    assert found.version == text
    assert found.alerts[0].evidence[0].created_date_time == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2016-12-31T23:59:60Z", "2026-13-01T00:00:00Z", 5])
def test_a_moment_that_is_none_spoils_its_own_record_only(text: Any) -> None:
    page = incidents_page(pack(incident(id="2", createdDateTime=text), incident())).page

    assert [one.id for one in page.incidents] == ["1"]
    assert page.unreadable[0].startswith("incident `2`: ")
    assert moment_of(text) is None


def test_an_alert_without_a_zone_and_a_comment_too_are_read_as_utc() -> None:
    body = pack(
        incident(
            comments=[{"comment": "x", "createdDateTime": "2026-09-01T09:00:00"}],
            alerts=[{"id": "a", "lastUpdateDateTime": "2026-09-01T10:00:00.5"}],
        )
    )

    (found,) = incidents_page(body).page.incidents

    assert found.comments[0].created_date_time == datetime(2026, 9, 1, 9, tzinfo=UTC)
    assert found.alerts[0].last_update_date_time == datetime(2026, 9, 1, 10, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("escaped", "read_as"),
    [
        (rb"\ud800", "\ufffd"),
        (rb"a\udc00b", "a\ufffdb"),
        (rb"\ud83d\ude00", "\U0001f600"),
        (rb"\ud800\ud83d\ude00", "\ufffd\U0001f600"),
        (rb"\\ud800 \ud800", "\\ud800 \ufffd"),
        (rb"nul\u0000nul", "nul\0nul"),
        (b"\xff", "\ufffd"),
    ],
)
def test_broken_text_is_mended_and_nothing_else_is_touched(escaped: bytes, read_as: str) -> None:
    body = b'{"value":[{"id":"1","displayName":"%s"}]}' % escaped

    (found,) = incidents_page(body).page.incidents

    assert found.display_name == read_as
    found.display_name.encode()


@given(st.text())
def test_any_text_survives(text: str) -> None:
    encodable = text.encode("utf-8", "replace").decode()

    (found,) = incidents_page(pack(incident(displayName=encodable))).page.incidents

    assert found.display_name == encodable


json_like: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["status", "alerts", "comments", "customTags", "createdDateTime", "id"]), json_like)
def test_no_shape_of_one_incident_harms_another(key: str, value: Any) -> None:
    page = incidents_page(pack(incident(id="0"), incident() | {key: value}, incident(id="2"))).page

    assert page.incidents[0].id == "0"
    assert page.incidents[-1].id == "2"
    assert len(page.incidents) == 3 or page.unreadable


def test_words_and_repeats_stay_as_they_came() -> None:
    page = incidents_page(pack(incident(severity="HIGH", status="brandNew"), incident(severity=""))).page

    assert [(one.id, one.severity, one.status) for one in page.incidents] == [
        ("1", "HIGH", "brandNew"),
        ("1", "", None),
    ]


def test_our_version_cannot_be_given_from_outside() -> None:
    (found,) = incidents_page(pack({"id": "1", "version": "fake"})).page.incidents

    assert found.version == ""


def test_a_partial_answer_is_not_whole() -> None:
    assert not incidents_page(pack(incident()), is_partial=True).page.is_whole
    assert not alerts_page(pack({"id": "a"}), is_partial=True).page.is_whole


def test_the_link_is_given_as_it_came() -> None:
    link = "https://graph.microsoft.com/v1.0/security/incidents?$skiptoken=a%2Fb"

    assert incidents_page(pack(**{"@odata.nextLink": link})).next_link == link
    assert incidents_page(pack()).next_link is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"<html>Bad gateway</html>",
        b'{"value": [',
        b"[]",
        b"null",
        b'{"value": {}}',
        b"{}",
        b'{"value": [], "@odata.nextLink": 5}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_page_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        incidents_page(body)


def test_a_mark_before_the_json_is_passed_over() -> None:
    assert parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_one_incident_with_an_unreadable_alert_is_malformed() -> None:
    with pytest.raises(Malformed, match="alert `b` of incident `1`"):
        one_incident(msgspec.json.encode(incident(alerts=[{"id": "b", "title": 5}])))


@pytest.mark.parametrize(
    ("comments", "read"),
    [
        (None, [None]),
        ([{"comment": "x", "createdDateTime": "2026-09-01T09:00:00"}], ["x"]),
        ([{"comment": "x"}, {"comment": 5}, "y", None], ["x"]),
        ("nonsense", []),
    ],
)
def test_comments_of_an_alert_never_cost_the_alert(comments: Any, read: list[str | None]) -> None:
    alert = {"id": "a", "evidence": [], "comments": comments}

    (found,) = incidents_page(pack(incident(alerts=[alert]))).page.incidents

    assert [one.comment for one in found.alerts[0].comments] == [one for one in read if one]
