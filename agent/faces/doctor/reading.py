"""The checks of what can be read, and of what could be carried out. Every call here reads."""

from datetime import timedelta

from agent.adapters.graph.clicks import TABLE as CLICKS
from agent.adapters.graph.investigations import TABLE as CLOUD
from agent.adapters.microsoft.caller import BadRequest, Forbidden
from agent.faces.doctor.bedside import Bedside
from agent.faces.doctor.said import seen_of
from agent.judge.doctor.capability import judge_capability
from agent.judge.doctor.permissions import GRANTS
from agent.judge.doctor.reads import judge_read
from agent.judge.quote import span
from agent.model.checkup import Seen, failed, passed, skipped, warned
from agent.model.enactment import EffectKind
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.permission import HUNT, READ_MAIL, SEARCH_AUDIT, is_granted

PLAN = "Defender for Office 365 Plan 2"

BACK = timedelta(days=30)
"""How far back hunting reaches."""

AUDITED = (
    "in Exchange Online PowerShell: `Get-AdminAuditLogConfig | Format-List UnifiedAuditLogIngestionEnabled`; where that is "
    "False: `Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true`; then connect Microsoft 365 under Defender "
    "portal > Settings > Cloud apps > App connectors"
)

LATER = "look again later (https://status.cloud.microsoft)"

FAULTS = (Refused, Unavailable, Malformed)


async def licence(bedside: Bedside) -> tuple[Seen, ...]:
    """See whether the tenant has the licence without which AIR proposes nothing for mail, as far as a call shows."""
    graph = bedside.graph
    assert graph is not None  # noqa: S101  the sign-in passed
    features = bedside.features()
    if not features.has_analyzed_emails:
        return (passed(f"this cloud has no call that shows whether there is {PLAN}: it is not asked"),)
    if not is_granted(READ_MAIL.name, graph.grants):
        return (skipped(f"because no call shows it without {READ_MAIL}: see `permissions`"),)
    try:
        await graph.checkup.mail()
    except BadRequest:
        return (passed(f"{PLAN}: `analyzedEmails` is there"),)
    except Forbidden as error:
        return (
            failed(
                f"{PLAN} is missing, as far as a call shows: {error}",
                f"buy {PLAN} (or Microsoft 365 E5, or E5 Security) for this tenant: without it AIR proposes nothing for mail",
            ),
        )
    except FAULTS as error:
        return (seen_of(error, LATER),)
    return (passed(f"{PLAN}: `analyzedEmails` answers"),)


async def audit_log(bedside: Bedside) -> tuple[Seen, ...]:
    """See whether the unified audit log takes anything in, as far as calls show."""
    graph = bedside.graph
    assert graph is not None  # noqa: S101  the sign-in passed
    if HUNT.name in graph.grants:
        return await _by_hunting(bedside)
    if SEARCH_AUDIT.name not in graph.grants:
        return (skipped(f"because no call shows it without {HUNT} or {SEARCH_AUDIT}: see `permissions`"),)
    try:
        count = await graph.checkup.searches_audit()
    except FAULTS as error:
        return (seen_of(error, AUDITED),)
    return (
        passed(
            f"the audit can be searched ({count} searches so far); whether it takes anything in, no call shows without {HUNT}"
        ),
    )


async def _by_hunting(bedside: Bedside) -> tuple[Seen, ...]:
    assert bedside.graph is not None  # noqa: S101  the sign-in passed
    checkup, since = bedside.graph.checkup, bedside.around.clock.now() - BACK
    try:
        if not await checkup.hunts_audit():
            return (
                warned(f"`{CLOUD}` is there, and has nothing of the last week: auditing seems off", AUDITED),
            )
        has_air = await checkup.hunts_air(since)
    except BadRequest as error:
        words = f"there is no table `{CLOUD}`, by which AIR's own rows are read: {error}"
        return (warned(f"{words}: what the evidence leaves open stays `unknown`", AUDITED),)
    except FAULTS as error:
        return (seen_of(error, LATER),)
    if has_air:
        return (passed(f"`{CLOUD}` has what the audit took in within the last week, and AIR's own rows"),)
    return (
        passed(
            f"`{CLOUD}` has what the audit took in within the last week, and no row of AIR's of the last {span(BACK)}: none "
            "is there before AIR has investigated something"
        ),
    )


async def incidents(bedside: Bedside) -> tuple[Seen, ...]:
    """See whether incidents can be read, with the words that pending actions need."""
    assert bedside.graph is not None  # noqa: S101  the sign-in passed
    back = bedside.settings.pace.first_look
    try:
        read = await bedside.graph.checkup.incidents(bedside.around.clock.now() - back)
    except FAULTS as error:
        return (seen_of(error, LATER),)
    return judge_read(read, bedside.settings.tenant.id, back)


async def hunting(bedside: Bedside) -> tuple[Seen, ...]:
    """See whether hunting answers, and has who clicked."""
    graph = bedside.graph
    assert graph is not None  # noqa: S101  the sign-in passed
    if HUNT.name not in graph.grants:
        each = f"each message is looked up by itself, at most {bedside.settings.graph.analyzed_emails_per_action} of an action"
        return (warned(f"{HUNT} is not granted: {each}", GRANTS),)
    try:
        await graph.checkup.hunts_mail(clicks=False)
    except Forbidden as error:
        return (
            failed(
                f"hunting is granted, and refused all the same: {error}",
                "look for the licence (Microsoft Defender XDR), and whether unified roles let this app hunt",
            ),
        )
    except FAULTS as error:
        return (seen_of(error, LATER),)
    try:
        await graph.checkup.hunts_mail(clicks=True)
    except BadRequest:
        return (
            passed("hunting answers"),
            warned(
                f"there is no table `{CLICKS}`: who clicked is unknown, and policies that ask for it are undecided",
                f"look for the licence ({PLAN}) and Safe Links; or let no policy ask for clicks",
            ),
        )
    except FAULTS as error:
        return (seen_of(error, LATER),)
    return (passed(f"hunting answers, with `EmailEvents`, `EmailPostDeliveryEvents` and `{CLICKS}`"),)


async def remediation(bedside: Bedside) -> tuple[Seen, ...]:
    """See of each kind of action whether it can be carried out here; nothing is carried out to find out."""
    graph = bedside.graph
    assert graph is not None  # noqa: S101  the sign-in passed
    features = bedside.features()
    missing: dict[EffectKind, str] = {}
    if features.enforces:
        await graph.look()
        missing = {kind: graph.enactor.missing(kind) for kind in EffectKind}
    return judge_capability(features, missing)
