"""How often and how much: the numbers the loop goes by."""

from datetime import timedelta

import msgspec


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """The loop's intervals and sizes."""

    poll_every: timedelta = timedelta(minutes=1)
    """From the start of one pass to the start of the next: Defender itself shows news within minutes."""
    overlap: timedelta = timedelta(minutes=30)
    """How far behind the watermark each poll asks again: updates are seen to appear minutes late."""
    first_look: timedelta = timedelta(days=10)
    """How far back the first poll asks: a pending action lives seven days, and one that just expired is shown."""
    sweep_every: timedelta = timedelta(hours=1)
    """How often to look for what the watermark cannot find."""
    sweep_back: timedelta = timedelta(days=8)
    """How far back a sweep reads alerts."""
    fresh: timedelta = timedelta(minutes=5)
    """How old the reading of what a decision acts on may be when it is carried out."""
    reload_every: timedelta = timedelta(seconds=10)
    """How often to look whether the policies changed: soon enough for whoever has just saved one."""
    rows_every: timedelta = timedelta(minutes=5)
    """How often to ask for AIR's own rows: one request in 300 of the usual budget, and a kind that is named waits no
    longer than Defender itself takes to show news."""
    rows_overlap: timedelta = timedelta(hours=2)
    """How far back they are asked for again: most audit records appear within an hour. Source: [MAPI-ref]."""
    rows_back: timedelta = timedelta(days=1)
    """How far back once in each `sweep_every`, and at a start: for those that appear later."""
    visits_at_once: int = 4
    """Incidents written to at the same time."""
    judge_at_once: int = 500
    """Pending actions judged between two commits."""
    ahead_at_once: int = 200
    """The same of what goes ahead of others, such as what has just come: a decision is recorded once all are made whose
    facts were looked up together, so that fewer are recorded sooner. More look-ups are the price: five for a thousand."""
    polling_share: float = 0.05
    """How much of the request budget polling may use while work waits, from 0 to 1."""
    requests_per_minute: int = 60
    """What the request budget allows; the Graph client holds it, the loop plans by it."""
    anchor_every: timedelta = timedelta(minutes=5)
    """How often the audit's head is kept in a second place: what came after the last time could be cut off unseen."""
    retain: timedelta = timedelta(days=400)
    """How long the audit keeps personal values: a year, and time to look into its last month."""
    targets_per_call: int = 100
    """Messages in one `remediate`; the array's limit is UNCONFIRMED, so it is kept small."""
