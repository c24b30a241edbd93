"""A chain in words: whom it tells and when, and whose answers count."""

from datetime import timedelta

from agent.judge.quote import counted, span
from agent.model.chain import Approvers, Chain, Step, Urgency


def in_words(chain: Chain) -> str:
    """Return in one line whom the chain tells, and whose answers count."""
    steps = ", ".join(map(_step, chain.steps))
    repeat = chain.repeat
    again = (
        f", again every {span(repeat.every)} up to {counted(repeat.times, 'time', 'times')}" if repeat else ""
    )
    return f"{steps}{again}; {_approvers(chain.approvers)}"


def _step(step: Step) -> str:
    when = f"after {span(step.after)}" if step.after > timedelta(0) else "at once"
    loud = f" ({step.urgency})" if step.urgency is not Urgency.NORMAL else ""
    return f"{' and '.join(step.notify)} {when}{loud}"


def _approvers(who: Approvers) -> str:
    named = [*(f"role {role}" for role in who.roles), *(f"user {user}" for user in who.users)]
    if not named:
        return "nobody's answer counts, people decide in Defender"
    need = counted(who.need, "person has", "people have")
    return f"{need} to approve, of {', '.join(named)}"
