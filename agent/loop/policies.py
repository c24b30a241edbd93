"""The policies in force: files as they were read, who is in the groups that they name, which fell back, and their judge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from msgspec.structs import replace

from agent.judge.compile import Judge, compile_set
from agent.judge.fallen import beside, with_tenants
from agent.judge.layout import CHAINS, LISTS, folder_of
from agent.judge.lists import companions, group_key
from agent.judge.on_call import missing
from agent.judge.parse import parse_set
from agent.judge.rails.listed import wrong_names
from agent.judge.within_bounds import Asked, out_of_bounds
from agent.loop.tightening import require_tight, until_known
from agent.model.errors import PolicyError, Problem
from agent.model.policy import Fallen, KeptSet, Members, PolicyList, PolicySet
from agent.ports.world import World, nothing_outside

Files = tuple[tuple[str, bytes], ...]

AT_HAND = 16
"""Sets that are kept ready: most tenants of a process go by the same, which takes a while to be made."""


@lru_cache(AT_HAND)
def _parsed(files: Files, *, is_past: bool) -> PolicySet:
    return parse_set(dict(files), is_past=is_past)


@lru_cache(AT_HAND)
def _compiled(files: Files, git: str, *, is_past: bool) -> Judge:
    return compile_set(replace(_parsed(files, is_past=is_past), git=git))


@dataclass(slots=True)
class InForce:
    """What is judged by until it is renewed; one of these lives as long as the process.

    `written` are the files of the shelf, `members` what is known of groups, `fallen` the policies that fell back.
    `judge` was made of these by the last `renew` that succeeded.

    Raises:
        PolicyError: the files do not load.
    """

    written: Mapping[str, bytes]
    members: dict[str, Members] = field(default_factory=dict)
    fallen: Mapping[str, Fallen] = field(default_factory=dict)
    git: str = ""
    protected: tuple[str, ...] = ()
    """Names of lists that have to be there: the guard rails go by them."""
    chain: str | None = None
    """The name of a chain that has to be there: what no policy names one for goes to it."""
    is_past: bool = False
    """Whether the set is only looked back on, and may name chains where it has none."""
    may_loosen: bool = False
    """Whether the set is only looked at, and may do more than tighten the base that it adds to."""
    tenant: str | None = None
    """Whose actions are judged, by which a set that adds to a base is held to it; None for those of any tenant."""
    enforces_observers: bool = False
    """Whether policies in `mode: observe` count as enforcing."""
    outside: Asked = nothing_outside
    """Says what a channel names and may not: a set with such a channel does not load."""
    judge: Judge = field(init=False)
    kept: tuple[str, str] = field(default=("", ""), init=False)
    """The revision and the commit that were last kept in the ledger."""

    def __post_init__(self) -> None:
        self.judge = self._made(self.written, self.git)

    async def ready(self, written: Mapping[str, bytes]) -> None:
        """Return once going by these files takes no longer than reading them: the solver may have been asked.

        Raises:
            PolicyError: they do not load, or loosen the base they add to.
        """
        await until_known(written, tenant=self.tenant, enforces_observers=self.enforces_observers)

    def renew(self, written: Mapping[str, bytes] | None = None, git: str | None = None) -> bool:
        """Go by these files, or by the same with what is known now of groups and fallbacks; return whether the set changed.

        Raises:
            PolicyError: they do not load: everything stays as it is.
        """
        before = self.judge.revision
        files, commit = self.written if written is None else written, self.git if git is None else git
        judge = self._made(files, commit)
        self.written, self.git, self.judge = files, commit, judge
        return judge.revision != before

    @property
    def fed(self) -> tuple[PolicyList, ...]:
        """The lists that are fed from groups."""
        return tuple(one for one in self.judge.policy_set.lists if one.feed is not None)

    @property
    def fetched(self) -> Mapping[str, datetime]:
        """When each list that is fed was last fetched, by its name; those that never were are left out."""
        known = {one.name: self.members.get(group_key(one)) for one in self.fed}
        return {name: members.at for name, members in known.items() if members is not None}

    def _made(self, written: Mapping[str, bytes], git: str) -> Judge:
        """Return the judge of these files, which only tighten their base. Lists are read to know whose members lie beside them."""
        found = _parsed(tuple(written.items()), is_past=self.is_past)
        if not (self.is_past or self.may_loosen):
            require_tight(written, tenant=self.tenant, enforces_observers=self.enforces_observers)
        members = companions(found.lists, {key: one.values for key, one in self.members.items()})
        more = {**members, **beside(found.policies, with_tenants(found, self.fallen))}
        self._check_settings(found, folder_of(written))
        if wrong := out_of_bounds(found, written, self.outside):
            raise PolicyError(wrong)
        return _compiled(tuple({**written, **more}.items()), git, is_past=self.is_past)

    def _check_settings(self, found: PolicySet, folder: str) -> None:
        """See that what the settings name is in the set. Raises PolicyError where it is not."""
        wrong = [(LISTS, words) for words in wrong_names(self.protected, found.lists)]
        gone = missing(self.chain, {one.name for one in found.chains}) if self.chain is not None else ""
        if gone:
            wrong.append((CHAINS, f"`escalation.chain` names one that is not there: {gone}"))
        if wrong:
            problems = [
                Problem(file=f"{folder}/{where}", line=1, column=1, message=words) for where, words in wrong
            ]
            raise PolicyError(problems)


async def keep(world: World, policies: InForce) -> None:
    """Keep the set in force in the ledger, so that what it decides can be made again."""
    judge = policies.judge
    if policies.kept == (judge.revision, judge.git):
        return
    kept = KeptSet(revision=judge.revision, git=judge.git, at=world.clock.now(), files=judge.policy_set.files)
    await world.ledger.keep_set(kept)
    policies.kept = (judge.revision, judge.git)
