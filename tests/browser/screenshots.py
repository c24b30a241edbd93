"""The README's pictures, made the same each time: `python -m tests.browser.screenshots deploy/screenshots`.

They show the simulated tenant of the demo after an afternoon under the shipped policies, with the people on call asked.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.chain import Escalating
from agent.model.enactment import Record, State
from agent.model.policy import Mode
from agent.settings.subjects import Tenant
from agent.simulator import names, tenant
from tests.browser.browsing import NARROW, USUAL, Place, a_browser, a_place
from tests.browser.palette import with_palette
from tests.browser.scene import ask_people
from tests.fakes import FakeChannels
from tests.loop.conftest import Bench
from tests.persons import somebody
from tests.simulated import Simulated, a_simulated, noon

MOST_BYTES = 150_000

SEED = 11
APPROVER = somebody("anna", roles=(names.APPROVER, "Operator"), tenant_id=names.TENANT_ID)
DEMO = Tenant(id=names.TENANT_ID, name="Contoso")
AFTERNOON = timedelta(hours=3)
HALF_AN_HOUR = timedelta(minutes=30)


@asynccontextmanager
async def an_afternoon() -> AsyncIterator[Place]:
    """Give the pages over what the agent did in the simulated tenant since noon."""
    with TemporaryDirectory() as folder:
        start = tenant.seed(SEED, noon())
        async with a_browser() as browser, a_simulated(start, Path(folder), checked=False) as simulated:
            await _live(simulated)
            async with a_place(cast("Bench", simulated), browser, DEMO, mode=Mode.ENFORCE) as place:
                yield place


async def _live(simulated: Simulated) -> None:
    ledger = simulated.world.ledger
    assert isinstance(ledger, SqlLedger)
    simulated.world = replace(
        simulated.world,
        pages=ledger.pages,
        channels=FakeChannels(simulated.clock),
        escalating=Escalating(),
    )
    for _ in range(AFTERNOON // HALF_AN_HOUR):
        await simulated.live(HALF_AN_HOUR, every=timedelta(minutes=10))
        await ask_people(cast("Bench", simulated))


def save(to: Path, picture: bytes) -> None:
    """Write a picture, unless it would make the README slow to read.

    Raises:
        ValueError: it is too large.
    """
    if len(picture) > MOST_BYTES:
        raise ValueError(f"{to}: {len(picture):,} bytes, {MOST_BYTES:,} at most: show less on it")
    to.write_bytes(picture)


async def picture(place: Place, path: str, to: Path, **options: Any) -> None:
    """Take one picture of a page as an approver sees it."""
    window = await place.window(APPROVER, **options)
    await window.goto(path)
    save(to, with_palette(await window.screenshot()))
    await window.context.close()


def _of_an_executive(records: Mapping[str, Record]) -> Record:
    """Return an action that a policy would have approved, were no executive among its recipients."""
    return next(
        record
        for record in records.values()
        if record.state is State.ESCALATED and record.decision and "$vip" in record.decision.reason
    )


async def take(folder: Path) -> None:
    """Take the three pictures, and put them into a folder."""
    async with an_afternoon() as place:
        records = await cast("Simulated", place.bench).records()
        action = f"/actions/{_of_an_executive(records).action.id}"
        await picture(place, "/pending", folder / "pending.png", viewport=USUAL)
        await picture(place, action, folder / "action.png", viewport=USUAL, color_scheme="dark")
        await picture(
            place, action, folder / "phone.png", viewport=NARROW, has_touch=True, device_scale_factor=2
        )


if __name__ == "__main__":
    to = Path(sys.argv[1] if len(sys.argv) > 1 else "deploy/screenshots")
    to.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(to))
