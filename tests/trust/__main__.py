"""`python -m tests.trust [DECISIONS] [SEED]`: compare the engine with the naive evaluator, a million times if not told."""

import sys
from collections import Counter

from rich.progress import track

from tests.trust.comparing import differences


def main(arguments: list[str]) -> int:
    """Print how many decisions were compared, and every difference; return 1 where there is one."""
    count, seed = (int(given) for given in [*arguments, *["1000000", "1"][len(arguments) :]])
    tally: Counter[bool] = Counter()
    for found in track(differences(seed, count), total=count, description="compared"):
        tally[found is None] += 1
        if found is not None:
            print(found)
    print(f"{count:,} decisions from seed {seed}: {tally[False]} differences")
    return 1 if tally[False] else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
