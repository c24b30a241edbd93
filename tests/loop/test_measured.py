"""An agent that is measured: every series that is documented and no other, one trace for each action, lines that join them.

It lives twice, as two processes over one ledger, in front of a simulated tenant: the second goes on with what the first
has left.
"""

import asyncio
import json
import logging
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from msgspec.structs import replace as replace_struct
from prometheus_client.parser import text_string_to_metric_families

from agent.adapters.microsoft.proofs import ClientSecret
from agent.adapters.telemetry.catalogue import SERIES
from agent.adapters.telemetry.collector import Collector, Exports
from agent.adapters.telemetry.happening import PROCESS
from agent.adapters.telemetry.opening import OfProcess, open_telemetry
from agent.adapters.telemetry.series import TENANT, Unit
from agent.audit.key import Key
from agent.faces.cli.logs import configure
from agent.loop import metering
from agent.loop import run as loop
from agent.loop.report import PassReport
from agent.model.decision import Unit as Counting
from agent.model.enactment import Record
from agent.model.errors import Refused
from agent.model.pace import Pace
from agent.model.rails import Cap
from agent.model.trace import Phase, span_of, trace_of
from agent.settings.subjects import Log
from agent.simulator import names, tenant
from agent.simulator.app import build
from tests.adapters.collectors import TestCollector, attributes, collecting
from tests.clock import ManualClock
from tests.fakes import FakeChannels, FakeShelf
from tests.loop.conftest import APPROVE
from tests.loop.on_call import files
from tests.metadata import in_process
from tests.simulated import LOOSE, Login, noon, open_world

CONTOSO = "Contoso"
HOUR = timedelta(hours=1)
SECRET = ClientSecret(
    what="the agent's client secret", client_id=names.CLIENT_ID, hint=names.CLIENT_SECRET[:3]
)
TIGHT = replace_struct(
    LOOSE, caps=(Cap(name="actions_per_hour", unit=Counting.ACTIONS, count=1, window=HOUR),)
)


@dataclass
class Lived:
    """What was seen of it from outside."""

    page: str
    spans: Sequence[Any]
    raw: Sequence[bytes]
    lines: Sequence[Mapping[str, Any]]
    records: Mapping[str, Record]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    folder = tmp_path_factory.mktemp("measured")
    every, metering.EVERY = metering.EVERY, 0.05
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        with collecting() as collector:
            yield asyncio.run(_live(folder, collector))
    finally:
        metering.EVERY = every
        for handler in root.handlers:
            if handler not in handlers:
                handler.close()
        root.handlers[:], root.level = handlers, level
        structlog.reset_defaults()


async def _live(folder: Path, collector: TestCollector) -> Lived:
    clock = ManualClock(noon())
    app = build(tenant.burst(3, noon(), actions=8, per_incident=2, messages_each=3), None, None, clock)
    log = folder / "agent.log"
    configure(Log(file=log), clock.now)
    page = ""
    records: dict[str, Record] = {}
    for replica, is_over in (("one", _is_sent), ("two", _is_whole)):
        with ExitStack() as stack:
            telemetry = stack.enter_context(_measured(collector.url, replica))
            seen = await _one_life(app, clock, folder, telemetry, replica, is_over, records)
            page = seen or page
    lines = [json.loads(line) for line in log.read_text(encoding="ascii").splitlines()]
    return Lived(page, collector.spans, collector.raw, lines, records)


def _measured(url: str, replica: str) -> Any:
    collector = Collector(
        endpoint=url,
        headers={},
        every=HOUR,
        traces=True,
        share=1.0,
        exports=Exports(list[str]().append),
    )
    return open_telemetry(version="test", replica=replica, collector=collector)


async def _one_life(
    app: Any,
    clock: ManualClock,
    folder: Path,
    telemetry: OfProcess,
    replica: str,
    is_over: Callable[[str, int], bool],
    records: dict[str, Record],
) -> str:
    """Run one process until it is over; return what `/metrics` showed then. The second one sees the weeks end, too."""
    shown, passes, stop, channels = "", 0, asyncio.Event(), FakeChannels(clock)

    def on_pass(_report: PassReport) -> None:
        nonlocal shown, passes
        passes += 1
        if shown:  # the weeks of all that waited have ended since
            stop.set()
            return
        clock.advance(HOUR / 3)
        page = telemetry.page("")[0].decode()
        if replica == "two" and channels.told:
            channels.errors["teams"] = Refused("the address is gone")
        if not is_over(page, passes):
            return
        shown = page
        if replica == "two":
            clock.advance(8 * 24 * HOUR)
        else:
            stop.set()

    async with open_world(
        f"sqlite:///{folder / 'data' / 'ledger.db'}",
        clock,
        login=lambda: Login(app, clock),
        transport=in_process(app, sound=False),
        shelf=FakeShelf(**files(approve=APPROVE.replace("clusters.", f"clusters, as agent {replica} does."))),
        pace=Pace(requests_per_minute=600),
        rails=TIGHT,
        requests_per_minute=600,
        replica=replica,
        audit=(Key("k" * 32), folder / "audit.jsonl"),
        telemetry=telemetry.of(CONTOSO, clock.now),
        proofs=(SECRET,),
    ) as opened:
        world = replace(opened, channels=channels, tenant_name=CONTOSO)
        await asyncio.wait_for(loop.run(world, stop=stop, on_pass=on_pass), 60)
        records |= {one.action.id: one for one in await world.ledger.listed(limit=10_000)}
    return shown


def _is_sent(_page: str, passes: int) -> bool:
    return passes == 2


def _is_whole(page: str, passes: int) -> bool:
    return passes >= 45 or (passes >= 8 and not _missing(page))


def _shown(page: str) -> dict[str, str]:
    """Return the help of every series, by its whole name."""
    found = {}
    for family in text_string_to_metric_families(page):
        suffix = "_total" if family.type == "counter" else ""
        found[f"{family.name}{suffix}"] = family.documentation
    return found


def _missing(page: str) -> set[str]:
    return {one.prometheus for one in SERIES} - _shown(page).keys()


def test_the_series_are_exactly_those_of_the_table_each_with_its_words(lived: Lived) -> None:
    shown = _shown(lived.page)

    assert shown.keys() == {one.prometheus for one in SERIES} | PROCESS.keys()
    assert {one.prometheus: one.words for one in SERIES}.items() <= shown.items()


def test_every_series_has_its_type_unit_and_labels_and_no_others(lived: Lived) -> None:
    by_name = {one.prometheus.removesuffix("_total"): one for one in SERIES}

    for family in text_string_to_metric_families(lived.page):
        one = by_name.get(family.name)
        if one is None:
            assert family.name in {name.removesuffix("_total") for name in PROCESS}
            continue
        assert family.type == one.kind.value
        assert family.name.endswith("_seconds") is (one.unit is Unit.SECONDS)
        expected = set(one.labels) if one.is_of_process else {TENANT, *one.labels}
        for sample in family.samples:
            assert sample.labels.keys() - {"le"} == expected, sample
            assert sample.labels.get(TENANT, CONTOSO) == CONTOSO
            assert "" not in sample.labels.values(), sample


def test_no_sample_comes_twice(lived: Lived) -> None:
    """Prometheus would take nothing at all then."""
    samples = [
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in text_string_to_metric_families(lived.page)
        for sample in family.samples
    ]

    assert len(set(samples)) == len(samples) > 100


def test_prometheus_finds_nothing_to_say_against_names_and_words(lived: Lived) -> None:
    promtool = shutil.which("promtool")
    assert promtool is not None, "promtool is missing: apt-get install prometheus"

    done = subprocess.run(
        [promtool, "check", "metrics"], input=lived.page, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_label_is_an_action_an_address_or_long(lived: Lived) -> None:
    for family in text_string_to_metric_families(lived.page):
        for sample in family.samples:
            for value in sample.labels.values():
                assert value not in lived.records
                assert "@" not in value
                assert len(value) <= 60


def test_what_was_done_adds_up(lived: Lived) -> None:
    found: dict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(lived.page):
        for sample in family.samples:
            found[sample.name] += sample.value

    assert 0 < found["air_agent_actions"] <= len(lived.records)
    assert found["air_agent_info"] == 1
    assert found["air_agent_policies"] == 1
    assert found["air_agent_alarms"] == 1
    assert found["air_agent_enactment_duration_seconds_count"] == found["air_agent_enactments_total"] > 0


def test_one_trace_follows_an_action_from_the_page_to_its_confirmation_through_two_processes(
    lived: Lived,
) -> None:
    confirmed = [span for span in lived.spans if span.name == "confirmed"]
    assert confirmed
    replicas: set[str] = set()
    for last in confirmed:
        trace = [span for span in lived.spans if span.trace_id == last.trace_id]
        found = {span.name: span for span in sorted(trace, key=lambda one: one.start_time_unix_nano)}
        action_id = attributes(last)["air_agent.action.id"]
        assert last.trace_id.hex() == trace_of(action_id, 0)
        assert {"seen", "gathered", "decided", "planned", "called", "settled", "noted"} <= found.keys()
        starts = [found[name].start_time_unix_nano for name in ("seen", "decided", "called", "confirmed")]
        assert starts == sorted(starts)
        assert found["seen"].span_id.hex() == span_of(trace_of(action_id, 0), "seen")
        assert {span.parent_span_id for span in trace} == {b"", found["seen"].span_id}
        replicas.add(attributes(found["called"])["air_agent.replica"])
    assert "one" in replicas  # what the first process has sent, the second one has seen to have worked


def test_a_call_is_told_with_the_ids_that_microsoft_finds_it_by(lived: Lived) -> None:
    calls = [attributes(span) for span in lived.spans if span.name == "called"]

    assert calls
    for said in calls:
        assert said["air_agent.call.kind"]
        assert len(said["air_agent.graph.client_request_id"]) == 36
        assert said["air_agent.graph.request_id"]


def test_what_waits_for_people_is_told_in_its_trace(lived: Lived) -> None:
    by_name = {name: [s for s in lived.spans if s.name == name] for name in ("escalated", "told", "held")}

    assert {attributes(one)["air_agent.chain"] for one in by_name["escalated"]} == {"secops"}
    assert {attributes(one)["air_agent.channel"] for one in by_name["told"]} <= {
        "teams",
        "pager",
        "lead",
        "mail",
    }
    assert "actions_per_hour" in {attributes(one)["air_agent.guard"] for one in by_name["held"]}


def test_no_span_names_anybody_or_quotes_mail(lived: Lived) -> None:
    sent = b"".join(lived.raw)
    secret = {names.CLIENT_SECRET}
    for record in lived.records.values():
        action = record.action
        secret |= {action.label, action.incident.display_name or "", record.why}
        secret |= {sighting.title or "" for sighting in action.sightings}
        secret |= {part for part in action.label.replace(",", " ").split() if "@" in part}
    secret -= {""}

    assert len(secret) > 12
    assert [one for one in secret if one.encode() in sent] == []
    assert b"@" not in b"".join(
        value.encode()
        for span in lived.spans
        for value in attributes(span).values()
        if isinstance(value, str)
    )


def test_every_line_names_the_tenant_and_those_of_an_action_its_trace(lived: Lived) -> None:
    assert len(lived.lines) > 30
    for line in lived.lines:
        assert line["tenant"] == CONTOSO, line
        if "action" in line:
            record = lived.records[line["action"]]
            assert line["trace_id"] == trace_of(record.action.id, record.life), line
    of_actions = {line["event"] for line in lived.lines if "action" in line}
    assert {"decided", "call made", "sent"} <= of_actions


def test_lines_and_spans_join_and_a_call_has_the_same_ids_in_both(lived: Lived) -> None:
    lines = {line["client_request"]: line for line in lived.lines if line["event"] == "call made"}

    calls = [span for span in lived.spans if span.name == "called"]

    assert len(calls) == len(lines)
    for span in calls:
        said = attributes(span)
        line = lines[said["air_agent.graph.client_request_id"]]
        assert line["trace_id"] == span.trace_id.hex()
        assert line["request"] == said["air_agent.graph.request_id"]
        assert line["action"] == said["air_agent.action.id"]


def test_every_phase_but_peoples_own_is_told(lived: Lived) -> None:
    assert {span.name for span in lived.spans} == {one.value for one in Phase} - {"answered", "looked"}
