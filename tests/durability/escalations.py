"""Weeks of escalation on a virtual clock: actions come, grow and end; people acknowledge; the loop crashes and sleeps.

The loop here does what the agent's does and nothing else: it looks when something is due, saves a page with what is to
be sent or neither of them, and may die before it has saved. What must always hold is checked at every look.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec

from agent.judge.escalation.climb import Climbed, climb, opened
from agent.judge.escalation.gathered import summary
from agent.judge.escalation.storm import in_turn
from agent.model.chain import Chain, Escalating, Fallback, LastChance, QuietHours, Repeat, Step, Urgency
from agent.model.escalation import Heard, Item, Need, Notice, Occasion, Page
from agent.model.mark import Mark

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
SEASONS = (
    datetime(2026, 3, 27, 15, 0, tzinfo=UTC),
    datetime(2026, 10, 23, 15, 0, tzinfo=UTC),
    datetime(2026, 3, 6, 15, 0, tzinfo=UTC),
    datetime(2026, 10, 30, 15, 0, tzinfo=UTC),
    datetime(2026, 4, 3, 4, 0, tzinfo=UTC),
    datetime(2026, 10, 2, 4, 0, tzinfo=UTC),
)
"""Fridays before clocks are set in Berlin, New York and on Lord Howe Island, in spring and in autumn."""

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC")
MARK = Mark(line=1, column=1)


class Wrong(AssertionError):
    """Something that must never happen."""


class Report(msgspec.Struct, kw_only=True):
    """What became of some weeks."""

    days: int = 0
    looks: int = 0
    crashes: int = 0
    outages: int = 0
    actions: int = 0
    answered: int = 0
    lapsed: int = 0
    pages: int = 0
    events: int = 0
    most_in_an_hour: int = 0
    summaries: int = 0
    held_back: int = 0
    acknowledged: int = 0
    notices: Counter[str] = msgspec.field(default_factory=Counter)


def a_chain(random: Random) -> Chain:
    """Return some chain that can be written."""
    steps = [
        Step(
            after=timedelta(minutes=(0, 15, 240, 1800)[n] + random.randint(0, 9) * n),
            notify=tuple(random.sample(("teams", "pager", "lead", "mail"), random.randint(1, 2))),
            urgency=random.choice(tuple(Urgency)),
            mark=MARK,
        )
        for n in range(random.randint(1, 4))
    ]
    repeats = Repeat(every=timedelta(hours=random.randint(1, 30)), times=random.randint(1, 5))
    start = random.randrange(1440)
    hours = QuietHours(
        hours=(start, (start + random.randint(10, 900)) % 1440 or 1440),
        zone=random.choice(ZONES),
        unless=frozenset(random.sample(tuple(Urgency), random.randint(0, 2))),
    )
    return Chain(
        name="secops",
        wait=timedelta(minutes=random.choice((0, 1, 10))),
        steps=tuple(steps),
        repeat=random.choice((None, repeats)),
        quiet=timedelta(minutes=random.choice((10, 60, 600))),
        hours=random.choice((None, hours)),
        last_chance=LastChance(
            before=timedelta(hours=random.choice((1, 24, 48))),
            decide=random.choice(tuple(Fallback)),
            notify=random.choice(((), ("lead",), ("last",))),
        ),
        file="chains/secops.yaml",
        mark=MARK,
    )


class Weeks:
    """A tenant with one chain, some incidents, and a loop that looks after its pages."""

    def __init__(
        self, random: Random, chain: Chain, rules: Escalating, start: datetime, *, doubts: bool = True
    ) -> None:
        self.random, self.chain, self.rules, self.now = random, chain, rules, start
        self.doubts = doubts
        self.items: dict[str, Item] = {}
        self.groups: dict[str, str] = {}
        self.of_group: dict[str, list[str]] = {}
        self.ended: dict[str, str] = {}
        self.pages: dict[str, Page] = {}
        self.told: dict[str, Notice] = {}
        self.paged: dict[str, datetime] = {}
        self.heard: list[Heard] = []
        self.warned: set[str] = set()
        self.lapsed: set[str] = set()
        self.summed_up: datetime | None = None
        self.in_a_summary: set[str] = set()
        self.asleep: list[tuple[datetime, datetime]] = []
        self.awake_from = start
        self.look_by: datetime | None = None
        self.report = Report()

    # What happens in the world

    def comes(self, *, incident: str | None = None, left: timedelta | None = None) -> None:
        number = len(self.groups) + 1
        group = f"incident:{incident or self.random.randint(1, 6)}"
        item = Item(
            action_id=f"{number:016x}",
            kind="soft delete of a mail cluster",
            what="Urls:bad.example",
            why="no policy matched",
            need=self.random.choice((Need.ANSWER, Need.ANSWER, Need.HAND, Need.LOOK)),
            incident_id=group.partition(":")[2],
            incident_url=None,
            deadline=self.now + (left or WEEK * self.random.choice((1, 1, 1, 0.5, 0.1, 0.01))),
            amount=self.random.randint(1, 50),
        )
        self.items[item.action_id], self.groups[item.action_id] = item, group
        self.of_group.setdefault(group, []).append(item.action_id)
        self.report.actions += 1

    def grows(self) -> None:
        self._change(lambda item: {"amount": item.amount + 10})

    def goes_wrong(self) -> None:
        self._change(lambda item: {"need": Need.LOOK})

    def hurries(self) -> None:
        self._change(lambda item: {"deadline": self.now + max(MINUTE, (item.deadline - self.now) / 3)})

    def _change(self, how: Callable[[Item], Mapping[str, object]]) -> None:
        if self.items:
            item = self.random.choice(list(self.items.values()))
            self.items[item.action_id] = msgspec.structs.replace(item, **how(item))

    def ends(self) -> None:
        if self.items:
            gone = self.random.choice(list(self.items))
            del self.items[gone]
            self.ended[gone] = self.random.choice(("policy a approved it", "decided in Defender"))
            self.report.answered += 1

    def comes_back(self) -> None:
        """Something that had ended needs people again: what was sent for it did not go well."""
        known = [one for one, words in self.ended.items() if "nobody" not in words]
        if known:
            again = self.random.choice(known)
            del self.ended[again]
            self.items[again] = Item(
                action_id=again,
                kind="soft delete of a message",
                what="one message",
                why="nobody knows how it went",
                need=Need.LOOK,
                incident_id=self.groups[again].partition(":")[2],
                incident_url="https://security.microsoft.com/incident2/1",
                deadline=self.now + DAY * 2,
            )
            self.warned.discard(again)

    def acknowledges(self) -> None:
        live = [
            f"{page.id}:{told.generation}"
            for page in self.pages.values()
            if page.closed is None
            for told in page.told
        ]
        if live:
            key = self.random.choice(live)
            self.heard = [one for one in self.heard if one.key != key]
            at = self.now - self.random.choice((0, 1, 20)) * MINUTE
            self.heard.append(Heard(key=key, at=at, by="anna", is_acknowledged=self.random.random() < 0.8))
            self.report.acknowledged += 1

    # The loop

    def look(self) -> None:
        """Look after every page once, and after actions that have none yet."""
        self.report.looks += 1
        self.look_by = None
        for gone in [one.action_id for one in self.items.values() if one.deadline <= self.now]:
            del self.items[gone]
            self.ended[gone] = "the week ended and nobody decided"
        self._open()
        standing = [(self.chain, page) for page in self.pages.values() if page.closed is None]
        for _, page in in_turn(standing):
            if page.due is not None and page.due > self.now and not self.doubts:
                continue
            if self.random.random() < 0.02:
                self.report.crashes += 1
                self._climb(page)  # and it dies before it has saved anything
                continue
            self._save(page, self._climb(page))
        self._sum_up()

    def _open(self) -> None:
        of_open = {
            member.action_id for page in self.pages.values() if page.closed is None for member in page.members
        }
        by_group: dict[str, list[Item]] = {}
        for item in self.items.values():
            if item.action_id not in of_open:
                by_group.setdefault(self.groups[item.action_id], []).append(item)
        standing = {page.group for page in self.pages.values() if page.closed is None}
        for group, items in by_group.items():
            if group not in standing:
                page = opened(self.chain, group, items, self.now)
                if page.id in self.pages:
                    raise Wrong(f"page {page.id} is opened twice")
                self.pages[page.id] = page
                self.report.pages += 1

    def _of(self, page: Page) -> list[Item]:
        return [self.items[one] for one in self.of_group.get(page.group, ()) if one in self.items]

    def _climb(self, page: Page, now: datetime | None = None) -> Climbed:
        within = [at for at in self.paged.values() if at > self.now - HOUR]
        return climb(
            self.chain,
            page,
            self._of(page),
            ended=self.ended,
            heard=self.heard,
            paged=within,
            rules=self.rules,
            now=now or self.now,
        )

    def _save(self, before: Page, found: Climbed) -> None:
        page = found.page
        self._never_back(before, page)
        for notice in found.notices:
            self._tell(page, notice)
        for member in page.members:
            if member.is_warned:
                self.warned.add(member.action_id)
        self.lapsed |= set(found.lapsed)
        self.report.lapsed += len(found.lapsed)
        self.pages[page.id] = msgspec.structs.replace(page, version=page.version + 1)
        if self.doubts:
            self._as_promised(self.pages[page.id])

    def _tell(self, page: Page, notice: Notice) -> None:
        if notice.id in self.told:
            raise Wrong(f"notice {notice.id} ({notice.occasion}) is told twice")
        self.told[notice.id] = notice
        self.report.notices[notice.occasion] += 1
        if notice.is_page and notice.event not in self.paged:
            self.paged[notice.event] = notice.at
            within = sum(at > notice.at - HOUR for at in self.paged.values())
            self.report.events += 1
            self.report.most_in_an_hour = max(self.report.most_in_an_hour, within)
            if within > self.rules.pages_per_hour:
                raise Wrong(f"{within} pages within the hour up to {notice.at}")
        if notice.total != len(page.open_members):
            raise Wrong(f"{notice.total} actions are told, {len(page.open_members)} are on the page")

    def _never_back(self, before: Page, after: Page) -> None:
        was = (before.step, before.generation, before.repeats)
        now = (after.step, after.generation, after.repeats)
        if any(new < old for old, new in zip(was, now, strict=True)) or before.closed is not None:
            raise Wrong(f"page {after.id} went back from {was} to {now}")
        if {one.channel for one in before.told} - {one.channel for one in after.told}:
            raise Wrong(f"page {after.id} has forgotten whom it told")

    def _as_promised(self, page: Page) -> None:
        """Check that looking again does nothing before `due`, and something then."""
        if page.due is None:
            if self._climb(page, self.now + DAY).notices:
                raise Wrong(f"page {page.id} is closed and goes on")
            return
        if page.due <= self.now:
            raise Wrong(f"page {page.id} is due at {page.due}, and it is {self.now}")
        between = self.now + (page.due - self.now) * self.random.random()
        for moment in (self.now, min(between, page.due - timedelta(microseconds=1))):
            again = self._climb(page, moment)
            if again.notices or again.lapsed or not _is_same(page, again.page):
                raise Wrong(
                    f"page {page.id} does something at {moment}, before it is due at {page.due}: {again}"
                )
        then = self._climb(page, page.due)
        if not then.notices and msgspec.structs.replace(then.page, due=page.due) == page:
            raise Wrong(f"page {page.id} is due at {page.due}, and nothing is done then")

    def _sum_up(self) -> None:
        stormy = [(page, self._of(page)) for page in self.pages.values() if page.is_stormy]
        found = summary(self.chain, stormy, self.now, last=self.summed_up)
        if found:
            self.summed_up = self.now
            self.report.summaries += 1
            self.in_a_summary |= {item.action_id for _, items in stormy for item in items}
            self.report.held_back = max(self.report.held_back, len(stormy))
        for notice in found:
            if notice.id in self.told:
                raise Wrong("a summary is told twice")
            self.told[notice.id] = notice
            self.report.notices[notice.occasion] += 1

    # Time

    def run(self, days: int, *, a_day: float, outages: bool = True) -> Report:
        """Let so many days pass, with so many events a day, and then the weeks in which all of it ends."""
        until = self.now + days * DAY
        news = self.now
        while True:
            if self.now >= self.awake_from:
                self.look()
            if news <= self.now < until:
                news = self.now + timedelta(seconds=1 + self.random.expovariate(a_day / DAY.total_seconds()))
                self._something(outages=outages)
                self.look_by = self.now + MINUTE
            self._check_deadlines()
            moment = self._next(news if news < until else None)
            if moment is None:
                break
            self.now = max(moment, self.now + timedelta(seconds=1))
        self._at_the_end()
        self.report.days = days
        return self.report

    def _something(self, *, outages: bool) -> None:
        happens = [
            (self.comes, 8),
            (self.ends, 4),
            (self.acknowledges, 4),
            (self.grows, 2),
            (self.goes_wrong, 1),
            (self.hurries, 1),
            (self.comes_back, 1),
        ]
        self.random.choices([one for one, _ in happens], [weight for _, weight in happens])[0]()
        if outages and self.random.random() < 0.03:
            self.awake_from = self.now + HOUR * self.random.choice((1, 6, 30))
            self.asleep.append((self.now, self.awake_from))
            self.report.outages += 1

    def _next(self, news: datetime | None) -> datetime | None:
        dues = [page.due for page in self.pages.values() if page.due is not None]
        looks = [max(min(dues), self.awake_from)] if dues else []
        if self.summed_up is not None and any(page.is_stormy for page in self.pages.values()):
            looks.append(max(self.now + 10 * MINUTE, self.awake_from))
        if self.look_by is not None:
            looks.append(max(self.look_by, self.awake_from))
        return min([*looks, *([news] if news is not None else [])], default=None)

    # What must hold

    def _check_deadlines(self) -> None:
        """Check that nothing comes near its deadline untold; an agent that was down could not tell."""
        chance = self.chain.last_chance.before
        for item in self.items.values():
            if item.deadline - self.now > min(chance, HOUR) / 2 or item.action_id in self.warned:
                continue
            if item.action_id in self.in_a_summary or self._was_blind(item, chance):
                continue
            raise Wrong(
                f"{item.action_id} has had no last chance, and ends at {item.deadline}; it is {self.now}"
            )

    def _was_blind(self, item: Item, chance: timedelta) -> bool:
        """Whether the agent slept within the last chance, or the action came or was hurried within it."""
        slept = any(end > item.deadline - chance for _, end in self.asleep)
        return slept or self.now < self.awake_from

    def _at_the_end(self) -> None:
        if left := [page.id for page in self.pages.values() if page.closed is None]:
            raise Wrong(f"pages {left} are open though every week is over")
        resolved = Counter(
            (one.page_id, one.channel) for one in self.told.values() if one.occasion is Occasion.RESOLVED
        )
        told = {
            (one.page_id, one.channel)
            for one in self.told.values()
            if one.page_id and one.occasion is not Occasion.RESOLVED
        }
        if set(resolved) != told or any(count != 1 for count in resolved.values()):
            raise Wrong("not everybody who was told was told once that it is over")
        self._keys_are_resolved()

    def _keys_are_resolved(self) -> None:
        """Check that each channel's newest key is the one that is resolved."""
        newest: dict[tuple[str, str], str] = {}
        for one in self.told.values():
            if not one.page_id:
                continue
            if one.occasion is Occasion.RESOLVED and newest[one.page_id, one.channel] != one.key:
                raise Wrong(f"{one.channel} was told under another key than is resolved")
            newest[one.page_id, one.channel] = one.key


def _is_same(before: Page, after: Page) -> bool:
    """Whether nothing was done; that quiet hours begin for what the storm limit holds back is nothing."""
    return after in (before, msgspec.structs.replace(before, is_stormy=False, due=after.due))


def weeks(seed: int, days: int, *, a_day: float = 12.0, limit: int = 10) -> Report:
    """Let so many days pass in a world of this seed."""
    random = Random(seed)
    chain = a_chain(random)
    world = Weeks(random, chain, Escalating(pages_per_hour=limit), random.choice(SEASONS))
    return world.run(days, a_day=a_day)


def storm(count: int, within: timedelta, *, hours: int = 24, limit: int = 10) -> Weeks:
    """Let so many incidents come within so long, and so many hours pass in which nobody answers."""
    steps = (
        Step(notify=("teams",), mark=MARK),
        Step(after=15 * MINUTE, notify=("pager",), urgency=Urgency.HIGH, mark=MARK),
    )
    chain = Chain(name="secops", steps=steps, file="chains/secops.yaml", mark=MARK)
    world = Weeks(Random(1), chain, Escalating(pages_per_hour=limit), SEASONS[0], doubts=False)
    begin = world.now
    for number in range(count):
        world.now = begin + within * number / count
        world.comes(incident=str(1000 + number), left=WEEK)
        if number % 200 == 199:
            world.look()
    while world.now < begin + hours * HOUR:
        world.now += 6 * MINUTE
        world.look()
    return world


def totals(reports: Sequence[Report]) -> dict[str, object]:
    """Return what all of them came to together."""
    names = ("days", "looks", "crashes", "outages", "actions", "answered", "lapsed", "acknowledged", "pages")
    row: dict[str, object] = {name: sum(getattr(one, name) for one in reports) for name in names}
    row["times people were paged"] = sum(one.events for one in reports)
    row["most within an hour"] = max(one.most_in_an_hour for one in reports)
    row["summaries"] = sum(one.summaries for one in reports)
    told = sum((one.notices for one in reports), Counter[str]())
    return row | {f"notices: {name}": told[name] for name in sorted(told)}
