"""One action's page: what stands on it, and who may answer it how."""

import re
from datetime import timedelta
from html import unescape

import httpx
import msgspec
import pytest

from agent.loop.policies import keep
from agent.loop.run import load
from agent.model.answer import Answer
from agent.model.decision import Verb
from agent.model.enactment import Record, State, Way
from agent.model.errors import PolicyError
from agent.model.hold import Replica
from agent.model.policy import KeptSet
from agent.model.session import Draft
from tests.faces.web.house import APPROVER, ORIGIN, READER, House, a_house, send
from tests.ledgers import open_ledger
from tests.loop.conftest import APPROVE, Bench
from tests.loop.questions import CHAIN, CHANNEL, ESCALATE, TWO, a_question, reply
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident
from tests.persons import EVE, FAY, somebody

WHY = "the sender is not ours"


async def asked(bench: Bench, **more: object) -> tuple[House, str]:
    """Return a site with one action that people are asked about, and its page's address."""
    a_question(bench, **more)  # type: ignore[arg-type]
    await bench.run_pass()
    return a_house(bench), f"/actions/{(await bench.only()).action.id}"


async def answers(bench: Bench) -> tuple[Answer, ...]:
    record = await bench.only()
    return (await bench.world.ledger.answers([record.action.id])).get(record.action.id, ())


def told(shown: httpx.Response) -> str:
    """Return the words of a page, without its marks."""
    main = shown.text.partition("<main")[2].partition("</main>")[0]
    main = re.sub("</?code>", "`", main)  # how names are set apart in sentences
    main = re.sub("<time [^>]*>([^<]*)</time>", r"\1", main)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", f"<main{main}")).split())


def field(shown: httpx.Response, name: str) -> str:
    return unescape(shown.text.partition(f'name="{name}" value="')[2].partition('"')[0])


async def approve(browser: httpx.AsyncClient, page: str, **fields: str) -> httpx.Response:
    digest = field(await browser.get(page), "digest")
    given = {"verb": "approve", "reason": WHY, "which": "all", "digest": digest} | fields
    return await send(browser, page, f"{page}/answer", **given)


# What stands there


async def test_a_person_at_night_reads_first_what_they_need_first(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        shown = await browser.get(page)

    words = told(shown)
    in_order = [
        "Escalated: Defender's verdict is malicious",
        "If people approve: soft delete of 3 copies in mailboxes",
        "Yes, by `air-agent undo`",
        "in 6d 23h",
        "people, here : 1 person of chain `secops` has to approve it, or one to reject it",
        "Approve: soft delete 3 copies in 3 mailboxes",
        "Reject: nothing is done, Defender keeps it pending",
        "All must hold",
        "Guard rails",
        "Facts",
        "Mailbox or place",
        "What came of it",
        "What happened, oldest first",
        "Defender's Action center",
    ]
    assert shown.status_code == 200
    places = [words.find(one) for one in in_order]
    assert -1 not in places, in_order[places.index(-1)]
    assert places == sorted(places)


async def test_the_same_address_gives_the_document(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(READER) as browser:
        found = (await browser.get(f"{page}.json")).json()

    assert found["headline"] == "Escalated: Defender's verdict is malicious"
    assert (found["state"], found["targets"], len(found["lines"])) == ("escalated", 3, 3)
    assert found["why"]["policies"][0]["match"][0]["held"] == "yes"
    assert [one["name"] for one in found["facts"]][:2] == ["action.alertCount", "action.deadline"]
    assert found["next"]["who"] == "people, here"


async def test_looking_changes_nothing(bench: Bench) -> None:
    house, page = await asked(bench)
    before = await bench.only()

    async with await house.enter(APPROVER) as browser:
        for path in (page, f"{page}/targets", f"{page}/why", f"{page}/flips", f"{page}.json"):
            assert (await browser.get(path)).status_code == 200
            assert (await browser.head(path)).status_code == 200
        assert (await browser.get(f"{page}/answer")).status_code == 405

    assert await bench.only() == before
    assert await answers(bench) == ()


async def test_what_is_not_known_is_not_here(bench: Bench) -> None:
    house, _ = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        for name in ("0123456789abcdef", "%27%20or%201=1", "%00", "a.json"):
            for end in (
                "",
                ".json",
                "/targets",
                "/targets.json",
                "/why",
                "/why.json",
                "/flips",
                "/flips.json",
            ):
                assert (await browser.get(f"/actions/{name}{end}")).status_code == 404


async def test_another_tenants_action_is_not_here_in_the_same_ledger(bench: Bench, tmp_path: object) -> None:
    house, _ = await asked(bench)
    mine = await bench.only()
    other_tenant = "99999999-2222-3333-4444-555555555555"
    action = msgspec.structs.replace(mine.action, tenant_id=other_tenant, label="secret of the other tenant")
    theirs = msgspec.structs.replace(mine, action=action, version=0)
    async with open_ledger(f"sqlite:///{tmp_path}/data/ledger.db", other_tenant) as ledger:
        await ledger.save([theirs], now=NOW)
    page = f"/actions/{action.id}"
    assert action.id != mine.action.id

    async with await house.enter(APPROVER) as browser:
        got = [
            await browser.get(f"{page}{end}")
            for end in ("", ".json", "/targets", "/targets.json", "/why", "/flips")
        ]
        fields = {
            "csrf": house.csrf(browser),
            "verb": "approve",
            "reason": "x",
            "digest": "d",
            "which": "all",
        }
        got.append(await browser.post(f"{page}/answer", data=fields, headers=ORIGIN))
        incident = await browser.get(f"/incidents/{action.incident.id}")

    assert {one.status_code for one in got} == {404}
    assert incident.status_code == 200
    assert not any("secret" in one.text for one in (*got, incident))


# Answering


async def test_an_approval_counts_and_the_page_says_so(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        done = await approve(browser, page)
        after = told(await browser.get(page))

    (given,) = await answers(bench)
    assert (done.status_code, done.headers["location"]) == (303, f"{page}#answer")
    assert (given.verb, given.reason, given.via, given.targets) == (Verb.APPROVE, WHY, "page", None)
    assert "Your approval of all of it at 2026-11-02 09:00Z counts: 1 of 1" in after
    assert (await bench.only()).state is State.ANSWERED


async def test_whoever_answers_while_no_agent_runs_is_told_so(bench: Bench) -> None:

    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        await approve(browser, page)
        bench.clock.advance(timedelta(minutes=16))
        alone = told(await browser.get(page))
        await bench.world.ledger.beat(Replica(name="agent-1", alive=house.now, mode="enforce"))
        beside = told(await browser.get(page))

    assert "No agent runs on this ledger now" in alone
    assert "No agent runs" not in beside


async def test_whoever_answers_where_the_agent_only_observes_is_told_that_nothing_is_carried_out(
    bench: Bench,
) -> None:
    bench.observing()
    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        before = told(await browser.get(page))
        await approve(browser, page)
        after = told(await browser.get(page))
        await bench.world.ledger.beat(Replica(name="agent-2", alive=house.now, mode="enforce"))
        beside = told(await browser.get(page))

    assert "The agent only observes (`mode: observe`): an approval is written down" in before
    assert "The agent only observes: it writes that down, and carries out nothing" in after
    assert "then carries out" not in after
    assert "only observes" not in beside
    assert "then carries it out" in beside


async def test_a_form_that_is_sent_twice_counts_once(bench: Bench) -> None:
    house, page = await asked(bench, chain=TWO)

    async with await house.enter(APPROVER) as browser:
        digest = field(await browser.get(page), "digest")
        fields = {
            "csrf": house.csrf(browser),
            "verb": "approve",
            "reason": WHY,
            "which": "all",
            "digest": digest,
        }
        first, second = [await browser.post(f"{page}/answer", data=fields, headers=ORIGIN) for _ in range(2)]
        other = await browser.post(f"{page}/answer", data=fields | {"reason": "another"}, headers=ORIGIN)

    assert (first.status_code, second.status_code) == (303, 303)
    assert other.status_code == 409
    assert len(await answers(bench)) == 1


async def test_only_what_is_ticked_is_approved(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        done = await approve(browser, page, which="only", target="2")

    (given,) = await answers(bench)
    assert done.status_code == 303
    assert given.targets is not None
    assert [place for _, place in given.targets] == ["user2@contoso.example"]


async def test_a_choice_with_the_button_for_all_of_it_is_refused_and_kept(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        done = await approve(browser, page, target="2")

    assert (done.status_code, await answers(bench)) == (400, ())
    assert "You chose 1 of 3 targets, and pressed the button for all of it" in told(done)
    assert 'value="2" checked' in done.text
    assert WHY in done.text


async def test_what_was_written_on_several_lines_comes_back_so(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        done = await approve(browser, page, reason="first\r\nsecond\u202e", which="only", target="9")

    assert done.status_code == 400
    assert ">first\nsecond\\u202e</textarea>" in done.text


async def test_what_policies_approved_and_is_about_to_be_sent_can_only_be_rejected(bench: Bench) -> None:
    bench.with_policies(**{"approve": APPROVE, "chains/secops": CHAIN, "channels/console": CHANNEL})
    bench.defender.show(an_incident(an_alert(a_cluster(messages=2))))
    bench.defender.deliver(a_copy(1), a_copy(2, recipient="bob@contoso.example"))
    await bench.run_pass()
    record = await bench.only()
    assert record.plan is not None
    await bench.world.ledger.save([msgspec.structs.replace(record, state=State.INTENDED)], now=NOW)
    house = a_house(bench)

    async with await house.enter(APPROVER) as browser:
        shown = told(await browser.get(f"/actions/{record.action.id}"))

    assert "about to be sent" in shown
    assert "If people approve" not in shown
    assert "Nobody has approved it yet" not in shown


async def test_what_is_said_of_it_is_what_people_approved_once_they_did(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        await approve(browser, page, which="only", target="2")
        await bench.run_pass()
        after = told(await browser.get(page))
        listed = told(await browser.get(f"{page}/targets"))

    assert (await bench.only()).state is State.SENT
    assert "If people approve" not in after
    assert (
        "What is done Soft delete of 3 copies in mailboxes, of which people approved 1 of 3 targets" in after
    )
    assert "the rest is left alone; sent ( 1 target )" in after
    assert "user2@contoso.example" in listed
    assert "user1@contoso.example" not in listed
    assert "Their numbers count for" not in listed


async def test_what_is_said_of_it_is_a_no_once_somebody_gave_one(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        await approve(browser, page, verb="reject")
        answered = told(await browser.get(page))
        await bench.run_pass()
        after = told(await browser.get(page))

    assert "Nobody has approved it yet" not in answered
    assert (await bench.only()).state is State.REJECTED
    assert "If people approve" not in after
    assert "Can be taken back" not in after
    assert "What is done Rejected (advisory: comment and tag)" in after


async def test_what_policies_approved_and_is_about_to_be_sent_waits_for_nobodys_approval(
    bench: Bench,
) -> None:
    bench.defender.show(an_incident(an_alert(a_cluster(messages=2))))
    bench.defender.deliver(a_copy(1), a_copy(2, recipient="bob@contoso.example"))
    await bench.run_pass()
    record = msgspec.structs.replace(await bench.only(), state=State.INTENDED)
    await bench.world.ledger.save([record], now=NOW)
    house = a_house(bench)

    async with await house.enter(READER) as browser:
        shown = told(await browser.get(f"/actions/{record.action.id}"))

    assert "Nobody has approved it yet" not in shown
    assert "If people approve" not in shown
    assert "Soft delete of 2 copies in mailboxes; about to be sent" in shown


async def test_a_page_that_answers_a_form_brings_itself_up_to_date_from_where_it_is_shown(
    bench: Bench,
) -> None:
    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        wrong = await approve(browser, page, target="2")
        place = wrong.text.partition('data-live-at="')[2].partition('"')[0]
        there = await browser.get(place)

    assert (wrong.status_code, place, there.status_code) == (400, page, 200)


async def test_a_no_counts_and_says_what_it_does_not_do(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        done = await approve(browser, page, verb="reject")
        after = told(await browser.get(page))

    assert (done.status_code, [one.verb for one in await answers(bench)]) == (303, [Verb.REJECT])
    assert (
        "Your no of 2026-11-02 09:00Z counts: nothing is carried out. Defender has no call that rejects"
        in after
    )


async def test_two_people_see_how_far_it_is_and_agree(bench: Bench) -> None:
    house, page = await asked(bench, chain=TWO)

    async with await house.enter(EVE) as eve, await house.enter(FAY) as fay:
        await approve(eve, page, which="only", named="1-2")
        waits, seen = told(await eve.get(page)), told(await fay.get(page))
        done = await approve(fay, page, which="except", named="1")
        after = await bench.only()

    assert (
        "Your approval of 2 targets of it at 2026-11-02 09:00Z counts: 1 of 2; 1 more person has to approve it"
        in waits
    )
    assert "Approve: soft delete 3 copies in 3 mailboxes" in waits
    assert "1 of 2 approvals (Eve at 2026-11-02 09:00Z)" in seen
    assert "Eve approved only 2 of 3: 1, 2" in seen
    assert (done.status_code, after.state) == (303, State.ANSWERED)


async def test_whoever_approved_all_of_it_can_still_approve_less(bench: Bench) -> None:
    house, page = await asked(bench, chain=TWO)

    async with await house.enter(EVE) as browser:
        await approve(browser, page)
        between = told(await browser.get(page))
        done = await approve(browser, page, which="only", target="1")

    assert "Approve other targets instead" in between
    assert done.status_code == 303
    assert [one.targets is None for one in await answers(bench)] == [True, False]


async def test_what_changed_since_it_was_shown_is_not_answered_and_the_form_stays_filled(
    bench: Bench,
) -> None:
    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        done = await approve(browser, page, digest="0" * 32, which="only", target="9")

    assert (done.status_code, await answers(bench)) == (409, ())
    assert "it changed since you were shown it" in told(done)
    assert f">{WHY}</textarea>" in done.text


async def test_what_others_decided_meanwhile_is_told(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        digest = field(await browser.get(page), "digest")
        await reply(bench, FAY, Verb.REJECT, reason="it is a newsletter")
        done = await approve(browser, page, digest=digest)

    assert done.status_code == 409
    assert "Fay rejected it at 2026-11-02 09:00Z" in told(done)


@pytest.mark.parametrize("reason", ["", " \n", "x" * 1001])
async def test_an_answer_needs_a_reason_that_fits(bench: Bench, reason: str) -> None:
    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        done = await approve(browser, page, reason=reason)

    assert (done.status_code, await answers(bench)) == (400, ())


async def test_a_form_of_another_session_is_refused(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(EVE) as eve, await house.enter(FAY) as fay:
        fields = {
            "verb": "approve",
            "reason": WHY,
            "digest": field(await eve.get(page), "digest"),
            "which": "all",
        }
        replayed = await eve.post(f"{page}/answer", data=fields | {"csrf": house.csrf(fay)}, headers=ORIGIN)
        without = await eve.post(f"{page}/answer", data=fields, headers=ORIGIN)

    assert (replayed.status_code, without.status_code, await answers(bench)) == (403, 403, ())


@pytest.mark.parametrize(
    ("person", "words"),
    [
        (
            READER,
            "Rita is no approver of chain `secops`: it wants SecOps.Approver, and the sign-in has Reader",
        ),
        (somebody("user2"), "User2 is affected by it: somebody else has to answer"),
    ],
)
async def test_whoever_may_not_answer_sees_why_in_place_of_a_form(
    bench: Bench, person: object, words: str
) -> None:
    house, page = await asked(bench)

    async with await house.enter(person) as browser:  # type: ignore[arg-type]
        shown = await browser.get(page)
        digest = (await bench.only()).plan.offered.digest  # type: ignore[union-attr]
        fields = {
            "csrf": house.csrf(browser),
            "verb": "approve",
            "reason": WHY,
            "digest": digest,
            "which": "all",
        }
        done = await browser.post(f"{page}/answer", data=fields, headers=ORIGIN)

    assert words in told(shown)
    assert 'class="answer"' not in shown.text
    assert (done.status_code, await answers(bench)) == (409, ())


async def test_what_the_agent_cannot_carry_out_can_be_rejected_and_leads_to_defender(bench: Bench) -> None:
    house, page = await asked(bench)
    record = await bench.only()
    assert record.plan is not None
    assert record.plan.offered is not None

    offered = msgspec.structs.replace(record.plan.offered, way=Way.HAND_OFF, effects=(), why="no API does it")
    plan = msgspec.structs.replace(record.plan, offered=offered)
    await bench.world.ledger.save([msgspec.structs.replace(record, plan=plan)], now=NOW)

    async with await house.enter(APPROVER) as browser:
        shown = await browser.get(page)

    assert "You cannot approve it here: no API does it: the agent cannot carry it out" in told(shown)
    assert "Reject: nothing is done" in told(shown)
    assert "a person, in Defender : approve it in Defender (no API does it), or reject it here" in told(shown)


async def test_what_is_only_observed_offers_no_form(bench: Bench) -> None:
    bench.with_policies(approve=APPROVE)
    bench.observing()
    bench.defender.show(an_incident(an_alert(a_cluster())))
    bench.defender.deliver(a_copy(1))
    await bench.run_pass()
    house, record = a_house(bench), await bench.only()

    async with await house.enter(READER) as browser:
        shown = await browser.get(f"/actions/{record.action.id}")

    assert shown.status_code == 200
    assert 'class="answer"' not in shown.text


async def test_a_sign_in_that_is_too_old_is_asked_again_and_what_was_written_is_kept(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(EVE, signed_in=NOW - timedelta(hours=2)) as browser:
        done = await approve(browser, page, which="only", target="3")
        again = await browser.get(page)

    assert "Sign in again: nothing was changed yet" in told(done)
    assert await answers(bench) == ()
    assert f">{WHY}</textarea>" in again.text
    assert 'value="3" checked' in again.text
    assert 'value="2" checked' not in again.text


async def test_a_stronger_sign_in_is_asked_for_only_where_much_is_approved(bench: Bench) -> None:
    a_question(bench)
    await bench.run_pass()
    house = a_house(bench, step_up="c1", high_risk_from=2)
    page = f"/actions/{(await bench.only()).action.id}"

    async with await house.enter(EVE) as browser:
        whole = await approve(browser, page)
        no = await approve(browser, page, verb="reject")

    assert "needs a stronger sign-in" in told(whole)
    assert (no.status_code, len(await answers(bench))) == (303, 1)


async def test_a_draft_of_another_action_is_not_filled_in(bench: Bench) -> None:
    house, page = await asked(bench)
    draft = Draft(action_id="0123456789abcdef", verb="approve", reason="of another action", digest="d")

    async with await house.enter(EVE, draft=draft) as browser:
        assert "of another action" not in (await browser.get(page)).text


# Policies that changed, and large ones


async def test_the_policies_that_decided_are_shown_where_others_are_in_force_since(bench: Bench) -> None:
    house, page = await asked(bench)
    files = {"ask": ESCALATE.replace("decide: escalate\nescalation: secops", "decide: reject"), "chains/secops": CHAIN, "channels/console": CHANNEL}  # fmt: skip
    bench.with_policies(**files)

    bench.clock.advance(timedelta(minutes=1))
    await keep(bench.world, await load(bench.world))

    async with await house.enter(READER) as browser:
        shown = told(await browser.get(page))

    assert "The policies have changed since" in shown
    assert "would decide otherwise on these facts: reject by `ask-people`" in shown
    assert "All must hold" in shown


async def test_findings_that_were_recorded_are_shown_where_the_policies_are_gone(bench: Bench) -> None:
    house, page = await asked(bench)
    record = await bench.only()
    assert record.decision is not None
    old = msgspec.structs.replace(
        record.decision, revision="gone", at=record.decision.at + timedelta(seconds=1)
    )
    await bench.world.ledger.save([msgspec.structs.replace(record, decision=old)], now=NOW)

    async with await house.enter(READER) as browser:
        shown = told(await browser.get(page))
        flips = told(await browser.get(f"{page}/flips"))

    assert "Shown as it was recorded then: the set of revision gone is not kept" in shown
    assert "`evidence.verdict` is malicious" in shown
    assert "That cannot be told: the set of revision gone is not kept" in flips


async def test_policies_that_do_not_load_leave_the_page_and_take_the_form(bench: Bench) -> None:

    house, page = await asked(bench)
    bench.clock.advance(timedelta(minutes=1))
    await bench.world.ledger.keep_set(
        KeptSet(revision="bad", git="", at=house.now, files={"policies/p.yaml": b"policy: ["})
    )

    async with await house.enter(READER) as browser:
        shown = await browser.get(page)

    assert shown.status_code == 200
    assert "whose answers count cannot be told" in told(shown)


async def test_that_policies_do_not_load_is_found_out_once_and_until_others_are_in_force(
    bench: Bench,
) -> None:
    house, _ = await asked(bench)
    bench.clock.advance(timedelta(minutes=1))
    good = await bench.world.ledger.kept_set()
    bad = KeptSet(revision="bad", git="", at=house.now, files={"policies/p.yaml": b"policy: ["})
    await bench.world.ledger.keep_set(bad)

    found = []
    for _ in range(2):
        with pytest.raises(PolicyError) as refused:
            await house.site.policies.now()
        found.append(refused.value)
    assert good is not None
    await bench.world.ledger.keep_set(msgspec.structs.replace(good, at=house.now + timedelta(minutes=1)))

    assert found[0] is found[1]
    assert (await house.site.policies.now()).judge.revision == good.revision


async def test_what_would_have_changed_it_stands_at_its_own_address(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(READER) as browser:
        linked = await browser.get(page)
        found = (await browser.get(f"{page}/flips.json")).json()

    assert f'href="{page}/flips"' in linked.text
    assert [one["verb"] for one in found["flips"]] == ["approve", "reject"]
    assert all(one["words"] for one in found["flips"])


async def test_with_many_messages_the_page_is_short_and_the_rest_is_elsewhere(bench: Bench) -> None:
    house, page = await asked(bench, copies=310)

    async with await house.enter(APPROVER) as browser:
        shown = await browser.get(page)
        why = await browser.get(f"{page}/why.json")
        part = (await browser.get(f"{page}/targets.json?page=4")).json()
        done = await approve(browser, page, which="except", named="user7@contoso.example\n300-310")

    (given,) = await answers(bench)
    assert shown.text.count("@contoso.example") < 60
    assert len(shown.content) < 100_000
    assert "with 310 messages it takes a while to take it apart" in told(shown)
    assert f'href="{page}/why"' in shown.text
    assert why.json()["why"]["policies"][0]["match"]
    assert ([one["number"] for one in part["list"]["items"]], part["list"]["pages"]) == (
        [*range(301, 311)],
        4,
    )
    assert done.status_code == 303
    assert given.targets is not None
    assert len(given.targets) == 310 - 1 - 11


async def test_the_last_targets_come_first_where_that_is_asked(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(READER) as browser:
        found = (await browser.get(f"{page}/targets.json?sort=-number")).json()
        wrong = await browser.get(f"{page}/targets?sort=subject")

    assert [one["number"] for one in found["list"]["items"]] == [3, 2, 1]
    assert wrong.status_code == 400


# What came of it


async def test_what_was_done_is_told_target_by_target_and_in_order(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(a_cluster(messages=2))))
    bench.defender.deliver(a_copy(1), a_copy(2, recipient="bob@contoso.example"))
    await bench.run_pass()
    house, record = a_house(bench), await bench.only()

    async with await house.enter(READER) as browser:
        found = (await browser.get(f"/actions/{record.action.id}.json")).json()
        shown = told(await browser.get(f"/actions/{record.action.id}"))

    assert [one["went"] for one in found["lines"]] == ["done", "done"]
    assert [one["went"] for one in found["calls"]] == ["accepted by Graph"]
    assert found["does"] == "soft delete 2 copies in 2 mailboxes"
    moments = [one["at"] for one in found["timeline"]]
    assert moments == sorted(moments)
    assert any(one["words"].startswith("sent: softDelete: 2 targets") for one in found["timeline"])
    assert "To take back what was done: `air-agent undo" in shown


async def test_an_action_that_was_not_judged_yet_says_so(bench: Bench) -> None:
    house, page = await asked(bench)
    record = await bench.only()
    fresh = Record(action=record.action, state=State.SEEN, due=NOW, version=record.version)
    await bench.world.ledger.save([fresh], now=NOW)

    async with await house.enter(APPROVER) as browser:
        shown = told(await browser.get(page))
        flips = told(await browser.get(f"{page}/flips"))
        why = await browser.get(f"{page}/why")

    assert "Not judged yet" in shown
    assert "it was not judged yet" in flips
    assert why.status_code == 404
