"""What `record` says: to whoever ran it, and in the README of the recording to whoever gets it."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from agent.faces.cli.output import command, safe
from agent.judge.quote import counted
from agent.model.recording import Manifest

LETTER = """\
A recording of air-agent: what Microsoft Graph was asked in one pass, and what it answered.

    made        {at} by air-agent {agent}
    holds       {scope}: {held}
    is          {ending}

Every address, domain, name, subject, id, hash, path, URL and network address in it is made up. The same thing has the
same made-up name throughout; what connects the two was never written down. Kept as they are: when things happened,
how many and how large they are, words that Microsoft publishes (verdicts, states, kinds, detection technologies),
and titles of Microsoft's own alert policies. No header of a request was recorded, and so no token; the login was not
recorded either.

    manifest.json      this, for programs, and how much of what was replaced
    exchanges.jsonl    one request and its answer a line, in their order
    bodies/            the answers' bodies
    situations/        the facts of each pending action, as cases and `policy explain --facts` take them

To replay it:

    air-agent simulate --replay THIS_FOLDER

which prints the settings that an agent needs for it. Policies go by made-up names there: a list of addresses or domains
names nobody in it, and a list that a group feeds finds its group once the list names the made-up id in exchanges.jsonl.
"""


def letter(manifest: Manifest) -> str:
    """Return the README of the recording."""
    return LETTER.format(
        at=manifest.at.strftime("%Y-%m-%d %H:%M UTC"),
        agent=manifest.agent,
        scope=manifest.scope,
        held=_held(manifest),
        ending=f"not whole: {manifest.ending.words}" if manifest.ending is not None else "whole",
    )


def tell(out: Console, manifest: Manifest, place: Path, problems: Sequence[str]) -> None:
    """Print what was saved and what was replaced, and ask to look through it."""
    said = [
        f"recorded {manifest.scope}: {_held(manifest)}",
        f"saved in {place}; files of facts: {manifest.situations}",
        f"replaced by made-up ones: {_named(manifest.replaced) or 'nothing'}",
        "kept as they are: moments, counts, Microsoft's own words and the titles of its own alert policies",
        _replay(manifest),
    ]
    if manifest.too_large:
        said.append(
            f"too many messages for a file of facts, in the replay only: {', '.join(manifest.too_large)}"
        )
    said += [f"problem (not saved): {problem}" for problem in problems]
    if manifest.ending is not None:
        said.append(f"it is NOT whole: {manifest.ending.words}")
    said += [
        "look through it before you give it away: what is in it is in these files, and nowhere else",
        f"replay it: {command()} simulate --replay {shlex.quote(str(place))}",
    ]
    for line in said:
        out.print(safe(line, limit=2000), soft_wrap=True)


def _replay(manifest: Manifest) -> str:
    """Tell how many are decided in the replay as they were, by what observing policies say as well."""
    total = sum(manifest.decisions.values())
    alike = (Counter(manifest.decisions) & Counter(manifest.replayed)).total()
    if not total:
        return "replayed here: nothing was pending, in the tenant and in the replay"
    if alike == total:
        return (
            f"replayed here: {counted(total, 'pending action', 'pending actions')}, decided as in the tenant"
        )
    return (
        f"replayed here: {alike} of {counted(total, 'pending action', 'pending actions')} decided as in the tenant; "
        "policies that go by addresses, names or lists of them do not find them there"
    )


def _held(manifest: Manifest) -> str:
    actions = sum(manifest.actions.values())
    return (
        f"{counted(manifest.exchanges, 'exchange', 'exchanges')}, {counted(manifest.incidents, 'incident', 'incidents')}, "
        f"{counted(actions, 'pending action', 'pending actions')}"
    )


def _named(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
