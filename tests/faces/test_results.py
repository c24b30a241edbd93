"""What a demo says of itself: the check against the simulator's log must be able to fail."""

import io
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from agent.faces.cli.aftermath import tell
from agent.faces.cli.demo_person import Line, Told, headlines
from agent.faces.cli.demonstrating import Asked
from agent.faces.cli.results import (
    Results,
    by_decision,
    copies,
    doubled,
    errors_in,
    left_to_people,
    others,
    seen,
    unknown,
    unsent,
    unsettled,
)
from agent.faces.cli.screen import Glance, Screen
from agent.faces.telling import row
from agent.model.decision import Verb
from agent.model.enactment import Plan, State, Way, Went
from tests.faces.records import a_record, an_effect
from tests.makers import NOW, an_action

PAIR = ["M-1", "Anna@contoso.example"]


def asked(
    kind: str, *pairs: Sequence[str], method: str = "POST", status: int = 202, effect: str = "softDelete"
) -> dict[str, Any]:
    done = effect if pairs else ""
    return {"kind": kind, "method": method, "status": status, "effect": done, "pairs": list(pairs)}


def results(**changed: Any) -> Results:
    usual: dict[str, Any] = {
        "seed": 7,
        "dry_run": False,
        "seconds": 30.0,
        "virtual_minutes": 30.0,
        "kills": 0,
        "counts": {"approve": 1, "escalate": 1},
        "states": {"confirmed": 1, "held": 1},
        "actions": (row(a_record(State.CONFIRMED), NOW),),
        "people": left_to_people([a_record(State.HELD, Verb.ESCALATE, reason="held by `limits`")], NOW),
        "question": None,
        "requests": {"incidents": 2, "remediate": 1},
        "writes": 1,
        "remediated": 3,
        "others": {},
        "doubled": (),
        "missing": (),
        "held": 1,
        "errors": 0,
        "unsettled": 0,
        "unknown": 0,
        "folder": "/d",
        "ledger": "/d/ledger.db",
        "log": "/d/agent.log",
        "settings": "/d/air-agent.yaml",
    }
    return Results(**(usual | changed))


def printed(found: Results, width: int = 160) -> str:
    out = io.StringIO()
    tell(Console(file=out, width=width), found)
    return out.getvalue()


def test_reading_is_not_writing() -> None:
    log = [
        asked("incidents", method="GET", status=200),
        asked("token", status=200),
        asked("hunting", status=200),
        asked("incidentPatch", method="PATCH", status=200),
        asked("incidentComment"),
        asked("remediate", PAIR),
        asked("other", method="DELETE", status=404),
    ]

    assert seen(log).writes == 4


def test_a_copy_that_was_sent_twice_is_found_whatever_its_case() -> None:
    log = [asked("remediate", PAIR, ["m-2", "b"]), asked("remediate", ["m-1", "anna@CONTOSO.example"])]

    assert doubled(seen(log).sent) == ("m-1 in anna@contoso.example: 2 times",)


def test_what_is_done_to_anything_but_mail_is_told_apart_and_counted() -> None:
    user, rule = ["U-1", ""], ["R-1", "U-1"]
    log = [
        asked("remediate", PAIR),
        asked("userPatch", user, method="PATCH", effect="disableUser"),
        asked("userPatch", user, method="PATCH", effect="enableUser"),
        asked("userPatch", user, method="PATCH", effect="disableUser"),
        asked("rulePatch", rule, method="PATCH", effect="disableRule"),
    ]

    sent = seen(log).sent

    assert doubled(sent) == ("disableUser of u-1: 2 times",)
    assert copies(sent) == 1
    assert others(sent) == {"disableUser": 1, "enableUser": 1, "disableRule": 1}
    assert "3 copies of messages were sent for deletion, 2 disableRule, each exactly once" in printed(
        results(others={"disableRule": 2})
    )


@pytest.mark.parametrize(
    ("status", "counts"),
    [(202, True), (504, True), (0, True), (429, False), (400, False), (499, False), (500, True)],
)
def test_what_may_have_been_applied_counts_and_a_definite_no_does_not(status: int, counts: bool) -> None:
    assert bool(seen([asked("remediate", PAIR, status=status)]).sent) is counts


def test_what_the_ledger_made_up_is_found() -> None:
    effect = an_effect(an_action(), Went.DONE)
    (target,) = effect.targets

    assert unsent([effect], {("softDelete", *target): 1}) == ()
    assert unsent([effect], {("moveToInbox", *target): 1}) != ()
    assert unsent([effect], {}) == (f"{target[0]} in {target[1]}",)


@pytest.mark.parametrize(
    ("went", "count"),
    [
        (Went.INTENDED, 1),
        (Went.SENT, 1),
        (Went.UNKNOWN, 1),
        (Went.DONE, 0),
        (Went.REFUSED, 0),
        (Went.OBSERVED, 0),
        (Went.DROPPED, 0),
    ],
)
def test_what_was_begun_and_not_settled_is_counted(went: Went, count: int) -> None:
    assert unsettled([an_effect(an_action(), went)]) == count


@pytest.mark.parametrize(
    ("went", "state", "count"),
    [
        (Went.UNKNOWN, State.UNKNOWN, 1),
        (Went.UNKNOWN, State.SUPERSEDED, 1),
        (Went.UNKNOWN, State.CONFIRMED, 0),
        (Went.SENT, State.SENT, 0),
        (Went.DONE, State.UNKNOWN, 0),
    ],
)
def test_what_nobody_knows_the_outcome_of_is_counted_until_a_look_has_told(
    went: Went, state: State, count: int
) -> None:
    record = a_record(state)

    assert unknown([an_effect(record.action, went)], [record]) == count


@pytest.mark.parametrize(("count", "said"), [(0, False), (4, True)])
def test_the_last_line_says_what_nobody_knows_the_outcome_of(count: int, said: bool) -> None:
    last = printed(results(unknown=count)).strip().splitlines()[-1]

    assert ("whether 4 copies were deleted is not known: they are left to people" in last) is said


@pytest.mark.parametrize(
    ("changed", "is_sound"),
    [
        ({}, True),
        ({"doubled": ("m in b: 2 times",)}, False),
        ({"missing": ("m in b",)}, False),
        ({"dry_run": True, "writes": 0}, True),
        ({"dry_run": True, "writes": 1}, False),
    ],
)
def test_a_demo_is_sound_or_ends_with_a_finding(changed: dict[str, Any], is_sound: bool) -> None:
    assert results(**changed).is_sound is is_sound


def test_decisions_are_counted_in_their_own_order() -> None:
    rows = [
        row(a_record(State.SEEN, None), NOW),
        row(a_record(State.ESCALATED, Verb.ESCALATE), NOW),
        row(a_record(State.SENT), NOW),
        row(a_record(State.SENT), NOW),
    ]

    assert list(by_decision(rows).items()) == [("approve", 2), ("escalate", 1), ("none yet", 1)]


@pytest.mark.parametrize(
    ("record", "todo", "why"),
    [
        (a_record(State.ESCALATED, Verb.ESCALATE, reason="no policy"), "decide", "no policy"),
        (a_record(State.HELD, Verb.ESCALATE, reason="held by `limits`"), "decide", "held by `limits`"),
        (
            a_record(State.HANDED_OFF, plan=Plan(way=Way.HAND_OFF, why="no API"), reason="approve by `p`"),
            "approve it in Defender",
            "no API; approve by `p`",
        ),
        (
            a_record(
                State.REJECTED,
                Verb.REJECT,
                plan=Plan(way=Way.ADVISORY, why="no call"),
                reason="reject by `p`",
            ),
            "reject it in Defender",
            "no call; reject by `p`",
        ),
        (a_record(State.UNKNOWN, why="not known"), "look at what became of it", "not known"),
    ],
)
def test_people_are_told_what_to_do_and_why(record: Any, todo: str, why: str) -> None:
    (left,) = left_to_people([record], NOW)

    assert (left.todo, left.why) == (todo, why)


def test_nothing_is_left_to_people_that_the_agent_does_itself() -> None:
    assert (
        left_to_people([a_record(State.SENT), a_record(State.DECIDED), a_record(State.CONFIRMED)], NOW) == ()
    )


def test_errors_are_counted_in_a_log_that_may_be_cut(tmp_path: Path) -> None:
    log = tmp_path / "agent.log"
    assert errors_in(log) == 0

    log.write_text('{"level": "error"}\n{"level": "info"}\nnot json\n{"level": "critical"}\n{"level": "err')

    assert errors_in(log) == 2


@pytest.mark.parametrize("width", [100, 140, 200])
def test_the_aftermath_says_everything_in_any_width(width: int) -> None:
    said = printed(results(), width)

    assert max(len(line) for line in said.splitlines()) <= width
    for part in (
        "1  approve",
        "1  escalate, 1 of them held by a guard rail",
        "Left to people, and why",
        "3 requests in 30 minutes: 2 incidents, 1 remediate",
        "3 copies of messages were sent for deletion, each exactly once",
        "ledger  /d/ledger.db",
        "-m agent show",
        "--settings /d/air-agent.yaml",
    ):
        assert part in said, part


def test_a_question_is_told_from_its_first_page_to_what_came_of_it() -> None:
    lines = (
        Line(at=NOW, words="console is told (page, step 1, normal): \x1b[31mIncident 1"),
        Line(at=NOW, words='Eve (SecOps.Approver) answers approve: "fine"'),
    )

    said = printed(results(question=Told(id="0123456789abcdef", what="soft delete", lines=lines)))

    assert "One question, from its first page to what came of it\n01234567  soft delete" in said
    assert said.index("step 1") < said.index("Eve (SecOps.Approver) answers approve")
    assert "\x1b" not in said


def test_of_what_the_console_is_told_a_line_each_is_shown() -> None:
    said = [
        "[console] People are needed: 1 action",
        "│ Incident 1: decide",
        "│ more",
        "stray",
        "[console] Over",
    ]

    assert list(headlines(said)) == ["[console] People are needed: 1 action: Incident 1: decide"]


def test_a_dry_run_says_how_many_writes_there_were() -> None:
    assert "0 writes, as it should be in a dry run" in printed(results(dry_run=True, writes=0))


def test_what_went_wrong_is_said_and_nothing_is_claimed() -> None:
    said = printed(results(doubled=("m in b: 2 times",), missing=("n in c",), errors=2, unsettled=4))

    assert "sent more than once: m in b: 2 times" in said
    assert "said to be sent, and never seen: n in c" in said
    assert "4 copies are not settled" in said
    assert "2 lines of the log tell of an error" in said
    assert "exactly once" not in said


def test_the_json_of_a_demo_has_the_names_that_programs_read() -> None:
    plain = json.loads(msgspec.json.encode(results()))

    assert {
        "counts",
        "actions",
        "people",
        "requests",
        "writes",
        "ledger",
        "log",
        "doubled",
        "seconds",
    } <= set(plain)


def test_kills_come_at_the_same_moments_for_the_same_seed_and_prolong_the_demo() -> None:
    first, again, other = Asked(seed=1, kill=10), Asked(seed=1, kill=10), Asked(seed=2, kill=10)

    assert first.kills == again.kills
    assert first.kills != other.kills
    assert list(first.kills) == sorted(first.kills)
    assert len(first.kills) == 10
    assert first.limit == 28 + first.kills[-1]
    assert Asked(seed=1, seconds=28).limit == 28


def glance(elapsed: float) -> Glance:
    return Glance(
        elapsed=elapsed,
        limit=45.0,
        now=NOW + timedelta(minutes=elapsed),
        states={State.SENT: 3},
        waiting=False,
        requests=5,
        pending=7,
    )


def test_where_there_is_no_terminal_progress_is_a_line_now_and_then() -> None:
    out = io.StringIO()
    screen = Screen(Console(file=out, width=120))

    with screen.open():
        for elapsed in (0.0, 0.5, 2.9, 3.0):
            screen.show(glance(elapsed))

    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0] == "   0 s, 2026-11-02 09:00Z: 3 sent; 7 pending in the tenant, 5 requests"


def test_on_a_terminal_progress_is_a_board() -> None:
    out = io.StringIO()
    screen = Screen(Console(file=out, width=120, force_terminal=True))

    with screen.open():
        screen.show(glance(1.0))

    assert "the agent at work" in out.getvalue()
    assert "3 sent" in out.getvalue().replace("\x1b[1m3\x1b[0m", "3")
