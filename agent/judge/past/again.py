"""(A recorded decision, the set that made it) -> the decision made once more, and where it differs.

What is no outcome of judging is taken from the record: the facts and their moment, the digest of the evidence,
the words that name the action, what the guard rails said, the caps as they stood, what its policies had spent, how many
people had to approve and who did, how many targets it had, what would have held an approval of observing policies,
whether the agent only observed, and which version and commit judged.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from agent.judge.compile import Judge
from agent.judge.decide import decide
from agent.judge.guard import Spending, guarded, weigh
from agent.judge.people import approved, lapsed, rejected
from agent.model.decision import Decision, Unit, Verb
from agent.model.facts import Facts
from agent.model.pending import PendingAction
from agent.model.policy import Limit, Policy


class NotRecorded(Exception):
    """An input of the decision was not recorded with it; the message says which."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One field that came out otherwise: where it is, and both values as JSON has them; None where there is none."""

    field: str
    recorded: Any
    again: Any


def decide_again(judge: Judge, action: PendingAction, recorded: Decision) -> Decision:
    """Return the decision made once more, from what is recorded of its inputs.

    Args:
        judge: the set that made it.
        action: the pending action as it is now; what may have changed since is taken from the record.
        recorded: the decision as the ledger has it.

    Raises:
        NotRecorded: an input of it was not recorded.
    """
    if recorded.label is None:
        raise NotRecorded("an older agent made it, and did not record all that it was made from")
    decision = decide(
        judge,
        as_it_was(action, recorded.facts, recorded.label),
        recorded.facts,
        evidence=recorded.evidence,
        enforces_observers=recorded.enforces_observers,
        version=recorded.agent_version,
    )
    ruled = msgspec.structs.replace(
        decision,
        git=recorded.git,
        is_observed=recorded.is_observed,
        shadow_guard=recorded.shadow_guard,
        targets=recorded.targets,
    )
    made = _by_people(ruled, recorded) or _guarded(judge, ruled, recorded)
    if recorded.classifications is None:
        return msgspec.structs.replace(made, classifications=None)
    return made


def _by_people(ruled: Decision, recorded: Decision) -> Decision | None:
    """Return the decision of the people who answered, or of a chain that nobody answered; None where neither decided."""
    if recorded.lapsed is not None:
        return lapsed(ruled, recorded, recorded.lapsed)
    if not recorded.answered:
        return None
    is_no = recorded.answered[0].verb is Verb.REJECT
    return (rejected if is_no else approved)(ruled, recorded, recorded.answered)


def _guarded(judge: Judge, decision: Decision, recorded: Decision) -> Decision:
    if decision.verb is not Verb.APPROVE:
        return msgspec.structs.replace(decision, approvers=recorded.approvers)
    if recorded.held:
        return guarded(decision, recorded.weighed, recorded.held, approvers=recorded.approvers)
    deciding = [judge.policies[name] for name in decision.policies]
    caps = [one for one in recorded.weighed if one.cap]
    weighed = weigh(deciding, _spent(recorded), _messages(recorded), caps)
    return guarded(decision, weighed, approvers=recorded.approvers)


def as_it_was(action: PendingAction, facts: Facts, label: str) -> PendingAction:
    """Return the action as these facts tell of it: its label, incident and deadline may have changed since."""
    incident, deadline = facts.values.get("incident.id"), facts.values.get("action.deadline")
    return msgspec.structs.replace(
        action,
        label=label,
        incident=msgspec.structs.replace(action.incident, id=incident if isinstance(incident, str) else ""),
        deadline=deadline if isinstance(deadline, datetime) else action.deadline,
    )


def _spent(recorded: Decision) -> Spending:
    told = {(one.policy, one.unit): one.spent for one in recorded.weighed if not one.cap}

    def spent(policy: Policy, unit: Unit, _: Limit) -> int:
        found = told.get((policy.name, unit))
        if found is None:
            raise NotRecorded(f"what `{policy.name}` had spent of its limit of {unit} was not recorded")
        return found

    return spent


def _messages(recorded: Decision) -> int:
    """Return how many messages the approval would have added; of no matter where no limit counts them."""
    return next((one.asked for one in recorded.weighed if one.unit is Unit.MESSAGES), 0)


def differences(recorded: Decision, again: Decision) -> tuple[Difference, ...]:
    """Return each field that differs, in the order of the fields."""
    return tuple(_differences("", _plain(recorded), _plain(again)))


def _plain(decision: Decision) -> Any:
    return msgspec.to_builtins(decision, order="deterministic")


def _differences(field: str, recorded: Any, again: Any) -> Iterator[Difference]:
    match recorded, again:
        case dict(), dict():
            for key in dict.fromkeys((*recorded, *again)):
                name = f"{field}.{key}" if field else str(key)
                yield from _differences(name, recorded.get(key), again.get(key))
        case list() | tuple(), list() | tuple():
            for at in range(max(len(recorded), len(again))):
                one = recorded[at] if at < len(recorded) else None
                other = again[at] if at < len(again) else None
                yield from _differences(f"{field}[{at}]", one, other)
        case _ if recorded != again:
            yield Difference(field=field, recorded=recorded, again=again)
