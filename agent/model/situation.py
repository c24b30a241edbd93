"""A situation: the facts of one pending action, real or made up, apart from any incident."""

from collections.abc import Mapping

import msgspec

from agent.model.facts import Facts
from agent.model.pending import ActionKind


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to judge: cases name one, `policy explain` takes one, a proof gives one as its example.

    `lists` are the members, by the name of a list that is fed: it is judged as if these were in it.
    """

    kind: ActionKind
    tenant: str = ""
    facts: Facts
    lists: Mapping[str, tuple[str, ...]] = {}
