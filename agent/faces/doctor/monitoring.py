"""The check of what watches over the process: its probes, the collector of its telemetry, the dead man's switch elsewhere.

What is looked at is what the agent itself does with each: it binds the place of probes, and lets it go at once; it sends the
collector a batch with nothing in it. A dead man's switch counts any request as a sign of life, so that it is asked only where
tests are to be sent.
"""

import errno
from collections.abc import AsyncIterator
from functools import partial

import httpx

from agent.adapters.in_time import in_time
from agent.connecting import open_heart_of
from agent.faces.doctor.bedside import Bedside
from agent.faces.doctor.said import apart
from agent.faces.listening import listening_at
from agent.judge.quote import quote
from agent.model.checkup import Seen, failed, passed, warned
from agent.model.errors import AgentError, SettingsError
from agent.settings.subjects import Process
from agent.settings.telemetry import headers
from agent.settings.web import listen

PATIENCE = 10.0
"""Seconds for an answer of each."""

ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what is listened at everywhere is asked for here
OTLP = "pip install 'air-agent[otlp]'"


async def monitoring(bedside: Bedside) -> tuple[Seen, ...]:
    """See whether probes can be answered, and whether the collector and the dead man's switch take what they are sent."""
    process = bedside.settings.process()
    found = [
        *[seen async for seen in _probes(process)],
        *[seen async for seen in _collector(process)],
        *[seen async for seen in _heartbeat(process, sends=bedside.sends)],
    ]
    nothing = passed("neither `health.listen`, `telemetry.endpoint` nor `health.heartbeat` is set")
    return tuple(found) or (nothing,)


async def _probes(process: Process) -> AsyncIterator[Seen]:
    place = process.health.listen
    if place is None:
        return
    try:
        with listening_at("health.listen", place, "does another program answer there?"):
            pass
    except SettingsError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE:
            yield await _taken(place)
            return
        words, _ = apart(error, "")
        yield failed(words, _how_to_listen(cause))
        return
    yield passed(f"health.listen: {place} is free: nobody answers there yet, and `air-agent run` can")


def _how_to_listen(cause: BaseException | None) -> str:
    match getattr(cause, "errno", None):
        case errno.EADDRNOTAVAIL:
            return "health.listen: 127.0.0.1:8421, or another address of this machine"
        case errno.EACCES | errno.EPERM:
            return "health.listen: 127.0.0.1:8421, or another port from 1024 on"
        case _:
            return "health.listen: 127.0.0.1:8421"


async def _taken(place: str) -> Seen:
    """Return who answers where the agent is to: the agent itself, as a rule, since it runs while somebody looks."""
    host, port = listen(place)
    near = ANY.get(host, host)
    url = f"http://[{near}]:{port}/healthz" if ":" in near else f"http://{near}:{port}/healthz"
    who = f"`ss -ltnp 'sport = :{port}'` says who has it: stop that, or choose another port"
    try:
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as http:
            answer = await http.get(url)
            told = answer.json()
            is_well, checks = bool(told["ok"]), [one for one in told["checks"] if not one["ok"]]
            wrong = ", ".join(f"{one['name']}: {one['words']}" for one in checks)
    except (httpx.HTTPError, ValueError, TypeError, KeyError):
        return failed(f"health.listen: {place} is taken, and what has it is no air-agent", who)
    if is_well:
        return passed(f"health.listen: an agent answers at {place}, and is well")
    return failed(
        f"health.listen: an agent answers at {place}, and is not well: {quote(wrong)}",
        "see what it says at /healthz, and its log",
    )


async def _collector(process: Process) -> AsyncIterator[Seen]:
    told = process.telemetry
    if told.endpoint is None:
        return
    try:
        from agent.adapters.telemetry.collector import Unheard, try_out  # noqa: PLC0415  an extra
    except ImportError:
        yield failed("telemetry.endpoint: what sends to a collector is not installed", OTLP)
        return
    given = {} if told.headers is None else headers(told.headers.reveal())
    start = f"telemetry.endpoint: {told.endpoint}"
    lost = "until then metrics and traces are lost, and nothing else"
    try:
        status = await in_time(partial(try_out, told.endpoint, given, PATIENCE), 2 * PATIENCE)
    except (Unheard, TimeoutError) as error:
        why = str(error) or "no answer in time"
        yield warned(
            f"{start}: {why}",
            f"start the collector, or correct the address (OTLP over HTTP is port 4318 as a rule): {lost}",
        )
        return
    match status:
        case _ if 200 <= status < 300:
            yield passed(f"{start} takes metrics")
        case 401 | 403:
            yield warned(
                f"{start} answers {status}: it does not take them from us",
                f"correct `telemetry.headers_file`: {lost}",
            )
        case _:
            yield warned(
                f"{start} answers {status}: it takes no metrics at /v1/metrics",
                f"switch its receiver for OTLP over HTTP on, or correct the address: {lost}",
            )


async def _heartbeat(process: Process, *, sends: bool) -> AsyncIterator[Seen]:
    if process.health.heartbeat is None:
        return
    try:
        opening = open_heart_of(process)
    except SettingsError as error:
        words, mend = apart(error, "correct the URL in `health.heartbeat_file`")
        yield failed(words, mend)
        return
    assert opening is not None  # noqa: S101  there is a URL
    if not sends:
        yield passed("health.heartbeat: its URL may be asked; `--send` does, which counts as a sign of life")
        return
    async with opening as heart:
        try:
            await heart.beat()
        except AgentError as error:
            words, mend = apart(
                error, "correct the URL in `health.heartbeat_file`, and let this machine reach its host"
            )
            yield failed(f"health.heartbeat: {words}", mend)
        else:
            yield passed("health.heartbeat: a sign of life was taken")
