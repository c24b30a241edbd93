"""A backtest over 100,000 recorded decisions with 100 policies, of which some changed, against deciding them anew.

The baseline is what one would write first: both sets decide on every recorded action, words and all. It is
measured on a part of the record in the same run, and told for the whole. Both must find the same flips.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random
from time import perf_counter, process_time

from agent.adapters.ledger.opening import open_ledger
from agent.judge.compile import compile_set
from agent.judge.decide import decide
from agent.judge.parse import parse_set
from agent.judge.past.backtest import in_order
from agent.judge.past.course import kind_of
from agent.judge.situations import action_of
from agent.loop.backtesting import Question, backtest
from agent.model.backtest import Backtest
from agent.model.decision import Decision, Verb
from agent.model.enactment import Record, State
from agent.model.facts import VOCABULARY, Facts, Value
from agent.model.past import Judged
from agent.model.pending import ActionKind, IncidentHead, KindSource, PendingAction
from agent.model.policy import PolicySet
from agent.model.situation import Situation
from agent.ports.ledger import Ledger
from tests.makers import NOW, TENANT

ACTIONS = 100_000
POLICIES = 100
CHANGED = 10
PART = 2_000
"""Decisions on which the baseline is measured."""

SEED = 20260824
SECONDS_GOAL = 10.0
KIND = ActionKind.SOFT_DELETE_CLUSTER

Row = tuple[str, str, str]

DOMAINS = [f"{name}.example" for name in ("partner", "fabrikam", "evil", "adatum", "northwind", "proseware")]
NAMES = [f"user{number}@contoso.example" for number in range(200)]


def some_policies(chance: Random) -> dict[str, bytes]:
    """Return policies that each test five facts, a fifth of them with a limit."""
    files = {"policies/lists/vip.yaml": f"list: vip\nentries: [{', '.join(NAMES[:10])}]\n".encode()}
    for number in range(POLICIES):
        files[f"policies/p{number:03}.yaml"] = _policy(chance, number)
    return files


def _policy(chance: Random, number: int) -> bytes:
    verb = chance.choice(list(Verb))
    limits = "limits: {actions: 5/h}\n" if verb is Verb.APPROVE and chance.random() < 0.5 else ""
    return (
        f"policy: p{number:03}\ndescription: one of many\nowner: bench\nfor: [{KIND}]\nmode: enforce\n"
        f"priority: {chance.choice([0, 0, 0, 10])}\nmatch:\n"
        f"  evidence.verdict: {chance.choice(['malicious', 'suspicious', 'noThreatsFound'])}\n"
        f"  cluster.by: {{in: [{', '.join(chance.sample(['url', 'file', 'similarity'], 2))}]}}\n"
        f"  cluster.mailboxCount: {{atMost: {chance.choice([5, 50, 200, 1_000, 5_000])}}}\n"
        f"  senders.domains: {{noneIn: [{', '.join(chance.sample(DOMAINS, 2))}]}}\n"
        f"  recipients: {{noneIn: $vip}}\n"
        f"decide: {verb}\n{limits}"
    ).encode()


def _record(chance: Random, number: int) -> Record:
    """Return a recorded action as the loop leaves it: thirty facts, three messages with ten each."""
    at = NOW + timedelta(seconds=number // 4)
    recipients = frozenset(chance.sample(NAMES, chance.randint(1, 6)))
    deadline = at + timedelta(days=6)
    values: dict[str, Value] = {
        "action.kind": KIND.value,
        "tenant.id": TENANT,
        "action.deadline": deadline,
        "action.firstSeen": at,
        "evidence.verdict": chance.choice(["malicious", "malicious", "suspicious", "noThreatsFound"]),
        "alert.severity": chance.choice(["informational", "low", "medium", "high"]),
        "alert.title": "Email messages containing malicious URL removed after delivery",
        "incident.id": str(number),
        "cluster.by": chance.choice(["url", "file", "similarity"]),
        "cluster.emailCount": chance.randint(1, 12_000),
        "cluster.mailboxCount": chance.randint(1, 12_000),
        "recipients": recipients,
        "recipients.count": len(recipients),
        "senders.domains": frozenset(chance.sample(DOMAINS, chance.randint(1, 2))),
        **{f"filler.{at}": f"a text that Defender gave, number {at}" for at in range(16)},
    }
    message: dict[str, Value] = {
        "recipient": "anna@contoso.example",
        "sender.address": "mallory@evil.example",
        "sender.domain": "evil.example",
        "subject": "Invoice",
        "location": "inbox_folder",
        "inMailbox": True,
        "auth.dmarc": "fail",
        "received": at,
    }
    action = PendingAction(
        tenant_id=TENANT,
        kind=KIND,
        kind_source=KindSource.EVIDENCE,
        key=str(number),
        label=f"https://bad-{number}.example/",
        evidence=None,
        incident=IncidentHead(id=str(number)),
        sightings=(),
        first_seen=at,
        deadline=deadline,
    )
    decision = Decision(
        action_id=action.id,
        at=at,
        verb=chance.choice(list(Verb)),
        policies=(f"p{chance.randrange(POLICIES):03}",),
        reason="approve by `p000`: `evidence.verdict` is malicious; `cluster.mailboxCount` is 3, at most 200",
        findings=(),
        facts=Facts(now=at, values=values, messages=(message,) * 3, vocabulary=VOCABULARY),
        grounds="0123456789abcdef",
        evidence="0123456789abcdef",
        revision="0123456789ab",
        label=action.label,
    )
    return Record(action=action, state=State.DECIDED, due=None, decision=decision)


async def _filled(ledger: Ledger) -> None:
    chance = Random(SEED)
    records = (_record(chance, number) for number in range(ACTIONS))
    while batch := tuple(islice(records, 5_000)):
        await ledger.save(batch, now=NOW)


async def _reading(ledger: Ledger) -> tuple[float, list[Judged]]:
    """Return the seconds of one core to read every decision, and a part of them."""
    part: list[Judged] = []
    last: Judged | None = None
    began = process_time()
    while page := await ledger.judged(after=last, limit=2_000):
        last = page[-1]
        part.extend(page[: max(0, PART - len(part))])
    return process_time() - began, part


def _anew(sets: Sequence[PolicySet], part: Sequence[Judged]) -> tuple[float, set[str]]:
    """Return the seconds of one core in which both sets decide on a part of the record, and what differs, limits aside."""
    judges = [compile_set(one) for one in sets]
    differing: set[str] = set()
    began = process_time()
    for one in in_order(part):
        action = action_of(Situation(kind=kind_of(one), tenant=TENANT, facts=one.facts), "an action")
        verbs = {
            decide(judge, action, one.facts, evidence="", enforces_observers=False, version="").verb
            for judge in judges
        }
        if len(verbs) > 1:
            differing.add(one.action_id)
    return process_time() - began, differing


async def _measured(folder: Path) -> list[Row]:
    chance = Random(SEED)
    files = some_policies(chance)
    changed = dict(files)
    for number in chance.sample(range(POLICIES), CHANGED):
        changed[f"policies/p{number:03}.yaml"] = _policy(chance, number)
    before, after = parse_set(files), parse_set(changed)
    async with open_ledger(f"sqlite:///{folder / 'data' / 'ledger.db'}", TENANT) as ledger:
        await _filled(ledger)
        reading, part = await _reading(ledger)
        began, busy = perf_counter(), process_time()
        found = await backtest(ledger, Question(before=before, after=after, after_name="after", words=0))
        seconds, busy = perf_counter() - began, process_time() - busy
    anew, differing = _anew((before, after), part)
    _agree(found, part, differing)
    whole = anew / len(part) * ACTIONS + reading
    return [
        (
            f"backtest: {ACTIONS:,} recorded actions, {POLICIES} policies, {CHANGED} of them changed",
            f"{seconds:.1f} s",
            "",
        ),
        ("the same in seconds of one core", f"{busy:.1f} s", f"under {SECONDS_GOAL:g} s"),
        ("of these, to read the ledger, in seconds of one core", f"{reading:.1f} s", ""),
        ("flips found", f"{found.totals.flips:,}", ""),
        (f"deciding anew by both sets, worked out from {len(part):,}", f"{whole:.1f} s", ""),
        ("times faster than deciding anew", f"{whole / busy:.1f}", ""),
    ]


def _agree(found: Backtest, part: Sequence[Judged], differing: set[str]) -> None:
    ids = {one.action_id for one in part}
    ours = {
        one.action_id
        for one in found.flips
        if one.action_id in ids and not (one.before.guard or one.after.guard)
    }
    limited = {one.action_id for one in found.flips if one.before.guard or one.after.guard}
    if ours != differing - limited:
        raise AssertionError(f"{len(ours ^ (differing - limited))} actions come out otherwise")


def run() -> list[Row]:
    """Measure, assert that both find the same, and return the rows: what, measured, goal."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder)))
