"""A policy of the base that fell back -> those of the tenant that may have counted only because it did.

That what a tenant adds only tightens the base is shown of the base as its files say. Where one of its policies observes,
because what it approved was overturned, a policy of the tenant that has the same conditions and more would go on approving
in its place. So it observes for as long, unless it has all conditions of another policy of the base that still counts.
"""

from collections.abc import Mapping

from agent.judge.tightening.doubts import refines
from agent.model.decision import Verb
from agent.model.policy import Fallen, Mode, Policy, PolicySet


def with_leaning(policies: PolicySet, fallen: Mapping[str, Fallen]) -> Mapping[str, Fallen]:
    """Return which policies observe, by their names: those that fell back, and those of the tenant that lean on them."""
    folders = policies.folders
    if folders is None:
        return fallen
    base = [one for one in policies.policies if folders.is_base(one.file)]
    gone = [one for one in base if one.name in fallen]
    left = [one for one in base if one.name not in fallen and one.mode is Mode.ENFORCE and one.part.is_whole]
    found = dict(fallen)
    for one in policies.policies:
        if folders.is_base(one.file) or one.verb is Verb.ESCALATE or one.name in fallen:
            continue
        lost = _leans_on(one, gone)
        if lost is not None and not any(refines(one, other) for other in left):
            words = f"`{lost.name}` of the base did, which it may only tighten: {fallen[lost.name].words}"
            found[one.name] = Fallen(since=fallen[lost.name].since, words=words)
    return found


def _leans_on(one: Policy, gone: list[Policy]) -> Policy | None:
    """Return a policy that fell back and is for some of the same actions."""
    return next((other for other in gone if not other.kinds.isdisjoint(one.kinds)), None)
