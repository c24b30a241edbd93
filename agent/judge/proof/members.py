"""Members for lists that are fed from elsewhere: who is on them is not known here, so that one is made up.

A proof does not hang on who that is, since what is asked of such a list may be answered either way. An example does,
and says so: its situation has the members.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from agent.judge.lists import group_key, members_data, members_file
from agent.judge.vocabulary import refreshed
from agent.model.policy import ListType, PolicyList, PolicySet
from agent.model.situation import Situation


def made_up(policies: PolicySet, beside: PolicySet | None = None) -> Mapping[str, str]:
    """Return the member that stands for all members, by the name of each list that was never fetched.

    A list of the same name in the set `beside` that goes by another group has another member.
    """
    return {
        one.name: _member(one, is_other=_is_other(one, beside))
        for one in policies.lists
        if one.feed is not None and one.members is None
    }


def files_with_members(
    files: Mapping[str, bytes], policies: PolicySet, beside: PolicySet | None = None
) -> Mapping[str, bytes]:
    """Return the files with made-up members beside each list of the set that was never fetched.

    A user has an object id too. It is the group's own, so that it is the same in every set that goes by the group.
    """
    found = dict(files)
    stand_ins = made_up(policies, beside)
    for one in policies.lists:
        if one.name in stand_ins and one.feed is not None:
            ids = (one.feed.group,) if one.type is ListType.USERS else ()
            found[members_file(one.file)] = members_data((stand_ins[one.name], *ids))
    return found


def with_members(one: Situation, policies: PolicySet) -> Situation:
    """Return the situation with who is in the lists of the set, as far as they were fetched in it."""
    lists = {
        each.name: each.members
        for each in policies.lists
        if each.feed is not None and each.members is not None and refreshed(each.name) in one.facts.values
    }
    return replace(one, lists=lists)


def _is_other(one: PolicyList, beside: PolicySet | None) -> bool:
    """Whether the set beside has a list of that name which goes by another group."""
    twins = (each for each in beside.lists if each.name == one.name) if beside is not None else ()
    return any(each.feed is not None and group_key(each) != group_key(one) for each in twins)


def _member(one: PolicyList, *, is_other: bool) -> str:
    name = f"member-of-{'other-' if is_other else ''}{one.name}".lower()
    return name if one.type is ListType.DEVICES else f"{name}@fed.example"
