"""Whose a tenant is that this process does not look after, and what is to be done about it, in one line."""

from agent.judge.quote import moment, quote
from agent.model.tenancy import Holder


def whose(holder: Holder | None) -> str:
    """Return who has the tenant, since when, and what to do; where nobody is known to have it, that."""
    if holder is None:
        return (
            "no other replica is known to have it, and one that runs is to take it first: look whether one does with"
            " `air-agent status`, and if none does run it again in half a minute"
        )
    return (
        f"replica {quote(holder.replica)} has had it since {moment(holder.since)}, and makes its passes: look at them with"
        f" `air-agent status`, and stop that agent first to make one here; if it has died, the tenant is free within"
        f" {max(holder.frees_within, 1):.0f} s"
    )
