"""Holds and replicas in words, the same on a terminal, in JSON and on a page."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from agent.faces.telling import remaining
from agent.faces.vitals import failings
from agent.judge.quote import moment
from agent.model.hold import Hold, Replica
from agent.model.policy import Mode

GONE = timedelta(minutes=15)
"""How long after its last sign of life a replica is taken to have ended."""


def age(at: datetime, now: datetime) -> str:
    """Return how long ago that was, such as `2h 5m ago`."""
    return "just now" if now - at < timedelta(seconds=1) else f"{remaining(now - at)} ago"


def is_gone(replica: Replica, now: datetime) -> bool:
    """Whether the replica seems to have ended."""
    return now - replica.alive > GONE


def banner(hold: Hold, now: datetime) -> str:
    """Return what is held, since when, by whom, why, and how it is ended."""
    since = f"{moment(hold.since)} ({age(hold.since, now)})"
    return (
        f"held: nothing is carried out, since {since}, by {hold.by}: {hold.reason}; {hold.ended_by} ends it"
    )


def idle(replicas: Iterable[Replica], now: datetime) -> str:
    """Return why nothing is carried out for an answer that counts, apart from holds; empty where an agent would."""
    living = [one for one in replicas if not is_gone(one, now)]
    if not living:
        return "no agent runs on this ledger now: it is taken up when one starts"
    if all(one.mode == Mode.OBSERVE for one in living):
        return "the agent only observes (`mode: observe`): it writes that down, and carries out nothing"
    return ""


def replica_words(replica: Replica, now: datetime) -> str:
    """Return how a replica stands, in one line."""
    said = [f"{replica.name}: {replica.mode or 'unknown mode'}", f"alive {age(replica.alive, now)}"]
    if is_gone(replica, now):
        return ", ".join([*said, "seems to have ended"])
    read = "never" if replica.switch_read is None else age(replica.switch_read, now)
    said.append(f"kill switch read {read}")
    if replica.version:
        said.append(f"version {replica.version}")
    return ", ".join(said)


def troubles(replica: Replica, now: datetime) -> Iterator[str]:
    """Give what keeps a replica that lives from doing its work, each in one line."""
    if is_gone(replica, now):
        return
    if replica.has_lost_its_switch:
        yield f"{replica.name} does not read the kill switch, and carries nothing out: see its log, and start it again"
    for kind, why in sorted(replica.cannot.items()):
        yield f"{replica.name} hands off {kind}: {why}"
    for words in failings(replica.passing, replica.usage, replica.expiries, now):
        yield f"{replica.name}: {words}"
