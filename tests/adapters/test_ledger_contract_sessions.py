"""What every ledger promises of sessions, held against SQLite and PostgreSQL."""

from datetime import timedelta

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.answer import Person
from agent.model.session import Draft, Session
from agent.ports.sessions import Sessions
from tests.adapters.records import KEY, NOW, TENANT
from tests.ledgers import open_ledger

OTHER = "99999999-2222-4333-8444-555555555555"
SECOND = timedelta(seconds=1)
DRAFT = Draft(
    action_id="a1", verb="approve", reason="\0 \u202e it's \U0001f4e7", digest="d" * 64, chosen=(2, 5)
)


@pytest.fixture
def sessions(ledger: SqlLedger) -> Sessions:
    return ledger.sessions


def a_session(name: str = "s1", **more: object) -> Session:
    person = Person(
        object_id="0b1ec700-0000-4000-8000-000000000002",
        tenant_id=TENANT,
        name="Éve \0 O'Brien",
        addresses=("eve@contoso.example",),
        roles=("SecOps.Approver", "Reader"),
    )
    usual = Session(id=name, person=person, began=NOW, signed_in=NOW, seen=NOW)
    return msgspec.structs.replace(usual, **more)


def of(session: Session, object_id: str) -> Session:
    """Return the session as somebody else's."""
    person = msgspec.structs.replace(session.person, object_id=object_id)
    return msgspec.structs.replace(session, person=person)


async def test_a_session_is_found_as_it_was_begun(sessions: Sessions) -> None:
    whole = a_session(contexts=("c1", "c2"), draft=DRAFT, signed_in=NOW - timedelta(microseconds=1))

    await sessions.begin(whole)

    assert await sessions.find("s1") == whole
    assert await sessions.find("s2") is None
    assert await sessions.find("") is None


async def test_what_becomes_of_a_session_is_kept(sessions: Sessions) -> None:
    await sessions.begin(a_session("s1", draft=DRAFT))
    await sessions.begin(a_session("s2"))
    later = a_session("s1", contexts=("c1",))

    await sessions.keep(later)

    assert await sessions.find("s1") == later
    assert await sessions.find("s2") == a_session("s2")


async def test_a_session_that_was_ended_is_not_begun_again_by_a_request_under_way(sessions: Sessions) -> None:
    await sessions.begin(a_session())
    await sessions.end("s1")

    await sessions.keep(a_session(contexts=("c1",)))
    await sessions.touch("s1", NOW + SECOND)

    assert await sessions.find("s1") is None


async def test_using_a_session_and_writing_it_do_not_undo_each_other(sessions: Sessions) -> None:
    """Two requests of one page: one that writes a draft, and one that began before it and notes the use."""
    await sessions.begin(a_session())

    await sessions.touch("s1", NOW + SECOND)
    await sessions.keep(a_session(draft=DRAFT))
    await sessions.touch("s1", NOW + 2 * SECOND)

    assert await sessions.find("s1") == a_session(draft=DRAFT, seen=NOW + 2 * SECOND)
    assert await sessions.expire(NOW + 2 * SECOND, NOW) == 0


async def test_ending_forgets_one_session_and_nothing_where_there_is_none(sessions: Sessions) -> None:
    await sessions.begin(a_session("s1"))
    await sessions.begin(a_session("s2"))

    await sessions.end("s1")
    await sessions.end("s1")

    assert await sessions.find("s1") is None
    assert await sessions.find("s2") is not None


async def test_ending_all_forgets_those_of_one_person(sessions: Sessions) -> None:
    another = of(a_session("s3"), "0b1ec700-0000-4000-8000-000000000003")
    for one in (a_session("s1"), a_session("s2"), another):
        await sessions.begin(one)

    ended = await sessions.end_all(a_session().person.object_id)

    assert ended == 2
    assert [await sessions.find(one) for one in ("s1", "s2", "s3")] == [None, None, another]
    assert await sessions.end_all(a_session().person.object_id) == 0


@pytest.mark.parametrize(
    ("seen", "began", "is_kept"),
    [
        (NOW, NOW, True),
        (NOW + SECOND, NOW + SECOND, True),
        (NOW - timedelta(microseconds=1), NOW, False),
        (NOW, NOW - timedelta(microseconds=1), False),
    ],
)
async def test_what_was_used_or_begun_before_a_moment_is_forgotten(
    sessions: Sessions, seen: object, began: object, is_kept: bool
) -> None:
    await sessions.begin(a_session("s1", seen=seen, began=began))
    await sessions.begin(a_session("s2"))

    expired = await sessions.expire(NOW, NOW)

    assert expired == (0 if is_kept else 1)
    assert (await sessions.find("s1") is not None) is is_kept
    assert await sessions.find("s2") is not None


async def test_one_tenants_sessions_are_not_the_others(url: str) -> None:
    async with (
        open_ledger(url, TENANT, key=KEY) as ours,
        open_ledger(url, OTHER, key=KEY) as theirs,
    ):
        await ours.sessions.begin(a_session())

        assert await theirs.sessions.find("s1") is None
        await theirs.sessions.keep(a_session(contexts=("c1",)))
        await theirs.sessions.touch("s1", NOW + SECOND)
        await theirs.sessions.end("s1")
        assert await theirs.sessions.end_all(a_session().person.object_id) == 0
        assert await theirs.sessions.expire(NOW + SECOND, NOW + SECOND) == 0
        assert await ours.sessions.find("s1") == a_session()
        await theirs.sessions.begin(a_session(contexts=("c1",)))
        assert await ours.sessions.find("s1") == a_session()


async def test_two_processes_share_them(url: str) -> None:
    async with (
        open_ledger(url, TENANT, key=KEY) as one,
        open_ledger(url, TENANT, key=KEY, replica="b") as another,
    ):
        await one.sessions.begin(a_session())
        await another.sessions.keep(a_session(draft=DRAFT))

        assert await one.sessions.find("s1") == a_session(draft=DRAFT)
