"""One incident's page: everything in it, and nothing of any other."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from agent.model.enactment import Record, State
from agent.model.pending import IncidentHead
from tests.adapters.hostile import HOSTILE
from tests.faces.records import a_record
from tests.faces.web.house import READER, a_house
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.loop.questions import a_question
from tests.makers import NOW, a_cluster, a_message, an_alert, an_incident

ODD = ("0", "a b", "a/b", "a?b=c#d", "é", "100%", "a&amp;b", "' or 1=1 --", "a..b")


def of_incident(record: Record, incident_id: str, **head: object) -> Record:
    incident = IncidentHead(id=incident_id, **head)  # type: ignore[arg-type]
    return msgspec.structs.replace(record, action=msgspec.structs.replace(record.action, incident=incident))


async def test_an_incident_shows_its_actions_those_that_need_people_first(bench: Bench) -> None:
    a_question(bench)
    both = an_incident(
        an_alert(a_cluster(messages=3), a_message(number=9)), tags=("theirs", "air-agent:escalated")
    )
    bench.defender.show(both)
    await bench.run_pass()

    async with await a_house(bench).enter(READER) as browser:
        shown = await browser.get("/incidents/1")
        found = (await browser.get("/incidents/1.json")).json()

    assert shown.status_code == 200
    assert (found["name"], found["severity"], found["status"]) == (
        "Mail removed after delivery",
        "low",
        "active",
    )
    assert (found["tags"], found["our_tags"]) == (["theirs"], ["air-agent:escalated"])
    assert len(found["actions"]) == 2
    assert [one["needs_people"] for one in found["actions"]] == sorted(
        (one["needs_people"] for one in found["actions"]), reverse=True
    )
    for one in found["actions"]:
        assert f'data-open href="/actions/{one["id"]}"' in shown.text
        assert one["headline"]


async def test_an_unknown_incident_is_not_here(bench: Bench) -> None:
    async with await a_house(bench).enter(READER) as browser:
        for name in ("1", "", "a/b", "%00", "1%27"):
            assert (await browser.get(f"/incidents/{name}")).status_code == 404
            assert (await browser.get(f"/incidents/{name}.json")).status_code == 404


async def test_ids_with_odd_characters_lead_to_their_incident(bench: Bench) -> None:
    records = [of_incident(a_record(State.ESCALATED, evidence=a_cluster(query=name)), name) for name in ODD]
    await bench.world.ledger.save(records, now=NOW)

    async with await a_house(bench).enter(READER) as browser:
        for name, record in zip(ODD, records, strict=True):
            action = await browser.get(f"/actions/{record.action.id}")
            link = action.text.partition('<a href="/incidents/')[2].partition('"')[0]
            shown = await browser.get(f"/incidents/{link}.json")
            assert (shown.status_code, shown.json()["id"]) == (200, name)


async def test_another_tenants_incident_is_not_here_in_the_same_ledger(bench: Bench, tmp_path: Path) -> None:
    other_tenant = "99999999-2222-3333-4444-555555555555"
    record = of_incident(a_record(State.ESCALATED), "77", display_name="secret")
    theirs = msgspec.structs.replace(
        record, action=msgspec.structs.replace(record.action, tenant_id=other_tenant)
    )
    async with open_ledger(f"sqlite:///{tmp_path}/data/ledger.db", other_tenant) as ledger:
        await ledger.save([theirs], now=NOW)

    async with await a_house(bench).enter(READER) as browser:
        page, program = await browser.get("/incidents/77"), await browser.get("/incidents/77.json")

    assert (page.status_code, program.status_code) == (404, 404)
    assert "secret" not in page.text + program.text


# What attackers write


class Marks(HTMLParser):
    """Reads which elements a page has, with the names of their attributes, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep one element; what stands in ticks may be set as code, and what is quoted has a fence: neither does anything."""
        if (tag, tuple(attrs)) in {("code", ()), ("bdi", (("class", "foreign"),))}:
            return
        self.found.append((tag, tuple(sorted(name for name, _ in attrs))))
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action"}]


def written_by(record: Record, text: str, incident_id: str) -> Record:
    """Return the record with this text wherever somebody outside may have written."""
    action, decision = record.action, record.decision
    assert decision is not None
    facts = msgspec.structs.replace(
        decision.facts,
        values={"subjects": frozenset({text}), "alert.title": text, "cluster.query": text},
        messages=({"recipient": "anna@contoso.example", "subject": text, "sender.address": text},),
        unresolved=text,
        messages_complete=False,
    )
    sightings = tuple(msgspec.structs.replace(one, title=text, alert_id=text) for one in action.sightings)
    head = IncidentHead(id=incident_id, display_name=text, assigned_to=text, custom_tags=(text,))
    return msgspec.structs.replace(
        record,
        action=msgspec.structs.replace(action, label=text, incident=head, sightings=sightings),
        decision=msgspec.structs.replace(decision, facts=facts),
        why=text,
    )


def groups() -> Iterator[str]:
    """Give what attackers write, as many at once as one page has to take."""
    for start in range(0, len(HOSTILE), 60):
        yield " ".join(one.encode("utf-8", "replace").decode() for one in HOSTILE[start : start + 60])


async def test_what_attackers_write_is_inert_and_seen(bench: Bench) -> None:
    """Pages of hostile texts have the same elements and attributes as those of plain words, and lead nowhere else."""
    texts = ("plain words", *groups())
    records = [
        written_by(a_record(State.ESCALATED, evidence=a_cluster(query=f"q{at}")), text, str(at))
        for at, text in enumerate(texts)
    ]
    await bench.world.ledger.save(records, now=NOW)

    async with await a_house(bench).enter(READER) as browser:
        for end in ("", "/targets", "/flips", "incident"):
            wanted = None
            for at, record in enumerate(records):
                action_id = record.action.id
                shown = await browser.get(
                    f"/incidents/{at}" if end == "incident" else f"/actions/{action_id}{end}"
                )
                marks = Marks(shown.text.replace(action_id, "ID").replace(f"/incidents/{at}", "/incidents/N"))
                wanted = wanted or marks
                assert shown.status_code == 200
                assert marks.found == wanted.found
                assert marks.links == wanted.links
                assert not any(letter in shown.text for letter in "\u202e\u2066\u200b\x1b\x9b\x7f\ufeff\x00")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "http://evil.example/", "//evil.example", "data:text/html,x"]
)
async def test_only_https_is_followed(bench: Bench, url: str) -> None:
    record = of_incident(a_record(State.HANDED_OFF), "1", web_url=url)
    await bench.world.ledger.save([record], now=NOW)

    async with await a_house(bench).enter(READER) as browser:
        pages = [await browser.get(path) for path in (f"/actions/{record.action.id}", "/incidents/1")]

    assert not any(f'href="{url}' in page.text for page in pages)
