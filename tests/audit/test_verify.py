"""The whole audit is followed, and the first thing that does not fit is named in words."""

from typing import Any

import pytest
from msgspec.structs import replace

from agent.audit import chain
from agent.audit.erasures import erased
from agent.audit.key import Key
from agent.audit.verify import EVERY, verify
from agent.audit.witness import anchors, shipped
from agent.model.audit import Event, Fault, Head, Kept, Verdict
from tests.audit.chains import KEY, NOW, SALT, TENANT, Books, an_entry, later


def books() -> Books:
    """Return three decisions of which one was carried out, as the ledger would hold them."""
    made = Books()
    made.tell(an_entry(Event.BEGINNING, decisions=0, calls=0, effects=0))
    made.decide("one")
    made.intend("effect")
    made.tell(an_entry(Event.CALL, effect="effect", attempt=1))
    made.tell(an_entry(Event.OUTCOME, effect="effect", went="done", at=later(1), personal={"detail": "202"}))
    made.carry("effect", "done", 1)
    made.decide("two", content=b"reject")
    return made


def found(of: Books, **more: Any) -> Verdict:
    return verify(of, KEY, TENANT, **more)


def words(of: Books, **more: Any) -> list[tuple[int | None, str]]:
    return [(fault.number, fault.words) for fault in found(of, **more).faults]


def test_what_nobody_touched_holds() -> None:
    verdict = found(books())

    assert verdict.holds
    assert (verdict.decisions, verdict.calls, verdict.unaudited, verdict.erased) == (2, 1, 0, 0)
    (only,) = verdict.chains
    assert (only.replica, only.entries, only.since, only.until) == ("a", 6, NOW, NOW)
    assert verdict.uncompared == ("a",)


def test_an_empty_ledger_holds() -> None:
    assert found(Books()) == Verdict(
        chains=(), faults=(), decisions=0, calls=0, unaudited=0, erased=0, witnesses=()
    )


def test_progress_is_told_now_and_then() -> None:
    made = Books()
    made.tell(*(an_entry() for _ in range(EVERY * 2 + 1)))
    told: list[tuple[int, int]] = []

    found(made, progress=lambda done, of: told.append((done, of)))

    assert told == [(EVERY, EVERY * 2 + 1), (EVERY * 2, EVERY * 2 + 1)]


MAC = "was changed: its mac does not fit what it says and what came before it"
CUT = "was changed: it does not consist of bytes"


@pytest.mark.parametrize(
    ("number", "wrong", "said"),
    [
        (3, {"body": b"{}"}, (3, MAC)),
        (3, {"mac": bytes(32)}, (3, MAC)),
        (1, {"mac": bytes(32)}, (1, f"{MAC}; or this is not the key that the chain was written with")),
        (3, {"body": "text"}, (3, CUT)),
        (3, {"mac": None}, (3, CUT)),
        (3, {"at": 0}, (3, "was changed: its moment is not the one in its body")),
        (3, {"at": "x"}, (3, "was changed: its moment is not the one in its body")),
        (3, {"event": "hold"}, (3, "was changed: its event is not the one in its body")),
        (3, {"action_id": "x"}, (3, "was changed: its action is not the one in its body")),
        (3, {"number": 4}, (3, "is missing: after 2 follows 4")),
        (1, {"number": 2}, (1, "is missing: at the beginning follows 2")),
        (3, {"number": 0}, (0, "was added: a chain begins with 1")),
        (3, {"number": 2}, (3, "is missing: after 2 follows one whose number was changed")),
        (3, {"number": "three"}, (3, "is missing: after 2 follows one whose number was changed")),
    ],
)
def test_the_first_bad_entry_is_named(number: int, wrong: dict[str, Any], said: tuple[int, str]) -> None:
    made = books()
    made.chains["a"][number - 1] = replace(made.chains["a"][number - 1], **wrong)

    assert words(made) == [said]


def test_another_key_fits_nothing() -> None:
    verdict = verify(books(), Key("x" * 32), TENANT)

    assert [fault.number for fault in verdict.faults] == [1]
    assert not verdict.holds


def test_what_a_newer_version_wrote_is_not_taken_for_tampering() -> None:
    made = books()
    head = made.ends["a"]
    body = b'{"of":"another version"}'
    mac = chain.mac(KEY.of_chain(TENANT, "a"), head.mac, 7, body)
    made.chains["a"].append(replace(made.chains["a"][-1], number=7, body=body, mac=mac))

    assert words(made) == [(7, "cannot be read by this version: run the version that wrote it")]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (None, (6, "the chain's head is missing: somebody removed it")),
        ({"number": 7}, (7, "is missing: the head says that there are 7: the end was cut off")),
        ({"number": 5}, (6, "the chain's head was changed: it says 5, and the chain ends here")),
        ({"mac": bytes(32)}, (6, "the chain's head was changed: it says 6, and the chain ends here")),
        ({"shipped": 7}, (6, "the chain's head was changed: it says that 7 were shipped")),
        ({"shipped": -1}, (6, "the chain's head was changed: it says that -1 were shipped")),
        ({"number": "six"}, (6, "the chain's head was changed: it is none")),
        ({"mac": 6}, (6, "the chain's head was changed: it is none")),
        ({"shipped": None}, (6, "the chain's head was changed: it is none")),
    ],
)
def test_a_head_that_does_not_fit_is_named(head: dict[str, Any] | None, said: tuple[int, str]) -> None:
    made = books()
    if head is None:
        del made.ends["a"]
    else:
        made.ends["a"] = replace(made.ends["a"], **head)

    assert words(made) == [said]


def test_a_chain_of_which_only_its_name_is_left_holds_if_it_never_had_an_entry() -> None:
    made = books()
    made.kept["b"] = []

    assert found(made).holds


def test_a_name_that_is_none_is_a_fault() -> None:
    made = books()
    made.ends["a"] = replace(made.ends["a"])
    made.ends["b"] = Head(replica=b"\x00", number=1, mac=bytes(32))  # type: ignore[arg-type]

    assert words(made) == [(None, "something was added under a name that is none")]


def kept(made: Books) -> Kept:
    return made.kept["a"][0]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"value": "500"}, (5, "has a personal value that was changed: `detail`")),
        ({"salt": SALT[::-1]}, (5, "has a personal value that was changed: `detail`")),
        ({"salt": "text"}, (5, "has a personal value that was changed: `detail`")),
        ({"value": b"202"}, (5, "has a personal value that was changed: `detail`")),
        ({"at": 1}, (5, "has a personal value that was changed: `detail`")),
        ({"name": "else"}, (5, "has a personal value beside it that it does not name")),
        ({"name": 7}, (5, "has a personal value beside it that it does not name")),
        ({"number": 4}, (4, "has a personal value beside it that it does not name")),
        ({"number": 0}, (0, "has a personal value beside it, and is not there")),
        ({"number": 9}, (5, "has lost its personal value `detail`, and no erasure accounts for it")),
    ],
)
def test_a_value_that_does_not_fit_is_named(wrong: dict[str, Any], said: tuple[int, str]) -> None:
    made = books()
    made.kept["a"] = [replace(kept(made), **wrong)]

    assert words(made) == [said]


@pytest.mark.parametrize(("number", "shown"), [(9, 9), ("nine", None)])
def test_a_value_after_the_last_entry_belongs_to_none(number: Any, shown: int | None) -> None:
    made = books()
    made.kept["a"].append(replace(kept(made), number=number))

    assert words(made) == [(shown, "has a personal value beside it, and is not there")]


def test_a_value_that_is_gone_needs_an_erasure_that_accounts_for_it() -> None:
    gone, erased_ = books(), books()
    gone.kept["a"].clear()
    erased_.kept["a"].clear()
    erased_.tell(replace(an_entry(Event.ERASURE), detail=erased([("a", 5, "detail")])), replica="b")

    assert words(gone) == [(5, "has lost its personal value `detail`, and no erasure accounts for it")]
    assert (found(erased_).holds, found(erased_).erased) == (True, 1)


@pytest.mark.parametrize("body", [b"{", None, 7])
def test_an_erasure_that_cannot_be_read_is_found_where_it_stands(body: Any) -> None:
    made = books()
    made.tell(an_entry(Event.ERASURE, values=0))
    made.chains["a"][-1] = replace(made.chains["a"][-1], body=body)

    assert [fault.number for fault in found(made).faults] == [7]


@pytest.mark.parametrize(
    "detail",
    [{"before": "soon"}, {"before": "2026-11-02T09:00:00"}, {"at a/label": "x-y"}, {"at a/label": ""}],
)
def test_an_erasure_that_was_changed_into_nonsense_is_found_where_it_stands(detail: dict[str, Any]) -> None:
    made = books()
    made.tell(an_entry(Event.ERASURE, values=0))
    body = chain.body(an_entry(Event.ERASURE, **detail), {})
    made.chains["a"][-1] = replace(made.chains["a"][-1], body=body)

    assert words(made) == [(7, MAC)]


def test_of_a_gap_the_first_number_is_named_whatever_values_lie_in_it() -> None:
    made = books()
    del made.chains["a"][3:5]

    assert words(made) == [(4, "is missing: after 3 follows 6")]


def test_each_chain_is_followed_to_its_own_first_fault() -> None:
    made = books()
    made.tell(an_entry(), an_entry(), replica="b")
    made.chains["a"][3] = replace(made.chains["a"][3], mac=bytes(32))
    made.chains["b"][1] = replace(made.chains["b"][1], at=1)

    verdict = found(made)

    assert [(fault.replica, fault.number) for fault in verdict.faults] == [("a", 4), ("b", 2)]
    assert [(one.replica, one.entries) for one in verdict.chains] == [("a", 3), ("b", 1)]


def copies_of(made: Books) -> list[Any]:
    lines = [(TENANT, link) for replica in made.chains for link in made.chains[replica]]
    return [shipped("the file", KEY, TENANT, lines)]


def test_a_chain_that_was_written_anew_with_the_key_differs_from_its_copy() -> None:
    made, anew = books(), Books()
    anew.tell(an_entry(Event.BEGINNING, decisions=0, calls=0, effects=0))
    anew.decide("one", content=b"approve!")

    assert words(anew, copies=copies_of(made)) == [(2, "differs from the file: the chain was written anew")]


def test_a_chain_that_is_shorter_than_its_copy_was_cut_off() -> None:
    made, short = books(), Books()
    short.tell(an_entry(Event.BEGINNING, decisions=0, calls=0, effects=0))
    seal = KEY.of_anchors(TENANT)
    anchor = anchors("the anchors", KEY, TENANT, [chain.anchored(seal, TENANT, made.ends["a"], NOW)])
    said = "is missing: {} goes up to 6: the end of the chain was cut off"

    assert words(short, copies=copies_of(made)) == [(2, said.format("the file"))]
    assert words(short, copies=[anchor]) == [(2, said.format("the anchors"))]
    assert words(Books(), copies=[anchor]) == [(1, said.format("the anchors"))]


def test_copies_that_agree_are_told() -> None:
    verdict = found(books(), copies=copies_of(books()), are_all=True)

    assert verdict.holds
    assert (verdict.witnesses, verdict.uncompared) == (("the file",), ())


def test_faults_of_a_copy_itself_are_told() -> None:
    made = books()
    lines = [(TENANT, replace(link, mac=bytes(32))) for link in made.chains["a"][:1]]
    copy = shipped("the file", KEY, TENANT, lines)

    assert [(fault.place, fault.number) for fault in found(made, copies=[copy], are_all=True).faults] == [
        ("the file", 1)
    ]


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ((1, 2, 3, 4, 5, 6), None),
        ((1, 2, 3), 4),
        ((1, 2, 4, 5, 6), 3),
        ((), 1),
        ((3, 4, 5, 6), None),
        ((1, 2, 3, 4, 5), None),
    ],
)
def test_what_was_shipped_and_is_in_no_copy_was_cut_out(there: tuple[int, ...], missing: int | None) -> None:
    made = books()
    made.ends["a"] = replace(made.ends["a"], shipped=5)
    lines = [(TENANT, link) for link in made.chains["a"] if link.number in there]
    copy = shipped("the file", KEY, TENANT, lines)

    assert found(made, copies=[copy]).holds
    said = words(made, copies=[copy], are_all=True)
    assert [number for number, _ in said] == ([] if missing is None else [missing])


def test_a_decision_is_bound_to_its_entry() -> None:
    changed, gone, added = books(), books(), books()
    changed.decisions[0] = replace(changed.decisions[0], content=b"reject")
    del gone.decisions[1]
    added.decisions.append(replace(added.decisions[0], number=2))

    assert words(changed) == [(2, "decision 1 of `one` was changed since it was made")]
    assert words(gone) == [(6, "decision 1 of `two` is gone from the ledger")]
    assert words(added) == [(None, "1 decisions have no entry, and 0 had none when the audit began")]


def answered() -> Books:
    made = books()
    made.answer("one")
    made.answer("one", 2, b"reject")
    return made


def test_an_answer_is_bound_to_its_entry() -> None:
    changed, gone, added, twice = answered(), answered(), answered(), answered()
    changed.answers[1] = replace(changed.answers[1], content=b"approve")
    del gone.answers[1]
    added.answers.append(replace(added.answers[0], number=3))
    twice.answer("one")

    assert found(answered()).holds
    assert words(changed) == [(8, "answer 2 to `one` was changed since it was given")]
    assert words(gone) == [(8, "answer 2 to `one` is gone from the ledger")]
    assert words(added) == [(None, "answer 3 to `one` was given by nobody: it has no entry")]
    assert words(twice) == [(9, "tells of answer 1 to `one` a second time")]


def with_effect(**wrong: Any) -> Books:
    made = books()
    made.effects[0] = replace(made.effects[0], **wrong)
    return made


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            {"went": "unknown"},
            (
                None,
                "effect `effect` of action `action` is `unknown` in the ledger, and `done` by its entries",
            ),
        ),
        (
            {"content": b"other"},
            (None, "effect `effect` of action `action` was changed since it was intended"),
        ),
        ({"attempts": 2}, (None, "1 calls have no entry, and 0 had none when the audit began")),
        ({"attempts": 0}, (4, "effect `effect` of action `action` was sent 0 times, and not 1")),
        (
            {"attempts": "1"},
            (None, "effect `effect` of action `action` was changed: it does not say how often it was sent"),
        ),
    ],
)
def test_an_effect_is_bound_to_its_entries(wrong: dict[str, Any], said: tuple[int | None, str]) -> None:
    assert words(with_effect(**wrong)) == [said]


def test_an_effect_that_is_gone_is_missed() -> None:
    sent, intended = books(), books()
    sent.effects.clear()
    intended.intend("other")

    assert words(sent) == [(4, "effect `effect` was sent, and is gone from the ledger")]
    assert words(intended) == [(None, "effect `other` was intended, and is gone from the ledger")]


@pytest.mark.parametrize("is_sent", [False, True])
def test_an_effect_that_nobody_intended_was_slipped_in(is_sent: bool) -> None:
    made = books()
    made.carry("stray", "done" if is_sent else "intended", int(is_sent))
    if is_sent:
        made.tell(an_entry(Event.CALL, effect="stray", attempt=1))
        made.tell(an_entry(Event.OUTCOME, effect="stray", went="done"))

    assert words(made) == [
        (None, "1 effects were intended by no entry, and 0 were there when the audit began")
    ]


def test_what_was_there_before_the_audit_began_has_no_entry_and_is_counted() -> None:
    made = Books()
    made.tell(an_entry(Event.BEGINNING, decisions=1, calls=2, effects=1))
    made.decisions.append(books().decisions[0])
    made.carry("old", "done", 2)

    verdict = found(made)

    assert (verdict.holds, verdict.unaudited) == (True, 3)


def test_a_call_or_decision_is_told_once() -> None:
    made = books()
    made.tell(an_entry(Event.CALL, effect="effect", attempt=1))
    made.tell(an_entry(Event.DECISION, action="one", number=1))

    assert [(fault.number, fault.words) for fault in found(made).faults] == [
        (7, "tells of call 1 of effect `effect` a second time"),
        (8, "tells of decision 1 of `one` a second time"),
    ]


def test_of_two_replicas_last_words_on_an_effect_either_may_be_the_newest() -> None:
    """Their clocks differ."""
    made = books()
    made.tell(an_entry(Event.OUTCOME, effect="effect", went="unknown", at=later(-5)), replica="b")
    other = with_effect(went="unknown")
    other.tell(an_entry(Event.OUTCOME, effect="effect", went="unknown", at=later(-5)), replica="b")

    assert found(made).holds
    assert found(other).holds


def test_an_effect_that_was_dropped_and_intended_again_goes_by_the_last_word() -> None:
    made = Books()
    made.intend("effect", b"old")
    made.tell(an_entry(Event.DROPPED, effect="effect"))
    made.intend("effect", b"new")
    made.carry("effect", "intended", 0, b"new")

    assert found(made).holds


def test_a_fault_says_when() -> None:
    made = books()
    made.chains["a"][4] = replace(made.chains["a"][4], mac=bytes(32))

    (fault,) = found(made).faults

    assert fault == Fault(replica="a", number=5, at=later(1), words=MAC)
