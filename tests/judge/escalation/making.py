"""A chain, a page, and a walk along what becomes due: say only what matters."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.judge.escalation.climb import Climbed, climb, opened
from agent.model.chain import Chain, Escalating, LastChance, QuietHours, Repeat, Step, Urgency
from agent.model.escalation import Heard, Item, Need, Notice, Page
from agent.model.mark import Mark

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MARK = Mark(line=1, column=1)
BERLIN = QuietHours(hours=(22 * 60, 6 * 60), zone="Europe/Berlin")


def a_step(*notify: str, after: timedelta = timedelta(0), urgency: Urgency = Urgency.NORMAL) -> Step:
    return Step(after=after, notify=notify, urgency=urgency, mark=MARK)


STEPS = (
    a_step("teams"),
    a_step("pager", after=15 * MINUTE, urgency=Urgency.HIGH),
    a_step("lead", "mail", after=2 * HOUR),
)


def a_chain(*steps: Step, **more: Any) -> Chain:
    asked: dict[str, Any] = {
        "repeat": Repeat(every=4 * HOUR, times=3),
        "last_chance": LastChance(notify=("lead",)),
    } | more
    return Chain(name="secops", steps=steps or STEPS, file="chains/secops.yaml", mark=MARK, **asked)


def an_item(number: int = 1, *, left: timedelta = 7 * DAY, **more: Any) -> Item:
    asked: dict[str, Any] = {"need": Need.ANSWER, "amount": 12, "incident_url": None} | more
    return Item(
        action_id=f"{number:016x}",
        kind="soft delete of a mail cluster",
        what="Urls:bad.example",
        why="no policy matched",
        incident_id="42",
        deadline=NOW + left,
        **asked,
    )


class Walk:
    """One page, looked at whenever it is due."""

    def __init__(self, chain: Chain, *items: Item, limit: int = 10, start: datetime = NOW) -> None:
        self.chain, self.items, self.now = chain, list(items or (an_item(),)), start
        self.rules = Escalating(pages_per_hour=limit)
        self.ended: dict[str, str] = {}
        self.heard: list[Heard] = []
        self.paged: list[datetime] = []
        self.page: Page = opened(chain, "incident:42", self.items, start)
        self.told: list[Notice] = []
        self.lapsed: list[str] = []

    def look(self, now: datetime | None = None) -> tuple[Notice, ...]:
        self.now = now or self.now
        found = self.would(self.now)
        self.page = found.page
        self.told += found.notices
        self.lapsed += found.lapsed
        self.paged += {one.event: one.at for one in found.notices if one.is_page}.values()
        return found.notices

    def would(self, now: datetime) -> Climbed:
        return climb(
            self.chain,
            self.page,
            self.items,
            ended=self.ended,
            heard=self.heard,
            paged=self.paged,
            rules=self.rules,
            now=now,
        )

    def until(self, moment: datetime) -> "Walk":
        """Look at every due moment up to this one."""
        while self.page.due is not None and self.page.due <= moment:
            self.look(self.page.due)
        self.now = moment
        return self

    def acknowledge(self, at: datetime, *, key: str | None = None, is_acknowledged: bool = True) -> None:
        self.heard = [Heard(key=key or self.page.key, at=at, by="Anna", is_acknowledged=is_acknowledged)]
        self.look(at)

    def end(self, number: int, words: str) -> None:
        gone = f"{number:016x}"
        self.items = [item for item in self.items if item.action_id != gone]
        self.ended[gone] = words

    @property
    def course(self) -> list[tuple[timedelta, str, tuple[str, ...]]]:
        """What was told: how long after the start, why, and through which channels."""
        told: dict[tuple[datetime, str], list[str]] = {}
        for one in self.told:
            told.setdefault((one.at, one.occasion.value), []).append(one.channel)
        return [(at - NOW, why, tuple(names)) for (at, why), names in told.items()]


def by_occasion(notices: Sequence[Notice]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in notices:
        found.setdefault(one.occasion.value, []).append(one.channel)
    return found
