"""Looking up the mail of many pending actions at once, and what else one acts on."""

from collections.abc import Collection, Sequence

from agent.judge.asked import asked, claimable
from agent.judge.gather import wanted
from agent.judge.plans.means import Problem
from agent.model.defender import Mail
from agent.model.enactment import Cover, EffectKind, Pair, Record, Went
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.pending import PendingAction
from agent.model.targets import Found
from agent.ports.world import World

FAILURES = 8
"""How many answers that cannot be read are put up with in one look-up, to find the message they hang on."""


async def look_up(world: World, records: Sequence[Record]) -> Mail:
    """Return the mail of these records; what is too much to ask for, refused or unreadable is unresolved.

    Raises:
        Unavailable: Graph is away.
    """
    limit = world.defender.resolves
    within: dict[str, None] = {}
    beyond: set[str] = set()
    for record in records:
        messages = wanted(record.action)
        if len(messages) > limit:
            beyond.update(messages)
        else:
            within.update(dict.fromkeys(messages))
    beyond -= within.keys()
    found = await look_up_messages(world, list(within))
    if not beyond:
        return found
    why = (
        f"advanced hunting is not granted, and one by one at most {limit} messages of an action are looked up"
    )
    return _joined([found, Mail(unresolved=frozenset(beyond), why=why)])


async def look_up_messages(world: World, messages: Sequence[str]) -> Mail:
    """Return where these messages are; one whose answer cannot be read does not take the others with it."""
    parts: list[Mail] = []
    waiting = [list(messages)] if messages else []
    failures = 0
    while waiting:
        some = waiting.pop()
        try:
            parts.append(await world.defender.mail(some))
        except Refused as error:
            parts.append(Mail(unresolved=frozenset(some), why=str(error)))
        except Malformed as error:
            failures += 1
            if len(some) == 1 or failures > FAILURES:
                parts.append(Mail(unresolved=frozenset(some), why=str(error)))
                continue
            half = len(some) // 2
            waiting += [some[:half], some[half:]]
    return _joined(parts)


def _joined(parts: Sequence[Mail]) -> Mail:
    if len(parts) == 1:
        return parts[0]
    return Mail(
        messages=tuple(copy for part in parts for copy in part.messages),
        unresolved=frozenset().union(*(part.unresolved for part in parts)),
        why="; ".join(dict.fromkeys(part.why for part in parts if part.why)),
    )


async def find(world: World, action: PendingAction) -> Found | Problem | None:
    """Return what the action would act on besides mail, as it is now; why not, where it cannot be read."""
    what = asked(action)
    if what is None:
        return None
    try:
        return await world.targets.find(what)
    except Unavailable as error:
        return Problem(words=f"what it acts on cannot be read now: {error}", may_pass=True)
    except (Refused, Malformed) as error:
        return Problem(words=f"what it acts on cannot be read: {error}")


async def claims(
    world: World,
    action: PendingAction,
    mail: Mail | None,
    found: Found | Problem | None,
    counted: Collection[Went] = (),
) -> dict[EffectKind, dict[Pair, Cover]]:
    """Return which of the targets that the action could have are claimed; `counted` are those that would only have been."""
    return {
        kind: dict(await world.ledger.covered(targets, kind, counted=counted))
        for kind, targets in claimable(action, mail, found).items()
    }
