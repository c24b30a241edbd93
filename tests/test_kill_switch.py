"""The kill switch thrown as a person throws it: on the real agent, in a process of its own, against the simulator."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from agent.adapters.host import SystemClock
from agent.faces.cli.demo_settings import Pace
from agent.faces.cli.stage import Stage

READS = {"token", "hunting"}
"""What is asked by POST and changes nothing."""

RATE = 20.0
"""Virtual seconds in a real one: the usual budget is twenty requests in a second then."""

ON_THE_WIRE = 2.0
"""Seconds that a call may take to arrive which had left when the switch was thrown; five are promised."""

SILENCE = 1.5
"""Seconds for which nothing may leave after that to be believed: thirty requests would have, of an agent at work."""

RESTARTED = 6.0
"""Seconds for which nothing may leave of an agent that was started again; it needs one or two to start."""

PATIENCE = 60.0
"""Seconds that a slow machine may take to get to work."""


class Watched:
    """The agent at work, and how many writes have reached Graph."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.file = folder / "ledger" / "HOLD"

    async def writes(self) -> list[str]:
        """Return the writes that Graph was given whole, as what they are and where they went.

        The switch is asked when a connection is up and before the body leaves, so that Graph may see the head of
        a request whose body never comes: it is not done, and answered to nobody.
        """
        asked = (await self.stage.ask("requests"))["requests"]
        return [
            f"{one['at']} {one['kind']} {one['path']}"
            for one in asked
            if one["method"] != "GET" and one["kind"] not in READS and 200 <= (one["status"] or 0) < 300
        ]

    async def until_it_writes(self) -> None:
        """Return when one more write has reached Graph."""
        before = await self.writes()
        async with asyncio.timeout(PATIENCE):
            while await self.writes() == before:  # noqa: ASYNC110  the simulator tells nobody by itself
                await asyncio.sleep(0.1)

    async def writes_within(self, seconds: float) -> list[str]:
        """Return the writes that reach Graph in the next seconds."""
        before = await self.writes()
        await asyncio.sleep(seconds)
        return (await self.writes())[len(before) :]

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Run a command on the agent's own settings; return how it ended and what it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "agent",
            *(*arguments, "--settings", str(self.stage.settings_file)),
            stdout=asyncio.subprocess.PIPE,
            env=self.stage._environment(),
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    def signal(self) -> None:
        """Throw the switch as `systemctl kill -s USR1` does."""
        assert self.stage._agent is not None
        os.kill(self.stage._agent.pid, signal.SIGUSR1)


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    folder = tmp_path / "stage"
    epoch = SystemClock().now()
    async with Stage(seed=7, pace=Pace(rate=RATE, epoch=epoch), dry_run=False, folder=folder) as stage:
        await stage.start_agent()
        yield Watched(stage, folder)


async def in_force(watched: Watched, throw: Callable[[], Awaitable[object]]) -> None:
    """Throw the switch while calls are leaving, and see that no more leave but the one on the wire."""
    await watched.until_it_writes()
    await throw()
    await asyncio.sleep(ON_THE_WIRE)

    assert await watched.writes_within(SILENCE) == []
    status, said = await watched.command("status")
    assert status == 1
    assert "held: nothing is carried out, since " in said


async def test_file_signal_and_command_stop_everything_within_seconds_and_a_restart_does_not_free_it(
    watched: Watched,
) -> None:
    async def make_the_file() -> None:
        watched.file.write_text("fire drill\n")

    async def send_the_signal() -> None:
        watched.signal()

    await in_force(watched, make_the_file)
    refused, said = await watched.command("release")
    watched.file.unlink()
    await in_force(watched, send_the_signal)
    await watched.stage.kill_agent()
    await watched.stage.start_agent()
    restarted = await watched.writes_within(RESTARTED)
    freed, _ = await watched.command("release", "--reason", "looked through")
    await in_force(watched, lambda: watched.command("hold", "odd verdicts"))

    assert (refused, "fire drill" in said) == (1, True)
    assert restarted == []
    assert freed == 0
