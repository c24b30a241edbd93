"""`worklist`: what people have to press in Defender's portal, grouped as its Action center lets it be selected."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.text import Text

from agent.connecting import clock_of
from agent.faces.cli.looking import every, reading, show_holds
from agent.faces.cli.options import loaded_to_look
from agent.faces.cli.output import console, print_json, safe
from agent.faces.telling import action_center, remaining
from agent.judge.quote import moment
from agent.judge.worklist import Group, Item, done, worklist
from agent.model.enactment import Record
from agent.model.hold import Hold
from agent.ports.ledger import Ledger

STYLES = {"Approve": "green", "Reject": "yellow"}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What `worklist --json` prints."""

    now: datetime
    action_center: str
    groups: tuple[Group, ...]
    holds: tuple[Hold, ...]


def show_worklist(path: Path | None, *, is_done: bool, as_json: bool) -> None:
    """Print what is to be pressed, or with `is_done` what was within the last day; earliest deadline first."""
    settings = loaded_to_look(path)
    now = clock_of(settings).now()
    records, holds = reading(settings, _records_and_holds)
    groups = done(records, now) if is_done else worklist(records, now)
    tab = "history" if is_done else "pending"
    link = action_center(settings.graph.cloud, settings.tenant.id, tab)
    if as_json:
        print_json(Shown(now=now, action_center=link, groups=groups, holds=holds))
        return
    out = console()
    show_holds(out, holds, now)
    if not groups:
        out.print(
            "nobody decided anything in the portal within the last day"
            if is_done
            else "nothing is to be pressed"
        )
        return
    _head(out, groups, link, is_done=is_done)
    for group in groups:
        _group(out, group, now)


async def _records_and_holds(ledger: Ledger) -> tuple[list[Record], tuple[Hold, ...]]:
    return await every(ledger), await ledger.holds()


def _head(out: Console, groups: Sequence[Group], link: str, *, is_done: bool) -> None:
    count = sum(len(group.items) for group in groups)
    if is_done:
        out.print(f"{count} decided in the portal within the last day", soft_wrap=True)
    else:
        out.print(
            f"{count} to decide in the Action center, which selects together what is of one type:",
            soft_wrap=True,
        )
    out.print(safe(link), soft_wrap=True)


def _group(out: Console, group: Group, now: datetime) -> None:
    out.print()
    first = group.items[0]
    due = "" if first.done is not None else f", first deadline {_until(first, now)}"
    out.print(
        Text.assemble(Text(group.type, style="bold underline"), f": {len(group.items)}{due}"), soft_wrap=True
    )
    for item in group.items:
        _item(out, item, now)


def _item(out: Console, item: Item, now: datetime) -> None:
    is_open = item.done is None
    out.print(
        Text.assemble(
            Text(
                f"[ ] {item.press}" if is_open else "[x]",
                style=STYLES.get(item.press, "magenta") if is_open else "dim",
            ),
            f"  {item.id[:8]}  ",
            safe(item.what),
            Text(
                f"  by {_until(item, now)}" if item.done is None else f"  seen {moment(item.done)}",
                style="dim",
            ),
        ),
        soft_wrap=True,
    )
    _line(out, "why" if is_open else "ended", item.why if is_open else item.how_it_ended)
    if not is_open:
        return
    if item.incident_url:
        _line(out, "incident", item.incident_url)
    for url in item.alert_urls:
        _line(out, "alert", url)
    for number, command in enumerate(item.commands):
        _line(out, "or run" if not number else "", command)


def _until(item: Item, now: datetime) -> str:
    return f"{moment(item.deadline)} (in {remaining(item.deadline - now)})"


def _line(out: Console, name: str, words: str) -> None:
    out.print(Text.assemble(Text(f"    {name:<9}", style="dim"), safe(words)), soft_wrap=True)
