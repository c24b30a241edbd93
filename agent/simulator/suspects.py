"""The demo tenant's incidents of accounts and files whose investigations name what they propose."""

import zlib
from collections.abc import Iterator

from agent.simulator import shapes
from agent.simulator.lots import lots
from agent.simulator.making import Maker, person
from agent.simulator.names import DOMAIN
from agent.simulator.nouns import Act, Bundle

SPREADER, FORGOTTEN = person(311), person(312)
SYNCED = frozenset({SPREADER, FORGOTTEN})
"""People whose accounts are synchronised from on premises."""
ADMINISTRATOR = person(314)
"""Holds an administrative role, by a group within a group."""
READ_ONLY_RULE = "AQAAAJ5dZqC="

WORKSTATION, SERVER, AWAY = (
    f"{lots(0, name).getrandbits(160):040x}" for name in ("workstation", "server", "away")
)
"""Devices, by their ids in Defender for Endpoint; the last one has not been seen for weeks."""


def security_identifier(address: str) -> str:
    """Return the security identifier of an account on premises."""
    return f"S-1-5-21-2127521184-1604012920-1887927527-{10_000 + zlib.crc32(address.encode()) % 50_000}"


def accounts(maker: Maker) -> Iterator[Bundle]:
    """Give accounts that are to be disabled, signed out or given a new password, and one that is an administrator's."""
    cases = (
        ("Sends spam from two countries", person(310), Act.DISABLE_USER),
        ("Spreads on premises", SPREADER, Act.DISABLE_USER),
        ("Password found in a leak", FORGOTTEN, Act.RESET_PASSWORD),
        ("Session was stolen", person(313), Act.REVOKE_SESSIONS),
        ("Administrator taken over", ADMINISTRATOR, Act.DISABLE_USER),
    )
    for number, (name, address, act) in enumerate(cases):
        created = maker.ago(hours=2, minutes=7 * number)
        sid = security_identifier(address) if address in SYNCED else None
        evidence = shapes.evidence(
            "userEvidence",
            created,
            roles=("compromised",),
            userAccount=shapes.account(address.partition("@")[0], DOMAIN, "", sid=sid),
        )
        title = "Admin triggered user compromise investigation"
        yield maker.bundle(name, title, [evidence], created, severity="medium", proposes=act)


def settings(maker: Maker) -> Iterator[Bundle]:
    """Give an inbox rule that forwards outside and that nobody can change through Graph."""
    created, owner = maker.ago(hours=3), person(315)
    evidence = shapes.evidence(
        "mailboxConfigurationEvidence",
        created,
        roles=("compromised",),
        configurationId=READ_ONLY_RULE,
        configurationType="userInboxRule",
        displayName="Rule that cannot be changed",
        externalDirectoryObjectId=None,
        mailboxPrimaryAddress=owner,
        upn=owner,
    )
    title = "Suspicious email sending patterns detected"
    yield maker.bundle("Rule that cannot be changed", title, [evidence], created, severity="medium")


def files(maker: Maker) -> Iterator[Bundle]:
    """Give a malicious file on a workstation, on a server, and on a device that does not answer."""
    cases = (
        ("Stealer on a workstation", "stealer.exe", WORKSTATION),
        ("Loader on a file server", "loader.dll", SERVER),
        ("Miner on a device that is away", "miner.exe", AWAY),
    )
    for number, (name, file, device) in enumerate(cases):
        created = maker.ago(hours=4, minutes=11 * number)
        evidence = shapes.evidence(
            "fileEvidence",
            created,
            detectionStatus="detected",
            mdeDeviceId=device,
            fileDetails=shapes.file_details(file, r"C:\ProgramData", maker.sha256()),
        )
        yield maker.bundle(
            name,
            "Malicious file was observed",
            [evidence],
            created,
            severity="high",
            prefix="da",
            source="microsoftDefenderForEndpoint",
            detection="automatedInvestigation",
            category="Malware",
        )
