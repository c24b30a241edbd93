"""(What a base decides, what is decided with what a tenant adds) -> whether the tenant loosened anything.

Approved, of a base, may become rejected or escalated; rejected may become escalated; and escalated has to stay so: nobody
may be kept from hearing of what the base wants people to hear of. What stays approved has to be approved by every policy
of the base that approved it, since the limits and the approvers that count are those of the policies that decide. All that
until Defender's week is over: from then on nothing is approved anyway, and there is nothing left to decide.
"""

from agent.model.decision import Decision, Verb


def is_loosened(base: Decision, whole: Decision) -> bool:
    """Whether the whole set lets more happen than the base alone does, to the same action with the same facts."""
    if whole.verb is Verb.APPROVE:
        return base.verb is not Verb.APPROVE or not set(base.policies) <= set(whole.policies)
    return whole.verb is Verb.REJECT and base.verb is Verb.ESCALATE
