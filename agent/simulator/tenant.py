"""The tenants the simulator begins with: the demo's, with everything in it that an agent must cope with, and a burst."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain

from agent.simulator import elsewhere, happenings, mailings, suspects
from agent.simulator.furnishing import furnish, place
from agent.simulator.mail import INBOX, Copy
from agent.simulator.making import URL_REMOVED, Maker
from agent.simulator.names import VIPS
from agent.simulator.nouns import Bundle
from agent.simulator.settling import rerun
from agent.simulator.shapes import Json
from agent.simulator.state import State


def seed(seed: int, now: datetime) -> State:
    """Return the demo tenant as of `now`, with more to come in its first minutes."""
    state = State(seed, now)
    furnish(state.directory, seed)
    maker = Maker(seed, now)
    mail = list(
        chain(
            mailings.clusters(maker),
            mailings.several_in_one(maker),
            mailings.overlapping(maker),
            mailings.singles(maker),
            mailings.senders(maker),
            mailings.important_people(maker),
            mailings.already_gone(maker),
            mailings.hostile(maker),
            mailings.near_and_past_deadline(maker),
        )
    )
    rest = chain(
        elsewhere.mailboxes(maker),
        elsewhere.devices_and_users(maker),
        elsewhere.unclear(maker),
        elsewhere.quiet(maker),
        elsewhere.merged(maker, winner=mail[0].incident["id"]),
    )
    for bundle in (*mail, *rest):
        state.admit(bundle, now)
    state.unheard = list(elsewhere.unheard(maker))
    _plan(state, maker, now)
    for bundle in chain(suspects.accounts(maker), suspects.settings(maker), suspects.files(maker)):
        state.admit(bundle, now)
    place(state)
    return state


def _plan(state: State, maker: Maker, now: datetime) -> None:
    """Plan what happens while somebody watches. People decide on mail that an agent is to leave to them."""
    minute = timedelta(minutes=1)
    approved = _planned_cluster(state, maker, "Approved by a person", now, size=8, to=VIPS[:1])
    rejected = _planned_cluster(state, maker, "Rejected in the portal", now, size=6, to=VIPS[1:])
    growing = _planned_cluster(state, maker, "Still growing", now, size=10)
    loser = _planned_cluster(state, maker, "Soon merged", now, size=4)
    purged = _planned_cluster(state, maker, "Soon purged", now, size=5)
    state.plan(now + 3 * minute, happenings.person_approves(approved.alerts[0]["id"], 0))
    state.plan(now + 5 * minute, happenings.person_rejects(rejected.alerts[0]["id"], 0))
    more = mailings.more_of(maker, growing.copies, 5, now)
    state.plan(now + 4 * minute, happenings.grow(growing.alerts[0]["id"], 0, more))
    state.plan(now + 6 * minute, happenings.merge(loser.incident["id"], growing.incident["id"]))
    state.plan(now + 7 * minute, happenings.zap([copy.pair for copy in purged.copies]))
    for number in range(1, 6):
        due = now + (2 * number) * minute
        arriving = mailings.one_url(maker, f"Arrived {number}", due, size=2 + 3 * number)
        state.plan(due, happenings.arrive(arriving))
    state.plan(now + timedelta(hours=2), rerun)


def _planned_cluster(
    state: State, maker: Maker, name: str, now: datetime, *, size: int, to: Sequence[str] = ()
) -> Bundle:
    bundle = mailings.one_url(maker, name, maker.ago(minutes=50), size=size, to=to)
    state.admit(bundle, now)
    return bundle


def burst(seed: int, now: datetime, *, actions: int, per_incident: int = 1, messages_each: int = 10) -> State:
    """Return a tenant with so many pending URL clusters that all came within one hour, and nothing else."""
    state = State(seed, now)
    maker = Maker(seed, now, first_incident=100_000)
    for first in range(0, actions, per_incident):
        created = maker.ago(minutes=1 + 59 * first / actions)
        evidence: list[Json] = []
        copies: list[Copy] = []
        for number in range(first, min(first + per_incident, actions)):
            url = f"https://burst-{number}.harvest.example/"
            letter = maker.letter("harvest.example", f"Burst {number}", urls=(url,))
            some = maker.copies(letter, messages_each, created - timedelta(hours=1), location=INBOX)
            evidence.append(maker.by_url(created, some, url))
            copies += some
        state.admit(maker.bundle(f"Burst {first}", URL_REMOVED, evidence, created, copies=copies), now)
    return state
