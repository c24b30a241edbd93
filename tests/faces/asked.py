"""A question for people in a ledger of the simulated tenant, and the simulator's people on this machine."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec

from agent.adapters.host import SystemClock
from agent.judge.bind import offer
from agent.model.answer import Answer
from agent.model.decision import Verb
from agent.model.enactment import Effect, EffectKind, Pair, Plan, Record, State, Way
from agent.model.hold import Replica
from agent.simulator.names import APPROVER, TENANT_ID
from tests.faces.records import a_record
from tests.ledgers import open_ledger
from tests.loop.questions import CHAIN, CHANNEL, ESCALATE

COPIES: tuple[Pair, ...] = tuple((f"m-{number}", f"user{number}@contoso.example") for number in range(1, 8))
ANN = {
    "objectId": "AAAAAAAA-0000-4000-8000-000000000001",
    "name": "Ann",
    "addresses": ["ann@contoso.example"],
    "roles": [APPROVER],
}
BOB = {
    **ANN,
    "objectId": "bbbbbbbb-0000-4000-8000-000000000002",
    "name": "Bob",
    "addresses": ["bob@contoso.example"],
}
LOW = {**ANN, "objectId": "cccccccc-0000-4000-8000-000000000003", "name": "Low", "addresses": ["low@contoso.example"], "roles": ["Reader"]}  # fmt: skip


def a_question(
    *,
    targets: Sequence[Pair] = COPIES,
    way: Way = Way.REMEDIATE,
    state: State = State.ESCALATED,
    **decided: Any,
) -> Record:
    """Return an action that policies leave to people, whose week has days left."""
    now = SystemClock().now()
    seen = a_record(state, Verb.ESCALATE, reason="escalate by `ask-people`: somebody has to look", at=now)
    action = msgspec.structs.replace(
        seen.action, tenant_id=TENANT_ID, deadline=now + timedelta(days=5), first_seen=now
    )
    effects = tuple(
        Effect(
            id=f"e{at}",
            action_id=action.id,
            incident_id="1",
            kind=EffectKind.SOFT_DELETE,
            targets=(one,),
            intended_at=now,
        )
        for at, one in enumerate(targets)
    )
    planned = Plan(way=way, why=f"soft delete of {len(targets)} copies in mailboxes", effects=effects)
    plan = Plan(way=Way.ASK, why="people decide", offered=offer(action, planned, ("ask-people",)))
    assert seen.decision is not None
    decision = msgspec.structs.replace(seen.decision, policies=("ask-people",), **decided)
    return msgspec.structs.replace(seen, action=action, plan=plan, decision=decision)


def settings_of(folder: Path, url: str, *records: Record, chain: str = CHAIN, more: str = "") -> Path:
    """Write settings, policies and a ledger that holds these records; return the settings' file."""
    policies = folder / "policies"
    for name, text in (("ask", ESCALATE), ("chains/secops", chain), ("channels/console", CHANNEL)):
        file = policies / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    path = folder / "air-agent.yaml"
    path.write_text(
        f"tenant: {{id: {TENANT_ID}}}\ngraph: {{cloud: simulator, url: '{url}'}}\n"
        f"auth: {{kind: clientSecret, client_id: a1ea9e27-0000-4000-8000-00000000a9e7}}\n{more}",
        encoding="utf-8",
    )
    asyncio.run(_save(folder, records))
    return path


async def _save(folder: Path, records: Sequence[Record]) -> None:
    async with open_ledger(ledger_of(folder), TENANT_ID) as ledger:
        await ledger.save(records, now=SystemClock().now())


def ledger_of(folder: Path) -> str:
    """Return where the ledger of these settings is."""
    return f"sqlite:///{folder}/air-agent-data/ledger.db"


def found(folder: Path, action_id: str) -> tuple[Record, tuple[Answer, ...]]:
    """Return the action as it is now, and who answered what."""

    async def look() -> tuple[Record, tuple[Answer, ...]]:
        async with open_ledger(ledger_of(folder), TENANT_ID) as ledger:
            record = (await ledger.load([action_id]))[action_id]
            return record, tuple((await ledger.answers([action_id])).get(action_id, ()))

    return asyncio.run(look())


def change(folder: Path, record: Record) -> None:
    """Save the record anew, as an agent does."""

    async def save() -> None:
        async with open_ledger(ledger_of(folder), TENANT_ID) as ledger:
            newest = (await ledger.load([record.action.id]))[record.action.id]
            changed = msgspec.structs.replace(record, version=newest.version)
            await ledger.save([changed], now=SystemClock().now())

    asyncio.run(save())


def beat(folder: Path) -> None:
    """Let an agent show a sign of life."""

    async def show() -> None:
        now = SystemClock().now()
        async with open_ledger(ledger_of(folder), TENANT_ID) as ledger:
            await ledger.beat(Replica(name="agent-1", alive=now, mode="enforce"))

    asyncio.run(show())


@contextmanager
def simulated_people(*people: dict[str, Any], status: int = 200, to: str = "") -> Iterator[str]:
    """Serve what the simulator tells of its people, on this machine; give where."""
    body = json.dumps({"people": list(people)}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            if to:
                self.send_header("Location", to)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
