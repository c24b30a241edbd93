"""What `answer` shows before somebody answers, on a terminal."""

from datetime import timedelta

from rich.console import Console

from agent.faces.cli.output import safe
from agent.faces.questions import SHOWN, Question, Target
from agent.faces.telling import remaining
from agent.judge.quote import moment
from agent.model.enactment import Pair

LONG = 4000
"""Characters of one text; here there is room."""


def tell(out: Console, asked: Question, chosen: tuple[Pair, ...] | None) -> None:
    """Print it; what a person needs first comes first. `chosen` are the targets that they approve, None for all."""
    _say(out, asked.what, "bold")
    _say(out, f"  id {asked.id}, incident {asked.incident} {asked.incident_url or ''}".rstrip(), "dim")
    held = f" (held by the guard `{asked.guard}`)" if asked.guard else ""
    _say(out, f"asked because  {asked.why}{held}")
    _say(out, f"if approved    {asked.would}" if asked.can_be_approved else f"only a no      {asked.would}")
    _list(out, asked.targets, f"`air-agent show {asked.id} --json` lists all")
    if chosen is not None:
        _say(out, f"of it you approve only {len(chosen):,} of {len(asked.targets):,}")
        _list(out, tuple(one for one in asked.targets if one.pair in set(chosen)), "as you chose them")
    if asked.targets:
        _say(out, f"can be undone  {asked.undo}")
    left = remaining(timedelta(seconds=asked.remaining_seconds))
    until = f"{moment(asked.until)} ({left if left == 'over' else f'in {left}'})"
    _say(out, f"until          {until}", "red" if asked.remaining_seconds < 86_400 else "")
    _say(out, f"approvals      {asked.progress or f'none yet, it takes {asked.need}'}")
    for words in asked.narrowed:
        _say(out, f"               {words}")
    for words in asked.lost:
        _say(out, f"               {words}", "yellow")
    _say(out, f"who may        {', '.join(asked.approvers) or 'nobody'} (chain {asked.chain or 'none'})")
    _say(out, f"digest         {asked.digest}", "dim")


def _list(out: Console, some: tuple[Target, ...], others: str) -> None:
    """List the first of these targets, and count the others."""
    for one in some[:SHOWN]:
        does = ", ".join(kind.value for kind in one.does)
        _say(out, f"  {one.number:>4}  {does}  {'  '.join(part for part in one.pair if part)}")
    if len(some) > SHOWN:
        _say(out, f"        and {len(some) - SHOWN:,} more: {others}")


def _say(out: Console, words: str, style: str = "") -> None:
    out.print(safe(words, style, LONG), soft_wrap=True)
