"""`/worklist`: what people have to press in Defender's portal, grouped as its Action center lets it be selected.

Nothing is ticked off here by hand. An item leaves the list once Defender shows it decided, by whomever.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from agent.faces.telling import action_center
from agent.faces.web.addresses import twins
from agent.faces.web.query import PAGE, page_of
from agent.faces.web.refusing import NotUnderstood
from agent.faces.web.showing import show
from agent.faces.web.site import site_of
from agent.judge.literals import nearest
from agent.judge.quote import quote
from agent.judge.worklist import TYPES, Group, Item, Press, pressed, to_press
from agent.model.hold import Hold
from agent.model.pending import ActionKind
from agent.sights import with_file

FIRST = 20
"""Items of each type that are shown where every type is."""

A_PAGE = 100
"""Items on one page of a type."""

MOST_DONE = 200
"""Items shown of those that were decided within the last day."""

KINDS = {words: kind for kind, words in TYPES.items()}


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """How many items of a group are to be ended by the same button."""

    press: Press
    count: int


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One action type of Defender's: how many are to be decided, by which buttons, and some of them."""

    type: str
    kind: ActionKind
    count: int
    deadline: datetime
    """The earliest of all."""
    presses: tuple[Pressed, ...]
    first: int
    """The number of the first item that is shown, counted from 1."""
    items: tuple[Item, ...]

    @property
    def last(self) -> int:
        """The number of the last item that is shown."""
        return self.first + len(self.items) - 1


class Worklist(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    now: datetime
    action_center: str
    """Defender's Pending, in this tenant."""
    action_center_history: str
    count: int
    """How many are to be decided, of all types."""
    kind: ActionKind | None
    """The one kind that is shown; None for all."""
    page: int
    pages: int
    groups: tuple[Shown, ...]
    done: tuple[Item, ...]
    """What people decided in Defender within the last day, the latest first."""
    done_count: int
    unread: tuple[str, ...]
    """Actions of which it is not known whether they are to be pressed, since their records cannot be read."""
    holds: tuple[Hold, ...]

    def link(self, kind: str, page: int = 1) -> str:
        """Return the address of the items of one kind."""
        return f"/worklist?kind={kind}" + (f"&page={page}" if page > 1 else "")


async def worklist(request: Request) -> Response:
    """Show what is to be pressed, earliest deadline first."""
    site = site_of(request)
    now = site.desk.clock.now()
    kind, page = _kind(request.query_params.get("kind", "")), page_of(request.query_params.get(PAGE, ""))
    items = await site.pressing.now(site.desk.ledger, site.archive, now)
    groups = to_press(items, now)
    chosen = [group for group in groups if kind in (None, KINDS[group.type])]
    pages = max([1, *(-(-len(group.items) // A_PAGE) for group in chosen)]) if kind else 1
    start, size = ((min(page, pages) - 1) * A_PAGE, A_PAGE) if kind else (0, FIRST)
    over = _latest_first(pressed(items, now))
    cloud, tenant_id = site.settings.graph.cloud, site.desk.tenant_id
    document = Worklist(
        now=now,
        action_center=action_center(cloud, tenant_id),
        action_center_history=action_center(cloud, tenant_id, "history"),
        count=sum(len(group.items) for group in groups),
        kind=kind,
        page=min(page, pages),
        pages=pages,
        groups=tuple(_shown(group, start, size) for group in chosen),
        done=over[:MOST_DONE],
        done_count=len(over),
        unread=site.pressing.unread,
        holds=await with_file(site.settings, await site.desk.ledger.holds(), now),
    )
    return await show(request, "worklist.html", document)


def _shown(group: Group, start: int, size: int) -> Shown:
    counts = Counter(one.press for one in group.items)
    return Shown(
        type=group.type,
        kind=KINDS[group.type],
        count=len(group.items),
        deadline=group.deadline,
        presses=tuple(Pressed(press=press, count=counts[press]) for press in Press if counts[press]),
        first=start + 1,
        items=group.items[start : start + size],
    )


def _latest_first(groups: Sequence[Group]) -> tuple[Item, ...]:
    ended = [(one.done, one.id, one) for group in groups for one in group.items if one.done is not None]
    return tuple(one for *_, one in sorted(ended, key=itemgetter(0, 1), reverse=True))


def _kind(asked: str) -> ActionKind | None:
    """Return the kind that is asked for; None for all. Raises NotUnderstood where there is none of that name."""
    if not asked:
        return None
    try:
        return ActionKind(asked)
    except ValueError:
        near = nearest(asked, set(ActionKind))
        raise NotUnderstood(f"`kind`: there is no kind of pending action {quote(asked)}{near}") from None


ROUTES: tuple[BaseRoute, ...] = twins("/worklist", worklist)
