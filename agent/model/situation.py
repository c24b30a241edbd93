"""A situation: the facts of one pending action, real or made up, apart from any incident."""

import msgspec

from agent.model.facts import Facts
from agent.model.pending import ActionKind


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to judge: cases name one, `policy explain` takes one, a proof gives one as its example."""

    kind: ActionKind
    tenant: str = ""
    facts: Facts
