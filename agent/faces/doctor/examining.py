"""The checks in their order, each within its time: settings -> checks.

A check that depends on one that failed, or could not be made itself, is not made: `skipped: because X failed`. Each has a
time, and all together have one, so that a look always ends. Nothing is ever written to Graph, to the ledger or to a file;
only `sends` sends a test through each channel, and tells the audit of it.

What is here is for one tenant. Whoever looks after many calls it for each.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from time import monotonic

import msgspec

from agent.faces.doctor import ledger, machine, microsoft, monitoring, reading, telling
from agent.faces.doctor.bedside import Around, Bedside, around
from agent.model.checkup import Check, CheckName, Grade, Seen, failed, skipped
from agent.model.errors import AgentError
from agent.settings.subjects import Settings

TOTAL = 240.0
"""Seconds that all checks together may take."""

N = CheckName


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what makes it, what it depends on, and how many seconds it may take."""

    look: Callable[[Bedside], Awaitable[tuple[Seen, ...]]]
    needs: tuple[CheckName, ...] = ()
    seconds: float = 30.0
    asks_microsoft: bool = False


STEPS: Mapping[CheckName, Step] = {
    N.SETTINGS: Step(look=machine.settings),
    N.CLOCK: Step(look=microsoft.clock, seconds=40.0),
    N.NETWORK: Step(look=microsoft.network, seconds=40.0, asks_microsoft=True),
    N.SIGN_IN: Step(look=microsoft.sign_in, needs=(N.NETWORK,), seconds=70.0, asks_microsoft=True),
    N.TENANT: Step(look=microsoft.tenant, needs=(N.SIGN_IN,)),
    N.PERMISSIONS: Step(look=microsoft.permissions, needs=(N.SIGN_IN, N.TENANT), asks_microsoft=True),
    N.LICENCE: Step(look=reading.licence, needs=(N.SIGN_IN, N.TENANT), asks_microsoft=True),
    N.AUDIT_LOG: Step(look=reading.audit_log, needs=(N.SIGN_IN, N.TENANT), seconds=60.0, asks_microsoft=True),
    N.INCIDENTS: Step(look=reading.incidents, needs=(N.SIGN_IN, N.TENANT), asks_microsoft=True),
    N.HUNTING: Step(look=reading.hunting, needs=(N.SIGN_IN, N.TENANT), seconds=60.0, asks_microsoft=True),
    N.REMEDIATION: Step(look=reading.remediation, needs=(N.SIGN_IN, N.TENANT), asks_microsoft=True),
    N.POLICIES: Step(look=machine.policies),
    N.LEDGER: Step(look=ledger.ledger),
    N.DISK: Step(look=machine.disk),
    N.CHANNELS: Step(look=telling.channels, needs=(N.POLICIES,), seconds=130.0),
    N.CREDENTIALS: Step(look=telling.credentials),
    N.MONITORING: Step(look=monitoring.monitoring, seconds=60.0),
}
"""Every check, in the order in which they are made and told."""


async def examine(
    settings: Settings,
    *,
    sends: bool = False,
    by: str = "doctor",
    of_process: bool = True,
    world: Around | None = None,
    begins: Callable[[CheckName], None] = lambda _: None,
) -> AsyncIterator[Check]:
    """Give one check after the other, as each is made.

    Args:
        settings: the tenant's.
        sends: whether a test is sent through every channel.
        by: who looks, for the audit of such tests.
        of_process: whether what is the whole process's is looked at too, and not only what is the tenant's.
        world: what is asked; the real world where none is given.
        begins: is told which check begins.
    """
    ends = monotonic() + TOTAL
    made: dict[CheckName, Check] = {}
    async with AsyncExitStack() as stack:
        bedside = Bedside(
            settings=settings, around=world or around(settings), stack=stack, sends=sends, by=by
        )
        for name, step in STEPS.items():
            if name is N.MONITORING and not of_process:
                continue
            begins(name)
            began = monotonic()
            seen = _stopped(step, made, ends - began)
            if seen is None:
                seen = await _made(name, step, bedside, min(step.seconds, ends - began))
            made[name] = Check(name=name, seen=seen, seconds=monotonic() - began)
            yield made[name]


def _stopped(step: Step, made: Mapping[CheckName, Check], left: float) -> tuple[Seen, ...] | None:
    """Return why a check is not made; None where it is."""
    for name in step.needs:
        if made[name].grade is Grade.FAIL or all(one.grade is Grade.SKIPPED for one in made[name].seen):
            return (skipped(f"because {name} failed"),)
    if left <= 0:
        return (
            failed(
                f"not looked at: all checks together had {TOTAL:.0f} s",
                "mend what is slow above, and look again",
            ),
        )
    return None


async def _made(name: CheckName, step: Step, bedside: Bedside, seconds: float) -> tuple[Seen, ...]:
    """Make one check and come back whatever happens: one that fails must not keep the others from being made."""
    away = step.asks_microsoft
    try:
        async with asyncio.timeout(seconds):
            return await step.look(bedside)
    except TimeoutError:
        return (
            failed(
                f"no answer within {seconds:.0f} s",
                "look again later; mend what fails above first",
                is_away=away,
            ),
        )
    except AgentError as error:
        return (failed(str(error), "mend what is said, and look again"),)
    except Exception as error:  # noqa: BLE001  told in place of a traceback, and the next check is made
        words = f"internal error in `{name}`: {type(error).__name__}: {error}"
        return (failed(words[:300], "report this as a bug, with what is said here"),)
