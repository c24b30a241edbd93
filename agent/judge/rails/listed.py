"""The lists of policies whose members are protected, as they are at one moment.

A list may hold anything that names a mailbox, an account or a device: addresses, domains, object ids, names. It is
matched as a whole, by whichever of its names a target is known. A list that is fed from a group and was never
fetched, or not for too long, does not say who is in it: then everything counts as protected.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches

import msgspec

from agent.judge import fold
from agent.model.policy import ListType, PolicyList

TAKEN = frozenset(
    {None, ListType.ADDRESSES, ListType.DOMAINS, ListType.USERS, ListType.DEVICES, ListType.TEXTS}
)
"""Types of lists that can name somebody or something to protect; None is a list that does not say."""


class ProtectedList(msgspec.Struct, frozen=True, kw_only=True):
    """One list: its members in the form in which they are compared, or why nobody knows them."""

    name: str
    members: frozenset[str] = frozenset()
    unknown: str = ""


def wrong_names(names: Iterable[str], lists: Sequence[PolicyList]) -> tuple[str, ...]:
    """Return in words what is wrong with these names of lists, in the set that is to come into force."""
    by_name = {one.name: one for one in lists}
    return tuple(words for name in names if (words := _wrong(name, by_name)))


def _wrong(name: str, by_name: Mapping[str, PolicyList]) -> str:
    one = by_name.get(name)
    if one is None:
        near = get_close_matches(name, sorted(by_name), n=1)
        hint = f"did you mean `{near[0]}`?" if near else "write a list of that name, or take it out there"
        return f"`guards.protected` names the list `{name}`, which is not here: {hint}"
    if one.type not in TAKEN:
        return f"`guards.protected` names the list `{name}`, which holds {one.type}: name one of people or devices"
    return ""


def protected_lists(
    names: Iterable[str], lists: Sequence[PolicyList], fetched: Mapping[str, datetime], now: datetime
) -> tuple[ProtectedList, ...]:
    """Return the lists of these names as they are now.

    Args:
        names: in their order; what a tenant adds to one comes right after it.
        lists: all lists of the set in force.
        fetched: when each list that is fed was last fetched; those that never were are left out.
        now: the moment; entries that have expired are in a list no more.
    """
    by_name = {one.name: one for one in lists}
    added = {one.adds_to: one.name for one in lists if one.adds_to is not None}
    whole = (each for name in names for each in ((name, added[name]) if name in added else (name,)))
    return tuple(_as_it_is(name, by_name.get(name), fetched.get(name), now) for name in whole)


def _as_it_is(name: str, one: PolicyList | None, fetched: datetime | None, now: datetime) -> ProtectedList:
    if one is None:
        return ProtectedList(name=name, unknown="it is not there")
    if one.feed is None:
        values = [entry.value for entry in one.entries if entry.expires is None or now < entry.expires]
        return ProtectedList(name=name, members=_folded(values))
    if one.members is None or fetched is None:
        return ProtectedList(name=name, unknown="its group was never fetched")
    if now - fetched > one.feed.stale:
        at = fetched.strftime("%Y-%m-%d %H:%MZ")
        return ProtectedList(name=name, unknown=f"its group was last fetched {at}, too long ago to rely on")
    return ProtectedList(name=name, members=_folded(one.members))


def _folded(values: Iterable[str]) -> frozenset[str]:
    return frozenset(form for value in values for form in forms(value))


def forms(value: str) -> tuple[str, ...]:
    """Return the forms in which a name is compared: as an address, or as a domain, and as it is but for its case."""
    text = fold.text(value.strip())
    if not text:
        return ()
    return (text, fold.address(value.strip()) if "@" in value else fold.domain(value.strip()))


def is_in(one: ProtectedList, name: str) -> bool:
    """Whether the list has this name, or the domain of this address, or one above that."""
    if not one.members.isdisjoint(forms(name)):
        return True
    _, at, host = name.strip().rpartition("@")
    labels = fold.domain(host).split(".") if at else []
    return any(".".join(labels[start:]) in one.members for start in range(len(labels)))
