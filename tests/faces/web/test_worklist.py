"""The page of what people have to press in Defender."""

from datetime import timedelta
from html import unescape

import msgspec
import pytest

from agent.faces.web import pressing, worklist
from agent.model.decision import Verb
from agent.model.defender import PENDING_APPROVAL, MailboxConfigurationEvidence
from agent.model.enactment import Confirmation, PendingSeen, Plan, Record, State, Way
from agent.model.pending import ActionKind
from tests.faces.records import HOSTILE, a_record
from tests.faces.web.house import READER, House
from tests.ledgers import open_ledger
from tests.makers import NOW, TENANT, a_cluster

D = timedelta(days=1)
OTHER = "99999999-2222-3333-4444-555555555555"
HAND_OFF = Plan(way=Way.HAND_OFF, why="Graph has no call for it")
FORWARDING = MailboxConfigurationEvidence(
    remediation_status=PENDING_APPROVAL,
    mailbox_primary_address="anna@contoso.example",
    configuration_type="userInboxRule",
)


def waiting(
    name: str,
    *,
    state: State = State.ESCALATED,
    verb: Verb = Verb.ESCALATE,
    days: float = 3,
    reason: str = "why",
) -> Record:
    record = a_record(state, verb, evidence=a_cluster(query=name), reason=reason)
    incident = msgspec.structs.replace(record.action.incident, web_url=f"https://defender.example/{name}")
    action = msgspec.structs.replace(
        record.action, deadline=NOW + timedelta(days=days), incident=incident, label=f"mail of {name}"
    )
    return msgspec.structs.replace(record, action=action)


def over(record: Record, *, hours: float = 1) -> Record:
    """Return the record once a person declined it in Defender."""
    seen = Confirmation(pending=PendingSeen.CLOSED, at=NOW - timedelta(hours=hours), words="declined")
    return msgspec.structs.replace(
        record, state=State.SUPERSEDED, confirmation=seen, why="declined in Defender"
    )


async def shown(house: House, path: str = "/worklist") -> str:
    async with await house.enter(READER) as browser:
        answer = await browser.get(path)

    assert answer.status_code == 200, answer.text
    return answer.text


async def document(house: House, query: str = "") -> worklist.Worklist:
    async with await house.enter(READER) as browser:
        answer = await browser.get(f"/worklist.json{query}")

    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=worklist.Worklist)


async def save(house: House, *records: Record) -> None:
    await house.bench.world.ledger.save(records, now=house.now)


async def ids(house: House, query: str = "") -> list[str]:
    return [item.id for group in (await document(house, query)).groups for item in group.items]


async def test_what_is_to_be_pressed_stands_by_action_type_with_the_earliest_deadline_first(
    house: House,
) -> None:
    rule = a_record(State.HANDED_OFF, evidence=FORWARDING, plan=HAND_OFF)
    late, soon = waiting("late", days=4), waiting("soon", days=2, state=State.REJECTED, verb=Verb.REJECT)
    await save(house, late, soon, rule)

    page = await document(house)

    assert [(group.type, group.count) for group in page.groups] == [
        ("Soft delete email cluster", 2),
        ("Turn off external mail forwarding", 1),
    ]
    assert [item.press for item in page.groups[0].items] == ["Reject", "Approve or Reject"]
    assert [(one.press, one.count) for one in page.groups[0].presses] == [
        ("Reject", 1),
        ("Approve or Reject", 1),
    ]
    assert page.count == 3


async def test_each_item_says_why_until_when_and_leads_to_defender(house: House) -> None:
    record = waiting("campaign", reason="three of the recipients are on the list of VIPs")
    await save(house, record)

    text = await shown(house)

    assert "three of the recipients are on the list of VIPs" in text
    assert 'href="https://defender.example/campaign"' in text
    assert f'<a data-open href="/actions/{record.action.id}">' in text
    assert f'href="https://security.microsoft.com/action-center/pending?tid={TENANT}"' in text
    assert "in 3d 0h" in text


async def test_what_graph_has_no_call_for_has_its_commands_to_copy(house: House) -> None:
    await save(house, a_record(State.HANDED_OFF, evidence=FORWARDING, plan=HAND_OFF))

    text = await shown(house)

    block = text.partition('<pre class="wrapped"')[2].partition("</pre>")[0]
    lines = [line.partition(" ")[0] for line in block.split("<code>")[1:]]
    assert lines == ["Get-InboxRule", "$rule", "Disable-InboxRule"]
    assert "&#39;anna@contoso.example&#39;" in block
    copied = unescape(block.partition('data-copy="')[2].partition('"')[0]).split("\n")
    assert [line.partition(" ")[0] for line in copied] == lines


async def test_what_defender_shows_decided_ticks_itself_off_and_is_folded_below_for_a_day(
    house: House,
) -> None:
    first, second = waiting("first"), waiting("second")
    await save(house, first, second)
    assert len(await ids(house)) == 2

    (kept,) = (await house.bench.world.ledger.load([first.action.id])).values()
    await save(house, msgspec.structs.replace(over(first, hours=0), version=kept.version))
    page = await document(house)

    assert [item.id for group in page.groups for item in group.items] == [second.action.id]
    assert [(item.id, item.how_it_ended) for item in page.done] == [(first.action.id, "declined in Defender")]
    house.bench.clock.advance(timedelta(hours=24))
    assert (await document(house)).done_count == 1
    house.bench.clock.advance(timedelta(seconds=1))
    assert (await document(house)).done_count == 0


async def test_what_ended_before_the_pages_were_opened_is_told_too(house: House) -> None:
    await save(house, over(waiting("early"), hours=5), over(waiting("late"), hours=2))

    page = await document(house)

    assert [item.what for item in page.done] == ["mail of late", "mail of early"]
    assert page.groups == ()


async def test_what_is_over_leaves_the_list_by_itself(house: House) -> None:
    await save(house, waiting("soon", days=1))
    house.bench.clock.advance(D - timedelta(seconds=1))
    assert len(await ids(house)) == 1

    house.bench.clock.advance(timedelta(seconds=1))

    assert await ids(house) == []


async def test_a_change_that_is_saved_late_is_seen(house: House) -> None:
    """Whoever saves takes the moment first: another replica's later change may have been read before."""
    await save(house, waiting("first"))
    house.bench.clock.advance(timedelta(minutes=1))
    await save(house, waiting("second"))
    assert len(await ids(house)) == 2

    await house.bench.world.ledger.save([waiting("third")], now=house.now - timedelta(seconds=90))

    assert len(await ids(house)) == 3


async def test_a_type_with_many_is_cut_and_has_pages_of_its_own(house: House) -> None:
    await save(house, *(waiting(f"number {n}", days=1 + n / 100) for n in range(205)))

    every, last = await document(house), await document(house, "?kind=softDeleteCluster&page=3")
    beyond = await document(house, "?kind=softDeleteCluster&page=9")
    text = await shown(house)

    assert (len(every.groups[0].items), every.groups[0].count, every.pages) == (worklist.FIRST, 205, 1)
    assert [item.what for item in last.groups[0].items] == [f"mail of number {n}" for n in range(200, 205)]
    assert (last.page, last.pages, beyond.page) == (3, 3, 3)
    assert 'href="/worklist?kind=softDeleteCluster">All 205 of this type' in text
    assert "1 to 20 of 205, earliest deadline first" in text


async def test_another_type_is_not_shown_where_one_is_asked_for(house: House) -> None:
    await save(house, waiting("cluster"), a_record(State.HANDED_OFF, evidence=FORWARDING, plan=HAND_OFF))

    page = await document(house, "?kind=disableForwarding")

    assert [group.kind for group in page.groups] == [ActionKind.DISABLE_FORWARDING]
    assert page.count == 2


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("kind=softdeletecluster", "did you mean `softDeleteCluster`?"),
        ("page=0", "counted from 1"),
        ("page=x", "counted from 1"),
        ("page=99999999999999999999", "counted from 1"),
        (f"page=0000000001{'9' * 5_000}", "counted from 1"),
    ],
)
async def test_an_address_that_means_nothing_is_told_in_words(house: House, query: str, words: str) -> None:
    async with await house.enter(READER) as browser:
        answer = await browser.get(f"/worklist.json?{query}")

    assert (answer.status_code, words in answer.json()["error"]) == (400, True)


async def test_an_empty_list_says_what_that_means(house: House) -> None:
    assert "Nothing is to be pressed in Defender." in await shown(house)


async def test_an_attackers_words_stay_words(house: House) -> None:
    await save(house, waiting("<script>alert(1)</script>", reason=HOSTILE))

    text = await shown(house)

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert not {"\x1b", "\u202e", "\u2066", "\x9b"} & set(text)


def of_another(record: Record) -> Record:
    action = msgspec.structs.replace(record.action, tenant_id=OTHER)
    return msgspec.structs.replace(record, action=action)


async def test_nothing_of_another_tenant_is_shown(house: House, tmp_path: object) -> None:
    await save(house, waiting("ours"))
    url = f"sqlite:///{tmp_path}/data/ledger.db"
    async with open_ledger(url, OTHER) as theirs:
        await theirs.save([of_another(waiting("theirs"))], now=NOW)
        await theirs.save([of_another(over(waiting("theirs too")))], now=NOW)

        text = await shown(house)

    assert "ours" in text
    assert "theirs" not in text


async def test_looking_changes_nothing(house: House) -> None:
    await save(house, waiting("one"))
    before = await house.bench.records()

    await shown(house)
    await shown(house)

    assert await house.bench.records() == before


async def test_all_of_many_changes_are_read_when_they_come_at_one_moment(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pressing, "AT_ONCE", 3)
    await save(house, *(waiting(f"at once {n}") for n in range(7)))
    assert len(await ids(house)) == 7

    house.bench.clock.advance(timedelta(minutes=5))
    await save(house, *(waiting(f"then {n}") for n in range(7)))

    assert len(await ids(house)) == 14
