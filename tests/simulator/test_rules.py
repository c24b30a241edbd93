"""Inbox rules: what is shown, turning one on and off, and what cannot be done."""

from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest

from agent.simulator import settling
from agent.simulator.mailboxes import Mailbox, rule
from agent.simulator.making import person
from agent.simulator.suspects import READ_ONLY_RULE
from agent.simulator.switches import Switches
from tests.simulator.worlds import USERS, Caller, caller, staffed

BY_RULE, WHOLE, INBOX_RULE, DELEGATE = (person(200 + number) for number in range(4))
FORWARDS = "AQAAAJ5dZqA="
SAMPLE = Path(__file__).parent.parent / "samples" / "graph" / "messagerule-patch.response.json"


def forwards_to(one: dict[str, object]) -> list[str]:
    actions = one["actions"]
    assert isinstance(actions, dict)
    named = (actions.get(name, []) for name in ("forwardTo", "forwardAsAttachmentTo", "redirectTo"))
    return [to["emailAddress"]["address"] for found in named for to in found]


async def test_rules_are_listed_in_the_order_in_which_they_run() -> None:
    graph = caller(staffed())

    found = await graph.rules(BY_RULE)

    assert [one["sequence"] for one in found] == [1, 2, 3]
    assert [forwards_to(one) for one in found] == [
        ["assistant@contoso.example"],
        ["collector@mailbox.attacker.example"],
        [],
    ]


async def test_a_rule_has_every_property_of_microsofts_sample() -> None:
    graph = caller(staffed())
    sample = msgspec.json.decode(SAMPLE.read_bytes(), type=dict[str, object])

    answer = await graph.switch(BY_RULE, FORWARDS, on=False)

    assert answer.json().keys() == sample.keys()


@pytest.mark.parametrize("per_page", ["1", "2"])
async def test_rules_come_in_pages(per_page: str) -> None:
    graph = caller(staffed())

    found = await graph.listed(f"{USERS}/{BY_RULE}/mailFolders/inbox/messageRules", top=per_page)

    assert [one["sequence"] for one in found] == [1, 2, 3]


async def test_a_rule_is_turned_off_and_on_and_shown_as_it_is_then() -> None:
    graph = caller(staffed())
    user_id = graph.user(BY_RULE)["id"]
    path = f"{USERS}/{user_id}/mailFolders/inbox/messageRules/{FORWARDS}"

    off = await graph.switch(user_id, FORWARDS, on=False)
    shown = (await graph.get(path)).json()
    on = await graph.switch(BY_RULE, FORWARDS, on=True)

    assert (off.status_code, off.json()["isEnabled"], shown["isEnabled"]) == (200, False, False)
    assert on.json()["isEnabled"] is True
    assert graph.state.applied == {
        ("disableRule", FORWARDS, user_id): 1,
        ("enableRule", FORWARDS, user_id): 1,
    }


@pytest.mark.parametrize("name", ["Forwarding by a rule", "Inbox rule that forwards"])
async def test_a_rerun_closes_the_action_once_its_rule_is_off(name: str) -> None:
    graph = caller(staffed())
    evidence = graph.evidence_of(name)

    await graph.switch(evidence["upn"], evidence["configurationId"], on=False)
    graph.later(minutes=15)

    assert graph.evidence_of(name)["remediationStatus"] == "remediated"


@pytest.mark.parametrize("name", ["Forwarding of a whole mailbox", "Delegate nobody knows"])
async def test_what_exchange_alone_knows_shows_in_no_rule_and_stays(name: str) -> None:
    graph = caller(staffed())

    found = await graph.rules(graph.evidence_of(name)["upn"])
    graph.state.plan(graph.clock.now(), settling.rerun)
    graph.later(hours=5)

    assert found == []
    assert graph.evidence_of(name)["remediationStatus"] == "pendingApproval"


async def test_a_read_only_rule_is_refused_and_not_counted() -> None:
    graph = caller(staffed())

    answer = await graph.switch(person(315), READ_ONLY_RULE, on=False)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "ErrorAccessDenied")
    assert not graph.state.applied


@pytest.mark.parametrize(
    "body", [{}, {"isEnabled": "no"}, {"isEnabled": False, "sequence": 1}, {"sequence": 1}]
)
async def test_only_whether_a_rule_is_on_can_be_written(body: dict[str, object]) -> None:
    graph = caller(staffed())
    graph.http._transport = httpx.ASGITransport(graph.app)
    path = f"{USERS}/{BY_RULE}/mailFolders/inbox/messageRules/{FORWARDS}"

    answer = await graph.http.patch(path, json=body)

    assert answer.status_code == 400
    assert not graph.state.applied


def without_mailbox(graph: Caller) -> None:
    graph.user(BY_RULE)["mail"] = None


def closed(graph: Caller) -> None:
    graph.state.mailboxes[graph.user(BY_RULE)["id"]].is_closed = True


async def test_what_is_not_there_is_told_in_exchanges_words() -> None:
    graph = caller(staffed())

    unknown_rule = await graph.switch(BY_RULE, "AQAAAJ5dZqZ=", on=False)
    unknown_user = await graph.switch("nobody@contoso.example", FORWARDS, on=False)
    closed(graph)
    shut = await graph.switch(BY_RULE, FORWARDS, on=False)
    without_mailbox(graph)
    no_mailbox = await graph.switch(BY_RULE, FORWARDS, on=False)

    assert [(one.status_code, one.json()["error"]["code"]) for one in (unknown_rule, unknown_user)] == [
        (404, "ErrorItemNotFound"),
        (404, "ErrorInvalidUser"),
    ]
    assert [(one.status_code, one.json()["error"]["code"]) for one in (shut, no_mailbox)] == [
        (403, "ErrorAccessDenied"),
        (404, "MailboxNotEnabledForRESTAPI"),
    ]
    assert not graph.state.applied


async def test_a_mailbox_without_rules_shows_an_empty_list() -> None:
    graph = caller(staffed())

    assert await graph.rules(person(900)) == []


async def test_reads_can_show_for_a_while_that_a_rule_is_on() -> None:
    graph = caller(staffed(), Switches(write_lag=timedelta(minutes=10)))

    answer = await graph.switch(BY_RULE, FORWARDS, on=False)
    graph.later(minutes=9, seconds=59)
    before = (await graph.rules(BY_RULE))[1]["isEnabled"]
    graph.later(seconds=1)

    assert answer.json()["isEnabled"] is False
    assert (before, (await graph.rules(BY_RULE))[1]["isEnabled"]) == (True, False)


@pytest.mark.parametrize("match", [True, False])
async def test_evidence_names_a_rule_by_its_id_or_by_another_name(match: bool) -> None:
    graph = caller(staffed(), Switches(rule_ids_match=match))

    shown = [
        evidence["configurationId"]
        for alert in await graph.listed("/v1.0/security/alerts_v2")
        for evidence in alert["evidence"]
        if evidence.get("configurationId")
    ]

    assert len(shown) == len(set(shown)) == 3
    assert (FORWARDS in shown) is match


def test_a_rule_leaves_out_what_it_does_not_do() -> None:
    one = rule("1", "x", forward_as_attachment_to=("a@b.example",), delete=True)

    assert one["actions"] == {
        "forwardAsAttachmentTo": [{"emailAddress": {"name": "a", "address": "a@b.example"}}],
        "delete": True,
    }
    assert Mailbox().add(one) is one
