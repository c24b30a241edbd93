"""What the shipped audit tells of the time after a backup: what goes on from it, what does not, and what was done."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from agent.audit import chain
from agent.audit.gap import Broken, Chains, Entered, Told
from agent.audit.restores import Restores, restored
from agent.model.audit import Event, Link
from tests.audit.chains import KEY, NOW, TENANT, Books, an_entry, later


def backed_up(books: Books, upto: int, replica: str = "a") -> Chains:
    """Return chains of which a backup has the first entries."""
    chains = Chains(KEY, TENANT)
    for link in books.chains[replica][:upto]:
        chains.know(replica, link.mac)
    return chains


def lines(*links: Link, tenant: str = TENANT) -> list[tuple[str, Link]]:
    return [(tenant, link) for link in links]


def told_of(entries: Sequence[Entered]) -> Told:
    told = Told()
    for entry in entries:
        told.add(entry)
    return told


def some(count: int, *, first: str = "note 1") -> Books:
    books = Books()
    books.tell(an_entry(what=first), *(an_entry(number=number) for number in range(2, count + 1)))
    return books


def test_entries_after_the_backup_go_on_from_it_and_those_before_are_known() -> None:
    books = some(5)
    chains = backed_up(books, 3)

    found = list(chains.read(lines(*books.chains["a"])))

    assert [(entry.link.number, entry.is_next) for entry in found] == [(4, True), (5, True)]
    assert (chains.reached, chains.missing, chains.forked) == ({"a": 5}, {}, set())
    assert chains.last("a") == (5, books.chains["a"][4].mac)


def test_what_was_shipped_twice_and_what_is_of_another_tenant_is_passed_over() -> None:
    books = some(4)
    chains = backed_up(books, 3)
    last = books.chains["a"][3]

    found = [*chains.read(lines(last, tenant="another")), *chains.read(lines(last, last))]

    assert [entry.link.number for entry in found] == [4]


def test_a_chain_that_began_after_the_backup_is_read_from_its_beginning() -> None:
    books = some(2)
    chains = Chains(KEY, TENANT)

    found = list(chains.read(lines(*books.chains["a"])))

    assert [entry.is_next for entry in found] == [True, True]
    assert chains.last("a") == (2, books.chains["a"][1].mac)
    assert chains.last("b") is None


def test_a_gap_in_the_files_is_told_by_the_first_entry_that_is_missing() -> None:
    books = some(6)
    chains = backed_up(books, 3)

    found = list(chains.read(lines(*books.chains["a"][4:])))

    assert found == []
    assert chains.missing == {"a": 4}
    assert chains.reached == {}


def test_another_ledger_that_was_begun_with_the_key_is_a_fork_and_counts_all_the_same() -> None:
    books, others = some(3), some(3, first="another beginning")
    chains = backed_up(books, 3)

    found = list(chains.read(lines(*books.chains["a"], *others.chains["a"], *others.chains["a"])))

    assert [(entry.link.number, entry.is_next) for entry in found] == [(1, False), (2, False), (3, False)]
    assert chains.forked == {"a"}
    assert chains.last("a") == (3, books.chains["a"][2].mac)


def test_a_fork_that_is_longer_than_the_chain_does_not_become_the_chain() -> None:
    books, others = some(2), some(4, first="another beginning")
    chains = backed_up(books, 2)

    found = list(chains.read(lines(*others.chains["a"])))

    assert [entry.is_next for entry in found] == [False] * 4
    assert chains.last("a") == (2, books.chains["a"][1].mac)


@pytest.mark.parametrize("number", [4, 2])
def test_a_line_that_was_changed_is_named(number: int) -> None:
    books = some(4)
    chains = backed_up(books, 3)
    changed = replace(books.chains["a"][number - 1], body=b'{"other":1}', mac=b"x" * 32)

    with pytest.raises(Broken, match=f"entry {number} of `a` was changed"):
        list(chains.read(lines(changed)))


@pytest.mark.parametrize("changes", [{"number": 0}, {"number": 2**63}, {"mac": b"short"}])
def test_a_line_that_can_be_none_is_named(changes: dict[str, object]) -> None:
    (link,) = some(1).chains["a"]

    with pytest.raises(Broken, match="cannot be one"):
        list(Chains(KEY, TENANT).read(lines(replace(link, **changes))))


def entered(event: Event, *, minute: int = 0, action: str | None = "action", **detail: object) -> Entered:
    books = Books()
    books.tell(an_entry(event, at=later(minute), action=action, **detail))  # type: ignore[arg-type]
    (link,) = books.chains["a"]
    return Entered(link=link, body=chain.read_body(link.body), is_next=True)


MARKS = "0123456789" + "abcdefabcd"
INTENT = entered(Event.INTENT, effect="e", kind="softDelete", targets=2, marks=MARKS)
CALL = entered(Event.CALL, minute=1, effect="e", kind="softDelete", targets=2, attempt=1)


def test_an_effect_that_was_sent_is_told_with_the_marks_of_its_targets() -> None:
    done = entered(Event.OUTCOME, minute=2, effect="e", went="done", bulk_id="b", request_id="r")

    told = told_of([INTENT, CALL, done])

    (effect,) = told.effects.values()
    assert (effect.kind, effect.marks) == ("softDelete", ("0123456789", "abcdefabcd"))
    assert (effect.went, effect.attempts, effect.sent_at, effect.settled_at) == (
        "done",
        1,
        later(1),
        later(2),
    )
    assert (effect.sent_by, effect.bulk_id, effect.request_id, effect.action_id) == ("a", "b", "r", "action")
    assert effect.has_left
    assert (told.entries, told.calls, told.until) == (3, 1, later(2))


@pytest.mark.parametrize(
    ("entries", "has_left"),
    [
        ([INTENT], False),
        ([INTENT, CALL], True),
        ([INTENT, CALL, entered(Event.OUTCOME, effect="e", went="unknown")], True),
        ([INTENT, CALL, entered(Event.OUTCOME, effect="e", went="refused")], True),
        ([INTENT, CALL, entered(Event.OUTCOME, effect="e", went="intended")], False),
        ([INTENT, CALL, entered(Event.OUTCOME, effect="e", went="intended"), CALL], True),
        ([INTENT, entered(Event.DROPPED, effect="e")], False),
        ([CALL], True),
    ],
)
def test_whether_something_left(entries: Sequence[Entered], has_left: bool) -> None:
    (effect,) = told_of(entries).effects.values()

    assert effect.has_left is has_left


@pytest.mark.parametrize("marks", ["", MARKS[:10], None, 5])
def test_targets_that_are_not_all_marked_are_not_known(marks: object) -> None:
    told = told_of([entered(Event.INTENT, effect="e", kind="softDelete", targets=2, marks=marks), CALL])

    assert told.effects["e"].marks is None


def test_what_people_did_is_told_by_the_action() -> None:
    told = told_of(
        [
            entered(Event.ANSWER, action="answered"),
            entered(Event.UNDO, action="undone", effect="u", kind="moveToInbox", targets=1, marks=MARKS[:10]),
            entered(Event.NOTE, action=None),
        ]
    )

    assert (told.answered, told.undone) == ({"answered"}, {"undone"})


def test_the_last_word_on_a_hold_and_every_word_on_a_policy_count() -> None:
    fell, rose = entered(Event.FALLBACK, policy="p"), entered(Event.REINSTATED, policy="p")

    told = told_of([entered(Event.HOLD, name="brake"), fell, rose, entered(Event.RELEASE, name="hold"), fell])

    assert told.held == {"brake": True, "hold": False}
    assert told.fallen == {"p": (fell, rose, fell)}


def test_a_moment_of_another_replica_that_lies_before_does_not_turn_time_back() -> None:
    told = told_of([entered(Event.NOTE, minute=5), entered(Event.NOTE, minute=1)])

    assert told.until == later(5)
    assert told.entries == 2
    assert told_of([]).until is None
    assert later(5) > NOW


def test_restores_that_the_backup_does_not_know_of_are_told() -> None:
    books = some(1)
    details = restored({"a": (3, 7)}, backup_at=NOW, is_known=False, unknown="no file")
    books.tell(replace(an_entry(Event.RESTORED), detail=details), replica="a~1")

    told = told_of(list(Chains(KEY, TENANT).read(lines(*books.chains["a"], *books.chains["a~1"]))))

    earlier = Restores(told.restores)
    assert [one.is_known for one in earlier.found] == [False]
    assert earlier.ends == {"a": 7}
