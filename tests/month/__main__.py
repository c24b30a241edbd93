"""`python -m tests.month [DAYS] [ACTIONS] [SEED]`: live a month of 1,500 actions if not told otherwise, and hold the report to it."""

import asyncio
import logging
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import structlog

from tests.month.expecting import differences, tally
from tests.month.living import MONTH, remains

SPAN = MONTH.span


def main(arguments: list[str]) -> int:
    """Print what was lived and every difference; return 1 where there is one, or where anything was written."""
    usual = [str(SPAN.days), str(SPAN.actions), str(SPAN.seed)]
    days, actions, seed = map(int, [*arguments, *usual[len(arguments) :]])
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    asked = replace(MONTH, span=replace(SPAN, days=days, actions=actions, seed=seed))
    began, cpu = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        left = asyncio.run(remains(asked, Path(folder)))
    took, used = time.monotonic() - began, time.process_time() - cpu
    problems = differences(left.expects, left.would_be)
    if tally(left.expects, left.would_be) != left.would.total.tally:
        problems.append(f"the total: {left.would.total.tally}")
    writes = left.life.writes
    for problem in problems:
        print(problem)
    print(
        f"{len(left.expects):,} actions over {days} days from seed {seed}: {len(problems)} differences, {len(writes)} writes; "
        f"{len(left.life.passes):,} passes in {took:.0f} s, {used:.0f} s of them the processor's"
    )
    print(left.would.total.tally)
    return 1 if problems or writes else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
