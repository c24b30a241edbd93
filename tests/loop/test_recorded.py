"""What is recorded replays: the agent finds the same pending actions, knows the same of them and decides alike."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from agent.adapters.graph.connect import open_graph
from agent.adapters.graph.recorder import Keep, Recorder
from agent.adapters.host import PolicyFiles
from agent.adapters.microsoft.clouds import simulator
from agent.adapters.microsoft.credentials import SimulatorCredential
from agent.faces.cli.recording import Passed, one_look
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS, SETS, Fact
from agent.model.decision import Verb
from agent.model.enactment import Record
from agent.model.facts import FactType
from agent.model.pace import Pace
from agent.model.recording import Exchange, Manifest, Recording
from agent.ports.host import PolicyShelf
from agent.ports.world import World
from agent.scrub.queries import fields, of_cluster
from agent.scrub.scrubber import Scrubber
from agent.scrub.titles import is_title
from agent.scrub.words import is_published
from agent.simulator import elsewhere, mailings, names
from agent.simulator.app import build
from agent.simulator.faults import Fault, Faults, RetryAfter, Rule, What
from agent.simulator.furnishing import furnish
from agent.simulator.mail import INBOX
from agent.simulator.making import URL_REMOVED, Maker
from agent.simulator.names import ALL_ROLES
from agent.simulator.nouns import Bundle
from agent.simulator.replay import Replay
from agent.simulator.state import State
from agent.simulator.switches import Switches
from tests.clock import ManualClock
from tests.fakes import FakeShelf
from tests.ledgers import open_ledger
from tests.loop.test_rows_simulated import ACCOUNTS, accounts
from tests.scrub.planting import Planted, Planter
from tests.simulated import LOOSE, SHIPPED, noon

URL = "http://127.0.0.1:9"
LISTS = "/v1.0/security/incidents"

KEPT_ONLY = FakeShelf(
    approve="""
policy: small-malicious
description: Soft-delete small malicious clusters.
owner: soc@contoso.example
for: [softDeleteCluster]
mode: enforce
match:
  evidence.verdict: malicious
  cluster.by: {in: [url, file, similarity]}
  cluster.mailboxCount: {atMost: 20}
  directions: {allIn: [inbound]}
  threats: {anyIn: [phish, malware]}
decide: approve
limits: {actions: 100/h}
""",
    reject="""
policy: delegations
description: Delegations stay.
owner: soc@contoso.example
for: [removeDelegation]
mode: enforce
match:
  mailbox.configurationType: mailDelegation
decide: reject
""",
    single="""
policy: reported
description: Soft-delete what was reported.
owner: soc@contoso.example
for: [softDeleteMessage]
mode: enforce
match:
  alert.title: Email reported by user as malware or phish
  message.attachmentsCount: 0
  action.deadline: {newerThan: 30d}
decide: approve
limits: {actions: 100/h}
""",
)
"""Policies that go by words, counts, moments and Microsoft's own titles: by nothing that is replaced."""


class WithoutLimits:
    """The shipped policies without limits: which of two actions of one moment comes too late for a limit, or repeats
    the other, hangs on their ids."""

    def files(self) -> Mapping[str, bytes]:
        files = PolicyFiles(SHIPPED).files()
        return {name: re.sub(rb"(?m)^limits: .*$", b"", data) for name, data in files.items()}

    async def look(self) -> Mapping[str, bytes]:
        return self.files()

    def git(self, files: Mapping[str, bytes]) -> str:
        return ""

    def authors(self, files: Sequence[str]) -> frozenset[str]:
        return frozenset()


def everything() -> State:
    """Return the demo's tenant without its largest clusters."""
    now = noon()
    state, maker = State(7, now), Maker(7, now)
    for bundle in chain(
        mailings.several_in_one(maker),
        mailings.overlapping(maker),
        mailings.singles(maker),
        mailings.important_people(maker),
        mailings.already_gone(maker),
        mailings.hostile(maker),
        mailings.near_and_past_deadline(maker),
        elsewhere.mailboxes(maker),
        elsewhere.devices_and_users(maker),
        elsewhere.unclear(maker),
        elsewhere.quiet(maker),
        elsewhere.unheard(maker),
        [clicked(maker)],
    ):
        state.admit(bundle, now)
    return state


def clicked(maker: Maker) -> Bundle:
    """Return a cluster in which people clicked."""
    created = maker.ago(hours=4)
    url = "https://login.harvest.example/verify?id=1"
    copies = maker.copies(
        maker.letter("harvest.example", "Clicked", urls=(url,)), 60, created, location=INBOX
    )
    evidence = [maker.by_url(created, copies, url)]
    return maker.bundle("Clicked", URL_REMOVED, evidence, created, copies=copies, clicks=maker.clicks(copies))


def a_little() -> State:
    """Return a tenant with little in it."""
    state, maker = State(7, noon()), Maker(7, noon())
    for bundle in (*mailings.hostile(maker), *elsewhere.mailboxes(maker), clicked(maker)):
        state.admit(bundle, noon())
    furnish(state.directory, 7)
    return state


@asynccontextmanager
async def a_world(
    app: ASGIApp, tenant: str, folder: Path, shelf: PolicyShelf, keep: Keep | None = None
) -> AsyncIterator[World]:
    clock = ManualClock(noon())
    cloud = simulator(URL)
    transport = httpx.ASGITransport(app)
    async with (
        open_ledger(f"sqlite:///{folder / 'ledger' / 'ledger.db'}", tenant) as ledger,
        open_graph(
            clock=clock,
            cloud=cloud,
            tenant_id=tenant,
            credential=lambda: SimulatorCredential(
                cloud, tenant, names.CLIENT_ID, names.CLIENT_SECRET, transport=transport
            ),
            requests_per_minute=10_000,
            transport=transport,
            around=None if keep is None else lambda inner: Recorder(inner, now=clock.now, keep=keep),
            lots=Random(1),
        ) as graph,
    ):
        yield World(
            tenant_id=tenant,
            clock=clock,
            defender=graph.defender,
            enactor=None,
            ledger=ledger,
            shelf=shelf,
            targets=graph.targets,
            directory=graph.directory,
            pace=Pace(),
            rails=LOOSE,
            enforces_observers=True,
        )


async def look(
    app: ASGIApp, tenant: str, folder: Path, shelf: PolicyShelf, keep: Keep | None = None
) -> Passed:
    async with a_world(app, tenant, folder, shelf, keep) as world:
        return await one_look(world, asyncio.Event())


def manifest(scrubber: Scrubber, grants: frozenset[str] = ALL_ROLES) -> Manifest:
    return Manifest(
        agent="test",
        at=noon(),
        scope="everything",
        cloud="simulator",
        tenant=scrubber.tenant,
        grants=tuple(sorted(grants)),
        exchanges=0,
        statuses={},
        incidents=0,
        actions={},
        decisions={},
        replayed={},
        replaced={},
    )


class Both:
    """The same pass twice: over the tenant while it is recorded, and over the recording."""

    def __init__(self, scrubber: Scrubber, first: Passed, exchanges: list[Exchange], second: Passed) -> None:
        self.scrubber = scrubber
        self.first = first
        self.exchanges = exchanges
        self.second = second


async def both(
    state: State,
    folder: Path,
    shelf: PolicyShelf,
    *,
    switches: Switches | None = None,
    faults: Faults | None = None,
    plants: bool = True,
) -> Both:
    clock = ManualClock(noon())
    app: ASGIApp = build(state, switches, faults, clock)
    if plants:
        # What is of another tenant is held, so that nothing would be approved.
        app = Planted(app, Planter(frozenset({names.TENANT_ID})))
    scrubber = Scrubber(URL, names.TENANT_ID)
    exchanges: list[Exchange] = []
    first = await look(
        app, names.TENANT_ID, folder / "first", shelf, lambda one: exchanges.append(scrubber.exchange(one))
    )
    grants = switches.roles if switches is not None else ALL_ROLES
    recording = Recording(manifest=manifest(scrubber, grants), exchanges=tuple(exchanges))
    replay = Replay(recording, ManualClock(noon()))
    second = await look(replay, scrubber.tenant, folder / "second", shelf)
    return Both(scrubber, first, exchanges, second)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Return both passes over everything, with everything planted."""
    return asyncio.run(both(everything(), tmp_path_factory.mktemp("both"), KEPT_ONLY))


# Facts


def expected(name: str, value: Any, fact: Fact, scrubber: Scrubber) -> Any:
    """Return what a fact is to be in the replay: as it was, where nothing in it names anybody."""
    if fact.type in SETS:
        return frozenset(_text(name, one, fact, scrubber) for one in value)
    return _text(name, value, fact, scrubber) if isinstance(value, str) else value


def _text(name: str, text: str, fact: Fact, scrubber: Scrubber) -> str:
    property_ = name.rpartition(".")[2].lower()
    if fact.type in {FactType.WORD, FactType.WORDS} and name not in {"alert.category", "device.osPlatform"}:
        return text
    if is_title("title", text) or is_published(property_, text):
        return text
    match name:
        case "cluster.query":
            return of_cluster(text, scrubber.shapes)
        case "cluster.clusterBy":
            return fields(text, scrubber.shapes)
        case "registry.hive":
            return text
        case _:
            return scrubber.shapes.like(text)


def told(facts: Mapping[str, Any], table: Mapping[str, Fact], scrubber: Scrubber | None) -> Any:
    return frozenset(
        (name, value if scrubber is None else expected(name, value, table[name], scrubber))
        for name, value in facts.items()
    )


def known(record: Record, scrubber: Scrubber | None) -> Any:
    """Return everything that is known of an action, in a form to compare; as it is to be replayed, given a scrubber."""
    assert record.decision is not None
    facts = record.decision.facts
    rows = [told(row, MESSAGE_FACTS, scrubber) for row in facts.messages or ()]
    return (
        record.action.kind,
        told(facts.values, FACTS, scrubber),
        frozenset(Counter(rows).items()),
        facts.messages_complete,
    )


def test_every_fact_of_every_action_is_as_it_was_or_stands_for_what_it_was(run: Both) -> None:
    assert len(run.first.records) >= 35
    assert Counter(known(one, run.scrubber) for one in run.first.records if one.decision) == Counter(
        known(one, None) for one in run.second.records if one.decision
    )


def test_moments_counts_and_words_are_the_same_for_every_action(run: Both) -> None:
    kept = {FactType.NUMBER, FactType.YESNO, FactType.MOMENT, FactType.WORD, FactType.WORDS}

    def facts(record: Record) -> Any:
        assert record.decision is not None
        found = record.decision.facts.values
        return frozenset((name, value) for name, value in found.items() if FACTS[name].type in kept)

    first = Counter(facts(one) for one in run.first.records if one.decision)
    assert first == Counter(facts(one) for one in run.second.records if one.decision)
    assert any(isinstance(value, datetime) for row in first for _, value in row)


def test_clicks_are_counted_alike(run: Both) -> None:
    def counted(passed: Passed) -> set[Any]:
        facts = [one.decision.facts.values for one in passed.records if one.decision is not None]
        return {(one["clicks.count"], one["clicks.users"]) for one in facts if "clicks.count" in one}

    assert counted(run.first) == counted(run.second)
    assert len(counted(run.first)) > 1


async def test_members_of_groups_are_replaced_as_the_recipients_they_are(tmp_path: Path) -> None:
    guarded = KEPT_ONLY.policies["approve"].replace(
        "decide: approve", "unless:\n  - recipients: {anyIn: $vip}\ndecide: approve"
    )
    fed = f"list: vip\ntype: users\nsource: {{group: {names.EXECUTIVES}}}\nrefresh: 1h\nstale: 24h\n"

    run = await both(a_little(), tmp_path, FakeShelf(**{"approve": guarded, "lists/vip": fed}), plants=False)

    (asked,) = [one for one in run.exchanges if one.target.startswith("/v1.0/groups/")]
    made_up = run.scrubber.shapes.like(names.EXECUTIVES)
    assert asked.target.startswith(f"/v1.0/groups/{made_up}/transitiveMembers/microsoft.graph.user?$select=")
    body = asked.body.decode()
    assert all(run.scrubber.shapes.like(vip) in body and vip not in body for vip in names.VIPS)
    assert f"SMTP:{run.scrubber.shapes.like(names.VIPS[0])}" in body


# Decisions


def decided(passed: Passed) -> Counter[Any]:
    return Counter(
        (one.action.kind, one.action.first_seen, one.decision.verb, one.decision.policies)
        for one in passed.records
        if one.decision is not None
    )


def test_policies_that_go_by_what_is_kept_decide_alike(run: Both) -> None:
    verbs = {one.decision.verb for one in run.first.records if one.decision is not None}
    assert verbs == set(Verb)
    assert decided(run.first) == decided(run.second)


async def test_shipped_policies_decide_alike_where_no_list_of_theirs_names_what_was_replaced(
    tmp_path: Path,
) -> None:
    run = await both(everything(), tmp_path, WithoutLimits(), plants=False)

    differing = decided(run.first) - decided(run.second)
    by_lists = {
        (one.action.kind, one.action.first_seen)
        for one in run.first.records
        if one.decision is not None
        and any(
            clause.held and "$" in clause.words
            for finding in one.decision.findings
            for clause in finding.clauses
        )
    }
    assert len(decided(run.first)) >= 25
    assert {policies for _, _, _, policies in differing} == {("vip-recipients",)}
    assert len(by_lists) < 8
    assert {(kind, seen) for kind, seen, _, _ in differing} <= by_lists


async def test_shipped_policies_decide_alike_in_a_tenant_that_is_on_none_of_their_lists(
    tmp_path: Path,
) -> None:
    run = await both(everything(), tmp_path, WithoutLimits())

    assert decided(run.first) == decided(run.second)
    assert {one.decision.verb for one in run.first.records if one.decision} >= {Verb.APPROVE, Verb.ESCALATE}


@pytest.mark.parametrize(
    "switches",
    [
        Switches(roles=ALL_ROLES - {names.HUNT}),
        Switches(roles=ALL_ROLES - {names.HUNT, names.READ_MAIL, names.WRITE_MAIL}),
        Switches(cluster_shows_pending=False),
        Switches(click_table=False),
    ],
    ids=["no hunting", "no mail", "only the alert shows pending", "no table of clicks"],
)
async def test_a_tenant_that_grants_less_replays_as_one(switches: Switches, tmp_path: Path) -> None:
    run = await both(a_little(), tmp_path, KEPT_ONLY, switches=switches)

    assert decided(run.first) == decided(run.second)
    assert Counter(known(one, run.scrubber) for one in run.first.records if one.decision) == Counter(
        known(one, None) for one in run.second.records if one.decision
    )


async def test_kinds_that_rows_name_are_named_in_the_replay(tmp_path: Path) -> None:
    switches = Switches(rows_after=timedelta())

    run = await both(accounts(), tmp_path, WithoutLimits(), switches=switches, plants=False)

    kinds = Counter(one.action.kind.value for one in run.first.records)
    assert kinds == ACCOUNTS
    assert kinds == Counter(one.action.kind.value for one in run.second.records)


# Faults


def lists(run: Both) -> list[Exchange]:
    """Return what was asked of lists, hunting aside."""
    return [one for one in run.exchanges if one.method == "GET"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(what=What.REFUSE, status=429, retry_after=RetryAfter.SECONDS),
        Fault(what=What.REFUSE, status=503),
        Fault(what=What.HTML),
        Fault(what=What.CUT),
        Fault(what=What.RESET_BEFORE),
        Fault(what=What.PARTIAL),
        Fault(what=What.FOREIGN_LINK),
        Fault(what=What.EMPTY_PAGE),
    ],
    ids=lambda fault: f"{fault.what}{fault.status or ''}",
)
async def test_faults_replay_and_end_the_same_way(fault: Fault, tmp_path: Path) -> None:
    rule = Rule(fault=fault, path=LISTS, on=frozenset({1}))

    run = await both(a_little(), tmp_path, KEPT_ONLY, faults=Faults(rules=[rule]))

    assert decided(run.first) == decided(run.second)
    assert len(run.first.problems) == len(run.second.problems)
    assert type(run.first.error) is type(run.second.error)
    if fault.what in {What.REFUSE, What.RESET_BEFORE}:
        assert lists(run)[0].status == fault.status


async def test_a_graph_that_is_away_all_the_time_is_away_in_the_replay(tmp_path: Path) -> None:
    rule = Rule(fault=Fault(what=What.REFUSE, status=503), path=LISTS, on=None)

    run = await both(a_little(), tmp_path, KEPT_ONLY, faults=Faults(rules=[rule]))

    assert type(run.first.error) is type(run.second.error) is not type(None)
    assert {one.status for one in lists(run)} == {503}
