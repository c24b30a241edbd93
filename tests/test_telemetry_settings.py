"""Settings of metrics and traces, and what opens by them: nothing, `/metrics`, or a way to a collector."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from agent.adapters.telemetry.catalogue import table
from agent.connecting import open_telemetry_of
from agent.faces.probes.metrics import METRICS, metrics
from agent.model.errors import SettingsError
from agent.model.telemetry import Counted
from agent.settings.health import Health
from agent.settings.loading import load
from agent.settings.subjects import Process
from agent.settings.telemetry import Telemetry
from tests.adapters.collectors import collecting

TENANT = "11111111-2222-3333-4444-555555555555"
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).parent.parent


def loaded(section: str, **environ: str) -> Telemetry:
    return load(None, {"AIR_AGENT_TENANT_ID": TENANT} | environ | _flat(section)).telemetry


def refused(section: str, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        loaded(section, **environ)
    return str(caught.value).split("\n")


def _flat(section: str) -> dict[str, str]:
    pairs = (one.split("=", 1) for one in section.split())
    return {f"AIR_AGENT_TELEMETRY_{name.upper()}": value for name, value in pairs}


def test_nothing_leaves_by_itself() -> None:
    assert loaded("") == Telemetry()
    assert (Telemetry().endpoint, Telemetry().traces, Telemetry().at_risk) == (
        None,
        False,
        timedelta(hours=24),
    )


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("endpoint=collector:4318", "is not an address such as `http://127.0.0.1:4318`"),
        ("endpoint=ftp://collector", "is not an address such as `http://127.0.0.1:4318`"),
        ("endpoint=http://[collector", "is not a URL"),
        ("endpoint=https://me:pw@collector", "has a login in it: a secret belongs into `telemetry.headers`"),
        ("endpoint=https://collector/?key=1", "has something after its path, which is not sent"),
        ("endpoint=https://collector/v1/traces", "leads to one signal only: leave out `/v1/…`"),
        ("traces=true", "is missing: `telemetry.traces` needs the collector that they are sent to"),
        ("traces_share=1.5", "is not a number from 0 to 1"),
        ("headers=a=b", "is set, but `telemetry.endpoint` is not: leave one of them out"),
        ("endpoint=https://collector headers=nothing", "is not `name=value`, with commas between several"),
        ("endpoint=http://collector:4318 headers=a=b", "is not encrypted: write `https://`"),
        ("at_risk=8d", "is not from `1h` to `7d`"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_do(section: str, words: str) -> None:
    (problem,) = refused(section)

    assert words in problem


def test_no_refusal_quotes_a_secret() -> None:
    problems = refused("endpoint=https://collector headers=s3cret")

    assert "s3cret" not in " ".join(problems)


@pytest.mark.parametrize(
    "section",
    [
        "endpoint=http://collector:4318 traces=true",
        "endpoint=https://collector/otlp/ headers=authorization=s3cret",
        "endpoint=http://127.0.0.1:4318 headers=a=b,c=d",
    ],
)
def test_a_collector_is_named_by_its_address(section: str) -> None:
    assert loaded(section).endpoint


def test_where_nobody_looks_nothing_is_measured() -> None:
    with open_telemetry_of(Process(), replica="r", complain=print) as found:
        assert found is None


async def test_where_probes_are_answered_metrics_are_shown() -> None:
    process = Process(health=Health(listen="127.0.0.1:0"))
    with open_telemetry_of(process, replica="r", complain=print) as found:
        assert found is not None
        found.of("contoso", lambda: NOW).count(Counted.PASS, outcome="clean")
        transport = httpx.ASGITransport(Starlette(routes=[metrics(found)]))
        async with httpx.AsyncClient(transport=transport, base_url="http://probes") as client:
            answer = await client.get(METRICS)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"
    assert 'air_agent_passes_total{outcome="clean",tenant="contoso"} 1.0' in answer.text


def test_a_collector_gets_what_was_measured_and_its_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # this machine is never reached through a proxy
    with collecting() as collector:
        section = f"endpoint={collector.url}/ headers=authorization=Bearer,x-tenant=a"
        process = load(None, {"AIR_AGENT_TENANT_ID": TENANT} | _flat(section)).process()
        with open_telemetry_of(process, replica="r", complain=print) as found:
            assert found is not None
            found.of("contoso", lambda: NOW).count(Counted.PASS, outcome="clean")

    assert collector.paths == ["/v1/metrics"]
    assert (collector.headers[0]["authorization"], collector.headers[0]["x-tenant"]) == ("Bearer", "a")


def test_a_collector_without_its_extra_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name == "agent.adapters.telemetry.collector"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    process = Process(telemetry=Telemetry(endpoint="http://127.0.0.1:4318"))

    with pytest.raises(SettingsError, match=r"pip install 'air-agent\[otlp\]'"):
        open_telemetry_of(process, replica="r", complain=print)


def test_the_table_of_series_is_documented_as_it_is() -> None:
    found = (ROOT / "deploy" / "monitoring" / "README.md").read_text(encoding="utf-8")

    assert table() in found
