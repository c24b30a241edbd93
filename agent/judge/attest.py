"""Signs -> whether work is done, and whether it can be: what probes are told, and what a stuck tenant is.

Two questions are kept apart. Whether the process does its work is asked by whoever restarts what does not (`alive`):
it is answered with no only by what a restart may mend. A ledger or a Graph that is away is told too, and is no reason to
kill an agent, which would only begin anew what it waits for. Whether it can be counted on is asked by whoever rolls out
a new version (`ready`): only with policies, a login, a ledger that takes writes, and a first pass.

One tenant among many fails alone. It is begun anew by itself, so that the process fails only where every tenant does.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from agent.model.health import Check, Health, Mark, Signs

TICK_LATE = timedelta(seconds=30)
"""How long the event loop may stand still: it waits for nobody, and judges a hundred actions in a fraction of it."""

TASK_LATE = timedelta(minutes=1)
"""How long what goes on every two seconds may not even have tried: the lookout and the shipping."""

DONE_LATE = timedelta(minutes=2)
"""How long what they try may fail: a sign of life is written every half minute."""

READ_LATE = timedelta(minutes=30)
"""How long Defender may not have answered. It asks for patience of up to 15 minutes (`LONGEST_PARK`)."""

NAMED = 5
"""Tenants that are named where something is not so in many."""


def alive(tick: timedelta, tenants: Mapping[str, Signs], stuck_after: timedelta) -> Health:
    """Say whether the work is done, by what was done last in this process and for each tenant.

    Args:
        tick: how long ago the event loop went round.
        tenants: by their names; a name is empty where there is no other tenant.
        stuck_after: how long nothing may move.
    """
    told = {name: tuple(_work(signs, stuck_after)) for name, signs in tenants.items()}
    failed = sum(any(not one.ok and one.restart_mends for one in checks) for checks in told.values())
    turning = Check(
        name="loop", ok=tick <= TICK_LATE, words=f"it went round {ago(tick)} ago", restart_mends=True
    )
    return Health(
        ok=turning.ok and (failed == 0 or failed < len(tenants)),
        tenants=len(tenants),
        checks=(turning, *_together(told)),
    )


def ready(tenants: Mapping[str, Signs]) -> Health:
    """Say whether this process can be counted on: where at least one tenant is looked after, or there is none here."""
    told = {name: tuple(_means(signs)) for name, signs in tenants.items()}
    is_ready = not told or any(all(one.ok for one in checks) for checks in told.values())
    return Health(ok=is_ready, tenants=len(tenants), checks=tuple(_together(told)))


def trouble(tick: timedelta, tenants: Mapping[str, Signs], stuck_after: timedelta) -> str:
    """Return why the agent could not itself tell people of what is wrong, in words; empty where it could.

    Defender may be away: that is told through the channels. Of many tenants some may be in trouble at any time: it is
    the process's only where fewer than half are well.
    """
    if tick > TICK_LATE:
        return f"the event loop has stood still for {ago(tick)}"
    found = {name: _wrong(signs, stuck_after) for name, signs in tenants.items()}
    wrong = {name: words for name, words in found.items() if words}
    if 2 * len(wrong) <= len(tenants) and (len(tenants) > 1 or not wrong):
        return ""
    if len(tenants) == 1:
        return next(iter(wrong.values()))
    name, words = next(iter(wrong.items()))
    return f"{len(wrong)} of {len(tenants)} tenants are in trouble, such as {name}: {words}"


def _wrong(signs: Signs, stuck_after: timedelta) -> str:
    """Return what a tenant lacks to tell of trouble; empty where it lacks nothing."""
    if Mark.OPENED not in signs.since:
        return "it is not open"
    checks = (one for one in _work(signs, stuck_after) if one.name != "defender")
    return next((f"{one.name}: {one.words}" for one in checks if not one.ok), "")


def stuck(signs: Signs, after: timedelta, *, opens_in_time: bool = False) -> str:
    """Return why a tenant is taken for stuck, in words; empty where it is not.

    One that is still being opened may wait for what is away, for as long as it takes, unless it `opens_in_time`.
    """
    if opens_in_time and Mark.OPENED not in signs.since and Mark.TURN in signs.since:
        opening = _age(signs, Mark.TURN)
        return f"it has been opening for {ago(opening)}" if opening > after else ""
    return next((one.words for one in _moving(signs, after) if not one.ok), "")


def ago(length: timedelta) -> str:
    """Return how long ago something was, as people say it."""
    seconds = round(length.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} m" if seconds < 7200 else f"{seconds // 3600} h"


def _moving(signs: Signs, after: timedelta) -> Iterator[Check]:
    """Give what must never stand still once the tenant is open: its passes, and its lookout."""
    if Mark.OPENED not in signs.since:
        return
    moved = _age(signs, Mark.MOVED)
    is_moving = signs.is_resting or moved <= after
    last = signs.since.get(Mark.PASSED)
    ended = "the first pass is under way" if last is None else f"the last pass ended {ago(last)} ago"
    words = ended if is_moving else f"nothing has moved for {ago(moved)}, and {ended}"
    yield Check(name="passes", ok=is_moving, words=words, restart_mends=True)
    tried = _age(signs, Mark.TRIED_SWITCH)
    if tried > after:
        words = f"the lookout has not tried to read the kill switch for {ago(tried)}"
        yield Check(name="kill switch", ok=False, words=words, restart_mends=True)


def _work(signs: Signs, stuck_after: timedelta) -> Iterator[Check]:
    """Give everything that has to go on, once the tenant is open; before that nothing is late."""
    if Mark.OPENED not in signs.since:
        words = (
            f"it has been opening for {ago(_age(signs, Mark.BEGAN))}: signing in, or waiting for what is away"
        )
        yield Check(name="passes", ok=True, words=words)
        return
    yield next(_moving(signs, stuck_after))
    yield _tried("kill switch", signs, (Mark.TRIED_SWITCH, Mark.READ_SWITCH), "read", TASK_LATE)
    wrote = _age(signs, Mark.WROTE)
    yield Check(name="ledger", ok=wrote <= DONE_LATE, words=_done("written to", wrote, signs, Mark.WROTE))
    if signs.ships:
        yield _tried("audit", signs, (Mark.TRIED_AUDIT, Mark.SHIPPED), "shipped", DONE_LATE)
    read = _age(signs, Mark.READ)
    yield Check(name="defender", ok=read <= READ_LATE, words=_done("read", read, signs, Mark.READ))


def _means(signs: Signs) -> Iterator[Check]:
    """Give everything without which nothing is looked after."""
    wrote = _age(signs, Mark.WROTE)
    yield _once("login", signs, Mark.OPENED, "signed in", "not signed in yet")
    yield _once("policies", signs, Mark.LOADED, "loaded", "not loaded yet")
    is_writable = Mark.WROTE in signs.since and wrote <= DONE_LATE
    yield Check(name="ledger", ok=is_writable, words=_done("written to", wrote, signs, Mark.WROTE))
    yield _once("first pass", signs, Mark.PASSED, "made", "not made yet")


def _once(name: str, signs: Signs, mark: Mark, done: str, missing: str) -> Check:
    return Check(name=name, ok=mark in signs.since, words=done if mark in signs.since else missing)


def _tried(name: str, signs: Signs, marks: tuple[Mark, Mark], verb: str, late: timedelta) -> Check:
    """Say whether something is done; a restart mends it where it is not even tried."""
    tried, done = (_age(signs, mark) for mark in marks)
    if tried > TASK_LATE:
        words = f"nothing has tried for {ago(tried)}"
        return Check(name=name, ok=False, words=words, restart_mends=True)
    return Check(name=name, ok=done <= late, words=_done(verb, done, signs, marks[1]))


def _done(verb: str, age: timedelta, signs: Signs, mark: Mark) -> str:
    return f"{verb} {ago(age)} ago" if mark in signs.since else f"not {verb} yet"


def _age(signs: Signs, mark: Mark) -> timedelta:
    """Return how long ago it was done; what never was has been due since the tenant was open."""
    usual = signs.since.get(Mark.OPENED, signs.since.get(Mark.BEGAN, timedelta(0)))
    return signs.since.get(mark, usual)


def _together(told: Mapping[str, Sequence[Check]]) -> Iterator[Check]:
    """Give each check once for all tenants, with the names of a few in which it is not so."""
    by_name: dict[str, dict[str, Check]] = {}
    for tenant, checks in told.items():
        for one in checks:
            by_name.setdefault(one.name, {})[tenant] = one
    for name, found in by_name.items():
        failed = {tenant: one for tenant, one in found.items() if not one.ok}
        yield Check(
            name=name,
            ok=not failed,
            words=_words(found, failed),
            restart_mends=any(one.restart_mends for one in failed.values()),
            failing=len(failed),
        )


def _words(found: Mapping[str, Check], failed: Mapping[str, Check]) -> str:
    if len(found) == 1:
        return next(iter(found.values())).words
    if not failed:
        return f"fine in {len(found)} tenants"
    named = "; ".join(f"{tenant}: {one.words}" for tenant, one in list(failed.items())[:NAMED])
    more = len(failed) - NAMED
    return f"{len(failed)} of {len(found)} tenants: {named}{f'; and {more} more' if more > 0 else ''}"
