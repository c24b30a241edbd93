"""(A test of one message, how it may come out) -> edits of that message, and the same edit for others."""

from collections.abc import Iterator, Sequence

from agent.judge.flips import links
from agent.judge.flips.advance import Step, Wanted, World
from agent.judge.flips.alter import Put
from agent.judge.flips.edges import is_set
from agent.judge.flips.ground import ALWAYS_KNOWN, Ground, Root
from agent.judge.flips.resize import fresh_addresses
from agent.judge.operators import ONE_OF
from agent.judge.seen import fact_of
from agent.judge.truth import Here, holds
from agent.judge.vocabulary import Scope
from agent.judge.walk import names_of
from agent.model.facts import Value
from agent.model.policy import Test


class RowRepairs:
    """Finds edits of single messages in one world."""

    def __init__(self, ground: Ground, world: World) -> None:
        self.ground = ground
        self.world = world

    def for_each(self, root: Root, value: Value | None, sites: Sequence[int]) -> tuple[Value | None, ...]:
        """Return the value for each message; where it is a person's address, another that is alike for each person."""
        rows, now = self.world.facts.messages or (), self.world.facts.now
        if isinstance(value, frozenset):
            return tuple(self._likewise(root, value, rows[sites[0]], rows[at]) for at in sites)
        if root.fact != "recipient" or value is None:
            return (value,) * len(sites)
        people = list(dict.fromkeys(rows[at].get("recipient") for at in sites))
        taken = {str(row.get("recipient")) for row in rows}
        if value not in taken and len(people) == 1:
            return (value,) * len(sites)
        alike = self.ground.mark(root, value, now)
        addresses = fresh_addresses(str(value), len(people), taken)
        fresh = [one for one in addresses if self.ground.mark(root, one, now) == alike]
        instead = dict(
            zip(people, fresh if len(fresh) == len(people) else [value] * len(people), strict=True)
        )
        return tuple(instead[rows[at].get("recipient")] for at in sites)

    def _likewise(
        self, root: Root, value: frozenset[str], first: links.Row, row: links.Row
    ) -> frozenset[str]:
        """Return the set of another message, changed as that of the first was."""
        before, own = first.get(root.fact, frozenset()), row.get(root.fact, frozenset())
        if not isinstance(before, frozenset) or not isinstance(own, frozenset):
            return value
        gone = {self.ground.mark(root, member, self.world.facts.now) for member in before - value}
        stay = {member for member in own if self.ground.mark(root, member, self.world.facts.now) not in gone}
        return frozenset(stay) | (value - before)

    def of(self, test: Test, wanted: Wanted, site: int) -> Iterator[Step]:
        """Give edits of the message after which the test answers so; what follows from them is not worked out yet."""
        row = (self.world.facts.messages or ())[site]
        names = names_of(test)
        for name in names:
            root = self.ground.root(Scope.MESSAGE, name)
            if (
                root is None
                or not self.world.may_change(root.name)
                or not self.world.is_free(root.fact, site)
            ):
                continue
            for value in self._values(root, row):
                if value == row.get(root.fact):
                    continue
                values = self.for_each(root, value, [site])
                edit = Put(scope=Scope.MESSAGE, fact=root.fact, values=values, rows=(site,))
                changed = links.row_with(row, root.fact, values[0])
                here = Here(facts=self.world.facts, values=changed, scope=Scope.MESSAGE)
                if test.operator == ONE_OF or holds(test, here) in wanted:
                    yield Step(
                        edit=edit,
                        facts=self.world.facts,
                        root=root.name,
                        asked=test,
                        told=(Scope.MESSAGE, name),
                    )

    def _values(self, root: Root, row: links.Row) -> Iterator[Value | None]:
        fact, now, before = fact_of(root.fact, Scope.MESSAGE), self.world.facts.now, row.get(root.fact)
        if is_set(fact):
            seen = before if isinstance(before, frozenset) else frozenset[str]()
            yield from self.ground.set_values(root, seen, now)
        else:
            yield from self.ground.values(root, now)
        if before is not None and root.fact not in ALWAYS_KNOWN:
            yield None
