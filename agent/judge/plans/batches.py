"""Copies of mail -> calls that Microsoft's limits on large remediations let through.

At most 50,000 messages a call are advised; a call's recipients must be at least 40 % of its messages, or else no
recipient may have more than 1,000 of them. How a breach shows through Graph is UNCONFIRMED: the portal does not
trigger such a remediation, and an answer of 202 would not tell. So no call breaks them. That the limits are
weighed call by call, as the portal weighs each remediation, is UNCONFIRMED too; the caps of the guard rails
keep all calls of an action far below them. (A notice of 2024 words the second limit as 20 % for one recipient.)

Source: [DD:remediate-malicious-email-delivered-office-365], [RME], [MC927962].
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from agent.model.enactment import Pair

MOST_AT_ONCE = 50_000
"""Messages in one remediation."""

MOST_FOR_ONE = 1_000
"""Messages for one recipient in a call: kept whatever the share of recipients, which a later message may lower."""


def batches(targets: Sequence[Pair], size: int) -> Iterator[tuple[Pair, ...]]:
    """Give the targets in their order in calls of at most `size`, each within the limits.

    Raises:
        ValueError: `size` is less than one.
    """
    if size < 1:
        raise ValueError("a call takes one message at least")
    batch: list[Pair] = []
    counts: Counter[str] = Counter()
    for target in targets:
        if len(batch) == min(size, MOST_AT_ONCE) or counts[target[1]] == MOST_FOR_ONE:
            yield tuple(batch)
            batch, counts = [], Counter()
        batch.append(target)
        counts[target[1]] += 1
    if batch:
        yield tuple(batch)
