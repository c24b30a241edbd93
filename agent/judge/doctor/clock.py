"""How far this machine's clock is off, by what Microsoft's servers say it is.

The thresholds are those of tokens. A person's sign-in is refused where its token seems to be of the future by more than a
minute, or to have ended (`LEEWAY` of the claims that are proven here). A login by certificate or federated token proves
itself by a text that says of itself when it was made, and Entra ID takes it within five minutes of its own clock
(AADSTS700024); that these are five is the default of Microsoft's own libraries, and UNCONFIRMED of its service.
"""

from collections.abc import Sequence
from datetime import timedelta

from agent.model.checkup import Reach, Seen, failed, passed, skipped, warned

DRIFTS = timedelta(seconds=30)
"""From here on somebody should look why it is not kept right."""

PEOPLE = timedelta(seconds=60)
"""From here on people's sign-ins are refused."""

LOGINS = timedelta(minutes=5)
"""From here on the agent's own logins are refused."""

COARSE = timedelta(seconds=1)
"""A `Date` header says whole seconds."""

MEND = "set this machine's clock right: `timedatectl set-ntp true`, or run chrony; in a container the host's clock counts"


def judge_clock(reaches: Sequence[Reach]) -> tuple[Seen, ...]:
    """Return how far the clock is off by each host that said its time; the largest of them counts."""
    offs = [(abs(off), off, one.host) for one in reaches if (off := offset(one)) is not None]
    if not offs:
        return (skipped("because no host said its time: see `network`"),)
    size, off, host = max(offs)
    words = f"{_said(off)} {host}"
    if size > LOGINS:
        return (failed(f"{words}: logins by certificate or federated token are refused", MEND),)
    if size > PEOPLE:
        return (failed(f"{words}: people's sign-ins are refused", MEND),)
    if size > DRIFTS:
        return (warned(f"{words}: from a minute on, people's sign-ins are refused", MEND),)
    return (passed(words),)


def offset(reach: Reach) -> timedelta | None:
    """Return by how much this machine's clock is certainly ahead of the host's; negative where it is behind.

    What the answer may have taken on its way, and the header's whole seconds, speak for the clock: an offset within them
    is none. None where the host said no time.
    """
    if reach.date is None or reach.asked is None or reach.answered is None:
        return None
    ahead = reach.asked - (reach.date + COARSE)
    behind = reach.answered - reach.date
    if ahead > timedelta():
        return ahead
    return min(behind, timedelta())


def _said(off: timedelta) -> str:
    seconds = off.total_seconds()
    if not seconds:
        return "this machine's clock is within a second of"
    size = abs(seconds)
    length = (
        f"{size:.0f} s" if size < 120 else f"{size / 60:.0f} min" if size < 7200 else f"{size / 3600:,.0f} h"
    )
    return f"this machine's clock is {length} {'ahead of' if seconds > 0 else 'behind'}"
