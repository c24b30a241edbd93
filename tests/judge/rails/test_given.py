"""What is kept up of what was given away: never another count than looking through all of it gives."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.guard import messages_in
from agent.judge.rails.given import DAY, Given, Others, devices_of, users_of
from agent.model.decision import Unit
from agent.model.enactment import MAIL_EFFECTS, Effect, EffectKind, Went
from agent.model.rails import Cap
from tests.judge.rails.scenes import an_effect
from tests.makers import NOW

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)

CAPS = (
    Cap(name="an hour", unit=Unit.ACTIONS, count=1, window=HOUR),
    Cap(name="mail of an hour", unit=Unit.MESSAGES, count=1, window=HOUR, kinds=MAIL_EFFECTS),
    Cap(
        name="two days",
        unit=Unit.ACTIONS,
        count=1,
        window=2 * DAY,
        kinds=frozenset({EffectKind.DISABLE_USER, EffectKind.QUARANTINE_FILE}),
    ),
)

ACTIONS = ("this", "a", "b", "c")
NAMES = ("", "anna", "Anna", "bob", "carol")
KINDS = (
    EffectKind.SOFT_DELETE,
    EffectKind.DISABLE_RULE,
    EffectKind.DISABLE_USER,
    EffectKind.REVOKE_SESSIONS,
    EffectKind.QUARANTINE_FILE,
)
AGES = (timedelta(0), HOUR - TICK, HOUR, HOUR + TICK, DAY - TICK, DAY, DAY + TICK, 2 * DAY, 2 * DAY + TICK)


@st.composite
def effects(draw: st.DrawFn) -> Effect:
    one = an_effect(
        *draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), min_size=1, max_size=3)),
        kind=draw(st.sampled_from(KINDS)),
        action=draw(st.sampled_from(ACTIONS)),
        ago=draw(st.sampled_from(AGES)),
    )
    return msgspec.structs.replace(one, went=draw(st.sampled_from(list(Went))))


def looked_through(
    all_of_it: Sequence[Effect],
    counted: frozenset[Went],
    now: datetime,
    users: frozenset[str],
    devices: frozenset[str],
) -> list[int]:
    """Count by looking through all of it."""
    some = [one for one in all_of_it if one.went not in counted or one.action_id != "this"]
    day = [one for one in some if now - one.intended_at < DAY]
    found = [len(users | set(users_of(day))), len(devices | set(devices_of(day)))]
    for cap in CAPS:
        within = [
            one
            for one in some
            if one.intended_at >= now - cap.window and (cap.kinds is None or one.kind in cap.kinds)
        ]
        found += [len({one.action_id for one in within} - {"this"}), messages_in(within)]
    return found


def told(others: Others, now: datetime, users: frozenset[str], devices: frozenset[str]) -> list[int]:
    found = [others.users(now, users), others.devices(now, devices)]
    for cap in CAPS:
        found += [others.actions(cap, now, but="this"), others.messages(cap, now)]
    return found


names = st.frozensets(st.sampled_from([name.lower() for name in NAMES]))


@given(
    st.lists(st.lists(effects(), max_size=4), max_size=5),
    st.frozensets(st.sampled_from([Went.OBSERVED, Went.SHADOW])),
    st.lists(st.sampled_from([NOW, NOW + TICK, NOW + HOUR]), min_size=1, max_size=3),
    names,
    names,
)
def test_however_it_was_given_it_counts_as_if_all_of_it_were_looked_through(
    parts: list[list[Effect]],
    counted: frozenset[Went],
    moments: list[datetime],
    users: frozenset[str],
    devices: frozenset[str],
) -> None:
    given_away = Given(parts[0] if parts else ())
    until_now = list(parts[0]) if parts else []

    for part in ([], *parts[1:]):
        given_away.give(part)
        until_now += part
        for now in moments:
            others = given_away.beside("this", counted)
            assert told(others, now, users, devices) == looked_through(
                until_now, counted, now, users, devices
            )


def test_what_is_given_later_is_added_to_a_tally_and_nothing_is_counted_anew() -> None:
    given_away = Given([an_effect(("m1", "anna"), action="a")])
    tally = given_away.tally((users_of, None), NOW)

    given_away.give([an_effect(("m2", "bob"), action="b")])

    assert given_away.tally((users_of, None), NOW) is tally
    assert tally.names == {"anna": 1, "bob": 1}


def test_at_another_moment_it_is_counted_anew() -> None:
    given_away = Given([an_effect(("m1", "anna"), action="a")])

    later = given_away.tally((users_of, None), NOW + DAY)

    assert given_away.tally((users_of, None), NOW).names == {"anna": 1}
    assert later.names == {}
