"""A ledger with months behind it: actions that policies, people, guards, Defender's portal or nobody decided, on a seed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from random import Random

import msgspec

from agent.adapters.ledger.ledger import SqlLedger
from agent.judge.guard import hold
from agent.model.air import AirAction
from agent.model.decision import Answered, Decision, Ruling, Verb
from agent.model.defender import PENDING_APPROVAL, MailClusterEvidence
from agent.model.enactment import Confirmation, EffectSeen, PendingSeen, Plan, Record, State, Way
from agent.model.facts import Facts, Value
from agent.model.key import cluster_key
from agent.model.pending import LIFETIME, ActionKind, IncidentHead, KindSource, PendingAction, Sighting
from tests.makers import NOW, TENANT, message_id

HOUR = timedelta(hours=1)
KINDS = (
    *([ActionKind.SOFT_DELETE_CLUSTER] * 6),
    *([ActionKind.SOFT_DELETE_MESSAGE] * 3),
    ActionKind.DISABLE_FORWARDING,
    ActionKind.QUARANTINE_FILE,
    ActionKind.UNKNOWN,
)
GUARDS = ("size", "protected", "hours", "caps", "kill switch")
POLICIES = ("malicious-url-clusters", "small-malicious", "reported-phish", "newsletters")
PEOPLE = ("Eve Ödegård", "Fay Marsh", "Gus Ito")

Step = tuple[datetime, Record, AirAction | None]


async def lived_through(ledger: SqlLedger, count: int, *, days: int, seed: int = 7) -> None:
    """Fill a ledger with so many actions over the last days."""
    chance = Random(seed)
    steps = sorted(
        (
            step
            for number in range(count)
            for step in _life(chance, number, NOW - chance.random() * timedelta(days=days))
        ),
        key=lambda step: step[0],
    )
    saved: dict[str, int] = {}
    rest = iter(steps)
    while some := tuple(islice(rest, 2_000)):
        for at, group in _by_action(some):
            await ledger.save([_versioned(record, saved) for record in group], now=at)
        await ledger.save_air_actions([row for _, _, row in some if row is not None])


async def decided(ledger: SqlLedger, count: int, *, days: int, seed: int = 7) -> None:
    """Fill a ledger with the first decision on each of so many actions: quickly, and with nothing that came of them."""
    chance = Random(seed)
    apart = timedelta(days=days) / count
    firsts = (next(_life(chance, number, NOW - apart * (count - number)))[1] for number in range(count))
    while some := tuple(islice(firsts, 5_000)):
        await ledger.save(some, now=NOW)


def _by_action(steps: tuple[Step, ...]) -> Iterator[tuple[datetime, list[Record]]]:
    """Give records that can be saved together: of each action one, and all that ended at a moment of its own apart."""
    group: list[Record] = []
    for at, record, _ in steps:
        is_ending = (
            record.state in {State.SUPERSEDED, State.EXPIRED} or record.confirmation.pending is not None
        )
        if is_ending or any(one.action.id == record.action.id for one in group[-50:]) or len(group) == 50:
            if group:
                yield at, group
            group = []
        if is_ending:
            yield at, [record]
        else:
            group.append(record)
    if group:
        yield steps[-1][0], group


def _versioned(record: Record, saved: dict[str, int]) -> Record:
    version = saved.get(record.action.id, 0)
    saved[record.action.id] = version + 1
    return msgspec.structs.replace(record, version=version)


def _life(chance: Random, number: int, seen: datetime) -> Iterator[Step]:
    """Give what became of one action, step by step."""
    action = _action(chance, number, seen)
    judged = seen + timedelta(seconds=chance.expovariate(1 / 90))
    course = chance.random()
    policy = chance.choice(POLICIES)
    verb = Verb.REJECT if policy == "newsletters" else Verb.APPROVE
    ruled = _decision(chance, action, judged, verb, (policy,))
    if course < 0.45:
        yield from _carried_out(chance, action, ruled)
    elif course < 0.60:
        yield from _answered(chance, action, _left(ruled))
    elif course < 0.72:
        held = hold(ruled, chance.choice(GUARDS), "more than may go at once")
        yield _at(judged, action, State.HELD, held)
        if chance.random() < 0.6:
            yield from _answered(chance, action, held, is_asked=True)
    elif course < 0.94:
        yield _at(judged, action, State.ESCALATED, _left(ruled) if chance.random() < 0.4 else ruled)
        yield from _elsewhere(chance, action, ruled, judged)
    else:
        yield _at(judged, action, State.ESCALATED, _left(ruled))
        if seen + LIFETIME < NOW:
            yield _at(seen + LIFETIME, action, State.EXPIRED, _left(ruled))


def _carried_out(chance: Random, action: PendingAction, ruled: Decision) -> Iterator[Step]:
    plan = Plan(way=Way.REMEDIATE, why="soft delete through Graph", effects=())
    yield _at(ruled.at, action, State.SENT, ruled, plan=plan)
    seen = Confirmation(
        effect=EffectSeen.CONFIRMED, words="all copies have left the mailboxes", checks=1, at=ruled.at
    )
    yield _at(ruled.at + timedelta(minutes=chance.choice((5, 35))), action, State.CONFIRMED, ruled, plan=plan, confirmation=seen)  # fmt: skip


def _answered(
    chance: Random, action: PendingAction, asked: Decision, *, is_asked: bool = False
) -> Iterator[Step]:
    if not is_asked:
        yield _at(asked.at, action, State.ESCALATED, asked)
    given = asked.at + timedelta(minutes=chance.lognormvariate(3.5, 1.2))
    if given >= min(action.deadline, NOW):
        return
    verb = Verb.REJECT if chance.random() < 0.2 else Verb.APPROVE
    name = chance.choice(PEOPLE)
    answer = Answered(
        object_id=name.lower(), name=name, at=given, verb=verb, reason="I looked at it", grant="role:A"
    )
    decision = msgspec.structs.replace(asked, at=given + timedelta(seconds=20), verb=verb, guard=None, policies=(), answered=(answer,))  # fmt: skip
    yield _at(decision.at, action, State.SENT if verb is Verb.APPROVE else State.REJECTED, decision)


def _elsewhere(chance: Random, action: PendingAction, ruled: Decision, judged: datetime) -> Iterator[Step]:
    at = judged + timedelta(hours=chance.lognormvariate(1.5, 1.3))
    if at >= min(action.deadline, NOW):
        return
    agrees = chance.random() < 0.93
    verb = ruled.verb if agrees else (Verb.REJECT if ruled.verb is Verb.APPROVE else Verb.APPROVE)
    word = "declined" if verb is Verb.REJECT else "remediated"
    over = msgspec.structs.replace(action, sightings=(msgspec.structs.replace(action.sightings[0], remediation_status=word),))  # fmt: skip
    row = None
    if chance.random() < 0.6:
        row = AirAction(
            investigation_id=f"i{action.key[:12]}", action_id="a", at=at, keys=(action.key,),
            approval="Declined" if verb is Verb.REJECT else "Approved", approved_by="ann@contoso.example",
        )  # fmt: skip
    seen = Confirmation(pending=PendingSeen.CLOSED, at=at)
    _, record, _ = _at(at, over, State.SUPERSEDED, ruled, confirmation=seen)
    yield (
        at,
        msgspec.structs.replace(record, why=f"Defender shows `{word}`: decided or cancelled elsewhere"),
        row,
    )


def _left(ruled: Decision) -> Decision:
    return msgspec.structs.replace(ruled, verb=Verb.ESCALATE, reason=f"left to people: {ruled.reason}")


def _at(at: datetime, action: PendingAction, state: State, decision: Decision, **more: object) -> Step:
    return (
        at,
        msgspec.structs.replace(Record(action=action, state=state, due=None, decision=decision), **more),
        None,
    )


def _action(chance: Random, number: int, seen: datetime) -> PendingAction:
    incident = str(1 + number // 3)
    query = f'Urls:"https://login-{number}.example/verify"'
    key = cluster_key(query, (message_id(number),)) or query
    return PendingAction(
        tenant_id=TENANT,
        kind=chance.choice(KINDS),
        kind_source=KindSource.EVIDENCE,
        key=key,
        label=f"https://login-{number}.example/verify",
        evidence=MailClusterEvidence(remediation_status=PENDING_APPROVAL, cluster_by="Urls", query=query, email_count=40),
        incident=IncidentHead(id=incident, display_name="Phish delivered", web_url=f"https://security.microsoft.com/incidents/{incident}"),
        sightings=(Sighting(incident_id=incident, alert_id=f"a{number}", remediation_status=PENDING_APPROVAL),),
        first_seen=seen,
        deadline=seen + LIFETIME,
    )  # fmt: skip


def _decision(
    chance: Random, action: PendingAction, at: datetime, verb: Verb, policies: tuple[str, ...]
) -> Decision:
    values: dict[str, Value] = {
        "evidence.verdict": "malicious",
        "cluster.mailboxCount": chance.randint(1, 300),
    }
    message: dict[str, Value] = {
        "recipient": "anna@contoso.example",
        "sender.domain": "evil.example",
        "subject": "Invoice",
    }
    shadow = Ruling(
        verb=chance.choice((Verb.APPROVE, Verb.REJECT)), policies=("observing",), reason="it would"
    )
    return Decision(
        action_id=action.id,
        at=at,
        verb=verb,
        policies=policies,
        reason=f"{verb} by `{policies[0]}`: `evidence.verdict` is malicious; `cluster.mailboxCount` is {values['cluster.mailboxCount']}, at most 300",
        findings=(),
        facts=Facts(now=at, values=values, messages=(message,) * 10),
        grounds=f"{chance.getrandbits(64):016x}",
        evidence="0123456789abcdef",
        revision="0123456789ab",
        shadow=shadow if chance.random() < 0.3 else None,
    )  # fmt: skip
