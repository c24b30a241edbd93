"""What happened to an action, in one list and in order."""

from datetime import timedelta
from typing import Any

import msgspec

from agent.faces.pages import Open, Telling
from agent.faces.timeline import Past, Side, timeline
from agent.model.decision import Verb
from agent.model.enactment import Confirmation, Effect, EffectKind, State, Undone, Went
from agent.model.escalation import Acknowledgement, Delivery
from agent.model.ruled import Ruled
from tests.faces.records import a_record
from tests.makers import NOW
from tests.persons import EVE, an_answer


def past(**more: Any) -> Past:
    fields: dict[str, Any] = {"decisions": (), "effects": (), "answers": (), "pages": ()}
    return Past(**(fields | more))


def told(found: Past, **record: Any) -> list[tuple[Side, str]]:
    happened = timeline(msgspec.structs.replace(a_record(State.ESCALATED), **record), found, NOW)
    moments = [one.at for one in happened]
    assert moments == sorted(moments)
    return [(one.side, one.words) for one in happened]


def effect(at: int, went: Went = Went.DONE, **more: Any) -> Effect:
    fields: dict[str, Any] = {
        "id": f"e{at}", "action_id": "a", "incident_id": "1", "kind": EffectKind.SOFT_DELETE,
        "targets": tuple((f"m{at}-{one}", "a@x.example") for one in range(100)), "went": went,
        "intended_at": NOW, "sent_at": NOW + timedelta(seconds=at), "settled_at": NOW + timedelta(seconds=at + 1),
    }  # fmt: skip
    return Effect(**(fields | more))


def test_it_begins_with_what_defender_showed_and_ends_with_the_week() -> None:
    lines = told(past(), due=NOW + timedelta(hours=2))

    assert lines[0] == (Side.DEFENDER, "proposed: the week in which it is decided begins")
    assert lines[1][1].startswith("alert alert-1 shows it: ")
    assert lines[-2:] == [
        (Side.AGENT, "to come: looks at it again"),
        (Side.DEFENDER, "to come: the week ends: Defender drops it where nobody decided"),
    ]


def test_a_week_that_is_over_has_ended() -> None:
    record = a_record(State.EXPIRED)

    happened = timeline(record, past(), record.action.deadline)

    assert happened[-1].words == "the week ended: Defender drops it where nobody decided"


def test_decisions_and_answers_say_who_and_why() -> None:
    ruled = Ruled(
        number=1, at=NOW, verb=Verb.ESCALATE, policies=("p",), reason="somebody has to look", guard="radius"
    )
    answer = msgspec.structs.replace(an_answer(EVE, targets=(("m1", "a@x.example"),)))

    lines = told(past(decisions=(ruled,), answers=(answer,)))

    assert (Side.AGENT, "escalated by p, held by `radius`: somebody has to look") in lines
    assert (
        Side.PEOPLE,
        'Eve (role SecOps.Approver, by command) approved 1 target of it: "it is phishing"',
    ) in lines


def test_hundreds_of_calls_are_told_together() -> None:
    lines = told(past(effects=tuple(effect(at) for at in range(30))))

    assert (Side.AGENT, "written down to be sent: softDelete: 3,000 targets in 30 calls") in lines
    assert (Side.AGENT, "sent: softDelete: 3,000 targets in 30 calls") in lines
    assert (Side.AGENT, "accepted by Graph: softDelete: 3,000 targets in 30 calls") in lines


def test_what_was_observed_or_taken_back_says_so() -> None:
    observed = effect(1, Went.OBSERVED, sent_at=None, settled_at=None)
    back = effect(2, undoes="e1", kind=EffectKind.MOVE_TO_INBOX, detail="slow")
    undone = Undone(at=NOW, by="Ann", reason="it was a newsletter", words="restored 100 copies")

    lines = [words for _, words in told(past(effects=(observed, back)), undone=undone)]

    assert "observed, not sent: softDelete: 100 targets" in lines
    assert "accepted by Graph: moveToInbox (taking it back) (slow): 100 targets" in lines
    assert 'Ann took it back: "it was a newsletter"; restored 100 copies' in lines


def test_pages_are_told_from_their_opening_to_their_end() -> None:
    def telling(delivery: Delivery, channel: str, why: str = "") -> Telling:
        return Telling(
            at=NOW, channel=channel, occasion="page", step=1, delivery=delivery, instead_of="", attempts=1, again=None, why=why
        )  # fmt: skip

    page = Open(
        id="p", chain="secops", what="incident 1", since=NOW, closed=NOW + timedelta(hours=1), actions=("a",), deadline=None,
        told=(telling(Delivery.SENT, "console"), telling(Delivery.GIVEN_UP, "pager", "503"), telling(Delivery.DROPPED, "mail")),
        acknowledged=Acknowledgement(at=NOW, by="Ann", channel="console", until=NOW + timedelta(hours=1)),
        next_due=None, is_stormy=False,
    )  # fmt: skip

    lines = [words for _, words in told(past(pages=(page,)))]

    assert "page opened for chain `secops`" in lines
    assert "told console (page, step 1)" in lines
    assert "could not be told: pager (page, step 1): 503" in lines
    assert not any("mail" in one and "told" in one for one in lines if "alert" not in one)
    assert "acknowledged by Ann on console: nobody else is paged until 2026-11-02 10:00Z" in lines
    assert "page of chain `secops` closed" in lines


def test_looks_are_counted() -> None:
    seen = Confirmation(words="1 of 3 is still there", checks=2, at=NOW)

    assert (Side.AGENT, "looked at, 2 times by now: 1 of 3 is still there") in told(past(), confirmation=seen)
