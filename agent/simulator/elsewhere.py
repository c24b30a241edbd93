"""The demo tenant's incidents that are not mail to delete: mailboxes, users, devices, and what needs nobody."""

from collections.abc import Iterator
from datetime import datetime

from agent.simulator import shapes
from agent.simulator.lots import guid
from agent.simulator.making import CLICKED, FILE_REMOVED, REPORTED, URL_REMOVED, Maker, person
from agent.simulator.moments import text
from agent.simulator.names import DOMAIN, ECHO_TITLE, TENANT_ID
from agent.simulator.nouns import Bundle
from agent.simulator.shapes import Json

_ENDPOINT = "microsoftDefenderForEndpoint"


def mailboxes(maker: Maker) -> Iterator[Bundle]:
    """Give forwarding with and without a rule's id, an inbox rule, a delegation."""
    cases = (
        ("Forwarding by a rule", "mailForwardingRule", "AQAAAJ5dZqA="),
        ("Forwarding of a whole mailbox", "mailForwardingRule", None),
        ("Inbox rule that forwards", "userInboxRule", "AQAAAJ5dZqB="),
        ("Delegate nobody knows", "mailDelegation", None),
    )
    for number, (name, kind, rule) in enumerate(cases):
        created = maker.ago(hours=16 + number)
        owner = person(200 + number)
        evidence = shapes.evidence(
            "mailboxConfigurationEvidence",
            created,
            verdict="suspicious" if number % 2 else "malicious",
            roles=("compromised",),
            configurationId=rule,
            configurationType=kind,
            displayName=name,
            externalDirectoryObjectId=guid(maker.lots),
            mailboxPrimaryAddress=owner,
            upn=owner,
        )
        title = "Suspicious email sending patterns detected"
        yield maker.bundle(name, title, [evidence], created, severity="medium")


def _device_evidence(maker: Maker, created: datetime) -> tuple[tuple[str, Json], ...]:
    device = f"{maker.lots.getrandbits(160):040x}"
    path = r"C:\Users\Public"
    details = shapes.file_details("update.exe", path, maker.sha256())
    return (
        (
            "File on a device",
            shapes.evidence(
                "fileEvidence", created, detectionStatus="detected", mdeDeviceId=device, fileDetails=details
            ),
        ),
        (
            "Process that runs",
            shapes.evidence(
                "processEvidence",
                created,
                processId=4712,
                processCommandLine=r"C:\Users\Public\update.exe -enc SQBFAFgA",
                processCreationDateTime=text(created),
                detectionStatus="detected",
                mdeDeviceId=device,
                imageFile=details,
            ),
        ),
        (
            "Registry key for autostart",
            shapes.evidence(
                "registryKeyEvidence",
                created,
                registryHive="HKEY_LOCAL_MACHINE",
                registryKey=r"SOFTWARE\Microsoft\Windows\CurrentVersion\Run\Update",
            ),
        ),
        (
            "Device with a finding",
            shapes.evidence(
                "deviceEvidence",
                created,
                verdict="suspicious",
                mdeDeviceId=device,
                azureAdDeviceId=guid(maker.lots),
                deviceDnsName=f"laptop-17.{DOMAIN}",
                hostName="laptop-17",
                osPlatform="Windows11",
                osBuild=26200,
                healthStatus="active",
                riskScore="high",
                rbacGroupId=12,
                rbacGroupName="Clients",
                onboardingStatus="onboarded",
                defenderAvStatus="updated",
                ipInterfaces=["10.0.0.17"],
                loggedOnUsers=[{"accountName": "anna.berg", "domainName": "CONTOSO"}],
            ),
        ),
    )


def devices_and_users(maker: Maker) -> Iterator[Bundle]:
    """Give pending actions on files, processes, registry, devices, users and URLs."""
    for number, (name, evidence) in enumerate(_device_evidence(maker, maker.ago(hours=20))):
        created = datetime.fromisoformat(evidence["createdDateTime"])
        yield maker.bundle(
            name,
            "Suspicious file was observed",
            [evidence],
            created,
            severity=("medium", "high")[number % 2],
            prefix="da",
            source=_ENDPOINT,
            detection="automatedInvestigation",
            category="Malware",
        )
    created = maker.ago(hours=21)
    user = shapes.evidence(
        "userEvidence",
        created,
        verdict="suspicious",
        roles=("compromised",),
        userAccount=shapes.account("carla.costa", DOMAIN, guid(maker.lots)),
    )
    title = "User restricted from sending email"
    yield maker.bundle("User who may be compromised", title, [user], created, severity="high")
    url = shapes.evidence("urlEvidence", created, url="https://block-me.harvest.example/")
    yield maker.bundle("URL to block", CLICKED, [url], created, severity="high")


def unclear(maker: Maker) -> Iterator[Bundle]:
    """Give an alert that does not say what waits, our own echo, a rare evidence type, words that came late."""
    created = maker.ago(hours=22)
    silent = shapes.evidence("urlEvidence", created, status="none", url="https://silent.harvest.example/")
    yield maker.bundle("Waits without evidence", URL_REMOVED, [silent], created)
    copies = maker.copies(maker.letter("harvest.example", "Removed by hand"), 3, created)
    echo = maker.by_likeness(created, copies, 0, verdict="unknown")
    yield maker.bundle(ECHO_TITLE, ECHO_TITLE, [echo], created, copies=copies)
    consent = shapes.evidence(
        "oauthApplicationEvidence",
        created,
        verdict="suspicious",
        appId=guid(maker.lots),
        displayName="Mail Sync Pro",
        objectId=guid(maker.lots),
        publisher="unverified",
    )
    yield maker.bundle("Application with consent", CLICKED, [consent], created, severity="medium")
    late = shapes.evidence("urlEvidence", created, status="partiallyRemediated", url="https://late.example/")
    yield maker.bundle(
        "Waits for Defender Experts",
        "Threat hunting finding",
        [late],
        created,
        severity="medium",
        state="unsupportedAlertType",
        status="awaitingAction",
        source="microsoftSentinel",
        detection="scheduledAlerts",
    )


def unheard(maker: Maker) -> Iterator[Bundle]:
    """Give words and an evidence type that are in no published metadata."""
    created = maker.ago(hours=23)
    evidence = [
        shapes.evidence("quantumMailEvidence", created, verdict="catastrophic", entanglement="strong"),
        shapes.evidence("urlEvidence", created, status="awaitingMoonPhase", url="https://new.example/"),
    ]
    yield maker.bundle(
        "Words from next year", FILE_REMOVED, evidence, created, severity="extreme", state="pendingReview"
    )


_QUIET = (
    ("Mail blocked on arrival", "prevented", "benign", "resolved"),
    ("File blocked on a device", "blocked", "successfullyRemediated", "resolved"),
    ("Nothing found", "none", "benign", "active"),
    ("Remediated by automation", "remediated", "successfullyRemediated", "resolved"),
    ("Rejected by a person", "declined", "successfullyRemediated", "active"),
    ("Investigation still runs", "active", "running", "active"),
    ("Investigation is queued", "none", "queued", "active"),
    ("Entity not found", "notFound", "partiallyInvestigated", "active"),
    ("Undone by a person", "unremediated", "successfullyRemediated", "active"),
    ("Analyzer failed", "none", "failed", "active"),
    ("Approved and running", "running", "running", "inProgress"),
    ("Week over, all closed", "unremediated", "terminatedBySystem", "active"),
)


def quiet(maker: Maker) -> Iterator[Bundle]:
    """Give incidents without pending actions, in every state that needs nobody."""
    for number, (name, remediation, state, status) in enumerate(_QUIET):
        created = maker.ago(hours=24 + 6 * number)
        verdict = "noThreatsFound" if remediation == "none" else "malicious"
        url = f"https://quiet-{number}.example/"
        evidence = [shapes.evidence("urlEvidence", created, status=remediation, verdict=verdict, url=url)]
        severity = ("informational", "low", "medium", "high")[number % 4]
        yield maker.bundle(
            name, URL_REMOVED, evidence, created, severity=severity, state=state, status=status
        )
    created = maker.ago(hours=30)
    reported = shapes.evidence(
        "submissionMailEvidence",
        created,
        status="none",
        verdict="noThreatsFound",
        networkMessageId=guid(maker.lots),
        recipient=person(77),
        sender="news@newsletter.example",
        subject="Weekly news",
        reportType="Phish",
        submissionDateTime=text(created),
        submissionId=guid(maker.lots),
        submitter=person(77),
    )
    yield maker.bundle(
        "Reported, and harmless", REPORTED, [reported], created, severity="low", state="benign"
    )


def merged(maker: Maker, winner: str) -> Iterator[Bundle]:
    """Give incidents that were merged into another: one straight, and a chain of two."""
    straight, middle, first = maker.incident_id(), maker.incident_id(), maker.incident_id()
    for number, (loser, target) in enumerate(((straight, winner), (middle, winner), (first, middle))):
        created = maker.ago(hours=26 + number)
        yield Bundle(
            shapes.incident(
                loser,
                name=f"Merged {number + 1}",
                created=created,
                status="redirected",
                redirectIncidentId=target,
                tenantId=TENANT_ID,
            )
        )
