"""Metrics and traces on their way out: to Prometheus, to a collector, and to one that refuses, hangs or is not there."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from msgspec.structs import replace

from agent.adapters.telemetry import collector as collector_of
from agent.adapters.telemetry import opening
from agent.adapters.telemetry.collector import TIMEOUT, Collector, Exports
from agent.adapters.telemetry.opening import OfProcess, open_telemetry
from agent.adapters.telemetry.tracing import ATTRIBUTES
from agent.model.telemetry import Counted, Reading, Timed
from agent.model.trace import Phase, Said, Span, span_of, trace_of
from tests.adapters.collectors import attributes, collecting

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
ACTION = "0123456789abcdef"


def a_span(phase: Phase = Phase.DECIDED, key: str = "", life: int = 0, **said: Said) -> Span:
    later = NOW + timedelta(seconds=2)
    return Span(action_id=ACTION, life=life, phase=phase, began=NOW, ended=later, said=said, key=key)


@contextmanager
def exporting(
    url: str, *, share: float = 1.0, traces: bool = True, said: list[str] | None = None
) -> Iterator[OfProcess]:
    collector = Collector(
        endpoint=url,
        headers={"authorization": "Bearer s3cret"},
        every=timedelta(hours=1),
        traces=traces,
        share=share,
        exports=Exports((said if said is not None else []).append),
    )
    with open_telemetry(version="1", replica="r1", collector=collector, lots=Random(1)) as telemetry:
        yield telemetry


def test_a_collector_gets_metrics_and_spans_with_its_headers_when_the_process_ends() -> None:
    with collecting() as collector, exporting(collector.url) as telemetry:
        one = telemetry.of("contoso", lambda: NOW)
        one.count(Counted.CALL, kind="softDelete", outcome="done")
        one.trace([a_span(decision="approve")])

    assert sorted(collector.paths) == ["/v1/metrics", "/v1/traces"]
    assert {one["authorization"] for one in collector.headers} == {"Bearer s3cret"}
    (resource,) = collector.traces[0].resource_spans
    named = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert (named["service.name"], named["service.version"], named["service.instance.id"]) == (
        "air-agent",
        "1",
        "r1",
    )
    (point,) = collector.series["air_agent.enactments"].sum.data_points
    assert point.as_int == 1
    assert {one.key: one.value.string_value for one in point.attributes} == {
        "tenant": "contoso",
        "kind": "softDelete",
        "outcome": "done",
    }


def test_spans_of_one_life_of_an_action_share_a_trace_whoever_tells_of_them() -> None:
    with collecting() as collector:
        for _ in range(2):
            with exporting(collector.url, traces=True) as telemetry:
                one = telemetry.of("contoso", lambda: NOW)
                one.trace([a_span(Phase.SEEN, key="seen"), a_span(Phase.DECIDED), a_span(life=1)])

    trace, another = trace_of(ACTION, 0), trace_of(ACTION, 1)
    traces = [span.trace_id.hex() for span in collector.spans]
    assert sorted(traces) == sorted([trace, trace, another] * 2)
    seen = [span for span in collector.spans if span.name == "seen"]
    assert {span.span_id.hex() for span in seen} == {span_of(trace, "seen")}
    assert all(not span.parent_span_id for span in seen)
    decided = [span for span in collector.spans if span.name == "decided" and span.trace_id.hex() == trace]
    assert {span.parent_span_id.hex() for span in decided} == {span_of(trace, "seen")}
    assert [
        (span.start_time_unix_nano, span.end_time_unix_nano - span.start_time_unix_nano) for span in decided
    ] == [(int(NOW.timestamp()) * 10**9, 2 * 10**9)] * 2


@pytest.mark.parametrize(
    ("name", "value", "leaves"),
    [
        ("policies", "malicious-url-clusters, small", True),
        ("request", "0b2d9f1c-1111-4222-8333-444455556666", True),
        ("targets", 12, True),
        ("request", "ann@contoso.example", False),
        ("request", "a\nb", False),
        ("request", "<script>", False),
        ("request", "x" * 201, False),
        ("subject", "Invoice", False),
    ],
)
def test_a_span_says_only_what_the_list_has_and_only_plain_words(
    name: str, value: Said, leaves: bool
) -> None:
    with collecting() as collector, exporting(collector.url) as telemetry:
        span = replace(a_span(), said={name: value})
        telemetry.of("contoso", lambda: NOW).trace([span])

    said = attributes(collector.spans[0])
    own = {"air_agent.tenant", "air_agent.action.id", "air_agent.action.life"}
    assert (said.keys() - own == {ATTRIBUTES[name]}) if leaves else said.keys() == own


@pytest.mark.parametrize(("share", "told"), [(1.0, 200), (0.0, 0)])
def test_all_or_no_actions_are_traced(share: float, told: int) -> None:
    with collecting() as collector, exporting(collector.url, share=share) as telemetry:
        _tell_of_many(telemetry, 200)

    assert len(collector.spans) == told


def test_every_process_traces_the_same_part_of_actions() -> None:
    found = []
    for _ in range(2):
        with collecting() as collector, exporting(collector.url, share=0.25) as telemetry:
            _tell_of_many(telemetry, 400)
        found.append(sorted(span.trace_id.hex() for span in collector.spans))

    assert found[0] == found[1]
    assert 60 < len(found[0]) < 140


def _tell_of_many(telemetry: OfProcess, count: int) -> None:
    one = telemetry.of("contoso", lambda: NOW)
    for number in range(count):
        name = f"{number:016x}"
        one.trace([Span(action_id=name, life=0, phase=Phase.DECIDED, began=NOW, ended=NOW)])


def test_without_traces_no_spans_are_wanted_and_none_is_sent() -> None:
    with collecting() as collector, exporting(collector.url, traces=False) as telemetry:
        one = telemetry.of("contoso", lambda: NOW)
        one.trace([a_span()])

        assert one.traces is False
    assert collector.paths == ["/v1/metrics"]


def test_a_collector_that_hangs_holds_up_neither_what_is_told_nor_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "PATIENCE", timedelta(seconds=0.3))
    monkeypatch.setattr(collector_of, "QUEUE", 1_500)
    with collecting() as collector:
        collector.hangs.set()
        with exporting(collector.url) as telemetry:
            one = telemetry.of("contoso", lambda: NOW)
            began = time.monotonic()
            for _ in range(5):
                one.trace([a_span() for _ in range(1_000)])
                one.count(Counted.PASS, outcome="clean")
            took = time.monotonic() - began
            collector.wait_for(1)
            ending = time.monotonic()
        ended = time.monotonic() - ending

    assert took < TIMEOUT  # more than the queue holds
    assert ended < TIMEOUT
    _until(lambda: not _still_sending())


def test_a_collector_that_refuses_is_said_once_and_counted_and_so_is_that_it_takes_again() -> None:
    said: list[str] = []
    with collecting() as collector, exporting(collector.url, said=said) as telemetry:
        collector.status = 400
        one = telemetry.of("contoso", lambda: NOW)
        for number in range(1, 3):
            one.trace([a_span() for _ in range(1_000)])  # a whole batch leaves at once
            collector.wait_for(number)
            _until(lambda number=number: _lost(telemetry) == number)
        collector.status = 200
        one.trace([a_span() for _ in range(1_000)])
        _until(lambda: len(said) == 2)

    assert said == ["the collector does not take traces", ""]


def test_a_collector_that_is_not_there_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PATIENCE", timedelta(seconds=0.3))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"  # bound, and nobody listens
        began = time.monotonic()
        with exporting(url) as telemetry:
            telemetry.of("contoso", lambda: NOW).trace([a_span()])

    assert time.monotonic() - began < TIMEOUT
    _until(lambda: not _still_sending())
    assert time.monotonic() - began < TIMEOUT


def _still_sending() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("Otel")]


def _lost(telemetry: OfProcess) -> float:
    line = 'air_agent_telemetry_exports_total{outcome="lost",signal="traces"} '
    page = telemetry.page("")[0].decode()
    return next(float(one.removeprefix(line)) for one in page.splitlines() if one.startswith(line))


def _until(is_so: object) -> None:
    assert callable(is_so)
    until = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_prometheus_gets_its_own_format_or_openmetrics() -> None:
    with open_telemetry(version="1", replica="r1") as telemetry:
        telemetry.of("contoso", lambda: NOW).time(Timed.PASS, 0.4)

        plain, kind = telemetry.page("")
        openmetrics, other = telemetry.page("application/openmetrics-text; version=1.0.0")

    assert kind.startswith("text/plain; version=0.0.4")
    assert other.startswith("application/openmetrics-text; version=1.0.0")
    assert b'air_agent_pass_duration_seconds_bucket{le="0.5",tenant="contoso"} 1.0' in plain
    assert b"# UNIT air_agent_pass_duration_seconds seconds" in openmetrics
    assert openmetrics.endswith(b"# EOF\n")


def test_a_label_that_the_table_does_not_have_makes_no_series_of_its_own() -> None:
    with open_telemetry(version="1", replica="r1") as telemetry:
        one = telemetry.of("contoso", lambda: NOW)
        for number in range(3):
            one.count(Counted.CALL, kind="softDelete", outcome="done", action=str(number))

        page = telemetry.page("")[0].decode()

    assert 'air_agent_enactments_total{kind="softDelete",outcome="done",tenant="contoso"} 3.0' in page
    assert "action=" not in page


def test_a_tenant_that_leaves_takes_its_readings_along_and_ages_grow_until_then() -> None:
    moments = [NOW + timedelta(seconds=90)]
    with open_telemetry(version="1", replica="r1") as telemetry:
        one = telemetry.of("contoso", lambda: moments[-1])
        other = telemetry.of("fabrikam", lambda: NOW)
        for each in (one, other):
            each.stand(Reading(at=NOW, mode="observe"))
        before = telemetry.page("")[0].decode()
        one.stand(None)
        after = telemetry.page("")[0].decode()

    assert 'air_agent_reading_age_seconds{tenant="contoso"} 90.0' in before
    assert 'air_agent_reading_age_seconds{tenant="fabrikam"} 0.0' in before
    assert 'air_agent_reading_age_seconds{tenant="contoso"}' not in after
    assert 'air_agent_reading_age_seconds{tenant="fabrikam"} 0.0' in after
