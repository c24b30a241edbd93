"""`once` that stands still, wherever it does, ends by itself with exit code 4, and says where everything stood."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from agent.faces.cli.failures import STUCK
from tests.judge.writing import policy_file

PATIENCE = 60.0

SETTINGS = """
tenant: {id: 72f988bf-0000-4000-8000-00000000c0de}
graph: {cloud: simulator, url: "http://127.0.0.1:9"}
auth: {kind: clientSecret, client_id: a1ea9e27-0000-4000-8000-00000000a9e7}
policies: {directory: policies}
log: {file: agent.log}
"""

CHILD = """
import asyncio, sys, time
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from msgspec.structs import replace
from agent.faces.cli import running, watching
from agent.loop import watch
from agent.model.errors import AgentError

how, path = sys.argv[1], Path(sys.argv[2])
watch.LOOK = watch.EVERY = 0.05
running.ENDING = 0.3
load = running._loaded

def quickly(path):
    found = load(path)
    health = replace(found.process.health, stuck_after=timedelta(seconds=0.3))
    return replace(found, process=replace(found.process, health=health))

running._loaded = quickly
roster = running._roster

def standing_still(*given):
    made = roster(*given)

    @asynccontextmanager
    async def open_(tenancy, share):
        match how:
            case "call":
                await asyncio.Event().wait()
            case "thread":
                await asyncio.to_thread(time.sleep, 600)
            case "loop":
                time.sleep(600)
            case "closing":
                asyncio.get_running_loop().run_in_executor(None, time.sleep, 600)
                raise AgentError("over")
        yield

    made.open = open_
    return made

running._roster = standing_still
running.once(path, as_json=False)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "p.yaml").write_bytes(policy_file())
    (tmp_path / "air-agent.yaml").write_text(SETTINGS)
    return tmp_path / "air-agent.yaml"


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("call", "it has been opening for"),
        ("thread", "it has been opening for"),
        ("loop", "the event loop has stood still for"),
        ("closing", "its work is over, and it has not ended within 0 s: something still works on a thread"),
    ],
)
async def test_a_pass_that_stands_still_ends_the_process_and_says_where(
    settings: Path, how: str, why: str
) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CHILD,
        how,
        str(settings),
        stdout=PIPE,
        stderr=PIPE,
        env={"AIR_AGENT_CLIENT_SECRET": "simulated-secret"},
    )

    _, errors = await asyncio.wait_for(child.communicate(), PATIENCE)

    last = json.loads(errors.decode().splitlines()[-1])
    assert child.returncode == STUCK
    assert last["event"] == "ends itself: it stands still"
    assert last["why"].startswith(why)
    assert {"thread MainThread"} <= last["stacks"].keys()
