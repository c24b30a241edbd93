"""A ledger that was restored from a backup: its audit holds, and says what only the audit knows."""

from msgspec.structs import replace

from agent.audit.chain import read_body
from agent.audit.entries import of_restored
from agent.audit.restores import Restores, restored
from agent.audit.verify import verify
from agent.audit.witness import Anchors, Copy
from agent.model.audit import Entry, Event, Verdict
from tests.audit.chains import KEY, NOW, TENANT, Books, an_entry, later

PERSON = {"targets": "anna@contoso.example"}


def of_restore(had: int, known: int, *, is_known: bool = True, chain: str = "a") -> Entry:
    detail = restored(
        {chain: (had, known)}, backup_at=NOW, is_known=is_known, unknown="" if is_known else "no file"
    )
    return of_restored(detail, "olga", "from one.zip", later(60))


def lost_and_restored(*, is_known: bool = True) -> Books:
    """Return what a ledger has: three entries of a backup, six that came from the shipped audit, and a new chain."""
    books = Books()
    books.tell(an_entry(Event.BEGINNING, decisions=0, calls=0, effects=0))
    books.decide("one")
    books.intend("known")
    books.carry("known", "done", 1)
    books.tell(an_entry(Event.CALL, effect="known", attempt=1))
    books.tell(an_entry(Event.OUTCOME, effect="known", went="done", personal={"detail": "202"}))
    books.tell(an_entry(Event.DECISION, action="two", number=1, content="bound"))
    books.tell(an_entry(Event.ANSWER, action="two", number=1, content="bound"))
    books.tell(an_entry(Event.INTENT, action="two", effect="lost", content="bound", personal=PERSON))
    books.tell(an_entry(Event.CALL, action="two", effect="lost", attempt=1))
    books.tell(an_entry(Event.OUTCOME, action="two", effect="lost", went="done"))
    books.kept["a"] = []
    books.tell(of_restore(3, 10, is_known=is_known), replica="a~1")
    return books


def found(books: Books, *copies: Copy) -> Verdict:
    return verify(books, KEY, TENANT, copies=copies)


def words(books: Books, *copies: Copy) -> list[tuple[str | None, int | None, str]]:
    return [(fault.replica, fault.number, fault.words) for fault in found(books, *copies).faults]


def test_what_only_the_audit_knows_since_the_backup_is_no_fault_and_is_told() -> None:
    verdict = found(lost_and_restored())

    assert verdict.faults == ()
    assert verdict.restored == (
        "restored at 2026-11-02 10:00Z from the backup of 2026-11-02 09:00Z",
        "1 decisions, 1 answers and 1 calls are in the audit alone, since the ledger was restored",
    )
    assert verdict.erased == 0


def test_that_not_all_is_known_is_told() -> None:
    (first, _) = found(lost_and_restored(is_known=False)).restored

    assert first.endswith("; what was sent between is not all known")


def test_what_the_ledger_decides_anew_has_the_same_number_and_is_told_once() -> None:
    books = lost_and_restored()
    books.decide("two", replica="a~1")
    books.answer("two", replica="a~1")

    assert words(books) == []


def test_a_call_that_was_made_in_the_gap_and_again_is_found() -> None:
    books = lost_and_restored()
    books.tell(an_entry(Event.CALL, action="two", effect="lost", attempt=1), replica="a~1")

    assert words(books) == [("a~1", 2, "tells of call 1 of effect `lost` a second time")]


def test_what_is_missing_of_before_the_backup_is_a_fault_as_ever() -> None:
    books = lost_and_restored()
    books.decisions.clear()
    books.effects.clear()

    assert [one for _, _, one in words(books)] == [
        "decision 1 of `one` is gone from the ledger",
        "effect `known` was sent, and is gone from the ledger",
    ]


def test_personal_values_may_be_missing_only_of_what_came_from_the_shipped_audit() -> None:
    books = Books()
    books.tell(an_entry(personal=PERSON), an_entry(personal=PERSON))
    books.kept["a"] = []
    books.tell(of_restore(1, 2), replica="a~1")

    assert words(books) == [("a", 1, "has lost its personal value `targets`, and no erasure accounts for it")]


def test_a_chain_that_was_closed_does_not_go_on() -> None:
    books = lost_and_restored()
    books.tell(an_entry(), replica="a")

    assert words(books) == [
        ("a", 11, "was added: the chain was closed after 10 when the ledger was restored")
    ]


def test_a_copy_that_goes_further_than_a_closed_chain_is_no_fault_and_one_that_differs_is() -> None:
    books = lost_and_restored()
    further = Copy("the anchors", {"a": Anchors("the anchors", {12: b"x" * 32})})
    other = Copy("the anchors", {"a": Anchors("the anchors", {5: b"x" * 32})})

    assert words(books, further) == []
    assert words(books, other) == [("a", 5, "differs from the anchors: the chain was written anew")]


def test_a_chain_that_no_restore_closed_is_cut_off_as_ever() -> None:
    books = lost_and_restored()
    cut = Copy("the anchors", {"a~1": Anchors("the anchors", {2: b"x" * 32})})

    assert words(books, cut) == [
        ("a~1", 2, "is missing: the anchors goes up to 2: the end of the chain was cut off")
    ]


def test_of_two_restores_a_chain_is_known_as_far_as_either_knew_it() -> None:
    books = Books()
    books.tell(of_restore(3, 5), of_restore(2, 4), of_restore(4, 9), replica="b")
    bodies = [read_body(link.body) for link in books.chains["b"]]

    account = Restores(bodies)

    assert account.end("a") == 9
    assert [number for number in range(12) if account.has_lost("a", number)] == [3, 4, 5, 6, 7, 8, 9]
    assert account.end("b") is None
    assert len(account.found) == 3


def test_what_does_not_read_as_a_restore_accounts_for_nothing() -> None:
    books = Books()
    whole = of_restore(0, 5)
    for wrong in (
        {"at a": "0-five"},
        {"backup_at": "long ago"},
        {"is_known": True, "backup_at": None},
    ):
        books.tell(replace(whole, detail={**whole.detail, **wrong}), replica="b")
    books.tell(replace(whole, detail={"at a": "0-5"}), replace(whole, event=Event.NOTE), replica="b")

    account = Restores(read_body(link.body) for link in books.chains["b"])

    assert account.end("a") is None
    assert account.found == []
