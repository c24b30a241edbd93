"""The checks of this machine: settings, policies, disk."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

from agent.adapters.in_time import in_time
from agent.adapters.ledger.opening import beside
from agent.adapters.places import is_open_to_all
from agent.faces.doctor.bedside import Bedside
from agent.judge.doctor.disk import judge_disk
from agent.judge.quote import counted
from agent.model.checkup import Room, Seen, failed, passed, warned
from agent.model.errors import PolicyError
from agent.model.policy import Mode
from agent.settings.fields import secret_files
from agent.settings.subjects import Settings

PATIENCE = 5.0
"""Seconds to wait for a file system, such as one of another machine that hangs."""

MOST_PROBLEMS = 10
"""Problems of policies that are told one by one."""


async def settings(bedside: Bedside) -> tuple[Seen, ...]:
    """See what is set, and whether other users can read its secrets. That they load is known by then."""
    return (passed(summary(bedside.settings)), *[seen async for seen in _secrets(bedside.settings)])


def summary(one: Settings) -> str:
    """Return in one line whose agent this is and how it is set."""
    name = f"{one.tenant.name}, " if one.tenant.name else ""
    return f"tenant {name}{one.tenant.id}, mode {one.mode}, cloud {one.graph.cloud}, login by {one.auth.kind}"


async def _secrets(one: Settings) -> AsyncIterator[Seen]:
    for path in _secret_files(one):
        try:
            is_open = await in_time(partial(is_open_to_all, path), PATIENCE)
        except (OSError, TimeoutError):
            continue
        if is_open:
            yield warned(
                f"{path} holds a secret, and every user of this machine can read it",
                f"chmod o= {path} (in Kubernetes: `defaultMode: 0440`)",
            )


def _secret_files(one: Settings) -> Iterator[Path]:
    yield from secret_files(one)
    yield from (path for path in (one.auth.certificate_path, one.web.certificate_key) if path is not None)


async def policies(bedside: Bedside) -> tuple[Seen, ...]:
    """See whether the policies load, and whether any of them counts."""
    folder = bedside.settings.policies.directory
    try:
        found = bedside.policies()
    except PolicyError as error:
        told = [
            failed(str(one), f"air-agent policy check {folder}") for one in error.problems[:MOST_PROBLEMS]
        ]
        more = len(error.problems) - MOST_PROBLEMS
        if more > 0:
            told.append(failed(f"and {more} more problems", f"air-agent policy check {folder}"))
        return tuple(told)
    treats = bedside.settings.policies.enforces_observers
    enforcing = sum(one.enforces_somewhere(enforces_observers=treats) for one in found.policies)
    words = (
        f"{counted(len(found.policies), 'policy', 'policies')} of revision {found.revision} load, {enforcing} enforcing; "
        f"{counted(len(found.lists), 'list', 'lists')}, {counted(len(found.chains), 'chain', 'chains')}"
    )
    if bedside.settings.mode is Mode.ENFORCE and not enforcing:
        return (
            warned(
                f"{words}: in `mode: enforce`, and every policy observes: all is left to people",
                "air-agent policy promote NAME, once `air-agent report` speaks for it",
            ),
        )
    return (passed(words),)


async def disk(bedside: Bedside) -> tuple[Seen, ...]:
    """See how much room there is where the agent writes."""
    rooms: list[Room] = []
    lost: list[Seen] = []
    for what, path in _written(bedside.settings):
        try:
            rooms.append(await in_time(partial(bedside.around.room, path, what), PATIENCE))
        except (OSError, TimeoutError) as error:
            why = getattr(error, "strerror", None) or "no answer"
            lost.append(failed(f"{path} ({what}): {why.lower()}", "check the volume, and how it is mounted"))
    if not rooms and not lost:
        return (passed("nothing is written on this machine"),)
    return (*lost, *judge_disk(rooms))


def _written(one: Settings) -> Iterator[tuple[str, Path]]:
    """Give where the agent writes, by the setting that says so."""
    place = beside(one.ledger.address().reveal(), "ledger.db")
    if place is not None:
        yield "ledger.url", place.parent
    if one.audit.file is not None:
        yield "audit.file", one.audit.file
    elif place is not None:
        yield "audit.file", place.parent
    if one.audit.anchor is not None:
        yield "audit.anchor", one.audit.anchor
    if one.log.file is not None:
        yield "log.file", one.log.file
