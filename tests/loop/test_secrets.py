"""Secrets that were planted wherever one can get in come out nowhere: audit, log, ledger, copies, exports, errors."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import structlog

from agent.adapters.microsoft.answers import Answer, Call, judge_write
from agent.adapters.shipment import Shipment
from agent.audit.key import Key
from agent.compose import _audit_key
from agent.faces.cli.auditing import Places, export, verify
from agent.faces.cli.logs import configure
from agent.loop.shipping import LAG, Shipping
from agent.model.audit import Entry, Event
from agent.model.errors import Unavailable
from agent.settings.fields import told
from agent.settings.loading import load
from agent.settings.subjects import Log, Settings
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.makers import NOW, TENANT, a_cluster, a_copy, an_alert, an_incident

CANARIES = {
    "client secret": "canary-client-secret-0123456789abcdef",
    "certificate password": "canary-certificate-password-01234567",
    "ledger password": "canary-ledger-password-0123456789abc",
    "audit key": "canary-audit-key-0123456789abcdefghi",
    "token": "eyJhbGciOiJub25lIn0.canary-token-0123456789.c2ln",
    "webhook": "canary-webhook-0123456789abcdefghijkl",
}

BODIES = [
    f"Authorization: Bearer {CANARIES['token']} was not accepted",
    f"callback https://hooks.example/services/T0/{CANARIES['webhook']} failed",
    f"client_secret={CANARIES['client secret']}&grant_type=client_credentials",
]
"""What Graph, or a proxy before it, might answer."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with settings, and every secret in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("AIR_AGENT_CLIENT_SECRET", "AIR_AGENT_AUDIT_KEY", "AIR_AGENT_CERTIFICATE_PASSWORD"):
        key = name.removeprefix("AIR_AGENT_").lower().replace("_", " ")
        monkeypatch.setenv(name, CANARIES[key])
    (tmp_path / "air-agent.yaml").write_text(
        f"tenant:\n  id: {TENANT}\nauth:\n  kind: clientSecret\n  client_id: {TENANT}\n"
        "ledger:\n  url: sqlite:///data/ledger.db\naudit:\n  file: audit.jsonl\n  anchor: anchors\n"
    )
    yield tmp_path
    structlog.reset_defaults()


def settings() -> Settings:
    import os

    return load(Path("air-agent.yaml"), os.environ)


async def night(place: Path, bench: Bench) -> None:
    """Let an agent work while Graph, the disk and a person go wrong, each with secrets in what they say."""
    found = settings()
    configure(Log(file=place / "agent.log"), bench.clock.now)
    key = _audit_key(found)
    assert key is not None
    sink = Shipment(TENANT, key, file=place / "audit.jsonl", anchors=place / "anchors", syslog="")
    async with open_ledger(found.ledger.address().reveal(), TENANT, key=key) as ledger:
        bench.world = replace(bench.world, ledger=ledger, trail=ledger.trail, sink=sink)
        await ledger.trail.tell_settings(told(found), NOW)
        await ledger.audit([Entry(event=Event.NOTE, at=NOW, actor="agent agent", detail={"key": str(key)})])
        for number, body in enumerate(BODIES):
            answer = Answer(status=400, headers=httpx.Headers(), body=_error(body))
            outcome = judge_write(Call(words="remediate mail", permission="x"), answer)
            bench.enactor.next_outcomes.append(outcome)
            first = number * 3 + 1
            cluster = a_cluster(query=f"Urls:{number}", first=first)
            alert = an_alert(cluster, id=f"a{number}", incident_id=str(number))
            bench.defender.show(an_incident(alert, id=str(number)))
            bench.defender.deliver(*(a_copy(one) for one in range(first, first + 3)))
        await bench.run_pass()
        bench.clock.advance(LAG * 2)
        await Shipping().go(replace(bench.world, sink=_Broken()))
        await Shipping().go(bench.world)
        structlog.get_logger().warning(
            "settings", settings=str(found), key=key, secret=found.auth.client_secret
        )


def everything_in(place: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}


def _error(words: str) -> bytes:
    return json.dumps({"error": {"code": "BadRequest", "message": words}}).encode()


class _Broken:
    """Cannot ship, and says why in Graph's words."""

    async def ship(self, links: object) -> None:
        answer = Answer(status=503, headers=httpx.Headers(), body=_error(BODIES[1]))
        raise Unavailable(judge_write(Call(words="ship", permission="x"), answer).detail)

    async def anchor(self, head: object, now: object) -> None:
        raise AssertionError("nothing was shipped")


async def test_secrets_come_out_nowhere(
    place: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    await night(place, bench)

    outputs = everything_in(place)
    printed = capsys.readouterr()

    names = {path.name for path in outputs}
    assert {"ledger.db", "audit.jsonl", "anchors", "agent.log"} <= names
    whole = {
        **{str(path): held for path, held in outputs.items()},
        "printed": f"{printed.out}{printed.err}".encode(),
    }
    for name, canary in CANARIES.items():
        assert [where for where, held in whole.items() if canary.encode() in held] == [], name
    assert b"***" in outputs[place / "agent.log"]
    assert any(b"BadRequest" in held for held in outputs.values())


def test_what_the_commands_print_names_no_secret(
    place: Path, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    import asyncio

    async def fill() -> None:
        found = settings()
        async with open_ledger(found.ledger.address().reveal(), TENANT, key=_audit_key(found)) as ledger:
            await ledger.trail.tell_settings(told(found), NOW)

    asyncio.run(fill())
    verify(None, Places(), as_json=True)
    export(None, place / "out.jsonl", since=None, is_personal=True)

    printed = capsys.readouterr()
    shown = printed.out + printed.err + (place / "out.jsonl").read_text()
    assert '"holds": true' in shown
    assert '"auth.client_secret":"set"' in shown
    for canary in CANARIES.values():
        assert canary not in shown


def test_a_key_in_the_settings_file_is_refused_without_repeating_it(place: Path) -> None:
    with (place / "air-agent.yaml").open("a") as file:
        file.write(f"  key: {CANARIES['audit key']}\n")

    with pytest.raises(Exception, match="is a secret and may not stand in this file") as caught:
        settings()

    assert CANARIES["audit key"] not in str(caught.value)


def test_a_key_shows_nothing_of_itself() -> None:
    assert CANARIES["audit key"] not in repr(Key(CANARIES["audit key"]))
