"""Members for lists that are fed from elsewhere: who is on them is not known here, so that one is made up.

A proof does not hang on who that is, since what is asked of such a list may be answered either way. An example does,
and says so.
"""

from collections.abc import Mapping

from agent.judge.lists import members_data, members_file
from agent.model.policy import ListType, PolicyList, PolicySet

_ID = "00000000-0000-0000-0000-{:012d}"


def made_up(policies: PolicySet) -> Mapping[str, str]:
    """Return the member that stands for all members, by the name of each list that was never fetched."""
    return {one.name: _member(one) for one in policies.lists if one.feed is not None and one.members is None}


def files_with_members(files: Mapping[str, bytes], policies: PolicySet) -> Mapping[str, bytes]:
    """Return the files with made-up members beside each list of the set that was never fetched."""
    found = dict(files)
    stand_ins = made_up(policies)
    for at, one in enumerate(policies.lists):
        if one.name in stand_ins:
            ids = (_ID.format(at + 1),) if one.type is ListType.USERS else ()
            found[members_file(one.file)] = members_data((stand_ins[one.name], *ids))
    return found


def _member(one: PolicyList) -> str:
    name = f"member-of-{one.name}".lower()
    return name if one.type is ListType.DEVICES else f"{name}@fed.example"
