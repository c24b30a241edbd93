"""(So many of so many) -> a share, and between what the true one lies: Wilson's interval, at 95 %.

Unlike the usual one it does not claim certainty where nothing went wrong yet: of 20 that agreed, the true share may be 84 %.
"""

from math import sqrt

from agent.model.report import Rate, Tally

Z = 1.959963984540054
"""Within so many standard deviations 95 % of a normal distribution lie."""


def rate(count: int, of: int, enough: int) -> Rate | None:
    """Return how often; None where it is too few to say."""
    if of < max(enough, 1):
        return None
    share, spread = count / of, Z * Z / of
    middle = (share + spread / 2) / (1 + spread)
    half = Z * sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    low = 0.0 if count == 0 else middle - half
    high = 1.0 if count == of else middle + half
    return Rate(share=share, low=low, high=high)


def agreement(tally: Tally, enough: int) -> Rate | None:
    """Return how often we and people decided the same; None where it is too few to say."""
    return rate(tally.agreed, tally.compared, enough)


def risk(tally: Tally, enough: int) -> Rate | None:
    """Return how often people rejected what we would have approved; None where it is too few to say."""
    return rate(tally.looser, tally.would_approve, enough)
