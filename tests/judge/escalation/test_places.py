"""Where the links in notices lead."""

from typing import Any

import pytest
from msgspec.structs import replace

from agent.judge.escalation import gathered
from agent.judge.escalation.apart import alarm_over, alarm_page
from agent.judge.escalation.climb import opened
from agent.judge.escalation.places import link_back, link_of
from agent.model.alarm import Alarm
from agent.model.chain import Escalating
from agent.model.enactment import State
from agent.model.escalation import Need
from tests.judge.escalation.making import HOUR, MINUTE, NOW, Walk, a_chain, an_item
from tests.judge.escalation.test_items import a_decision, a_record

HERE = Escalating(pages="https://air.contoso.example")
IN_DEFENDER = "https://security.microsoft.com/incidents/42"


def a_walk(*items: Any, rules: Escalating = HERE) -> Walk:
    walk = Walk(a_chain(), *items)
    walk.rules = rules
    return walk


def test_one_action_is_opened_on_its_own_page() -> None:
    assert link_of([an_item(7)], HERE) == "https://air.contoso.example/actions/0000000000000007"


def test_several_actions_of_one_incident_are_opened_on_the_incidents_page() -> None:
    assert link_of([an_item(1), an_item(2)], HERE) == "https://air.contoso.example/incidents/42"


def test_actions_of_several_incidents_are_opened_where_everything_waits() -> None:
    other = replace(an_item(2), incident_id="43")

    assert link_of([an_item(1), other], HERE) == "https://air.contoso.example/pending"


@pytest.mark.parametrize("incident", ["", "../status", "42?x=1#y"])
def test_no_id_leads_to_another_page(incident: str) -> None:
    """An incident's id comes from Graph: whatever it is, it stays one part of the path."""
    items = [replace(an_item(number), incident_id=incident) for number in (1, 2)]

    found = link_of(items, HERE)

    path = found.removeprefix("https://air.contoso.example/")
    assert path in {"pending", "incidents/..%2Fstatus", "incidents/42%3Fx%3D1%23y"}


def test_without_pages_people_go_to_defender() -> None:
    with_url, without = an_item(1, incident_url=IN_DEFENDER), an_item(2)

    assert link_of([without, with_url], Escalating()) == IN_DEFENDER
    assert link_of([without], Escalating()) == "https://security.microsoft.com"


def test_a_notice_leads_to_the_page_that_takes_its_answer_and_says_so() -> None:
    notice = a_walk(an_item(1, incident_url=IN_DEFENDER)).until(NOW + MINUTE).told[0]

    assert notice.link == "https://air.contoso.example/actions/0000000000000001"
    assert notice.is_answered_there
    assert "To answer: follow the link, or air-agent answer 0000000000000001 approve" in notice.words
    assert notice.items[0].incident_url == IN_DEFENDER


def test_a_notice_without_pages_promises_no_answer_at_its_link() -> None:
    notice = a_walk(an_item(1, incident_url=IN_DEFENDER), rules=Escalating()).until(NOW + MINUTE).told[0]

    assert notice.link == IN_DEFENDER
    assert not notice.is_answered_there
    assert "follow the link" not in notice.words


def test_what_has_to_be_decided_in_defender_promises_no_answer_here() -> None:
    notice = a_walk(an_item(1, need=Need.HAND)).until(NOW + MINUTE).told[0]

    assert notice.link == "https://air.contoso.example/actions/0000000000000001"
    assert not notice.is_answered_there


def test_what_is_over_leads_to_where_it_is_seen_what_became_of_it() -> None:
    chain = a_chain()
    one, two = (
        opened(chain, "incident:42", [an_item(n) for n in range(1, 1 + many)], NOW) for many in (1, 2)
    )
    campaign = replace(two, group="campaign:url:1")

    assert link_back(one, HERE) == "https://air.contoso.example/actions/0000000000000001"
    assert link_back(two, HERE) == "https://air.contoso.example/incidents/42"
    assert link_back(campaign, HERE) == "https://air.contoso.example/pending"
    assert link_back(one, Escalating()) == "https://security.microsoft.com"


def test_an_alarm_leads_to_the_status() -> None:
    alarm = Alarm(name="policies", since=NOW, words="the set does not load")

    page, found = alarm_page(alarm, a_chain(), HERE, NOW)
    _, over = alarm_over(page, HERE, NOW)

    assert {one.link for one in (*found, *over)} == {"https://air.contoso.example/status"}


def test_a_summary_and_a_digest_of_several_lead_to_where_everything_waits() -> None:
    chain = a_chain()
    item = an_item(1, incident_url=IN_DEFENDER)
    page = opened(chain, "incident:42", [item], NOW)
    told = a_walk(an_item(1)).until(NOW + MINUTE).told[0]
    other = a_walk(an_item(2)).until(NOW + MINUTE).told[0]

    summary = gathered.summary(chain, [(page, [item])], NOW, last=None, rules=HERE)
    digest = gathered.digest("mail", [told, replace(other, page_id="x")], NOW + HOUR, rules=HERE)
    single = gathered.digest("mail", [told], NOW + HOUR, rules=HERE)

    assert {one.link for one in summary} == {"https://air.contoso.example/pending"}
    assert digest.link == "https://air.contoso.example/pending"
    assert single.link == told.link
    assert gathered.summary(chain, [(page, [item])], NOW, last=None)[0].link == IN_DEFENDER


def test_what_a_policy_has_told_leads_to_its_action() -> None:
    record = a_record(State.REJECTED, decision=a_decision(policies=("p",)))

    found = gathered.inform(a_chain(), record, NOW, rules=HERE)

    assert {one.link for one in found} == {f"https://air.contoso.example/actions/{record.action.id}"}
