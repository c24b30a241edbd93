"""What cannot be done here, found out at the start: permissions, licences, clouds; and found out again later."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from agent.adapters.microsoft.ability import LATER, SOON
from agent.adapters.microsoft.clouds import cloud_named
from agent.adapters.microsoft.machines import ELSEWHERE, NoMachines
from agent.model.enactment import EffectKind, Went
from agent.model.errors import Refused
from tests.adapters.endpoints import opened_machines
from tests.adapters.graphs import (
    ALL_ROLES,
    ENDPOINT_ROLES,
    TARGETS,
    Departures,
    Login,
    Script,
    Step,
    comment,
    enacting,
    no,
    opened,
    page,
    says,
    tag,
)
from tests.clock import ManualClock

MAIL, ACCOUNT, FILE = EffectKind.SOFT_DELETE, EffectKind.RESET_PASSWORD, EffectKind.QUARANTINE_FILE
GRAPH = "http://127.0.0.1:9/v1.0"


def lacking(*names: str) -> Login:
    return Login(roles=[role for role in ALL_ROLES if role not in names])


async def told(kind: EffectKind, *steps: Step, login: Login | None = None, **more: Any) -> tuple[str, Script]:
    """Look once, and return what is missing for this kind."""
    async with opened(*(steps or (page(),)), login=login, **more) as (graph, script):
        await graph.look()
        return graph.enactor.missing(kind), script


# Permissions


@pytest.mark.parametrize("kind", [kind for kind in EffectKind if kind is not FILE])
async def test_where_all_is_granted_and_answers_nothing_is_missing(kind: EffectKind) -> None:
    assert (await told(kind))[0] == ""


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (EffectKind.SOFT_DELETE, ["SecurityAnalyzedMessage.ReadWrite.All"]),
        (EffectKind.MOVE_TO_INBOX, ["SecurityAnalyzedMessage.ReadWrite.All"]),
        (EffectKind.MOVE_TO_JUNK, ["SecurityAnalyzedMessage.ReadWrite.All"]),
        (EffectKind.MOVE_TO_DELETED_ITEMS, ["SecurityAnalyzedMessage.ReadWrite.All"]),
        (EffectKind.DISABLE_RULE, ["MailboxSettings.ReadWrite", "User.Read.All"]),
        (EffectKind.ENABLE_RULE, ["MailboxSettings.ReadWrite", "User.Read.All"]),
        (EffectKind.DISABLE_USER, ["User.EnableDisableAccount.All", "User.Read.All"]),
        (EffectKind.ENABLE_USER, ["User.EnableDisableAccount.All", "User.Read.All"]),
        (EffectKind.REVOKE_SESSIONS, ["User.RevokeSessions.All", "User.Read.All"]),
        (EffectKind.DISABLE_ACCOUNT, ["SecurityIdentitiesActions.ReadWrite.All", "SecurityIdentitiesAccount.Read.All"]),
        (EffectKind.ENABLE_ACCOUNT, ["SecurityIdentitiesActions.ReadWrite.All", "SecurityIdentitiesAccount.Read.All"]),
        (EffectKind.RESET_PASSWORD, ["SecurityIdentitiesActions.ReadWrite.All", "SecurityIdentitiesAccount.Read.All"]),
    ],
)  # fmt: skip
async def test_each_permission_that_is_not_granted_is_named(kind: EffectKind, names: list[str]) -> None:
    for name in names:
        missing, _ = await told(kind, login=lacking(name))
        assert missing == f"{name} is not granted to the app registration"
    if len(names) > 1:
        missing, _ = await told(kind, login=lacking(*names))
        assert missing == f"{' and '.join(names)} are not granted to the app registration"


async def test_the_table_of_kinds_is_whole() -> None:
    async with opened(page()) as (graph, _):
        assert {kind: bool(graph.enactor.missing(kind)) for kind in EffectKind} == {
            kind: kind is FILE for kind in EffectKind
        }
        assert set(TARGETS) == set(EffectKind)


async def test_a_permission_granted_while_running_counts_with_the_next_token() -> None:
    login = lacking("SecurityAnalyzedMessage.ReadWrite.All")
    async with opened(page(), login=login) as (graph, _):
        before = graph.enactor.missing(MAIL)
        login.roles, login.wall = ALL_ROLES, login.wall + 7200
        await graph.look()
        after = graph.enactor.missing(MAIL)

    assert "is not granted" in before
    assert after == ""


async def test_what_is_missing_is_never_sent() -> None:
    departing = Departures()
    async with opened(page(), login=lacking("User.EnableDisableAccount.All")) as (graph, script):
        outcome = await enacting(EffectKind.DISABLE_USER)(graph, departing)

    assert outcome.went is Went.REFUSED
    assert outcome.detail == (
        "cannot be done here: User.EnableDisableAccount.All is not granted to the app registration"
    )
    assert script.requests == []
    assert departing.count == 0


# Clouds


@pytest.mark.parametrize("kind", [MAIL, ACCOUNT])
async def test_a_cloud_that_lacks_the_api_is_named_and_not_asked(kind: EffectKind) -> None:
    missing, script = await told(kind, cloud=cloud_named("usGovL4"))

    assert "this cloud cannot" in missing
    assert "global cloud only" in missing
    assert script.requests == []


@pytest.mark.parametrize("kind", [EffectKind.DISABLE_RULE, EffectKind.DISABLE_USER])
async def test_rules_and_users_are_in_every_cloud(kind: EffectKind) -> None:
    assert (await told(kind, cloud=cloud_named("usGovL5")))[0] == ""


@pytest.mark.parametrize(
    ("machines", "words"),
    [(NoMachines(), "set `endpoint.enabled: true`"), (NoMachines(ELSEWHERE), "in the global cloud only")],
)
async def test_defender_for_endpoint_that_is_not_used_says_why(machines: NoMachines, words: str) -> None:
    assert words in (await told(FILE, machines=machines))[0]


# Licences


async def test_the_start_costs_one_harmless_read_of_each_api() -> None:
    _, script = await told(MAIL)

    assert [(request.method, str(request.url)) for request in script.requests] == [
        ("GET", f"{GRAPH}/security/collaboration/analyzedEmails?$top=1"),
        (
            "GET",
            f"{GRAPH}/security/identities/identityAccounts?$filter=onPremisesSecurityIdentifier+eq+%27S-1-0-0%27",
        ),
    ]


def by_path(mail: Step, account: Step) -> Script:
    def answer(request: httpx.Request) -> httpx.Response:
        step = mail if request.url.path.endswith("/analyzedEmails") else account
        if isinstance(step, Exception):
            raise step
        assert isinstance(step, httpx.Response)
        return httpx.Response(step.status_code, headers=step.headers, content=step.content)

    return Script([answer])


LICENCES = {
    MAIL: "Defender for Office 365 Plan 2: the licence is missing",
    ACCOUNT: "Defender for Identity: the licence is missing",
}


@pytest.mark.parametrize("kind", [MAIL, ACCOUNT])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (no(403, "Forbidden", "no licence"), None),
        (no(404, "NotFound"), "404 (NotFound: no): not there"),
        (no(400, "BadRequest"), ""),
        (page(), ""),
        (no(503), ""),
        (httpx.ConnectError("down"), ""),
        (says(200, b"<html>"), ""),
        (says(200, {}), ""),
    ],
)
async def test_what_the_harmless_read_answers_is_what_is_missing(
    kind: EffectKind, answer: Step, words: str | None
) -> None:
    """A 403 with every permission is the licence; an outage, or an answer that nobody understands, says nothing."""
    script = by_path(answer, page()) if kind is MAIL else by_path(page(), answer)

    missing, _ = await told(kind, transport=httpx.MockTransport(script))

    expected = LICENCES[kind] if words is None else words
    assert expected in missing
    assert bool(missing) is bool(expected)


async def test_one_missing_licence_leaves_the_rest_as_it_is() -> None:
    transport = httpx.MockTransport(by_path(no(403), page()))

    for kind in EffectKind:
        missing, _ = await told(kind, transport=transport)
        assert ("Office 365" in missing) is (kind.value.startswith(("softDelete", "moveTo")))


async def test_without_the_permission_nothing_is_asked() -> None:
    names = ("SecurityAnalyzedMessage.ReadWrite.All", "SecurityIdentitiesActions.ReadWrite.All")

    _, script = await told(MAIL, login=lacking(*names))

    assert script.requests == []


# Defender for Endpoint


async def files(*steps: Step, login: Login | None = None) -> tuple[str, Script]:
    async with opened_machines(*steps, login=login) as (machines, script):
        await machines.look()
        return machines.missing, script


async def test_defender_for_endpoint_is_asked_for_one_device() -> None:
    missing, script = await files(page())

    assert missing == ""
    assert [str(request.url) for request in script.requests] == [
        "https://api.security.microsoft.com/api/machines?%24top=1"
    ]


@pytest.mark.parametrize(
    ("steps", "login", "words"),
    [
        ([no(403)], None, "Defender for Endpoint: the licence is missing"),
        ([page()], Login(roles=["Machine.Read.All"]), "Machine.StopAndQuarantine is not granted to the app registration in Defender for Endpoint's API"),
        ([page()], Login(roles=[]), "Machine.StopAndQuarantine and Machine.Read.All are not granted"),
        ([page()], Login(roles=ENDPOINT_ROLES, error=Refused("login: AADSTS650052: no such API")), "AADSTS650052"),
        ([page()], Login(roles=ENDPOINT_ROLES, error=OSError("down")), ""),
        ([no(503)], None, ""),
    ],
)  # fmt: skip
async def test_what_defender_for_endpoint_lacks_is_named(
    steps: list[Step], login: Login | None, words: str
) -> None:
    missing, _ = await files(*steps, login=login)

    assert words in missing
    assert bool(missing) is bool(words)


async def test_before_the_first_token_nothing_is_known_to_be_missing() -> None:
    login = Login(roles=[])
    async with opened_machines(page(), login=login) as (machines, _):
        assert machines.missing == ""
    assert login.given == 0


# Again


@pytest.mark.parametrize("note", [comment, tag])
@pytest.mark.parametrize(
    ("first", "wait"),
    [(no(503), SOON), (httpx.ConnectError("down"), SOON), (no(403), LATER), (page(), LATER)],
)
async def test_it_is_asked_again_with_a_note_soon_after_an_outage_and_later_after_an_answer(
    note: Any, first: Step, wait: timedelta
) -> None:
    clock, steps = ManualClock(), [first]

    def answer(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/analyzedEmails"):
            return says(200, {"id": "29", "value": []})
        if isinstance(steps[-1], Exception):
            raise steps[-1]
        assert isinstance(steps[-1], httpx.Response)
        return httpx.Response(steps[-1].status_code, content=steps[-1].content)

    script = Script([answer])
    async with opened(transport=httpx.MockTransport(script), clock=clock) as (graph, _):
        await graph.look()
        steps.append(no(403))
        begun = clock.now()
        asked: list[int] = []
        for left in (timedelta(seconds=30), timedelta(0)):
            clock.advance(begun + wait - left - clock.now())
            await note(graph, Departures())
            asked.append(sum(one.url.path.endswith("/analyzedEmails") for one in script.requests))
        missing = graph.enactor.missing(MAIL)

    assert asked[0] < asked[1]
    assert "the licence is missing" in missing


async def test_a_licence_that_was_bought_shows_within_hours() -> None:
    clock, licensed = ManualClock(), False

    def answer(request: httpx.Request) -> httpx.Response:
        return page() if licensed or "/incidents/" in request.url.path else no(403)

    async with opened(transport=httpx.MockTransport(Script([answer])), clock=clock) as (graph, _):
        await graph.look()
        before = graph.enactor.missing(MAIL)
        licensed = True
        clock.advance(LATER)
        await comment(graph, Departures())
        after = graph.enactor.missing(MAIL)

    assert "the licence is missing" in before
    assert after == ""


async def test_who_never_looked_is_not_made_to_look_by_a_note() -> None:
    async with opened(says(200, {"value": []})) as (graph, script):
        await comment(graph, Departures())

    assert len(script.requests) == 1


async def test_a_note_is_written_though_looking_again_fails() -> None:
    clock = ManualClock()

    def answer(request: httpx.Request) -> httpx.Response:
        return says(200, {"value": []}) if "/incidents/" in request.url.path else no(500)

    async with opened(transport=httpx.MockTransport(Script([answer])), clock=clock) as (graph, _):
        await graph.look()
        clock.advance(SOON)
        outcome = await comment(graph, Departures())

    assert outcome.went is Went.DONE
