"""(The history, what people decided in Defender) -> how often policies and people agreed.

Compared is what policies thought of a pending action before people decided it, with what people then decided. One action
counts once, by the first time that people decided it; one that is proposed anew after its week is another.

* **People decided it** where they answered here (also where a guard rail held their approval afterwards), where AIR's own
  rows name a person and a yes or a no, or where the evidence says `declined` more than an hour before the week ends.
* **Policies thought** approve or reject where the newest decision before that was theirs and said so; what a guard rail
  held was an approval. What observing policies would have decided is compared apart, by the same decision.

Unknown is not agreement, and not disagreement: what is left out is counted, by why. `remediated` is a person's yes as well
as Defender's own closing, so that alone it says nothing; an expiry is nobody's no; what policies left to people is no
opinion. Each side's comparison, and what is left out of it, add up to the number of actions.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from agent.judge.attribute import Word
from agent.judge.remember import MARGIN
from agent.model.decision import Verb
from agent.model.history import DECLINED, Decided, Decider, Ending

Said = Mapping[tuple[str, datetime], Word]
"""What AIR's own rows say of endings, by their action and moment."""


class Left(StrEnum):
    """Why an action is not compared."""

    NOBODY = "nobody"
    """No person has decided it: it is open, or was carried out here without one."""
    EXPIRED = "expired"
    UNTOLD = "untold"
    """Defender shows that it ended, and nothing says that a person decided it."""
    LATE = "late"
    """It was declined in the last hour of its week or later: that may be the week's end."""
    CONTRADICTED = "contradicted"
    """AIR's rows name people who decided otherwise than each other, or than the evidence shows."""
    NO_OPINION = "noOpinion"
    """People decided it, and policies had left it to them, or had not judged it yet."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """How what policies thought compares with what people decided, in numbers of actions."""

    both_approved: int = 0
    both_rejected: int = 0
    looser: int = 0
    """Policies approved, and people rejected."""
    stricter: int = 0
    """Policies rejected, and people approved."""

    @property
    def agreed(self) -> int:
        """In how many they agreed."""
        return self.both_approved + self.both_rejected

    @property
    def of(self) -> int:
        """How many were compared."""
        return self.agreed + self.looser + self.stricter


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison: of what was decided, or of what observing policies would have decided."""

    match: Match
    left: Mapping[Left, int]
    """Actions that are not compared, by why."""
    looser: tuple[str, ...] = ()
    """The actions that policies approved and people rejected."""


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How often policies and people agreed."""

    actions: int
    decided: Side
    shadow: Side
    policies: Mapping[str, Match]
    """By policy: what it took part in deciding, or would have."""


class _Life(msgspec.Struct, kw_only=True):
    """One action from when it was seen to when its week ended."""

    deadline: datetime
    opinion: Decided | None = None
    verb: Verb | None = None
    decided: datetime | None = None
    """When people first did."""
    left: Left = Left.NOBODY
    is_within: bool = False


Thought = Callable[[_Life], Verb | None]


class Agreeing:
    """Goes through the history, oldest first, and compares."""

    def __init__(self, since: datetime) -> None:
        """Compare what people decided from `since` on; the history before it says what policies had thought."""
        self._since = since
        self._lives: dict[str, _Life] = {}
        self._over: list[tuple[str, _Life]] = []

    def look(self, row: Decided, said: Said) -> None:
        """Take one decision of the history."""
        life = self._lives.get(row.action_id)
        if life is None or row.first_seen >= life.deadline:
            if life is not None:
                self._over.append((row.action_id, life))
            life = self._lives[row.action_id] = _Life(deadline=row.deadline)
        life.is_within = life.is_within or row.at >= self._since
        if life.decided is None:
            _take(life, row, said.get((row.action_id, row.at)))

    def found(self) -> Agreement:
        """Return what came of it so far."""
        lives = [*self._over, *self._lives.items()]
        counted = [one for one in lives if one[1].is_within and not self._is_earlier(one[1])]
        cells: dict[str, Counter[str]] = {}
        for _, life in counted:
            _tell_policies(life, cells)
        return Agreement(
            actions=len(counted),
            decided=_side(counted, _thought),
            shadow=_side(counted, _would_have),
            policies={name: Match(**cells[name]) for name in sorted(cells)},
        )

    def _is_earlier(self, life: _Life) -> bool:
        return life.decided is not None and life.decided < self._since


def _take(life: _Life, row: Decided, word: Word | None) -> None:
    """Take what one decision says of an action that people have not decided yet."""
    if row.people:
        # A guard rail may hold what they approve; a no it does not touch.
        life.verb = Verb.APPROVE if row.by is Decider.GUARD else row.verb
        life.decided = row.at
    elif row.ended is Ending.EXPIRED:
        life.left = Left.EXPIRED
    elif row.ended is Ending.ELSEWHERE:
        verb = what_people_did(row, word)
        if isinstance(verb, Verb):
            life.verb, life.decided = verb, row.at
        else:
            life.left = verb
    else:
        life.left = Left.NOBODY
        life.opinion = row if row.by in {Decider.POLICIES, Decider.GUARD} else life.opinion


def what_people_did(row: Decided, word: Word | None) -> Verb | Left:
    """Return what a person decided in Defender, or why that cannot be said.

    Args:
        row: how the action ended.
        word: what AIR's own rows say of it; None where they name nobody.
    """
    is_declined = row.status == DECLINED
    if word is not None:
        if word.verb is None or (is_declined and word.verb is not Verb.REJECT):
            return Left.CONTRADICTED
        return word.verb
    if not is_declined:
        return Left.UNTOLD
    return Verb.REJECT if row.at < row.deadline - MARGIN else Left.LATE


def _thought(life: _Life) -> Verb | None:
    """Return what policies thought of it; None where that was nothing."""
    row = life.opinion
    if row is None:
        return None
    if row.by is Decider.GUARD:
        return Verb.APPROVE
    return row.verb if row.verb is not Verb.ESCALATE else None


def _would_have(life: _Life) -> Verb | None:
    """Return what would have been decided had observing policies counted; None where that was nothing."""
    row = life.opinion
    return row.shadow if row is not None and row.shadow is not Verb.ESCALATE else None


CELLS = {
    (Verb.APPROVE, Verb.APPROVE): "both_approved",
    (Verb.REJECT, Verb.REJECT): "both_rejected",
    (Verb.APPROVE, Verb.REJECT): "looser",
    (Verb.REJECT, Verb.APPROVE): "stricter",
}
"""What policies thought and what people decided -> the field of `Match`."""


def _side(lives: Sequence[tuple[str, _Life]], thought: Thought) -> Side:
    cells: Counter[str] = Counter()
    left: Counter[Left] = Counter()
    looser: list[str] = []
    for action_id, life in lives:
        opinion = thought(life)
        if life.verb is None or life.decided is None:
            left[life.left] += 1
        elif opinion is None:
            left[Left.NO_OPINION] += 1
        else:
            cell = CELLS[opinion, life.verb]
            cells[cell] += 1
            looser += [action_id] if cell == "looser" else []
    return Side(
        match=Match(**cells),
        left={why: left[why] for why in Left if left[why]},
        looser=tuple(dict.fromkeys(looser)),
    )


def _tell_policies(life: _Life, cells: dict[str, Counter[str]]) -> None:
    """Count an action for each policy that took part, by what was decided, or else by what would have been."""
    row = life.opinion
    if row is None or life.verb is None:
        return
    opinions = dict.fromkeys(row.shadow_policies, _would_have(life)) | dict.fromkeys(
        row.policies, _thought(life)
    )
    for policy, opinion in opinions.items():
        if opinion is not None:
            cells.setdefault(policy, Counter())[CELLS[opinion, life.verb]] += 1
