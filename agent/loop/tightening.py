"""Whether a tenant's set only tightens its base, asked once for the same files, however often they are read.

Many tenants of one process are looked at again and again, and few of them change. The solver works for one at a time:
it cannot work for several, and has a thread of its own, so that nobody waits for it but whoever wants such a set.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from threading import Lock

from agent.judge.tightening.tighten import tighten
from agent.model.errors import PolicyError, Problem
from agent.model.folders import folders_of

WITHIN = 10.0
"""Seconds for each question to the solver."""

MOST = 4_096
"""Sets of which it is remembered; the one asked for longest ago is forgotten first."""

Ask = Callable[[Mapping[str, bytes], str | None, bool], tuple[Problem, ...]]
"""Finds what is loosened, for a tenant or for any, where observing policies count as enforcing or not."""


class Remembered:
    """What was found out about sets, each once; one set is looked into at a time."""

    def __init__(self, ask: Ask, most: int = MOST) -> None:
        self._ask = ask
        self._most = most
        self._known: OrderedDict[str, tuple[Problem, ...]] = OrderedDict()
        self._reading, self._asking = Lock(), Lock()

    def problems(
        self, files: Mapping[str, bytes], tenant: str | None, *, enforces_observers: bool
    ) -> tuple[Problem, ...]:
        """Return what the set of these files loosens; whoever asks for another one waits until that is known."""
        key = _key(files, tenant, enforces_observers=enforces_observers)
        known = self._of(key)
        if known is not None:
            return known
        with self._asking:
            known = self._of(key)
            if known is None:
                known = self._ask(files, tenant, enforces_observers)
                self._keep(key, known)
        return known

    def _of(self, key: str) -> tuple[Problem, ...] | None:
        with self._reading:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)

    def _keep(self, key: str, problems: tuple[Problem, ...]) -> None:
        with self._reading:
            self._known[key] = problems
            while len(self._known) > self._most:
                self._known.popitem(last=False)


def _asked(
    files: Mapping[str, bytes],
    tenant: str | None,
    enforces_observers: bool,
) -> tuple[Problem, ...]:
    return tighten(files, tenant=tenant, enforces_observers=enforces_observers, within=WITHIN).problems


_remembered = Remembered(_asked)
_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tightening")


def require_tight(files: Mapping[str, bytes], *, tenant: str | None, enforces_observers: bool) -> None:
    """See that what these files add to a base only tightens it; a set that has no base is its own.

    Args:
        files: of the set, as they were written.
        tenant: whose actions are meant; None for those of any tenant.
        enforces_observers: whether policies in `mode: observe` count as enforcing.

    Raises:
        PolicyError: it loosens the base, or nobody can show that it does not; or the base does not load by itself.
    """
    if folders_of(files) is None:
        return
    problems = _remembered.problems(files, tenant, enforces_observers=enforces_observers)
    if problems:
        raise PolicyError(problems)


async def until_known(files: Mapping[str, bytes], *, tenant: str | None, enforces_observers: bool) -> None:
    """Return once it is known, so that asking for it again does not take any time; raises the same."""
    if folders_of(files) is not None:
        ask = partial(require_tight, files, tenant=tenant, enforces_observers=enforces_observers)
        await asyncio.get_running_loop().run_in_executor(_worker, ask)


def _key(files: Mapping[str, bytes], tenant: str | None, *, enforces_observers: bool) -> str:
    whole = sha256(f"{tenant}\x1f{enforces_observers}\x1f".encode())
    for name, data in sorted(files.items()):
        whole.update(f"{name}\x1f{len(data)}\x1f".encode(errors="surrogateescape"))
        whole.update(data)
    return whole.hexdigest()
