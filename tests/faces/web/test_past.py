"""The history: who decided what, when and why, all of it and nothing of anybody else's."""

import csv
import io
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any, cast

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.judge.naming import places_of
from agent.loop.hindsight import look_again
from agent.model.air import AirAction
from agent.model.enactment import Record
from agent.model.imported import Importing
from tests.adapters.records import a_decided_record, a_decision, an_action
from tests.faces.web.house import READER, House
from tests.judge.afterwards import imported as an_import
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident

HOSTILE = '=cmd|"/c calc"!A1 <script>alert(1)</script>\u202e'
OTHER = "99999999-2222-3333-4444-555555555555"


async def decided(bench: Bench) -> None:
    """Have one cluster approved and deleted, one left to people and declined in Defender, and one expired."""
    bench.defender.show(
        an_incident(
            an_alert(a_cluster(messages=1), id="a"),
            an_alert(a_cluster(query="declined", first=7, verdict="suspicious"), id="b"),
            an_alert(a_cluster(query="expired", first=11, verdict="suspicious"), id="c"),
        )
    )
    bench.defender.deliver(a_copy(1))
    await bench.run_pass()
    bench.clock.advance(timedelta(minutes=10))
    over = a_cluster(query="declined", first=7, verdict="suspicious", status="declined")
    alerts = [one for one in bench.defender.incidents["1"].alerts if one.id != "b"]
    bench.defender.show(
        an_incident(*alerts, an_alert(over, id="b", updated=bench.clock.now()), updated=bench.clock.now())
    )
    await bench.run_pass()
    bench.clock.advance(timedelta(days=8))
    await bench.run_pass()


async def rows(house: House, query: str = "") -> list[dict[str, Any]]:
    async with await house.enter(READER) as browser:
        answer = await browser.get(f"/history.json{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["decisions"]
    return found


async def test_everything_that_was_decided_is_there_newest_first(house: House) -> None:
    await decided(house.bench)

    found = await rows(house)

    assert [(one["decision"], one["decided_by"]) for one in found if one["by"] != "policies"] == [
        ("expired", "nobody"),
        ("decided elsewhere", "not said"),
    ]
    ours = {(one["decision"], one["decided_by"]) for one in found if one["by"] == "policies"}
    assert ours == {("escalate", "no policy"), ("approve", "small-malicious")}
    approved = next(one for one in found if one["decision"] == "approve")
    assert "soft delete" in approved["enactment"]
    assert approved["confirmation"].startswith("confirmed")
    assert "nobody's no" in next(one for one in found if one["decision"] == "expired")["reason"]


async def test_who_decided_it_in_defender_is_told_where_its_own_rows_name_them(house: House) -> None:
    await decided(house.bench)
    (line,) = await rows(house, "?by=elsewhere")
    assert line["reason"] == "Defender shows `declined`: a person's no, and it does not say whose"
    record = (await house.site.desk.ledger.load([line["id"]]))[line["id"]]
    row = AirAction(
        investigation_id="i", action_id="a", at=NOW + timedelta(minutes=5), approval="Declined",
        approved_by=HOSTILE, approver_comment="a newsletter", keys=places_of(record.action),
    )  # fmt: skip

    await house.site.desk.ledger.save_air_actions([row])
    await look_again(house.bench.world, [row])
    (line,) = await rows(house, "?by=elsewhere")

    assert HOSTILE[:4] in line["decided_by"]
    assert line["reason"].endswith(
        ' on 2026-11-02 09:05Z; certain: AIR\'s own rows (CloudAppEvents): "a newsletter"'
    )


async def test_what_was_imported_says_so_and_has_no_page_of_its_own(house: House) -> None:
    one = an_import()
    ledger = cast("SqlLedger", house.bench.world.ledger)
    since = one.action.first_seen
    await ledger.imports.bring_in(
        [one], [], Importing(since=since, until=NOW, policies="", read=NOW, alerts_read=NOW)
    )

    ended, judged = await rows(house)
    async with await house.enter(READER) as browser:
        page = (await browser.get("/history")).text

    assert (judged["is_imported"], judged["has_page"]) == (True, False)
    assert judged["enactment"] == "judged afterwards: nothing was done by it"
    assert judged["reason"] == one.decision.reason
    assert judged["label"] == ended["label"] == one.action.label
    assert f"/actions/{one.action.id}" not in page


async def test_a_decision_that_was_overtaken_keeps_its_reason(house: House) -> None:
    first = a_decided_record()
    await house.site.desk.ledger.save([first], now=NOW)
    later = a_decision(first.action, at=NOW + timedelta(hours=1), reason="judged anew")
    await house.site.desk.ledger.save(
        [msgspec.structs.replace(first, decision=later, version=1)], now=NOW + timedelta(hours=1)
    )

    found = await rows(house)

    assert [(one["reason"], one["enactment"]) for one in found] == [
        ("judged anew", "soft delete through Graph; about to be sent"),
        ("`evidence.verdict` is malicious", "a later decision stands"),
    ]


NARROWED = (
    ("", 30),
    ("?decision=approve", 30),
    ("?decision=expired", 0),
    ("?policy=malicious-url-clusters&kind=softDeleteCluster", 30),
    ("?policy=nothing", 0),
    ("?incident=1", 30),
    ("?incident=2", 0),
    ("?words=LIKE+cluster-7", 1),
    ("?since=2026-11-02", 30),
    ("?since=1h&until=2026-11-02T09:00:00Z", 0),
    ("?since=0s", 30),
)


async def test_the_list_is_narrowed_by_its_address(house: House) -> None:
    await house.site.desk.ledger.save(
        [a_decided_record(f"cluster-{number}") for number in range(30)], now=NOW
    )

    found = [(query, len(await rows(house, query))) for query, _ in NARROWED]

    assert found == list(NARROWED)


async def test_pages_lead_on_to_what_is_older_and_keep_the_filters(house: House) -> None:
    await house.site.desk.ledger.save(
        [a_decided_record(f"cluster-{number}") for number in range(60)], now=NOW
    )

    seen: list[str] = []
    address = "/history?size=25&policy=malicious-url-clusters"
    async with await house.enter(READER) as browser:
        for _ in range(3):
            page = (await browser.get(address)).text
            seen += [part.partition('"')[0] for part in page.split('data-open href="/actions/')[1:]]
            address = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")

    assert (len(seen), len(set(seen)), address) == (60, 60, "")
    assert "That is the oldest" in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("before=nonsense", "is no place in the history"),
        ("before=2026-11-02T09:00:00~a~1~", "is no place in the history"),
        ("before=2026-11-02T09:00:00Z~a~1~sideways", "is no place in the history"),
        ("before=2026-11-02T09:00:00Z~a~99999999999999999999~", "is no place in the history"),
        ("page=2", "newest first"),
        ("sort=at", "newest first"),
        ("since=yesterday", "is not a duration such as `2d`"),
        ("until=999999d", "longer ago than there are dates"),
        ("decision=aprove", "did you mean `approve`?"),
        ("colour=red", "has no filter"),
    ],
)
async def test_an_address_that_means_nothing_is_refused_in_words(
    house: House, query: str, words: str
) -> None:
    async with await house.enter(READER) as browser:
        answers = [await browser.get(f"/history{ending}?{query}") for ending in ("", ".json", ".csv")]

    assert [answer.status_code for answer in answers] == [400] * 3
    shown = [answer.text.replace("<code>", "`").replace("</code>", "`") for answer in answers]
    assert [words in text for text in shown] == [True] * 3


async def test_hostile_text_is_inert_on_the_page_and_in_a_spreadsheet(house: House) -> None:
    record = hostile()
    await house.site.desk.ledger.save([record], now=NOW)

    async with await house.enter(READER) as browser:
        page = (await browser.get("/history")).text
        sheet = await browser.get("/history.csv")
        told = await browser.get("/history.json")

    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page + sheet.text + told.text
    (line,) = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert line["reason"].startswith("'=cmd|")
    assert sheet.headers["content-disposition"].startswith('attachment; filename="history-2026')
    assert told.json()["decisions"][0]["reason"] == HOSTILE


async def test_everything_is_given_in_one_go_and_a_look_at_the_headers_gives_none_of_it(house: House) -> None:
    await house.site.desk.ledger.save(
        [a_decided_record(f"cluster-{number}") for number in range(600)], now=NOW
    )

    found = await rows(house)
    async with await house.enter(READER) as browser:
        sheet = await browser.get("/history.csv")
        head = await browser.head("/history.csv")

    assert len({one["id"] for one in found}) == len(found) == 600
    assert len(list(csv.DictReader(io.StringIO(sheet.text)))) == 600
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("ending", ["", ".json", ".csv"])
async def test_what_cannot_be_read_is_a_refusal_and_no_list_that_is_cut_off(
    house: House, ending: str
) -> None:
    await house.site.desk.ledger.save([a_decided_record()], now=NOW)
    with closing(sqlite3.connect(str(url_of(house)).removeprefix("sqlite:///"))) as raw, raw:
        raw.execute("UPDATE records SET notes = 'x'")

    async with await house.enter(READER) as browser:
        answer = await browser.get(f"/history{ending}")

    assert (answer.status_code, "restore a backup" in answer.text) == (503, True)


async def test_where_nothing_was_decided_that_is_said_and_what_to_do(house: House) -> None:
    async with await house.enter(READER) as browser:
        empty = (await browser.get("/history")).text
        narrowed = (await browser.get("/history?policy=vip")).text

    assert "Nothing was decided yet" in empty
    assert "No decision is like that" in narrowed
    assert (await rows(house)) == []


async def test_nothing_of_another_tenant_is_shown(house: House) -> None:
    ledger = house.bench.world.ledger
    url = url_of(house)
    theirs = a_decided_record("their secret", action=an_action("their secret", tenant=OTHER))
    theirs = msgspec.structs.replace(theirs, decision=a_decision(theirs.action))
    async with open_ledger(url, OTHER, as_it_is=True) as other:
        await other.save([theirs], now=NOW)
    await ledger.save([a_decided_record("ours")], now=NOW)

    async with await house.enter(READER) as browser:
        told = [(await browser.get(f"/history{ending}")).text for ending in ("", ".json", ".csv")]

    assert [("ours" in text, "their secret" in text, theirs.action.id in text) for text in told] == [
        (True, False, False)
    ] * 3


def url_of(house: House) -> str:
    """Return where the house's ledger lies."""
    return str(house.bench.world.ledger._desk._reading.url)  # type: ignore[attr-defined]


def hostile() -> Record:
    action = msgspec.structs.replace(an_action(), label=HOSTILE)
    return msgspec.structs.replace(
        a_decided_record(), action=action, decision=a_decision(action, reason=HOSTILE)
    )
