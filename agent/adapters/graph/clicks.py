"""Who clicked, from advanced hunting: a part of the one query over mail, and its rows -> clicks. Pure.

The clicks come with the copies in one answer, as rows of their own: one for each message and account that clicked
in it. As columns of the copies they would be lost where an account's user principal name is not the address
that the message went to, or be there once for each copy. However often people click, there are no
more rows than people who did.

`UrlClickEvents` holds clicks in mail, Teams and Office apps that Safe Links saw; a click that it did not see is in no
table. Its columns are those of Microsoft's schema reference; the words of `ActionType` are those that the portal's
schema lists. UNCONFIRMED: whether `NetworkMessageId` is there for every click in mail, and is written in lower case
as elsewhere in hunting (it is compared without its case); whether `IsClickedThrough` is true or false, 1 or
0, or text (Microsoft's own example compares it with "0"; all are taken); how soon a click is in the table.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from agent.adapters.graph.copies import word
from agent.model.defender import Clicks

TABLE = "UrlClickEvents"

PART = """
| union (UrlClickEvents | where Timestamp > ago(30d) | where NetworkMessageId in~ (ids) \
| extend Through = tostring(IsClickedThrough) in~ ("1", "true") \
| summarize Through = max(toint(Through)), \
Blocked = min(toint(ActionType in~ ("ClickBlocked", "ClickBlockedByTenantPolicy") and not(Through))) \
by NetworkMessageId = tolower(NetworkMessageId), Clicker = tolower(AccountUpn), \
Click = iff(isempty(ReportId), tostring(Timestamp), ReportId) \
| summarize Clicks = count(), ClicksAllowed = countif(Blocked == 0), ClicksThrough = countif(Through == 1) \
by NetworkMessageId, Clicker)"""
"""What is added to the query over mail.

A click and the click past its warning are two rows with one `ReportId`, and count as one. Every other word
than the two for a block, such as `UrlErrorPage` or `UrlScanInProgress`, does not say that the page was not reached,
and so counts as allowed.
"""


class Clicked:
    """The clicks in the messages of one answer: what is known of them for each copy."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._clicks: dict[str, dict[str, Clicks]] = defaultdict(dict)
        self._unread: set[str] = set()
        self._is_unread = False
        for row in rows:
            if is_click(row):
                self._take(row)
        recipients = self._recipients(rows) if self._clicks else {}
        self._strangers = {
            message: tuple(
                one for account, one in theirs.items() if account not in recipients.get(message, ())
            )
            for message, theirs in self._clicks.items()
        }

    def _take(self, row: Mapping[str, Any]) -> None:
        message_id = (word(row, "networkmessageid") or "").lower()
        try:
            clicks = Clicks(
                account=(word(row, "clicker") or "").lower(),
                count=_count(row, "clicks"),
                allowed=_count(row, "clicksallowed"),
                through=_count(row, "clicksthrough"),
            )
        except ValueError:
            self._unread.add(message_id)
        else:
            if self._clicks[message_id].setdefault(clicks.account, clicks) is not clicks:
                self._unread.add(message_id)
        # Clicks in nobody knows which message may be in any.
        self._is_unread = self._is_unread or not message_id

    def _recipients(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, set[str]]:
        """Return who got the messages that somebody clicked in."""
        found: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            message_id = (word(row, "networkmessageid") or "").lower()
            if message_id in self._clicks and not is_click(row):
                found[message_id].add((word(row, "recipientemailaddress") or "").lower())
        return found

    def of(self, message_id: str, recipient: str) -> tuple[Clicks, ...] | None:
        """Return the clicks of the copy's recipient, and of accounts that are no recipient's; None where not known."""
        message_id = message_id.lower()
        if self._is_unread or message_id in self._unread:
            return None
        if message_id not in self._strangers:
            return ()
        strangers = self._strangers[message_id]
        theirs = self._clicks[message_id].get(recipient.lower())
        return strangers if theirs is None else (theirs, *strangers)


def is_click(row: Mapping[str, Any]) -> bool:
    """Whether the row tells of clicks, and not of a copy."""
    return row.get("clicks") is not None


def _count(row: Mapping[str, Any], key: str) -> int:
    """Return a number of clicks. Raises ValueError where it is none."""
    found = row.get(key)
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise ValueError(key)
    return found
