"""What a proof does not see of two sets: limits that became looser, and policies that begin to count."""

from collections.abc import Iterator

from agent.model.decision import Verb
from agent.model.policy import Limit, Mode, Policy, PolicySet


def looser(policies: PolicySet, before: PolicySet) -> tuple[str, ...]:
    """Return in words each limit that holds less back than it did, by the policy's name."""
    older = {one.name: one for one in before.policies}
    return tuple(
        words
        for one in policies.policies
        if one.verb is Verb.APPROVE and one.name in older
        for words in _looser(one, older[one.name])
    )


def _looser(one: Policy, older: Policy) -> Iterator[str]:
    for unit, new, old in (
        ("actions", one.limits.actions, older.limits.actions),
        ("messages", one.limits.messages, older.limits.messages),
    ):
        if old is not None and not _is_within(new, old):
            now = "there is none now" if new is None else f"it is {new.wording} now"
            yield f"`{one.name}`: the limit of {unit} was {old.wording}, and {now}"


def _is_within(new: Limit | None, old: Limit) -> bool:
    return new is not None and new.count <= old.count and new.window >= old.window


def unseen(policies: PolicySet, before: PolicySet) -> tuple[str, ...]:
    """Return in words what changed between the sets that no proof shows, and that need not be wrong."""
    older = {one.name: one for one in before.policies}
    found = []
    for one in policies.policies:
        old = older.get(one.name)
        if old is None and one.verb is Verb.APPROVE:
            found.append(f"`{one.name}` is new: its limits add to those of the policies there were")
        if old is not None and _counts_more(one, old):
            was = "observed" if old.mode is Mode.OBSERVE else "enforced in a part of what it is for"
            now = "enforces" if one.part.is_whole else "enforces in more of it"
            found.append(f"`{one.name}` {was} and now {now}: both sets are taken to enforce")
    return tuple(found)


def _counts_more(one: Policy, old: Policy) -> bool:
    """Whether the policy enforces where it did not."""
    if one.mode is Mode.OBSERVE:
        return False
    return old.mode is Mode.OBSERVE or not old.part.holds(one.part)
