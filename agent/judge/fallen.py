"""Policies that fell back to observing, as part of the set that they are in.

That a policy fell back lies beside it as one more file, which no disk has, as the members of a list that is fed do. So its
set is another set, of another revision: what waits is judged anew by it, it is kept with the rest, and what it decided
can be made again, byte by byte, whatever became of the policy since.
"""

from collections.abc import Iterable, Mapping

import msgspec

from agent.judge.lists import MEMBERS
from agent.judge.quote import moment
from agent.model.decision import Verb
from agent.model.errors import PolicyError, Problem
from agent.model.fallback import Fallback
from agent.model.policy import Fallen, Policy, PolicySet

FALLEN = ".fallen"


def fallen_file(file: str) -> str:
    """Return the path under which it lies beside a policy that it fell back."""
    return f"{file}{FALLEN}"


def fallen_data(one: Fallen) -> bytes:
    """Return what is in that file: the same bytes for the same fallback."""
    return msgspec.json.encode(one)


def fallen_of(file: str, data: bytes | None) -> Fallen | None:
    """Return what is in the file beside this policy; None where there is none.

    Raises:
        PolicyError: it is no such file.
    """
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=Fallen)
    except msgspec.MsgspecError as error:
        message = "does not say since when the policy observes: it is the agent that writes it"
        raise PolicyError([Problem(file=fallen_file(file), line=1, column=1, message=message)]) from error


def beside(policies: Iterable[Policy], fallen: Mapping[str, Fallen]) -> Mapping[str, bytes]:
    """Return the files that lie beside those of these policies that fell back."""
    return {fallen_file(one.file): fallen_data(fallen[one.name]) for one in policies if one.name in fallen}


def with_tenants(policies: PolicySet, fallen: Mapping[str, Fallen]) -> Mapping[str, Fallen]:
    """Return what fell back, with what a tenant adds that agreed with a policy of the base which did.

    A tenant's policy that approves or rejects does so where the base's approves: while that one observes, it would loosen
    the base. It counts again with it.
    """
    folders = policies.folders
    if folders is None:
        return fallen
    gone = [one for one in policies.policies if folders.is_base(one.file) and one.name in fallen]
    found = dict(fallen)
    for one in policies.policies:
        by = next((each for each in gone if not each.kinds.isdisjoint(one.kinds)), None)
        is_held = by is not None and not folders.is_base(one.file) and one.verb is not Verb.ESCALATE
        if by is not None and is_held and one.name not in fallen:
            words = f"`{by.name}` of the base, for the same kinds, fell back"
            found[one.name] = Fallen(since=fallen[by.name].since, words=words)
    return found


def is_made(file: str) -> bool:
    """Whether nobody wrote this file of a set: who is in a list that is fed, or that a policy fell back."""
    return file.endswith((MEMBERS, FALLEN))


def standing(fallbacks: Iterable[Fallback]) -> Mapping[str, Fallen]:
    """Return the policies that observe by what the ledger has, by their names."""
    return {one.policy: Fallen(since=one.since, words=one.words) for one in fallbacks if one.ended is None}


def fell_back(one: Fallen | Fallback) -> str:
    """Say since when a policy observes, and why."""
    return f"fell back to observe since {moment(one.since)}, because {one.words}"
