"""What a first page of incidents shows: whether it is the tenant's, whole, and with the words that pending actions need.

Without `Prefer: include-unknown-enum-members` Graph shows `pendingApproval` and newer words as `unknownFutureValue`, and no
pending action is ever seen. Source: Microsoft's page on `alertEvidence`.
"""

from collections.abc import Iterator
from datetime import timedelta

from agent.judge.quote import counted, members, quote, span
from agent.model.checkup import Read, Seen, failed, passed, warned
from agent.model.defender import PENDING_APPROVAL

MASKED = "unknownFutureValue"

NEWER = frozenset({PENDING_APPROVAL, "declined", "active", "running", "unremediated", "partiallyRemediated"})
"""Words of `remediationStatus` that come only where the header was heard."""


def judge_read(read: Read, tenant_id: str, since: timedelta) -> tuple[Seen, ...]:
    """Return what the page shows.

    Args:
        read: the page.
        tenant_id: whose incidents they have to be, lower case.
        since: how far back it was asked.
    """
    return tuple(_judged(read, tenant_id, since))


def _judged(read: Read, tenant_id: str, since: timedelta) -> Iterator[Seen]:
    strange = read.tenants - {tenant_id.lower()}
    if strange:
        yield failed(
            f"incidents came of another tenant: {members(frozenset(strange))}",
            "correct `tenant.id`; for delegated access to other tenants, use a login of that tenant itself",
        )
    if not read.incidents:
        yield warned(
            f"reading works, and there is no incident of the last {span(since)}",
            "if this tenant has incidents (https://security.microsoft.com/incidents), look in Defender's unified roles "
            "and scopes whether this app may see them",
        )
        return
    if not read.is_whole:
        yield warned(
            "Graph gave only a part of the page (206): one of its sources is away",
            "look again later; while it lasts, the agent waits rather than miss something",
        )
    yield _of_words(read)


def _of_words(read: Read) -> Seen:
    start = counted(read.incidents, "incident read", "incidents read")
    if MASKED in read.statuses:
        return failed(
            f"{start}, and Graph hides words (`{MASKED}`) although `Prefer: include-unknown-enum-members` was sent: no "
            "pending action can be seen",
            "let the proxy on the way pass the header `Prefer`",
        )
    shown = sorted(read.statuses & NEWER)
    if shown:
        return passed(
            f"{start}, with words that need the `Prefer` header: {', '.join(quote(one) for one in shown)}"
        )
    return passed(
        f"{start}; none of its evidence has a word that shows whether the `Prefer` header was heard"
    )
