"""Kill a process with SIGKILL at every statement of one save, and say each time what a new process finds.

Run as `python -m tests.adapters.dying URL`. Each line it prints is JSON: what was killed, and what was found
afterwards. The process forks before it has threads; the child that dies never gets to clean up.
"""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import event, make_url
from sqlalchemy.engine import Engine

from agent.adapters.ledger.opening import open_ledger
from agent.model.decision import Verb
from agent.model.enactment import State, Went
from tests.adapters.records import KEY, NOW, TENANT, a_decided_record, a_decision, an_action, an_effect, saved

FIRST = a_decided_record()
KILLED = "killed"


def main(url: str) -> None:
    """Prepare the ledger, then kill at the first statement, the second, and so on, until a save survives."""
    in_child(partial(prepare, url))
    number = 1
    while in_child(partial(change, url, number)) == KILLED:
        in_child(partial(look, url, number))
        number += 1
    in_child(partial(look, url, 0))


async def prepare(url: str) -> None:
    """Save what must be there at the end of every death."""
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.save([FIRST], effects=[an_effect(FIRST, 0), an_effect(FIRST, 1)], now=NOW)


async def change(url: str, number: int) -> None:
    """Make a change of everything at once, and die before its statement of this number, or at its commit."""
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        decided = a_decision(an_action(), Verb.REJECT, at=NOW)
        after = msgspec.structs.replace(saved(FIRST), state=State.REJECTED, decision=decided)
        new = a_decided_record("cluster-2")
        die_at_statement(number)
        await ledger.save(
            [after, new],
            effects=[an_effect(new, 1)],
            dropped=[an_effect(FIRST, 1).id],
            versions={"1": "a"},
            now=NOW,
        )


def die_at_statement(number: int) -> None:
    """Let this process be killed after its statement of this number from now on, or before its commit."""
    left = number

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "after_cursor_execute", count)
    event.listen(Engine, "commit", count)


async def look(url: str, number: int) -> None:
    """Print what a new process finds."""
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        loaded = await ledger.load([FIRST.action.id])
        covered = await ledger.covered(an_effect(FIRST, 1).targets)
        found = {
            "killed_at": number,
            "records": len(await ledger.listed()),
            "state": loaded[FIRST.action.id].state,
            "decisions": len(await ledger.decisions()),
            "claimed_by": [cover.effect_id for cover in covered.values()],
            "dropped": [e.went for e in await ledger.effects(FIRST.action.id)].count(Went.DROPPED),
            "versions": len(await ledger.versions(["1"])),
            "integrity": integrity(url),
        }
    print(json.dumps(found), flush=True)


def integrity(url: str) -> str:
    """Return `ok` where SQLite finds nothing wrong with its file."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return "ok"
    connection = sqlite3.connect(str(parsed.database))
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def in_child(work: Callable[[], Coroutine[Any, Any, None]]) -> str:
    """Run the work in a process of its own, and return how that ended."""
    child = os.fork()
    if child == 0:
        asyncio.run(work())
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return KILLED
    if status != 0:
        sys.exit("the child failed")
    return "done"


if __name__ == "__main__":
    main(sys.argv[1])
