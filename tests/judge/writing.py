"""What a test needs to write policies and have them judged: say only what matters."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from agent.judge.compile import Judge, compile_set
from agent.judge.decide import decide
from agent.judge.examine import CaseBook
from agent.judge.lists import members_data, members_file
from agent.judge.parse import parse_set
from agent.judge.rehearse import rehearse
from agent.judge.truth import policy_holds
from agent.model.decision import Decision
from agent.model.errors import PolicyError, Problem
from agent.model.facts import Facts, Value
from agent.model.pending import ActionKind, IncidentHead, KindSource, PendingAction
from agent.model.policy import Policy

NOW = datetime(2026, 8, 24, 9, 0, tzinfo=UTC)
TENANT = "11111111-2222-3333-4444-555555555555"
CLUSTER = ActionKind.SOFT_DELETE_CLUSTER


_CHAIN = re.compile(rb"^(?:escalation|inform): ([A-Za-z0-9_-]+)\r?$", re.MULTILINE)


def indent(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.strip("\n").splitlines())


def policy_file(
    match: str = "evidence.verdict: malicious",
    *,
    name: str = "p",
    kinds: str = "softDeleteCluster",
    unless: str = "",
    decide: str = "approve",
    more: str = "",
    mode: str = "enforce",
) -> bytes:
    return (
        f"policy: {name}\ndescription: An example.\nowner: soc@contoso.example\nfor: [{kinds}]\nmode: {mode}\n"
        f"match:\n{indent(match)}"
        + (f"unless:\n{indent(unless)}" if unless else "")
        + (f"decide: {decide}\n" if decide else "")
        + (f"{more.strip()}\n" if more else "")
    ).encode()


def list_file(name: str, *entries: str) -> dict[str, bytes]:
    lines = "".join(f"  - {entry}\n" for entry in entries)
    body = f"entries:\n{lines}" if entries else "entries: []\n"
    return {f"policies/lists/{name}.yaml": f"list: {name}\n{body}".encode()}


def a_list(name: str, text: str) -> dict[str, bytes]:
    """Return the file of a list with everything but its name as written."""
    return {f"policies/lists/{name}.yaml": f"list: {name}\n{text.strip()}\n".encode()}


GROUP = "99999999-8888-7777-6666-555555555555"


def a_fed_list(
    name: str, *members: str, kind: str = "users", is_fetched: bool = True, more: str = ""
) -> dict[str, bytes]:
    """Return a list that a group feeds, with these members beside it unless it was never fetched."""
    files = a_list(name, f"type: {kind}\nsource: {{group: {GROUP}}}\n{more}")
    if is_fetched:
        files |= {members_file(file): members_data(members) for file in list(files)}
    return files


ASKS = "approvers: {from: [role:SecOps.Approver]}"
DUTY = {"policies/channels/duty.yaml": b"channel: duty\nkind: pagerDuty\nroutingKey: {env: ROUTING_KEY}\n"}


def chain_files(*names: str, steps: str = "[{notify: [duty]}]", more: str = ASKS) -> dict[str, bytes]:
    """Return the files of chains of which there is nothing to say, and of the one channel that they tell."""
    chains = {
        f"policies/chains/{name}.yaml": f"chain: {name}\nsteps: {steps}\n{more}\n".encode() for name in names
    }
    return {**chains, **DUTY} if names else {}


def chains_of(*policies: bytes) -> dict[str, bytes]:
    """Return the files of the chains that these policies name."""
    named = [name.decode() for data in policies for name in _CHAIN.findall(data)]
    return chain_files(*dict.fromkeys(named))


def parsed(data: bytes, lists: Mapping[str, bytes] | None = None) -> Policy:
    return parse_set({"policies/p.yaml": data, **chains_of(data), **(lists or {})}).policies[0]


def a_judge(*policies: bytes, lists: Mapping[str, bytes] | None = None) -> Judge:
    files = {f"policies/{at}.yaml": data for at, data in enumerate(policies)}
    return compile_set(parse_set({**files, **chains_of(*policies), **(lists or {})}))


def problems(data: bytes, lists: Mapping[str, bytes] | None = None) -> list[str]:
    """Return the problems of a policy in `p.yaml`, without the file's name for the policy's own."""
    try:
        parse_set({"p.yaml": data, **chains_of(data), **(lists or {})})
    except PolicyError as error:
        return [str(problem).removeprefix("p.yaml:") for problem in error.problems]
    return []


def told(match: str, lists: Mapping[str, bytes] | None = None, **more: str) -> list[str]:
    """Return the messages, without places, for a policy with these conditions."""
    return [problem.split(": ", 1)[1] for problem in problems(policy_file(match, **more), lists)]


def facts(
    values: Mapping[str, Value] | None = None,
    *,
    messages: tuple[Mapping[str, Value], ...] | None = None,
    is_complete: bool = True,
    unresolved: str = "",
    now: datetime = NOW,
) -> Facts:
    return Facts(
        now=now,
        values=values or {},
        messages=messages,
        messages_complete=is_complete,
        unresolved=unresolved,
    )


def answer(
    match: str, seen: Facts, *, lists: Mapping[str, bytes] | None = None, kinds: str = "softDeleteCluster"
) -> bool | None:
    """Return what a policy with these conditions answers, by the closures and plainly, which must agree."""
    judge = a_judge(policy_file(match, kinds=kinds), lists=lists)
    kind = ActionKind(kinds.partition(",")[0])
    answers = judge.evaluate(kind, TENANT, seen)
    fast = True if answers.matched else None if answers.undecided else False
    plain = policy_holds(judge.policy("p"), seen)
    assert fast is plain
    assert answers.failures == {}
    return fast


def went(
    judge: Judge, book: CaseBook, only: Callable[[str], bool] = lambda _: True
) -> tuple[int, tuple[Problem, ...]]:
    """Return how many cases were judged, and what kept others from it or failed."""
    found = rehearse(judge, book, only=only)
    return found.cases, (*found.unread, *(one.problem for one in found.failing))


def an_action(
    kind: ActionKind = CLUSTER,
    *,
    label: str = "https://bad.example/login",
    deadline: datetime = NOW + timedelta(days=6),
    tenant: str = TENANT,
) -> PendingAction:
    return PendingAction(
        tenant_id=tenant,
        kind=kind,
        kind_source=KindSource.EVIDENCE,
        key="key",
        label=label,
        evidence=None,
        incident=IncidentHead(id="924"),
        sightings=(),
        first_seen=NOW,
        deadline=deadline,
    )


def decided(
    judge: Judge,
    seen: Facts,
    *,
    action: PendingAction | None = None,
    evidence: str = "e1",
    enforces_observers: bool = False,
) -> Decision:
    return decide(
        judge,
        action or an_action(),
        seen,
        evidence=evidence,
        enforces_observers=enforces_observers,
        version="1.0",
    )
