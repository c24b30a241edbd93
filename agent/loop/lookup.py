"""Looking up the mail of many pending actions at once."""

from collections.abc import Sequence

from agent.judge.gather import wanted
from agent.model.defender import Mail
from agent.model.enactment import Record
from agent.model.errors import Malformed, Refused
from agent.ports import World

FAILURES = 8
"""How many answers that cannot be read are put up with in one look-up, to find the message they hang on."""


async def look_up(world: World, records: Sequence[Record]) -> Mail:
    """Return the mail of these records; what is too much to ask for, refused or unreadable is unresolved.

    Raises:
        Unavailable: Graph is away.
    """
    limit = world.defender.resolves
    asked: dict[str, None] = {}
    beyond: set[str] = set()
    for record in records:
        messages = wanted(record.action)
        if len(messages) > limit:
            beyond.update(messages)
        else:
            asked.update(dict.fromkeys(messages))
    beyond -= asked.keys()
    found = await look_up_messages(world, list(asked))
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
