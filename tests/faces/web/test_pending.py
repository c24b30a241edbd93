"""The Pending page: what it shows, in which order, and what it says where something is not known or not understood."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest

from agent.model.enactment import CLOSED, Record, State, Way
from agent.model.pending import ActionKind
from tests.adapters.hostile import HOSTILE
from tests.faces.records import a_record
from tests.faces.web.house import APPROVER, READER, House, a_house
from tests.faces.web.questions import POLICIES, a_question, of_kind
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.makers import NOW, a_copy, a_message, a_user, an_action, message_id

OTHER_TENANT = "99999999-2222-3333-4444-555555555555"


@pytest.fixture
def house(bench: Bench) -> House:
    bench.with_policies(**POLICIES)
    return a_house(bench)


async def shown(house: House, *records: Record, address: str = "", person: object = APPROVER) -> dict:  # type: ignore[type-arg]
    """Return the page of a ledger that holds these, as programs read it."""
    if records:
        await house.bench.world.ledger.save(records, now=NOW)
    # However busy the machine is, the page is not to say that it is loading.
    await house.app.state.board.now()
    async with await house.enter(person) as browser:  # type: ignore[arg-type]
        answer = await browser.get(f"/pending.json{address}")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def ids(page: dict) -> list[str]:  # type: ignore[type-arg]
    return [row["id"] for row in page["rows"]]


async def html(house: House, address: str = "/pending") -> str:
    async with await house.enter() as browser:
        answer = await browser.get(address)
    assert answer.status_code == 200
    return answer.text


async def test_what_awaits_a_person_comes_first_and_then_what_is_under_way_each_by_deadline(
    house: House,
) -> None:
    late = a_question(1, deadline=NOW + timedelta(days=5))
    soon = a_question(2, deadline=NOW + timedelta(days=2))
    under_way = a_question(3, state=State.SENT, deadline=NOW + timedelta(days=1))

    page = await shown(house, late, under_way, soon)

    assert ids(page) == [soon.action.id, late.action.id, under_way.action.id]
    assert (page["awaiting"], page["of"], page["count"]) == (2, 3, 3)
    assert [row["needs"] for row in page["rows"]] == ["answer", "answer", "nobody"]


async def test_what_somebody_may_answer_is_one_link_away(house: House) -> None:
    await house.bench.world.ledger.save([a_question(1)], now=NOW)

    everything, theirs = await html(house), await html(house, "/pending?needs=mine")

    assert '<a href="/pending?needs=mine">What you may answer</a>' in everything
    assert '<a href="/pending">Everything that is open</a>' in theirs


async def test_what_was_answered_awaits_nobody_though_a_no_would_still_be_taken(house: House) -> None:
    (row,) = (await shown(house, a_question(1, state=State.ANSWERED)))["rows"]

    assert (row["needs"], row["may_answer"], row["state_words"]) == ("nobody", False, "answered")


async def test_a_row_tells_what_an_approver_sees_in_defender_and_why_it_is_asked(house: House) -> None:
    mail = (a_copy(3), a_copy(4, location="quarantine"), a_copy(5, recipient="bob@contoso.example"))

    (row,) = (await shown(house, a_question(1, mail=mail)))["rows"]

    assert (row["type"], row["kind"]) == ("Soft delete email cluster", "softDeleteCluster")
    assert (row["messages"], row["in_mailboxes"], row["recipients"], row["is_least"]) == (3, 2, 2, False)
    assert (row["verdict"], row["threats"]) == ("malicious", ["phish"])
    assert row["locations"] == [
        {"location": "inbox_folder", "copies": 2},
        {"location": "quarantine", "copies": 1},
    ]
    assert (row["remediation_status"], row["state"], row["chain"]) == (
        "pendingApproval",
        "escalated",
        "secops",
    )
    assert (row["decided_by"], row["why"]) == ("ask-people", "escalate by `ask-people`: somebody has to look")
    assert (row["may_answer"], row["can_approve"]) == (True, True)
    assert row["remaining_seconds"] == (timedelta(days=6, hours=23)).total_seconds()


async def test_the_page_has_defenders_words_and_leads_to_the_action_and_its_incident(house: House) -> None:
    record = a_question(1, incident="i/4 2")
    await shown(house, record)

    page = await html(house)

    assert "Remediation status: Pending approval" in page
    assert f'data-open href="/actions/{record.action.id}"' in page
    assert 'href="/incidents/i/4%202"' not in page
    assert 'href="/incidents/i%2F4%202"' in page
    assert "1 of 1 open action awaits a person." in page


@pytest.mark.parametrize("state", sorted(CLOSED))
async def test_what_needs_nobody_any_more_is_not_there(house: House, state: State) -> None:
    assert ids(await shown(house, a_record(state))) == []


async def test_what_is_not_known_is_said_and_never_taken_for_nothing(house: House) -> None:
    seen = Record(action=an_action(a_message(recipient=None)), state=State.SEEN, due=NOW)

    (row,) = (await shown(house, seen))["rows"]
    page = await html(house)

    assert (row["in_mailboxes"], row["recipients"], row["threats"], row["locations"]) == (None,) * 4
    assert 'threats <span class="badge quiet">not known</span>' in page
    assert page.count("not known") >= 4
    assert ">0<" not in page


async def test_what_could_not_be_looked_up_whole_is_told_as_the_least(house: House) -> None:
    mail = (a_copy(3), a_copy(4))

    (row,) = (await shown(house, a_question(1, mail=mail, unresolved=frozenset({message_id(5)}))))["rows"]

    assert (row["messages"], row["in_mailboxes"], row["is_least"]) == (3, 2, True)
    assert "at least 2" in await html(house)


async def test_an_action_that_is_no_mail_is_not_said_to_have_unknown_mail(house: House) -> None:
    (row,) = (await shown(house, Record(action=an_action(a_user()), state=State.SEEN, due=NOW)))["rows"]

    assert (row["is_mail"], row["messages"], row["recipients"]) == (False, None, None)
    assert "no mail" in await html(house)


async def test_a_reader_sees_everything_and_is_offered_no_choice(house: House) -> None:
    page = await shown(house, a_question(1), person=READER)

    assert [row["may_answer"] for row in page["rows"]] == [False]
    async with await house.enter(READER) as browser:
        assert "data-choose aria-label" not in (await browser.get("/pending")).text


async def test_nothing_open_is_said_with_when_an_agent_was_last_at_work(house: House) -> None:

    fresh = await html(house)
    await house.bench.run_pass()

    assert "No agent has run on this ledger yet" in fresh
    assert "await a person." not in fresh


@pytest.fixture
async def various(house: House) -> dict[str, Record]:
    """Open actions that differ in everything that a list is narrowed by."""
    found = {
        "mine": a_question(1, deadline=NOW + timedelta(days=3)),
        "big": a_question(2, copies=9, mail=tuple(
            a_copy(18 + place, recipient=f"vip{place}@fabrikam.example") for place in range(9)
        )),
        "sent": a_question(3, state=State.SENT),
        "user": Record(action=an_action(a_user(name="Carla@Partner.example")), state=State.SEEN, due=NOW),
        "held": a_record(State.HELD, guard="size"),
        "handed": of_kind(a_question(5, way=Way.HAND_OFF, state=State.HANDED_OFF), ActionKind.BLOCK_URL),
    }  # fmt: skip
    await shown(house, *found.values())
    return found


@pytest.mark.parametrize(
    ("narrowed", "left"),
    [
        ({"needs": "mine"}, "mine big"),
        ({"needs": "answer"}, "mine big"),
        ({"needs": "person"}, "mine big held handed"),
        ({"needs": "defender"}, "held handed"),
        ({"needs": "nobody"}, "sent user"),
        ({"kind": "blockUrl"}, "handed"),
        ({"state": "held"}, "held"),
        ({"verdict": "malicious"}, "mine big sent user held handed"),
        ({"verdict": "notKnown"}, ""),
        ({"policy": "ask-people"}, "mine big sent handed"),
        ({"policy": "none"}, "user"),
        ({"guard": "size"}, "held"),
        ({"guard": "none"}, "mine big sent user handed"),
        ({"chain": "secops"}, "mine big"),
        ({"incident": "2"}, "big"),
        ({"domain": "fabrikam.example"}, "big"),
        ({"domain": "someone@FABRIKAM.example"}, "big"),
        ({"domain": "partner.example"}, "user"),
        ({"domain": "evil.example"}, "mine big sent handed"),
        ({"within": "4d"}, "mine"),
        ({"q": "vip7@fabrikam"}, "big"),
        ({"q": "VIP7 invoice"}, "big"),
        ({"q": "somebody has to look", "kind": "softDeleteCluster"}, "mine big sent"),
        ({"q": "\0"}, ""),
        ({"q": "no such thing"}, ""),
    ],
)
async def test_the_address_narrows_the_list(
    house: House, various: dict[str, Record], narrowed: dict[str, str], left: str
) -> None:
    page = await shown(house, address=f"?{urlencode(narrowed)}")

    assert set(ids(page)) == {various[name].action.id for name in left.split()}
    assert (page["count"], page["of"], page["filters"]) == (len(left.split()), len(various), narrowed)


@pytest.mark.parametrize("column", ["what", "incident", "size", "left", "verdict", "recipients", "deadline", "state", "policy", "kind"])  # fmt: skip
async def test_each_column_sorts_both_ways_and_what_is_not_known_comes_last(
    house: House, various: dict[str, Record], column: str
) -> None:
    up = await shown(house, address=f"?sort={column}")
    down = await shown(house, address=f"?sort=-{column}")

    assert sorted(ids(up)) == sorted(ids(down)) == sorted(one.action.id for one in various.values())
    if column in {"size", "left", "recipients"}:
        name = {"size": "messages", "left": "in_mailboxes", "recipients": "recipients"}[column]
        values = [row[name] for row in up["rows"]]
        known = [value for value in values if value is not None]
        assert values == sorted(known) + [None] * (len(values) - len(known))
        assert [row[name] for row in down["rows"]][: len(known)] == sorted(known, reverse=True)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("?kind=softDeleteClutser", "did you mean `softDeleteCluster`?"),
        ("?needs=yours", "`needs`: there is no yours"),
        ("?policy=ask-peeple", "did you mean `ask-people`?"),
        ("?within=tomorrow", "is not a duration"),
        ("?page=-1", "is no page"),
        ("?size=1000000", "is none that can be chosen"),
        ("?q=" + "x" * 5000, "has 5,000 characters"),
        ("?kind=%00%00", "\\u0000"),
        ("?order=deadline", "has no filter order"),
    ],
)
async def test_what_an_address_says_wrongly_is_told_in_words(house: House, address: str, words: str) -> None:
    await shown(house, a_question(1))

    async with await house.enter() as browser:
        page = await browser.get(f"/pending{address}")
        program = await browser.get(f"/pending.json{address}")

    assert (page.status_code, program.status_code) == (400, 400)
    assert words in program.json()["error"]
    assert "<script>" not in page.text


async def test_a_page_beyond_the_end_is_the_last(house: House) -> None:
    records = [a_question(number) for number in range(1, 31)]

    page = await shown(house, *records, address="?size=25&page=100000000")

    assert (page["page"], page["pages"], len(page["rows"])) == (2, 2, 5)


async def test_a_csv_has_every_row_that_the_list_has_as_it_is_narrowed(house: House) -> None:
    await shown(house, *(a_question(number) for number in range(1, 31)), a_record(State.HELD))

    async with await house.enter() as browser:
        answer = await browser.get("/pending.csv?needs=answer&size=25&page=2")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(rows) == 30
    assert (rows[0]["remediation status"], rows[0]["in mailboxes"]) == ("pendingApproval", "3")


async def test_an_attackers_words_do_nothing_on_the_page(house: House) -> None:
    records = [
        a_question(number, mail=(a_copy(number * 3), a_copy(number * 3 + 1)), label=text, reason=text)
        for number, text in enumerate(HOSTILE, 1)
    ]
    records = [
        msgspec.structs.replace(
            one, action=msgspec.structs.replace(one.action, incident=msgspec.structs.replace(one.action.incident, display_name=text))
        )
        for one, text in zip(records, HOSTILE, strict=True)
    ]  # fmt: skip
    kept = [one for one in records if _can_be_kept(one)]
    await shown(house, *kept)

    page = await html(house, "/pending?size=500")

    ours = await html(house, "/pending?q=nothing-that-anybody-wrote")
    assert page.count("<script") == ours.count("<script")
    assert page.count("<tr data-row>") == len(kept)
    assert page.count("</table>") == 1
    assert " onerror=" not in page.replace("&lt;img src=x onerror=", "")
    assert all(letter.isprintable() or letter in "\n" for letter in page)


def _can_be_kept(record: Record) -> bool:
    """Whether the ledger can hold it: half a character of Unicode cannot come from Graph's JSON either."""
    try:
        record.action.label.encode()
    except UnicodeEncodeError:
        return False
    return True


async def test_ten_thousand_of_one_incident_would_be_no_other_list(house: House) -> None:
    page = await shown(
        house,
        *(a_question(number, incident="7", copies=1) for number in range(1, 301)),
        address="?incident=7",
    )

    assert (page["count"], len(page["rows"]), page["pages"]) == (300, 100, 3)


async def test_another_tenants_actions_are_on_no_list(house: House, tmp_path: Path) -> None:
    theirs = a_question(9, tenant_id=OTHER_TENANT, label="of the other tenant")
    async with open_ledger(f"sqlite:///{tmp_path}/data/ledger.db", OTHER_TENANT) as others:
        await others.save([theirs], now=NOW)
    ours = a_question(1)

    page = await shown(house, ours)

    assert (ids(page), page["of"]) == ([ours.action.id], 1)
    async with await house.enter() as browser:
        for address in ("/pending", "/pending.csv", f"/pending?q={theirs.action.id}"):
            assert "of the other tenant" not in (await browser.get(address)).text


async def test_policies_that_do_not_load_hide_nothing_and_are_said(bench: Bench) -> None:
    bench.with_policies(ask="policy: [")
    house = a_house(bench)

    page = await shown(house, a_question(1), person=READER)
    async with await house.enter(READER) as browser:
        told = (await browser.get("/pending")).text

    assert [row["may_answer"] for row in page["rows"]] == [False]
    assert "ask" in page["trouble"]
    assert "Nobody can answer here: the policies in force do not load" in told


async def test_what_is_over_is_still_shown_and_not_offered_to_answer(house: House) -> None:
    house.bench.clock.advance(timedelta(days=7))

    (row,) = (await shown(house, a_question(1)))["rows"]

    assert (row["may_answer"], row["remaining_seconds"] < 0) == (False, True)
    assert ">over</time>" in await html(house)
