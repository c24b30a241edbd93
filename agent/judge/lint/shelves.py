"""Lists that are empty, stale or unused."""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime

from agent.judge import fold
from agent.judge.lint.reach import SOON, ago, length
from agent.judge.lint.rules import Code, remark
from agent.judge.strict_yaml import shown
from agent.model.mark import Mark
from agent.model.policy import ListEntry, ListType, PolicyList, PolicySet
from agent.model.remark import Remark


def shelves(found: PolicySet, now: datetime, claimed: Collection[str]) -> Iterator[Remark]:
    """Give every remark on the lists of the set."""
    named = Counter(name for policy in found.policies for name in policy.lists)
    for one in found.lists:
        if not named[one.name] and one.name not in claimed:
            message = f"no policy names the list `${one.name}`"
            yield remark(Code.LIST_UNUSED, one.file, one.mark, message)
        yield from _of_list(one, named[one.name], now)


def _of_list(one: PolicyList, policies: int, now: datetime) -> Iterator[Remark]:
    def told(code: Code, mark: Mark, message: str) -> Remark:
        return remark(code, one.file, mark, message)

    left = [entry for entry in one.entries if not _has_ended(entry, now)]
    if not left and one.feed is None and not one.per_tenant:
        why = "every entry has ended" if one.entries else "it has no entries"
        count = "one policy names it" if policies == 1 else f"{policies} policies name it"
        by = f", and {count}" if policies else ""
        yield told(Code.LIST_EMPTY, one.mark, f"the list `${one.name}` is empty: {why}{by}")
    if one.review is not None and one.review <= now:
        message = f"the review of the list `${one.name}` was due {ago(now - one.review)}"
        yield told(Code.LIST_REVIEW_DUE, one.mark, message)
    if one.feed is not None and one.feed.stale < 2 * one.feed.refresh:
        message = (
            f"the list `${one.name}` is refreshed every {length(one.feed.refresh)}, and stale after "
            f"{length(one.feed.stale)}: one refresh that fails is enough"
        )
        yield told(Code.LIST_STALE_TOO_SOON, one.mark, message)
    seen: dict[str, ListEntry] = {}
    for entry in one.entries:
        yield from _of_entry(one, entry, now)
        first = seen.setdefault(_compared(one, entry), entry)
        if first is not entry:
            message = f"`{shown(entry.wording)}` is there already, on line {first.mark.line}"
            yield told(Code.LIST_ENTRY_TWICE, entry.mark, message)


def _compared(one: PolicyList, entry: ListEntry) -> str:
    """Return the entry as it is compared: without regard to case, and domains as DNS has them."""
    match one.type:
        case ListType.ADDRESSES:
            return fold.address(entry.wording)
        case ListType.DOMAINS:
            return fold.domain(entry.wording)
        case ListType.USERS if "@" in entry.wording:
            return fold.address(entry.wording)
        case _:
            return fold.text(entry.wording)


def _has_ended(entry: ListEntry, now: datetime) -> bool:
    return entry.expires is not None and entry.expires <= now


def _of_entry(one: PolicyList, entry: ListEntry, now: datetime) -> Iterator[Remark]:
    if entry.expires is None:
        return
    if entry.expires <= now:
        message = (
            f"`{shown(entry.wording)}` ended {ago(now - entry.expires)}, and is in `${one.name}` no more"
        )
        yield remark(Code.LIST_ENTRY_ENDED, one.file, entry.mark, message)
    elif entry.expires - now <= SOON:
        message = f"`{shown(entry.wording)}` ends in {length(entry.expires - now)}"
        yield remark(Code.LIST_ENTRY_ENDS_SOON, one.file, entry.mark, message)
