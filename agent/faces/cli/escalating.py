"""`escalate test` and `escalate list`: whether a chain reaches people, and whom it has reached."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from agent.connecting import clock_of, open_channels_alone
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.looking import reading
from agent.faces.cli.options import loaded, loaded_to_look
from agent.faces.cli.output import console, lines, print_json, safe
from agent.faces.cli.person import person
from agent.faces.pages import Open, due, opened, sentence
from agent.faces.telling import remaining
from agent.faces.trials import audited, standing_hold, tried
from agent.judge.escalation.gathered import trial_notices
from agent.judge.quote import counted, moment
from agent.loop.sending import is_through_graph
from agent.model.chain import Chain
from agent.model.channel import Channel
from agent.model.errors import SettingsError
from agent.model.escalation import Delivery, Posted
from agent.ports.escalation import Pages
from agent.settings.subjects import Settings
from agent.shelves import require_loads

T = TypeVar("T")


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one test notice. `answer` is the channel's, `why` why it did not take it."""

    step: str
    channel: str
    kind: str
    urgency: str
    is_taken: bool
    answer: str
    ref: str
    why: str


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What `escalate test --json` prints. `unaudited` says why the audit does not tell of it; empty where it does."""

    chain: str
    at: datetime
    tried: tuple[Tried, ...]
    unaudited: str


def try_out(path: Path | None, name: str, *, as_json: bool) -> None:
    """Send the test, print what came of it, and end with 1 where any channel did not take it."""
    settings = loaded_to_look(path)
    found = require_loads(settings)
    chain = next((one for one in found.chains if one.name == name), None)
    if chain is None:
        known = ", ".join(f"`{one.name}`" for one in found.chains) or "none"
        raise SettingsError(f"there is no chain `{name}`: the chains beside the policies are: {known}")
    channels = {one.name: one for one in found.channels if one.name in chain.channels}
    if any(map(is_through_graph, channels.values())):
        settings = loaded(path)
    trial = asyncio.run(_try_out(settings, chain, channels))
    if as_json:
        print_json(trial)
    else:
        _tell_trial(console(), trial)
    if not all(one.is_taken for one in trial.tried):
        raise Ending(FINDINGS)


async def _try_out(settings: Settings, chain: Chain, channels: dict[str, Channel]) -> Trial:
    """Tell every step, the channels of one at the same time and the steps in their order."""
    now = clock_of(settings).now()
    notices = trial_notices(chain, now)
    through = any(map(is_through_graph, channels.values()))
    stopped = await standing_hold(settings, now) if through else None
    posted: list[Posted] = []
    async with open_channels_alone(settings, through_graph=through and stopped is None) as opened_channels:
        for step in dict.fromkeys(one.step for one in notices):
            some = [one for one in notices if one.step == step]
            posted += await asyncio.gather(
                *(tried(opened_channels, channels[one.channel], one, stopped) for one in some)
            )
    return Trial(
        chain=chain.name,
        at=now,
        tried=tuple(_tried(one, channels[one.notice.channel], chain) for one in posted),
        unaudited=await audited(settings, posted, person(), now),
    )


def _tried(posted: Posted, channel: Channel, chain: Chain) -> Tried:
    notice, is_taken = posted.notice, posted.delivery is Delivery.SENT
    return Tried(
        step=f"{notice.step} of {len(chain.steps)}" if notice.step else "last chance",
        channel=channel.name,
        kind=channel.kind.value,
        urgency=notice.urgency.value,
        is_taken=is_taken,
        answer=posted.receipt.words or ("taken" if is_taken else ""),
        ref=posted.receipt.ref,
        why=posted.why,
    )


def _tell_trial(out: Console, trial: Trial) -> None:
    table = Table(box=box.ROUNDED, show_lines=True, expand=True)
    table.add_column("step", width=11)
    table.add_column("channel", ratio=2, overflow="fold")
    table.add_column("urgency", width=7)
    table.add_column("", width=9)
    table.add_column("what it answered", ratio=5, overflow="fold")
    for one in trial.tried:
        said = [safe(part) for part in (one.answer, one.ref and f"its reference: {one.ref}", one.why) if part]
        table.add_row(
            one.step,
            lines(safe(one.channel), safe(one.kind, "dim")),
            one.urgency,
            safe("taken", "green") if one.is_taken else safe("not taken", "red"),
            lines(*said),
        )
    out.print(table)
    failed = sum(not one.is_taken for one in trial.tried)
    taken = len(trial.tried) - failed
    out.print(
        safe(f"{taken} taken, {failed} not; that a channel took it is not yet that somebody read it"),
        soft_wrap=True,
    )
    if trial.unaudited:
        out.print(safe(f"the audit does not tell of it: {trial.unaudited}", "yellow"), soft_wrap=True)


def show_list(path: Path | None, *, as_json: bool) -> None:
    """Print every page that is open, the earliest deadline first."""
    settings = loaded_to_look(path)
    now = clock_of(settings).now()
    found, waiting = reading_pages(settings, lambda pages: _open(pages, now))
    if as_json:
        print_json({"now": now, "pages": found, "waiting": waiting})
        return
    out = console()
    if not found:
        out.print("no page is open: nobody on call has to do anything")
    for one in found:
        _tell_page(out, one, now)
    if waiting:
        wait = counted(waiting, "notice waits", "notices wait")
        out.print(f"{wait} to be sent", soft_wrap=True)


def reading_pages(settings: Settings, ask: Callable[[Pages], Awaitable[T]]) -> T:
    """Return what is asked of the pages in the ledger, which may be in use by an agent. Raises LedgerError."""
    return reading(settings, lambda ledger: ask(ledger.pages))


async def _open(pages: Pages, now: datetime) -> tuple[list[Open], int]:
    found = [await opened(pages, page, now) for page in await pages.open()]
    found.sort(key=lambda one: (one.deadline is None, one.deadline or one.since, one.id))
    return found, await pages.waiting()


def _tell_page(out: Console, page: Open, now: datetime) -> None:
    out.print(safe(page.what, "bold"), soft_wrap=True)
    said = [f"page {page.id}, chain {page.chain}, since {moment(page.since)}"]
    if page.deadline is not None:
        left = remaining(page.deadline - now)
        said.append(f"deadline {moment(page.deadline)}, {left if left == 'over' else f'in {left}'}")
    if page.actions:
        first = ", ".join(one[:8] for one in page.actions[:5])
        more = f" and {len(page.actions) - 5:,} more" if len(page.actions) > 5 else ""
        said.append(f"{counted(len(page.actions), 'action', 'actions')}: {first}{more}")
    said += [sentence(one, now) for one in page.told]
    seen = page.acknowledged
    if seen is not None:
        said.append(
            f"acknowledged by {seen.by}, {moment(seen.at)}: paused until {moment(seen.until)}, and answered by nobody"
        )
    if page.is_stormy:
        said.append("held back by the storm limit: counted in a summary, told when there is room")
    if page.next_due is not None:
        said.append(f"next: {due(page.next_due, now)}")
    for one in said:
        out.print(safe(f"    {one}"), soft_wrap=True)
