"""What any accepted write leaves behind: its count, its request, its faults, its licence; and what mail may move."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from agent.simulator.faults import Fault, Faults, Rule, What, sour
from agent.simulator.kinds import kind_of
from agent.simulator.mail import HARD_DELETED, INBOX, JUNK, QUARANTINE, SOFT_DELETED
from agent.simulator.making import person
from agent.simulator.suspects import SPREADER, WORKSTATION
from agent.simulator.switches import Licence, Switches
from tests.simulator.worlds import EMAILS, IDENTITIES, USERS, Caller, caller, staffed, tenant

Write = Callable[[Caller], Awaitable[httpx.Response]]
SPAMMER, OWNER, RULE = person(310), person(200), "AQAAAJ5dZqA="


async def disable(graph: Caller) -> httpx.Response:
    return await graph.http.patch(f"{USERS}/{SPAMMER}", json={"accountEnabled": False})


async def revoke(graph: Caller) -> httpx.Response:
    return await graph.http.post(f"{USERS}/{SPAMMER}/revokeSignInSessions")


async def turn_off(graph: Caller) -> httpx.Response:
    return await graph.switch(OWNER, RULE, on=False)


async def invoke(graph: Caller) -> httpx.Response:
    identities = graph.state.identities.values()
    [found] = [one for one in identities if one["displayName"] == graph.user(SPREADER)["displayName"]]
    return await graph.invoke(found, "disable")


async def quarantine(graph: Caller) -> httpx.Response:
    sha1 = graph.evidence_of("Stealer on a workstation")["fileDetails"]["sha1"]
    return await graph.quarantine(WORKSTATION, sha1)


WRITES: dict[str, Write] = {
    "disableUser": disable,
    "revokeSignInSessions": revoke,
    "disableRule": turn_off,
    "disableAccount": invoke,
    "stopAndQuarantineFile": quarantine,
}


@pytest.mark.parametrize("effect", WRITES)
async def test_an_accepted_write_is_counted_once_and_named_in_its_request(effect: str) -> None:
    graph = caller(staffed())

    answer = await WRITES[effect](graph)

    request = graph.state.requests[-1]
    assert answer.status_code < 300
    assert request.effect == effect
    assert graph.state.applied == {(effect, *request.pairs[0]): 1}
    assert answer.headers["request-id"] == request.id


@pytest.mark.parametrize("effect", sorted(set(WRITES) - {"stopAndQuarantineFile"}))
async def test_who_does_a_thing_twice_is_shown(effect: str) -> None:
    graph = caller(staffed())

    await WRITES[effect](graph)
    await WRITES[effect](graph)

    status = (await graph.http.get("/simulator/status")).json()
    assert status["appliedTwice"] == [[effect, *graph.state.requests[-1].pairs[0]]]
    assert status["applied"] == {effect: 1}


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("effect", WRITES)
async def test_a_write_is_refused_or_lost_as_the_fault_says(effect: str, status: int) -> None:
    for what, times in ((What.REFUSE, {}), (What.LOSE, {1})):
        rule = Rule(fault=Fault(what=what, status=status))
        graph = caller(staffed(), faults=Faults(rules=[rule]), sound=False)

        answer = await WRITES[effect](graph)

        assert answer.status_code == status
        assert set(graph.state.applied.values()) == set(times)


@pytest.mark.parametrize(("what", "applied"), [(What.RESET_BEFORE, False), (What.RESET_AFTER, True)])
@pytest.mark.parametrize("effect", WRITES)
async def test_a_connection_breaks_before_or_after_a_write(effect: str, what: What, applied: bool) -> None:
    graph = caller(staffed(), faults=Faults(rules=[Rule(fault=Fault(what=what))]), sound=False)

    with pytest.raises(httpx.ReadError):
        await WRITES[effect](graph)

    assert bool(graph.state.applied) is applied
    assert graph.state.requests[-1].status == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", f"{USERS}/x"),
        ("POST", f"{USERS}/x/revokeSignInSessions"),
        ("PATCH", f"{USERS}/x/mailFolders/inbox/messageRules/y"),
        ("POST", f"{IDENTITIES}/x/invokeAction"),
        ("POST", "/api/machines/x/StopAndQuarantineFile"),
    ],
)
def test_on_a_bad_day_every_write_is_lost_now_and_then(method: str, path: str) -> None:
    faults = sour(1)

    found = [fault for _ in range(2_000) if (fault := faults.pick(method, path)) is not None]

    assert 0.05 < len(found) / 2_000 < 0.12
    assert {What.LOSE, What.RESET_AFTER, What.RESET_BEFORE, What.REFUSE} <= {fault.what for fault in found}
    assert kind_of(method, path) != "other"


LICENCES: dict[Licence, tuple[str, ...]] = {
    Licence.MAIL: (EMAILS,),
    Licence.MAILBOXES: (f"{USERS}/{OWNER}/mailFolders/inbox/messageRules",),
    Licence.IDENTITIES: (IDENTITIES,),
    Licence.ENDPOINT: ("/api/machines",),
    Licence.HUNTING: (),
}


@pytest.mark.parametrize("licence", Licence)
async def test_without_a_licence_its_service_says_so_and_the_others_work(licence: Licence) -> None:
    graph = caller(staffed(), Switches(unlicensed=frozenset({licence})))

    for of, paths in LICENCES.items():
        for path in paths:
            ask = graph.endpoint("GET", path) if of is Licence.ENDPOINT else graph.get(path)
            answer = await ask
            refused = 404 if of is Licence.MAILBOXES else 403
            assert answer.status_code == (refused if of is licence else 200)
            assert of is not licence or "licen" in answer.text or refused == 404
    hunted = await graph.hunt('EmailEvents | where NetworkMessageId in ("x")')
    assert hunted.status_code == (403 if licence is Licence.HUNTING else 200)


# Mail


async def moved(graph: Caller, action: str) -> set[str]:
    """Move all mail, and return where it lies when that is done."""
    await graph.remediate(graph.pairs(), changes={"action": action})
    graph.later(minutes=3)
    return {copy.location for copy in graph.state.post.all()}


@pytest.mark.parametrize(
    ("action", "place"),
    [
        ("moveToInbox", INBOX),
        ("moveToJunk", JUNK),
        ("moveToDeletedItems", "deletedFolder"),
        ("hardDelete", HARD_DELETED),
    ],
)
async def test_soft_deleted_mail_can_be_moved_again(action: str, place: str) -> None:
    graph = caller()

    assert await moved(graph, "softDelete") == {SOFT_DELETED}
    assert await moved(graph, action) == {place}


@pytest.mark.parametrize("action", ["moveToInbox", "moveToJunk", "softDelete", "moveToDeletedItems"])
@pytest.mark.parametrize("place", [HARD_DELETED, QUARANTINE])
async def test_nothing_brings_purged_or_quarantined_mail_back(place: str, action: str) -> None:
    graph = caller()
    for copy in graph.state.post.all():
        copy.location = place

    assert await moved(graph, action) == {place}


async def test_mail_that_lies_there_already_is_not_moved() -> None:
    graph = caller()

    await moved(graph, "moveToInbox")

    assert {copy.moved for copy in graph.state.post.all()} == {None}


async def test_bringing_mail_back_is_not_counted_as_taking_it_away() -> None:
    graph = caller()
    pair = graph.pairs()[0]

    await graph.remediate([pair], changes={"remediateSendersCopy": True})
    graph.later(minutes=3)
    await graph.remediate([pair], changes={"action": "moveToInbox"})

    assert graph.state.remediated == {pair: 1}
    assert graph.state.applied == {("softDelete", *pair): 1, ("moveToInbox", *pair): 1}
    assert [one.senders_copy for one in graph.state.remediations] == [True, False]


@pytest.mark.parametrize(("most", "fine"), [(50, True), (49, False)])
async def test_of_so_many_remediations_at_once_one_more_is_not_triggered(most: int, fine: bool) -> None:
    graph = caller(tenant(1, messages=60), Switches(active_remediations=most))
    pairs = graph.pairs()[:50]

    for pair in pairs:
        assert (await graph.remediate([pair])).status_code == 202
    status = (await graph.http.get("/simulator/status")).json()

    assert status["notTriggered"] == (0 if fine else 1)
    assert graph.state.remediations[-1].triggered is fine


async def test_those_that_are_done_make_room() -> None:
    graph = caller(switches=Switches(active_remediations=1, effect_after=timedelta(minutes=2)))
    first, second, *_ = graph.pairs()

    await graph.remediate([first])
    graph.later(minutes=2)
    await graph.remediate([second])

    assert [one.triggered for one in graph.state.remediations] == [True, True]


@pytest.mark.parametrize(
    ("to_one", "to_others", "fine"),
    [(1_000, 0, True), (1_001, 0, False), (1_001, 665, False), (1_001, 666, True)],
)
async def test_much_mail_to_few_people_is_not_triggered(to_one: int, to_others: int, fine: bool) -> None:
    """Recipients are 40 % of the messages, or no recipient has more than 1,000."""
    graph = caller()
    pairs = [(f"m{number}", "one@contoso.example") for number in range(to_one)]
    pairs += [(f"n{number}", f"p{number}@contoso.example") for number in range(to_others)]

    await graph.remediate(pairs)

    assert graph.state.remediations[0].triggered is fine


async def test_a_very_large_remediation_lets_no_other_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.simulator.happenings.LARGE", 2)
    graph = caller(tenant(1, messages=5))
    first, *rest = graph.pairs()

    await graph.remediate(rest)
    await graph.remediate([first])

    assert [one.triggered for one in graph.state.remediations] == [True, False]
