"""Shares: which replica works on which tenant, who may take it over, and when."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from types import SimpleNamespace

import pytest

from agent.adapters.ledger import shares
from agent.adapters.ledger.columns import EPOCH, MICROSECOND
from agent.adapters.ledger.shares import LEASE, SqlShares, unset
from agent.adapters.ledger.sharing import Had, Member, Party, asked_back, fair_part
from agent.model.errors import Lost, SettingsError
from tests.adapters.sharers import TENANTS, Hall, owned
from tests.postgresql import Postgres

FIRST = TENANTS[0]


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> Iterator[str]:
    """Where all of these tests are, one after the other: to make a database takes longer than any of them."""
    made = postgres.new(template="empty_ledger")
    yield made
    postgres.drop(made)


@pytest.fixture
async def hall(url: str) -> AsyncIterator[Hall]:
    async with AsyncExitStack() as stack:
        hall = Hall(url, stack)
        hall.do("DELETE FROM shares; DELETE FROM members")
        yield hall


async def two(hall: Hall) -> tuple[SqlShares, SqlShares]:
    """Let two replicas join of which the first has every tenant."""
    first, second = await hall.join("a"), await hall.join("b")
    await owned(first)
    await owned(second)
    return first, second


async def several(hall: Hall, names: str) -> list[SqlShares]:
    """Let replicas join that know of each other; nobody has any tenant."""
    joined = [await hall.join(name) for name in names]
    for one in joined:
        await owned(one)
    hall.do("DELETE FROM shares")
    return joined


# Taking and keeping


async def test_who_is_alone_takes_every_tenant(hall: Hall) -> None:
    alone = await hall.join("a")

    shares = await alone.renew(TENANTS)

    assert sorted(shares) == sorted(TENANTS)
    assert {one.token for one in shares.values()} == {1}
    assert {one.until for one in shares.values()} == {hall.seconds.now + 0.9 * LEASE}


async def test_each_takes_no_more_than_its_part_of_what_is_free(hall: Hall) -> None:
    three = await several(hall, "abc")

    parts = [await owned(one) for one in three]

    assert [len(part) for part in parts] == [2, 2, 2]
    assert sorted(tenant for part in parts for tenant in part) == sorted(TENANTS)


async def test_what_is_renewed_stays_and_keeps_its_token(hall: Hall) -> None:
    first, second = await two(hall)

    hall.pass_time(LEASE - 1)
    kept = await first.renew(TENANTS)
    hall.pass_time(LEASE - 1)

    assert await owned(second) == []
    assert {one.token for one in kept.values()} == {1}


async def test_between_two_renewals_nothing_is_written(hall: Hall) -> None:
    alone = await hall.join("a")
    await owned(alone)
    before = hall.do("SELECT until FROM shares")

    hall.pass_time(LEASE / 4 - 0.1)
    by = int((LEASE / 4 - 0.1) * 1_000_000)
    await owned(alone)
    meanwhile = hall.do(f"SELECT until + {by} FROM shares")
    hall.pass_time(0.2)
    await owned(alone)

    assert meanwhile == before
    assert hall.do("SELECT until FROM shares") != before


@pytest.mark.parametrize(("passed", "taken"), [(LEASE - 0.5, []), (LEASE + 0.1, list(TENANTS))])
async def test_a_tenant_is_taken_over_once_its_lease_has_run_out(
    hall: Hall, passed: float, taken: list[str]
) -> None:
    _, second = await two(hall)

    hall.pass_time(passed)

    shares = await second.renew(TENANTS)
    assert sorted(shares) == taken
    assert {one.token for one in shares.values()} <= {2}


async def test_who_was_away_for_longer_has_what_nobody_took_and_by_the_same_token(hall: Hall) -> None:
    alone = await hall.join("a")
    await owned(alone)

    hall.pass_time(3 * LEASE)

    assert {one.token for one in (await alone.renew(TENANTS)).values()} == {1}


async def test_who_was_away_for_longer_has_lost_what_others_took(hall: Hall) -> None:
    first, second = await two(hall)
    hall.pass_time(LEASE + 1)
    await owned(second)

    assert await owned(first) == []


async def test_what_was_let_go_is_taken_at_the_next_look(hall: Hall) -> None:
    first, second = await two(hall)

    await first.let_go([FIRST])

    assert (await second.renew(TENANTS))[FIRST].token == 2
    assert FIRST not in await owned(first)


async def test_nobody_lets_go_of_what_is_anothers(hall: Hall) -> None:
    first, second = await two(hall)

    await second.let_go(TENANTS)

    assert await owned(first) == sorted(TENANTS)


async def test_a_free_tenant_waits_for_who_has_too_few_but_not_for_ever(hall: Hall) -> None:
    first, _ = await two(hall)
    await first.let_go(TENANTS[3:])
    await owned(first)
    hall.pass_time(LEASE / 2 - 1)
    waits = await owned(first)

    hall.pass_time(1.1)

    assert waits == sorted(TENANTS[:3])
    assert await owned(first) == sorted(TENANTS)


async def test_who_can_work_on_none_is_given_no_part(hall: Hall) -> None:
    first, second = await hall.join("a"), await hall.join("b")
    await owned(second, [])

    assert await owned(first) == sorted(TENANTS)


async def test_leaving_lets_go_of_everything_at_once(hall: Hall) -> None:
    second = await hall.join("b")
    async with hall.visit("a") as first:
        await owned(first)
        await owned(second)

    assert await owned(second) == sorted(TENANTS)
    assert hall.do("SELECT replica FROM members") == [("b",)]


# Changes under way


async def test_a_change_under_way_is_waited_for_and_does_not_keep_its_owner_from_renewing(hall: Hall) -> None:
    first, second = await two(hall)
    with hall.session() as session, session.transaction():
        session.execute("SELECT 1 FROM shares WHERE tenant_id = %s FOR KEY SHARE", [FIRST])
        hall.pass_time(LEASE / 2)
        kept = await owned(first)
        hall.pass_time(LEASE + 1)

        taken = await owned(second)

    assert FIRST in kept
    assert taken == sorted(TENANTS[1:])
    assert FIRST in await owned(second)


# Names


async def test_a_name_that_another_process_has_is_refused(hall: Hall) -> None:
    first = await hall.join("a")

    async def live_on(_: float) -> None:
        hall.pass_time(LEASE / 4)
        await owned(first)

    with pytest.raises(
        SettingsError, match="`replica`: another agent that runs on this ledger is called `a`"
    ):
        await _joining(hall, "a", live_on)


async def test_a_name_is_free_once_whoever_had_it_has_long_said_nothing(hall: Hall) -> None:
    first = await hall.join("a")
    await owned(first)

    async def say_nothing(_: float) -> None:
        hall.pass_time(LEASE / 3)

    await _joining(hall, "a", say_nothing)

    with pytest.raises(SettingsError, match="is called `a` too"):
        await owned(first)


async def test_who_was_killed_is_back_at_once_with_what_it_had(hall: Hall) -> None:
    killed, other = await two(hall)
    hall.do(
        "SELECT pg_terminate_backend(backend, 5000) FROM members WHERE replica = 'a'"
    )  # its session ends with it

    back = await hall.join("a")

    shares = await back.renew(TENANTS)
    assert {one.token for one in shares.values()} == {2}
    assert len(shares) == len(TENANTS) / 2
    with pytest.raises(SettingsError):
        await owned(killed)
    assert len(await owned(other)) == len(TENANTS) / 2


async def test_who_is_long_gone_is_forgotten_when_somebody_joins(hall: Hall) -> None:
    for number in range(2):
        hall.do(
            f"INSERT INTO members SELECT 'gone {number}', '', '1', 0, 0, "
            f"extract(epoch FROM clock_timestamp()) * 1000000 - {number} * 90000000000::bigint, 0, 0"
        )

    await hall.join("a")

    assert sorted(hall.do("SELECT replica FROM members")) == [("a",), ("gone 0",)]


async def _joining(hall: Hall, name: str, pause: object) -> None:
    """Let a process of this name try to join, and do something else each time it waits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agent.adapters.ledger.shares.asyncio.sleep", pause)
        await hall.join(name)


# The fence


@pytest.mark.parametrize(("passed", "is_open"), [(0.0, True), (14.9, True), (15.1, False), (60.0, False)])
async def test_nothing_leaves_in_the_last_quarter_of_a_lease(
    hall: Hall, passed: float, is_open: bool
) -> None:
    alone = await hall.join("a")
    fence = alone.fence((await alone.renew(TENANTS))[FIRST])

    hall.seconds.now += passed

    if is_open:
        fence()
    else:
        with pytest.raises(Lost, match="nothing leaves by it any more"):
            fence()


async def test_a_fence_follows_renewals_and_is_closed_for_good_once_the_tenant_changed_hands(
    hall: Hall,
) -> None:
    first, second = await two(hall)
    share = (await first.renew(TENANTS))[FIRST]
    fence = first.fence(share)

    hall.pass_time(LEASE / 2)
    await owned(first)
    hall.pass_time(LEASE / 2)
    fence()
    hall.pass_time(LEASE + 1)
    await owned(second)
    await second.let_go(TENANTS)
    assert FIRST in await owned(first)

    with pytest.raises(Lost):
        fence()


# Evening out

MEMBER = Member(replica="a", instance="a", version="1", lease=1, grace=1, stay=1)


def mine(count: int, *, settled: int | None = None) -> list[Had]:
    settled = count if settled is None else settled
    return [Had(tenant_id=f"{one}", token=1, is_settled=one < settled) for one in range(count)]


def a_party(name: str, has: int, *, able: int = 100, is_steady: bool = True) -> Party:
    return Party(instance=name, has=has, able=able, is_steady=is_steady)


@pytest.mark.parametrize(
    ("tenants", "able", "part"),
    [
        (6, [6], 6),
        (6, [6, 6], 3),
        (7, [7, 7], 4),
        (1, [1, 1, 1], 1),
        (0, [0, 0, 0], 0),
        (5, [], 5),
        (6, [6, 6, 6], 2),
        (6, [6, 6, 2], 3),
        (6, [6, 6, 0], 3),
        (6, [3], 6),
    ],
)
def test_a_fair_part_is_rounded_up_and_who_can_do_less_counts_for_less(
    tenants: int, able: list[int], part: int
) -> None:
    assert fair_part(tenants, [a_party(str(one), 0, able=one) for one in able]) == part


async def test_what_a_replica_that_is_being_stopped_lets_go_is_taken_at_once(hall: Hall) -> None:
    stopping, *others = await several(hall, "abc")
    had = await owned(stopping)
    for one in others:
        await owned(one)

    await stopping.let_go(had)
    taken = [await owned(one) for one in others]

    assert sorted(had) == sorted(tenant for part in taken for tenant in part if tenant in had)
    assert [len(part) for part in taken] == [3, 3]


@pytest.mark.parametrize(
    ("has", "others", "moves"),
    [
        (6, [a_party("b", 0)], 3),
        (6, [a_party("b", 0, is_steady=False)], 0),
        (4, [a_party("b", 3)], 0),
        (5, [a_party("b", 2)], 1),
        (6, [a_party("b", 0), a_party("c", 0)], 4),
        (5, [a_party("b", 5), a_party("c", 0)], 1),
        (3, [a_party("b", 4)], 0),
        (6, [], 0),
    ],
)
def test_what_others_lack_is_asked_back_and_no_more(has: int, others: list[Party], moves: int) -> None:
    tenants = has + sum(one.has for one in others)

    back = asked_back(MEMBER, mine(has), tenants, [a_party("a", has), *others])

    assert len(back) == moves


def test_a_tenant_that_has_just_come_is_not_sent_on() -> None:
    back = asked_back(MEMBER, mine(6, settled=1), 6, [a_party("a", 6), a_party("b", 0)])

    assert back == ["0"]


async def test_a_newcomer_is_given_its_part_once_it_has_stayed(hall: Hall) -> None:
    first, second = await two(hall)
    for _ in range(7):
        hall.pass_time(LEASE / 2)
        await owned(second)
        back = [one.tenant_id for one in (await first.renew(TENANTS)).values() if one.is_asked_back]
    await first.let_go(back)

    assert len(back) == 3
    assert await owned(second) == sorted(back)
    assert await owned(first) == sorted(set(TENANTS) - set(back))


def test_shares_end_while_the_machine_sleeps_where_its_kernel_counts_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The database's clock has gone on, and somebody else may have the tenant on waking."""
    other = SimpleNamespace(monotonic=lambda: 1.0)
    linux = SimpleNamespace(monotonic=lambda: 1.0, CLOCK_BOOTTIME=7, clock_gettime={7: 61.0}.__getitem__)

    monkeypatch.setattr(shares, "time", linux)
    of_linux = unset()
    monkeypatch.setattr(shares, "time", other)

    assert (of_linux, unset()) == (61.0, 1.0)


# Who has it


async def test_who_has_a_tenant_is_told_to_the_others_with_since_when(hall: Hall) -> None:
    first, second = await two(hall)
    hall.pass_time(5)

    others = await second.holders(TENANTS)
    own = await first.holders(TENANTS)

    ((micros,),) = hall.do(f"SELECT since FROM shares WHERE tenant_id = '{FIRST}'")
    assert others.keys() == set(TENANTS)
    assert others[FIRST].replica == "a"
    assert others[FIRST].since == EPOCH + micros * MICROSECOND
    assert 0 < others[FIRST].frees_within <= LEASE
    assert own == {}


async def test_what_nobody_has_or_whose_lease_is_over_is_nobody_s(hall: Hall) -> None:
    first, second = await two(hall)
    await first.let_go(TENANTS[:1])
    before = await second.holders(TENANTS)

    hall.pass_time(LEASE + 1)

    assert before.keys() == set(TENANTS[1:])
    assert await second.holders(TENANTS) == {}
