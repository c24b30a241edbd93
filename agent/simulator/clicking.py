"""The one form in which hunting is asked who clicked: added to the query over mail, and summed by account."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from agent.simulator.mail import Click, Post
from agent.simulator.shapes import Json

TABLE = "UrlClickEvents"
NO_TABLE = f"'union' operator: Failed to resolve table or column expression named '{TABLE}'"
"""What Microsoft's hunting says of a table that the tenant's licence does not include; how it is said is UNCONFIRMED."""

_EXTEND = 'extend Through = tostring(IsClickedThrough) in~ ("1", "true")'
_BY_CLICK = (
    "summarize Through = max(toint(Through)), "
    'Blocked = min(toint(ActionType in~ ("ClickBlocked", "ClickBlockedByTenantPolicy") and not(Through))) '
    "by NetworkMessageId = tolower(NetworkMessageId), Clicker = tolower(AccountUpn), "
    "Click = iff(isempty(ReportId), tostring(Timestamp), ReportId)"
)
_BY_ACCOUNT = (
    "summarize Clicks = count(), ClicksAllowed = countif(Blocked == 0), ClicksThrough = countif(Through == 1) "
    "by NetworkMessageId, Clicker"
)
STAGES = (_EXTEND, _BY_CLICK, _BY_ACCOUNT)
"""What is understood after the table, the time and the messages."""

COLUMNS: Mapping[str, str] = {
    "NetworkMessageId": "String",
    "Clicker": "String",
    "Clicks": "Int64",
    "ClicksAllowed": "Int64",
    "ClicksThrough": "Int64",
}
_BLOCKS = frozenset({"clickblocked", "clickblockedbytenantpolicy"})


def summed(post: Post, messages: Iterable[str], since: datetime) -> list[Json]:
    """Return one row for each message and account that clicked in it; rows with one `ReportId` are one click."""
    rows: list[Json] = []
    for message in messages:
        by_account: dict[str, dict[str, list[Click]]] = defaultdict(lambda: defaultdict(list))
        for click in post.clicks_in(message):
            if click.at > since:
                by_account[click.account.lower()][click.report_id or str(click.at)].append(click)
        rows += [_row(message, account, list(clicks.values())) for account, clicks in by_account.items()]
    return rows


def _row(message: str, account: str, clicks: list[list[Click]]) -> Json:
    through = sum(any(one.is_through for one in click) for click in clicks)
    blocked = sum(all(_is_blocked(one) for one in click) for click in clicks)
    numbers = (message, account, len(clicks), len(clicks) - blocked, through)
    return dict(zip(COLUMNS, numbers, strict=True))


def _is_blocked(click: Click) -> bool:
    return click.action.lower() in _BLOCKS and not click.is_through
