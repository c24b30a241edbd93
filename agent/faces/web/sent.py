"""What somebody sent by the form of an action, and which targets they mean by it.

Which targets are approved is said by the button that is pressed: all of them, only the chosen, all but the chosen. Up to
`MOST_BOXES` targets are chosen by ticking them; of more, by writing numbers, lines, addresses or domains, since nobody ticks
ten thousand, and a form that lists them all opens on no phone. A choice that is made and not used is refused: whoever
ticked something and pressed the button for all of it meant something else than they sent.
"""

from collections.abc import Sequence

import msgspec
from starlette.datastructures import FormData

from agent.faces.choosing import NotNamed, pick, spans
from agent.faces.questions import Target
from agent.faces.web.forms import text_of
from agent.judge.answering import LONGEST
from agent.judge.quote import counted
from agent.model.decision import Verb
from agent.model.enactment import Pair
from agent.model.session import Draft

MOST_BOXES = 300
"""Targets up to which each has a box to tick."""

ALL, ONLY, EXCEPT = "all", "only", "except"
"""Which targets are approved, in the words of the form's buttons."""


class Unfit(ValueError):
    """What was sent is no answer; the words say why, and how to mend it."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What was written into the form."""

    verb: str
    reason: str = ""
    digest: str = ""
    which: str = ALL
    ticked: tuple[str, ...] = ()
    named: str = ""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The targets that were ticked; what is no number is left out."""
        return tuple(int(one) for one in self.ticked if one.isascii() and one.isdigit() and len(one) <= 6)


def sent_of(form: FormData) -> Sent:
    """Return what was written into the form."""
    ticked = tuple(one for one in form.getlist("target") if isinstance(one, str))
    return Sent(
        verb=text_of(form, "verb"),
        reason=text_of(form, "reason"),
        digest=text_of(form, "digest"),
        which=text_of(form, "which") or ALL,
        ticked=ticked,
        named=text_of(form, "named"),
    )


def of_draft(draft: Draft, count: int) -> Sent:
    """Return what somebody was about to send before they signed in again; `count` is how many targets there are."""
    chosen = draft.chosen
    if chosen is None:
        return Sent(verb=draft.verb, reason=draft.reason, digest=draft.digest)
    is_ticked = count <= MOST_BOXES
    return Sent(
        verb=draft.verb,
        reason=draft.reason,
        digest=draft.digest,
        which=ONLY,
        ticked=tuple(map(str, chosen)) if is_ticked else (),
        named="" if is_ticked else spans(chosen),
    )


def verb_of(sent: Sent) -> Verb:
    """Return which answer was sent.

    Raises:
        Unfit: it is none, or has no reason.
    """
    verb = next((one for one in (Verb.APPROVE, Verb.REJECT) if one.value == sent.verb), None)
    if verb is None:
        raise Unfit("an answer is either approve or reject: press one of the buttons")
    if not sent.reason:
        raise Unfit("say why, in words that others understand later")
    if len(sent.reason) > LONGEST:
        raise Unfit(f"the reason has {len(sent.reason):,} characters: say it in {LONGEST:,} at most")
    return verb


def chosen_of(sent: Sent, targets: Sequence[Target]) -> tuple[int, ...] | None:
    """Return the numbers of the targets that are approved; None for all of them.

    Raises:
        Unfit: it is not clear which they are, or they are none.
    """
    try:
        marked = _ticked(sent, len(targets)) | pick(sent.named, targets)
    except NotNamed as error:
        raise Unfit(str(error)) from error
    if sent.verb == Verb.REJECT:
        return None
    if sent.which not in {ALL, ONLY, EXCEPT}:
        raise Unfit("it is not clear which targets are meant: press one of the buttons")
    listed = counted(len(targets), "target", "targets")
    if sent.which == ALL:
        if marked:
            raise Unfit(
                f"you chose {len(marked):,} of {listed}, and pressed the button for all of it: "
                "press the one for what you chose, or choose nothing"
            )
        return None
    if not marked:
        raise Unfit("you chose no target: choose some, or press the button for all of it")
    every = range(1, len(targets) + 1)
    numbers = marked if sent.which == ONLY else frozenset(every) - marked
    if not numbers:
        raise Unfit(f"nothing is left of {listed}: reject it instead")
    return None if len(numbers) == len(targets) else tuple(sorted(numbers))


def _ticked(sent: Sent, count: int) -> frozenset[int]:
    found = frozenset(sent.numbers)
    if len(found) < len(set(sent.ticked)) or not found <= set(range(1, count + 1)):
        raise Unfit("a target was chosen that is not in the list: look at it again")
    return found


def pairs_of(numbers: tuple[int, ...] | None, targets: Sequence[Target]) -> tuple[Pair, ...] | None:
    """Return the targets with these numbers."""
    return None if numbers is None else tuple(targets[number - 1].pair for number in numbers)
