"""Spans and lines of one action where people, guard rails and new lives come in."""

import socket
import time
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog
from msgspec.structs import replace as replace_struct
from structlog.testing import capture_logs

from agent.adapters.telemetry import collector as collector_of
from agent.adapters.telemetry import opening
from agent.adapters.telemetry.collector import TIMEOUT, Collector, Exports
from agent.loop.telling import tell_of_decision
from agent.loop.tracing import about, trace
from agent.model.decision import Lapse
from agent.model.enactment import Effect, Outcome, State, Went
from agent.model.hold import BRAKE, Hold
from agent.model.pending import LIFETIME
from agent.model.telemetry import Counted
from agent.model.trace import Phase, span_of, trace_of
from agent.ports.defender import Departing
from tests.adapters.collectors import collecting
from tests.fakes import FakeTelemetry
from tests.loop.conftest import Bench
from tests.loop.questions import a_question, reply
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident


def measured(bench: Bench, *, traces: bool = True) -> FakeTelemetry:
    telemetry = FakeTelemetry(traces=traces)
    bench.world = replace(bench.world, telemetry=telemetry)
    return telemetry


def a_cluster_waits(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(a_cluster(messages=1))))
    bench.defender.deliver(a_copy(1))


async def test_what_people_answer_is_told_once_whoever_took_the_answer(bench: Bench) -> None:
    a_question(bench)
    telemetry = measured(bench)
    await bench.run_pass()
    await reply(bench)
    await bench.run_pass()

    (answered,) = telemetry.named(Phase.ANSWERED)
    assert answered.said == {"decision": "approve", "via": "command", "number": 1}
    assert answered.key == "answered 1"
    assert answered.began == answered.ended
    assert telemetry.counted[Counted.DECISION, "policies escalate"] == 1
    assert telemetry.counted[Counted.DECISION, "people approve"] == 1
    assert telemetry.counted[Counted.POLICY, "ask-people escalate"] == 1


async def test_a_decision_that_nobody_made_in_time_is_nobodys(bench: Bench) -> None:
    a_question(bench)
    telemetry = measured(bench)
    await bench.run_pass()
    record = await bench.only()
    assert record.decision is not None
    lapse = Lapse(at=NOW, chain="secops", decide="escalate", grounds=record.decision.grounds)
    decision = replace_struct(record.decision, lapsed=lapse)

    tell_of_decision(bench.world, record, decision, (), NOW)

    assert telemetry.counted[Counted.DECISION, "nobody escalate"] == 1


async def test_what_a_guard_rail_holds_is_counted_and_told_by_its_family(bench: Bench) -> None:
    a_cluster_waits(bench)
    telemetry = measured(bench)
    bench.with_rails(mailboxes_per_action=0)

    await bench.run_pass()

    (held,) = telemetry.named(Phase.HELD)
    assert held.said == {"guard": "size"}
    assert telemetry.counted[Counted.HELD, "size"] == 1


async def test_what_is_held_right_before_its_call_is_told_too(bench: Bench) -> None:
    a_cluster_waits(bench)
    telemetry = measured(bench)
    enact, ledger = bench.enactor.enact, bench.world.ledger

    async def held_meanwhile(effect: Effect, *, name: str, departing: Departing) -> Outcome:
        await ledger.hold(Hold(name=BRAKE, since=NOW, by="the agent", reason="too many"))
        return await enact(effect, name=name, departing=departing)

    bench.enactor.enact = held_meanwhile  # type: ignore[method-assign]

    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await bench.run_pass()

    (held,) = telemetry.named(Phase.HELD)
    assert held.said == {"guard": BRAKE}
    assert telemetry.counted[Counted.HELD, BRAKE] == 1
    assert telemetry.named(Phase.CALLED) == []
    (line,) = (one for one in lines if one["event"] == "held" and "action" in one)
    assert line["trace_id"] == trace_of(line["action"], 0)


@pytest.mark.parametrize(
    ("outcome", "is_failed"),
    [
        (Outcome(went=Went.DONE, request_id="r-1", client_request_id="c-1"), False),
        (Outcome(went=Went.UNKNOWN, client_request_id="c-1"), True),
        (Outcome(went=Went.REFUSED, request_id="r-1", client_request_id="c-1"), True),
    ],
)
async def test_a_call_is_told_and_logged_with_its_ids_and_how_it_went(
    bench: Bench, outcome: Outcome, is_failed: bool
) -> None:
    a_cluster_waits(bench)
    telemetry = measured(bench)
    bench.enactor.next_outcomes = [outcome]

    with capture_logs() as lines:
        await bench.run_pass()

    (called,) = telemetry.named(Phase.CALLED)
    (settled,) = telemetry.named(Phase.SETTLED)
    (line,) = (one for one in lines if one["event"] == "call made")
    assert called.is_failed is is_failed
    assert called.said.get("request") == outcome.request_id == line["request"]
    assert called.said["client_request"] == "c-1" == line["client_request"]
    assert settled.said["went"] == outcome.went.value
    assert telemetry.counted[Counted.CALL, f"softDelete {outcome.went.value}"] == 1


async def test_the_same_thing_proposed_anew_begins_another_life_and_another_trace(bench: Bench) -> None:
    a_cluster_waits(bench)
    telemetry = measured(bench)
    bench.observing()
    await bench.run_pass()
    bench.clock.advance(LIFETIME + timedelta(hours=1))
    await bench.run_pass()
    later = bench.clock.now()
    anew = an_alert(a_cluster(messages=1, created=later), id="another", created=later, updated=later)
    bench.defender.show(an_incident(anew, id="2", updated=later))

    await bench.run_pass()

    record = await bench.only()
    seen = telemetry.named(Phase.SEEN)
    assert record.life == 1
    assert [span.life for span in seen] == [0, 1]
    assert {span.key for span in seen} == {"seen"}
    (ended,) = telemetry.named(Phase.ENDED)
    assert (ended.life, ended.said) == (0, {"state": State.EXPIRED.value})


async def test_where_nobody_wants_spans_none_is_made(bench: Bench) -> None:
    a_cluster_waits(bench)
    telemetry = measured(bench, traces=False)

    await bench.run_pass()

    assert telemetry.spans == []
    assert telemetry.counted[Counted.CALL, "softDelete done"] == 1


async def test_lines_about_an_action_bear_its_trace_and_those_after_it_do_not(bench: Bench) -> None:
    a_cluster_waits(bench)
    await bench.run_pass()
    record = await bench.only()
    log = structlog.get_logger()

    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        with about(record):
            log.info("inside")
        log.info("outside")

    assert lines[0] == {
        "event": "inside",
        "log_level": "info",
        "action": record.action.id,
        "trace_id": trace_of(record.action.id, 0),
    }
    assert lines[1] == {"event": "outside", "log_level": "info"}


async def test_what_is_not_known_is_not_said(bench: Bench) -> None:
    a_cluster_waits(bench)
    await bench.run_pass()
    telemetry = measured(bench)

    trace(bench.world, await bench.only(), Phase.LOOKED, NOW, seen="confirmed", request=None)

    (span,) = telemetry.spans
    assert span.said == {"seen": "confirmed"}
    assert (span.began, span.ended) == (NOW, NOW)


def test_ids_of_traces_and_spans_have_the_length_that_w3c_gives_them_and_differ() -> None:
    traces = {trace_of("0123456789abcdef", life) for life in range(3)} | {trace_of("0", 0)}

    assert len(traces) == 4
    assert {len(one) for one in traces} == {32}
    assert len(span_of("a" * 32, "seen")) == 16
    assert span_of("a" * 32, "seen") != span_of("b" * 32, "seen")


@pytest.mark.parametrize("trouble", ["hangs", "refuses", "is gone"])
async def test_an_agent_does_its_work_whatever_becomes_of_its_collector(
    bench: Bench, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "PATIENCE", timedelta(seconds=0.2))
    monkeypatch.setattr(collector_of, "BATCH", 1)  # every span leaves at once
    a_cluster_waits(bench)
    with collecting() as there, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        there.status = 400
        if trouble == "hangs":
            there.hangs.set()
        url = f"http://127.0.0.1:{taken.getsockname()[1]}" if trouble == "is gone" else there.url
        collector = Collector(
            endpoint=url,
            headers={},
            every=timedelta(seconds=0.05),
            traces=True,
            share=1.0,
            exports=Exports(list[str]().append),
        )
        began = time.monotonic()
        with opening.open_telemetry(version="1", replica="r", collector=collector) as telemetry:
            bench.world = replace(bench.world, telemetry=telemetry.of("contoso", bench.clock.now))
            report = await bench.run_pass()
            took = time.monotonic() - began
        ended = time.monotonic() - began - took

    assert (await bench.only()).state is State.SENT
    assert report.problems == []
    assert took < TIMEOUT
    assert ended < TIMEOUT
