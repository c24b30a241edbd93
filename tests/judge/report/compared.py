"""One action compared: say only what matters."""

from typing import Any

from agent.judge.report.compare import Both, comparisons
from agent.judge.report.counting import Counting
from agent.model.decision import Verb
from agent.model.history import Decided
from agent.model.report import Asked, Lens, Report
from agent.model.truth import Certainty, Source, Truth, Unknown
from tests.judge.decided import HOUR, A
from tests.makers import NOW, TENANT


def a_truth(verb: Verb | None = A, hours: float = 2, **more: Any) -> Truth:
    """Return what is known of the action that `a_row` decides on; `verb` may be left out where `unknown` says why."""
    usual: dict[str, Any] = {
        "action_id": "a",
        "first_seen": NOW,
        "verb": verb,
        "unknown": None if verb is not None else Unknown.UNTOLD,
        "source": Source.AIR if verb is not None else Source.EVIDENCE,
        "certainty": Certainty.CERTAIN if verb is not None else Certainty.UNKNOWN,
        "at": NOW + hours * HOUR,
        "by": ("Ann",) if verb is not None else (),
    }
    return Truth(**(usual | more))


def asked(since: float = -1000, until: float = 1000, **more: Any) -> Asked:
    """Return what is asked of a window, in hours from now."""
    return Asked(tenant_id=TENANT, since=NOW + since * HOUR, until=NOW + until * HOUR, **more)


def both(*rows: Decided, truths: tuple[Truth, ...] = ()) -> Both:
    """Return the one life that there is."""
    (found,) = comparisons(rows, truths)
    return found


def seen(*rows: Decided, lens: Lens = Lens.WOULD, **more: Any) -> tuple[str, str | None]:
    """Return how it stands, and why that is not known."""
    one = both(*rows, **more).through(lens)
    return one.standing.value, None if one.unknown is None else one.unknown.value


def reported(*lives: Both, **more: Any) -> Report:
    """Return the report of these lives."""
    counting = Counting(asked(**more))
    for one in lives:
        counting.take(one)
    return counting.report()
