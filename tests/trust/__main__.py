"""`python -m tests.trust [DECISIONS] [SEED]`: compare the engine with the naive evaluator, a million times if not told.

`python -m tests.trust tenants [SETS] [SEED]`: have it look for what a tenant's set loosens that was accepted, in a thousand sets.
"""

import sys
from collections import Counter
from random import Random

from rich.progress import track

from tests.trust import making, tenants
from tests.trust.comparing import differences


def main(arguments: list[str]) -> int:
    """Print how much was compared, and every difference; return 1 where there is one."""
    if arguments[:1] == ["tenants"]:
        return of_tenants(*(int(given) for given in [*arguments[1:], *["1000", "1"][len(arguments) - 1 :]]))
    count, seed = (int(given) for given in [*arguments, *["1000000", "1"][len(arguments) :]])
    tally: Counter[bool] = Counter()
    for found in track(differences(seed, count), total=count, description="compared"):
        tally[found is None] += 1
        if found is not None:
            print(found)
    print(f"{count:,} decisions from seed {seed}: {tally[False]} differences")
    return 1 if tally[False] else 0


def of_tenants(count: int, seed: int) -> int:
    """Print what was said of so many tenants' sets, and every one of which that is wrong; return 1 where there is one."""
    pick, tally = making.seeded(Random(seed)), Counter[str]()
    for _ in track(range(count), description="compared"):
        one = tenants.made(pick)
        verdict = tenants.verdict_on(one)
        tally[f"accepted by {verdict.means}" if verdict.means is not None else "refused"] += 1
        for found in tenants.wrongs(one, verdict, pick, 1_000):
            tally["WRONG"] += 1
            print(found)
    print(f"{count:,} sets from seed {seed}: {dict(tally)}")
    return 1 if tally["WRONG"] else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
