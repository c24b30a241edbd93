"""Several actions answered at once: of one kind, with a typed count, each judged by itself."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import pytest

from agent.model.answer import Answer, Person
from agent.model.decision import Verb
from agent.model.enactment import Plan, Record, State, Way, Went
from agent.model.errors import LedgerError
from agent.model.hold import Hold, Replica
from agent.model.pending import ActionKind
from agent.model.session import Draft
from agent.ports.ledger import Ledger
from tests.faces.web.house import APPROVER, ORIGIN, READER, House, a_house
from tests.faces.web.questions import POLICIES, a_question, of_kind
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.loop.questions import TWO
from tests.makers import NOW

OTHER_TENANT = "99999999-2222-3333-4444-555555555555"


@pytest.fixture
def house(bench: Bench) -> House:
    bench.with_policies(**POLICIES)
    return a_house(bench)


@pytest.fixture
async def seven(house: House) -> list[Record]:
    records = [a_question(number) for number in range(1, 8)]
    await house.bench.world.ledger.save(records, now=NOW)
    return records


def ids_of(records: list[Record]) -> list[str]:
    return [record.action.id for record in records]


async def choose(
    house: House, ids: list[str], verb: str = "approve", person: Person = APPROVER, ending: str = ""
) -> httpx.Response:
    """Open the page that shows what was chosen."""
    async with await house.enter(person) as browser:
        asked = urlencode([("verb", verb), *(("id", one) for one in ids)])
        return await browser.get(f"/pending/chosen{ending}?{asked}")


async def answer(
    house: House,
    shown: list[str],
    verb: str = "approve",
    *,
    count: str | None = None,
    reason: str = "all of them are phishing",
    person: Person = APPROVER,
    **session: object,
) -> httpx.Response:
    """Send the form: `shown` are ids with the digests that were shown."""
    async with await house.enter(person, **session) as browser:
        fields = {
            "csrf": house.csrf(browser),
            "verb": verb,
            "shown": shown,
            "reason": reason,
            "count": str(len(shown)) if count is None else count,
        }
        return await browser.post("/pending/answer", data=fields, headers=ORIGIN)


def shown_of(records: list[Record]) -> list[str]:
    return [f"{one.action.id} {one.plan.offered.digest}" for one in records if one.plan and one.plan.offered]


async def answers(ledger: Ledger, records: list[Record]) -> dict[str, list[Verb]]:
    found = await ledger.answers(ids_of(records))
    return {one: [each.verb for each in given] for one, given in found.items()}


async def test_what_was_chosen_is_shown_with_what_each_would_do_and_nothing_is_changed(
    house: House, seven: list[Record]
) -> None:
    page = await choose(house, ids_of(seven))

    assert page.status_code == 200
    assert "Approve 7 actions: Soft delete email cluster" in page.text
    assert "Together they act on 21 targets" in page.text
    assert "Type 7, the number of actions" in page.text
    assert page.text.count("soft delete of 3 copies in mailboxes") == 7
    assert sorted(re.findall(r'name="shown" value="([^"]+)"', page.text)) == sorted(shown_of(seven))
    assert await answers(house.bench.world.ledger, seven) == {}


@pytest.mark.parametrize(("verb", "given"), [("approve", Verb.APPROVE), ("reject", Verb.REJECT)])
async def test_each_of_them_is_answered_and_told(
    house: House, seven: list[Record], verb: str, given: Verb
) -> None:
    page = await answer(house, shown_of(seven), verb)

    assert page.status_code == 200
    assert "7 of 7 answers count" in page.text
    assert await answers(house.bench.world.ledger, seven) == {one: [given] for one in ids_of(seven)}
    kept = await house.bench.world.ledger.answers(ids_of(seven))
    assert {(one.via, one.reason, one.person) for given in kept.values() for one in given} == {
        ("page", "all of them are phishing", APPROVER)
    }
    assert set(await house.bench.states()) == {State.ANSWERED}


async def test_one_that_changed_meanwhile_is_told_and_the_others_count(
    house: House, seven: list[Record]
) -> None:
    shown = [*shown_of(seven[:3]), f"{seven[3].action.id} another-digest", *shown_of(seven[4:])]

    page = await answer(house, shown)

    assert "6 of 7 answers count" in page.text
    assert "it changed since you were shown it" in page.text
    assert set(await answers(house.bench.world.ledger, seven)) == set(ids_of(seven)) - {seven[3].action.id}


@pytest.mark.parametrize("typed", ["", "6", "8", "07", "seven", "7 7", "-7"])
async def test_a_count_that_is_not_theirs_sends_nothing_and_keeps_the_reason(
    house: House, seven: list[Record], typed: str
) -> None:
    page = await answer(house, shown_of(seven), count=typed)

    assert page.status_code == 400
    assert "Nothing was sent: type 7, the number of actions that you approve." in page.text
    assert "all of them are phishing</textarea>" in page.text
    assert await answers(house.bench.world.ledger, seven) == {}


@pytest.mark.parametrize(
    ("reason", "words"), [("", "say why"), ("  ", "say why"), ("x" * 1001, "has 1,001 characters")]
)
async def test_a_reason_that_is_none_sends_nothing(
    house: House, seven: list[Record], reason: str, words: str
) -> None:
    page = await answer(house, shown_of(seven), reason=reason)

    assert (page.status_code, words in page.text) == (400, True)
    assert await answers(house.bench.world.ledger, seven) == {}


async def test_what_is_chosen_twice_counts_once(house: House, seven: list[Record]) -> None:
    first = ids_of(seven)[0]

    page = await choose(house, [first, first, first])
    sent = await answer(house, shown_of(seven[:1]) * 3, count="1")

    assert "Approve 1 action: " in page.text
    assert "1 of 1 answer counts" in sent.text
    assert await answers(house.bench.world.ledger, seven) == {first: [Verb.APPROVE]}


async def test_two_kinds_at_once_are_refused_in_words(house: House, seven: list[Record]) -> None:
    other = of_kind(a_question(9), ActionKind.BLOCK_URL)
    await house.bench.world.ledger.save([other], now=NOW)

    page = await choose(house, ids_of([*seven, other]), ending=".json")
    sent = await answer(house, shown_of([*seven, other]))

    assert (page.status_code, sent.status_code) == (400, 400)
    assert page.json()["error"] == (
        "several at once have to be of one action type, and these are of 2: "
        "Soft delete email cluster (7), Block URL (time of click) (1)"
    )
    assert await answers(house.bench.world.ledger, [*seven, other]) == {}


@pytest.mark.parametrize(
    ("ids", "verb", "status", "words"),
    [
        ([], "approve", 400, "nothing was chosen"),
        (["0" * 16], "approve", 404, "nothing is known of 0000000000000000"),
        (["\0"], "approve", 404, "nothing is known of"),
        (["x" * 3000], "approve", 404, "nothing is known of"),
        (["<script>alert(1)</script>"], "approve", 404, "nothing is known of"),
        ([f"{number:016x}" for number in range(101)], "approve", 400, "101 actions were chosen"),
        (["0" * 16], "escalate", 400, "either approve or reject, not escalate"),
        (["0" * 16], "", 400, "either approve or reject"),
    ],
)
async def test_what_cannot_be_chosen_is_refused_in_words(
    house: House, ids: list[str], verb: str, status: int, words: str
) -> None:
    program, page = await choose(house, ids, verb, ending=".json"), await choose(house, ids, verb)
    sent = await answer(house, [f"{one} digest" for one in ids], verb)

    assert (program.status_code, page.status_code, sent.status_code) == (status, status, status)
    assert words in program.json()["error"]
    assert "<script>alert" not in page.text


async def test_another_tenants_action_cannot_be_among_them(
    house: House, seven: list[Record], tmp_path: Path
) -> None:
    theirs = a_question(9, tenant_id=OTHER_TENANT)
    async with open_ledger(f"sqlite:///{tmp_path}/data/ledger.db", OTHER_TENANT) as others:
        await others.save([theirs], now=NOW)

        page = await choose(house, [*ids_of(seven), theirs.action.id])
        sent = await answer(house, shown_of([*seven, theirs]))

        assert (page.status_code, sent.status_code) == (404, 404)
        assert await answers(others, [theirs]) == {}
    assert await answers(house.bench.world.ledger, seven) == {}


async def test_what_the_agent_cannot_carry_out_is_left_out_of_approvals_and_can_be_rejected(
    house: House, seven: list[Record]
) -> None:
    by_hand = a_question(9, way=Way.HAND_OFF)
    await house.bench.world.ledger.save([by_hand], now=NOW)

    yes = await choose(house, ids_of([*seven, by_hand]))
    no = await choose(house, ids_of([*seven, by_hand]), "reject")

    assert "Approve 7 actions" in yes.text
    assert "the agent cannot carry it out" in yes.text
    assert by_hand.action.id not in " ".join(re.findall(r'name="shown" value="([^"]+)"', yes.text))
    assert "Reject 8 actions" in no.text


async def test_what_has_left_already_is_left_out_of_rejects(house: House) -> None:
    records = []
    for number, went in enumerate((Went.INTENDED, Went.SENT), 1):
        record = a_question(number)
        assert record.plan is not None
        assert record.plan.offered is not None
        effects = [msgspec.structs.replace(one, went=went) for one in record.plan.offered.effects]
        plan = Plan(way=Way.REMEDIATE, why="soft delete", effects=tuple(effects))
        records.append(msgspec.structs.replace(record, state=State.INTENDED, plan=plan))
        await house.bench.world.ledger.save(records[-1:], effects=effects, now=NOW)

    page = await choose(house, ids_of(records), "reject")

    assert "Reject 1 action" in page.text
    assert f'name="shown" value="{records[0].action.id} ' in page.text
    assert "and its calls have left: it is too late to answer" in page.text


async def test_who_may_not_answer_is_told_why_and_is_given_no_form(house: House, seven: list[Record]) -> None:
    page = await choose(house, ids_of(seven), person=READER)
    sent = await answer(house, shown_of(seven), person=READER)

    assert "is no approver of chain" in page.text
    assert 'action="/pending/answer"' not in page.text
    assert (sent.status_code, "0 of 7 answers count" in sent.text) == (409, True)
    assert await answers(house.bench.world.ledger, seven) == {}


async def test_a_form_without_the_sessions_own_token_changes_nothing(
    house: House, seven: list[Record]
) -> None:
    async with await house.enter() as browser:
        for token in ({}, {"csrf": "0" * 64}):
            fields = {"verb": "approve", "shown": shown_of(seven), "reason": "x", "count": "7", **token}
            sent = await browser.post("/pending/answer", data=fields, headers=ORIGIN)

            assert sent.status_code == 403
    assert await answers(house.bench.world.ledger, seven) == {}


async def test_a_sign_in_of_long_ago_is_asked_for_again_and_what_was_written_is_kept(
    house: House, seven: list[Record]
) -> None:
    old = NOW - timedelta(hours=2)
    async with await house.enter(signed_in=old) as browser:
        fields = {"verb": "approve", "shown": shown_of(seven), "reason": "phish", "count": "7"}
        fields["csrf"] = house.csrf(browser)
        sent = await browser.post("/pending/answer", data=fields, headers=ORIGIN)
        back = await browser.get(
            f"/pending/chosen?verb=approve&{urlencode([('id', one) for one in ids_of(seven)])}"
        )

    assert "sign in again" in sent.text.lower()
    assert await answers(house.bench.world.ledger, seven) == {}
    assert ">phish</textarea>" in back.text


async def test_much_at_once_is_a_high_risk_though_each_alone_is_none(bench: Bench) -> None:
    bench.with_policies(**POLICIES)
    house = a_house(bench, step_up="c1", high_risk_from=20)
    records = [a_question(number) for number in range(1, 8)]
    await bench.world.ledger.save(records, now=NOW)

    few, many = await answer(house, shown_of(records[:6])), await answer(house, shown_of(records))
    strong = await answer(house, shown_of(records), contexts=("c1",))
    no = await answer(house, shown_of(records[6:]), "reject")

    assert "6 of 6 answers count" in few.text
    assert "stronger sign-in" in many.text
    assert "1 of 7 answers count" in strong.text
    assert no.status_code == 200


async def test_where_two_have_to_approve_the_first_is_told_that_it_waits(bench: Bench) -> None:
    bench.with_policies(**{**POLICIES, "chains/secops": TWO})
    house = a_house(bench)
    records = [a_question(1), a_question(2)]
    await bench.world.ledger.save(records, now=NOW)

    page = await answer(house, shown_of(records))

    assert page.text.count("your answer counts: 1 of 2") == 2
    assert set(await bench.states()) == {State.ESCALATED}


async def test_a_hold_does_not_keep_answers_from_counting_and_is_said(
    house: House, seven: list[Record]
) -> None:
    await house.bench.world.ledger.hold(Hold(name="hold", since=NOW, by="Ann", reason="looking"))

    page = await answer(house, shown_of(seven[:2]))

    assert "2 of 2 answers count" in page.text
    assert "nothing holds it any more" in page.text


@pytest.mark.parametrize(
    ("mode", "words"), [("observe", "it writes that down, and carries out nothing"), ("enforce", "")]
)
async def test_that_nothing_is_carried_out_where_the_agent_only_observes_is_said(
    house: House, seven: list[Record], mode: str, words: str
) -> None:
    alone = await choose(house, ids_of(seven))
    await house.bench.world.ledger.beat(Replica(name="agent-1", alive=house.now, mode=mode))

    before, after = await choose(house, ids_of(seven)), await answer(house, shown_of(seven))

    assert "No agent runs on this ledger now" in alone.text
    assert "7 of 7 answers count" in after.text
    for page in (before, after):
        assert words in page.text
        assert "No agent runs" not in page.text
        assert ("only observes" in page.text) is bool(words)


async def test_a_draft_of_other_actions_is_not_filled_in(house: House, seven: list[Record]) -> None:
    draft = Draft(action_id="several:other", verb="approve", reason="of others", digest="")
    async with await house.enter(draft=draft) as browser:
        page = await browser.get(f"/pending/chosen?verb=approve&id={seven[0].action.id}")

    assert "of others" not in page.text


async def test_an_attackers_label_does_nothing_on_the_pages(house: House) -> None:
    records = [
        msgspec.structs.replace(
            a_question(number), action=msgspec.structs.replace(a_question(number).action, label=text)
        )
        for number, text in enumerate(("</td></tr><script>alert(1)</script>", "\u202egnp.exe", "{{7*7}}"), 1)
    ]
    await house.bench.world.ledger.save(records, now=NOW)

    page, sent = await choose(house, ids_of(records)), await answer(house, shown_of(records))

    for one in (page.text, sent.text):
        assert "<script>alert" not in one
        assert "\\u202egnp.exe" in one
        assert "{{7*7}}" in one


async def test_a_ledger_that_fails_at_one_of_them_is_told_and_the_others_count(
    house: House, seven: list[Record]
) -> None:
    broken = seven[2].action.id

    class Failing:
        def __getattr__(self, name: str) -> object:
            return getattr(house.bench.world.ledger, name)

        async def answer(self, given: Answer, *rest: Any) -> Answer:
            if given.action_id == broken:
                raise LedgerError("ledger: the disk is full")
            return await house.bench.world.ledger.answer(given, *rest)

    house.app.state.site = replace(
        house.site,
        desk=replace(house.site.desk, ledger=Failing()),  # type: ignore[arg-type]
    )

    page = await answer(house, shown_of(seven))

    assert "6 of 7 answers count" in page.text
    assert "it was not answered: ledger: the disk is full" in page.text
    assert set(await answers(house.bench.world.ledger, seven)) == set(ids_of(seven)) - {broken}
