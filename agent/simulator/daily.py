"""What arrives on any day of a tenant's life: one small maker for each kind of incident that an investigation leaves pending."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from agent.simulator import shapes
from agent.simulator.furnishing import STAFF
from agent.simulator.lots import lots
from agent.simulator.mail import Copy
from agent.simulator.making import (
    CAMPAIGN_REMOVED,
    CLICKED,
    FILE_REMOVED,
    REPORTED,
    URL_REMOVED,
    Maker,
    person,
)
from agent.simulator.moments import text
from agent.simulator.names import (
    DOMAIN,
    NEWSLETTER_DOMAIN,
    PARTNERS,
    SIMULATION_DOMAIN,
    SURVEY_DOMAIN,
    TRUSTED_SIGNER,
    VIPS,
)
from agent.simulator.nouns import Act, Bundle
from agent.simulator.shapes import Json

_HOUR = timedelta(hours=1)
_PASSES: Mapping[str, Any] = {"dmarc": "pass", "spf": "pass", "composite": "pass"}
_SMALL = (1, 2, 3, 3, 4, 5, 6, 8, 10, 12, 15, 20, 28, 40)
_FIRST_OWNER = 330
"""The first person whose mailbox or account something is found in; those before belong to the demo's tenant."""


class Day:
    """Makes incidents, every choice drawn from the seed; `number` tells each from the others."""

    def __init__(self, seed: int, start: datetime) -> None:
        self.maker = Maker(seed, start, first_incident=20_000)
        self._draw = lots(seed, "days")
        self._number = 0

    def bundle(self, made: str, created: datetime) -> Bundle:
        """Return one incident of a kind that `MAKERS` has."""
        self._number += 1
        return MAKERS[made](self, created)

    def wave(self, name: str, size: int, clusters: int, created: datetime) -> Bundle:
        """Return one incident of a campaign, with so many clusters, each built on a URL of its own."""
        self._number += 1
        evidence: list[Json] = []
        copies: list[Copy] = []
        for number in range(clusters):
            url = f"https://w{self._number}-{number}.harvest.example/pay"
            letter = self.maker.letter("harvest.example", f"{name} {self._number}/{number}", urls=(url,))
            some = self.maker.copies(letter, size, created - _HOUR)
            evidence.append(self.maker.by_url(created, some, url))
            copies += some
        return self.maker.bundle(f"{name} {self._number}", URL_REMOVED, evidence, created, copies=copies)

    def by_url(
        self, created: datetime, domain: str, *, sizes: Sequence[int] = _SMALL, **more: object
    ) -> Bundle:
        """Return a cluster on a malicious URL."""
        name, size = f"Your account {self._number} was limited", self._draw.choice(sizes)
        url = f"https://n{self._number}.{domain}/verify"
        letter = self.maker.letter(domain, name, urls=(url,), **more)
        copies = self.maker.copies(letter, size, created - _HOUR)
        cluster = self.maker.by_url(created, copies, url)
        clicks = self.maker.clicks(copies)
        return self.maker.bundle(name, URL_REMOVED, [cluster], created, copies=copies, clicks=clicks)

    def by_file(self, created: datetime, sizes: Sequence[int] = _SMALL) -> Bundle:
        """Return a cluster on a malicious attachment."""
        name, size = f"Statement {self._number} attached", self._draw.choice(sizes)
        letter = self.maker.letter(
            "invoice-files.example",
            name,
            threats=("malware",),
            attachment=f"statement-{self._number}.xlsm",
            methods=("File detonation",),
            dmarc="none",
        )
        copies = self.maker.copies(letter, size, created - _HOUR)
        cluster = self.maker.by_file(created, copies, self.maker.sha256())
        return self.maker.bundle(name, FILE_REMOVED, [cluster], created, copies=copies)

    def alike(
        self,
        created: datetime,
        domain: str,
        *,
        sizes: Sequence[int] = _SMALL,
        verdict: str = "malicious",
        to: Sequence[str] = (),
        **more: object,
    ) -> Bundle:
        """Return a cluster of messages that look alike."""
        name, size = f"Parcel {4_700 + self._number} waits", self._draw.choice(sizes)
        letter = self.maker.letter(domain, name, **more)
        copies = self.maker.copies(letter, size, created - _HOUR, to=to)
        cluster = self.maker.by_likeness(created, copies, self._number % 4, verdict=verdict)
        return self.maker.bundle(name, CAMPAIGN_REMOVED, [cluster], created, copies=copies)

    def single(self, created: datetime, domain: str, *, verdict: str = "malicious", **more: object) -> Bundle:
        """Return one message that somebody reported."""
        name = f"Document {self._number} for you"
        copies = self.maker.copies(self.maker.letter(domain, name, **more), 1, created - _HOUR)
        evidence = [
            shapes.message(created, copies[0], verdict=verdict),
            shapes.submission(created, copies[0]),
        ]
        return self.maker.bundle(name, REPORTED, evidence, created, copies=copies, severity="low")

    def forwarding(
        self,
        created: datetime,
        owner: str,
        *,
        verdict: str,
        kind: str = "userInboxRule",
        rule: str | None = None,
    ) -> Bundle:
        """Return a rule or a setting of a mailbox that lets mail out."""
        if kind != _DELEGATION and rule is None:
            rule = f"AQAAAJ5d{self._number:06d}A="
        evidence = shapes.evidence(
            "mailboxConfigurationEvidence",
            created,
            verdict=verdict,
            roles=("compromised",),
            configurationId=rule,
            configurationType=kind,
            displayName=f"Rule {self._number}",
            externalDirectoryObjectId=None,
            mailboxPrimaryAddress=owner,
            upn=owner,
        )
        title = "Suspicious email sending patterns detected"
        return self.maker.bundle(title, title, [evidence], created, severity="medium")

    def registered(self, owner: str, created: datetime) -> Bundle:
        """Return the rule of a mailbox that may forward outside: it is found again and again."""
        return self.forwarding(created, owner, verdict="suspicious", rule=f"AQAAAJ5d{owner[:5]}A=")

    def account(self, created: datetime, act: Act, *, verdict: str = "malicious") -> Bundle:
        """Return an account that may be in the wrong hands."""
        name = self.somebody().partition("@")[0]
        evidence = shapes.evidence(
            "userEvidence",
            created,
            verdict=verdict,
            roles=("compromised",),
            userAccount=shapes.account(name, DOMAIN, ""),
        )
        title = "Admin triggered user compromise investigation"
        return self.maker.bundle(title, title, [evidence], created, severity="medium", proposes=act)

    def on_device(self, created: datetime, kind: str, name: str, *, signer: str | None = None) -> Bundle:
        """Return something on a device: a file, a process that runs one, or a key that starts one."""
        device = f"{self.maker.lots.getrandbits(160):040x}"
        details = shapes.file_details(name, r"C:\ProgramData", self.maker.sha256()) | {"signer": signer}
        own: Mapping[str, Json] = {
            "fileEvidence": {"detectionStatus": "detected", "mdeDeviceId": device, "fileDetails": details},
            "processEvidence": {
                "processId": 4_000 + self._number,
                "processCommandLine": rf"C:\ProgramData\{name} -enc SQBFAFgA",
                "processCreationDateTime": text(created),
                "detectionStatus": "detected",
                "mdeDeviceId": device,
                "imageFile": details,
            },
            "registryKeyEvidence": {
                "registryHive": "HKEY_LOCAL_MACHINE",
                "registryKey": rf"SOFTWARE\Microsoft\Windows\CurrentVersion\Run\{self._number}",
            },
        }
        return self.maker.bundle(
            f"{name} on a device",
            "Suspicious file was observed",
            [shapes.evidence(kind, created, **own[kind])],
            created,
            severity="high",
            prefix="da",
            source="microsoftDefenderForEndpoint",
            detection="automatedInvestigation",
            category="Malware",
        )

    def to_block(self, created: datetime) -> Bundle:
        """Return a URL that is to be blocked."""
        evidence = shapes.evidence("urlEvidence", created, url=f"https://b{self._number}.harvest.example/")
        return self.maker.bundle("URL to block", CLICKED, [evidence], created, severity="high")

    def somebody(self) -> str:
        """Return a person who is named by nothing else here: one thing is found about each."""
        return person(_FIRST_OWNER + self._number % (STAFF - _FIRST_OWNER))

    def one_of(self, some: Sequence[str]) -> str:
        """Draw one."""
        return self._draw.choice(some)


_DELEGATION = "mailDelegation"
MAKERS: Mapping[str, Callable[[Day, datetime], Bundle]] = {
    "url": lambda day, at: day.by_url(at, "harvest.example"),
    "urlLarge": lambda day, at: day.by_url(at, "harvest.example", sizes=(120, 160, 190, 240, 310)),
    "urlOfPartner": lambda day, at: day.by_url(at, day.one_of(PARTNERS), **_PASSES),
    "urlInPartnersName": lambda day, at: day.by_url(at, day.one_of(PARTNERS)),
    "urlOfSurvey": lambda day, at: day.by_url(at, SURVEY_DOMAIN, **_PASSES),
    "file": lambda day, at: day.by_file(at),
    "fileLarge": lambda day, at: day.by_file(at, (110, 180, 350, 620, 1_100)),
    "alike": lambda day, at: day.alike(at, "parcel-track.example"),
    "alikeLarge": lambda day, at: day.alike(at, "parcel-track.example", sizes=(60, 90, 140)),
    "alikeSuspicious": lambda day, at: day.alike(at, "offers.example", verdict="suspicious"),
    "newsletter": lambda day, at: day.alike(
        at,
        NEWSLETTER_DOMAIN,
        sizes=(80, 150),
        verdict="suspicious",
        threats=("spam",),
        methods=("Bulk", "Mail bombing"),
        bulk_level=8,
        **_PASSES,
    ),
    "training": lambda day, at: day.alike(at, SIMULATION_DOMAIN, **_PASSES),
    "colleagues": lambda day, at: day.alike(at, DOMAIN, direction="intraOrg", dmarc="none"),
    "executives": lambda day, at: day.alike(at, "board-papers.example", to=VIPS[:1]),
    "message": lambda day, at: day.single(at, f"sender-{day.one_of('abcdef')}.example"),
    "messageMalware": lambda day, at: day.single(at, "sender-m.example", threats=("malware",)),
    "messageSuspicious": lambda day, at: day.single(at, "offers.example", verdict="suspicious"),
    "messageOfSurvey": lambda day, at: day.single(at, SURVEY_DOMAIN, **_PASSES),
    "forwarding": lambda day, at: day.forwarding(at, day.somebody(), verdict="malicious"),
    "forwardingByRule": lambda day, at: day.forwarding(
        at, day.somebody(), verdict="suspicious", kind="mailForwardingRule"
    ),
    "delegation": lambda day, at: day.forwarding(at, day.somebody(), verdict="suspicious", kind=_DELEGATION),
    "takenOver": lambda day, at: day.account(at, Act.DISABLE_USER),
    "signedOut": lambda day, at: day.account(at, Act.REVOKE_SESSIONS),
    "mayBeTakenOver": lambda day, at: day.account(at, Act.DISABLE_USER, verdict="suspicious"),
    "password": lambda day, at: day.account(at, Act.RESET_PASSWORD),
    "stealer": lambda day, at: day.on_device(at, "fileEvidence", "stealer.exe"),
    "tool": lambda day, at: day.on_device(at, "fileEvidence", day.one_of(("psexec.exe", "anydesk.exe"))),
    "signed": lambda day, at: day.on_device(at, "fileEvidence", "rollout.exe", signer=TRUSTED_SIGNER),
    "process": lambda day, at: day.on_device(at, "processEvidence", "update.exe"),
    "registry": lambda day, at: day.on_device(at, "registryKeyEvidence", "update.exe"),
    "block": lambda day, at: day.to_block(at),
}
"""Each kind of incident by its name."""

SHARES: Mapping[str, int] = {
    "url": 300, "urlLarge": 14, "urlOfPartner": 18, "urlInPartnersName": 16, "urlOfSurvey": 5,
    "file": 150, "fileLarge": 8, "alike": 110, "alikeLarge": 10, "alikeSuspicious": 40,
    "newsletter": 6, "training": 70, "colleagues": 10, "executives": 12,
    "message": 150, "messageMalware": 40, "messageSuspicious": 50, "messageOfSurvey": 4,
    "forwarding": 30, "forwardingByRule": 15, "delegation": 10,
    "takenOver": 18, "signedOut": 10, "mayBeTakenOver": 16, "password": 8,
    "stealer": 36, "tool": 8, "signed": 6, "process": 14, "registry": 8, "block": 10,
}  # fmt: skip
"""How often each arrives, of the sum of all."""


def drawn(seed: int, count: int) -> list[str]:
    """Draw what arrives, by its share; of each kind one comes first, so that even a short time has everything."""
    draw = lots(seed, "kinds")
    names, weights = list(SHARES), list(SHARES.values())
    found = [*names[:count], *draw.choices(names, weights, k=max(0, count - len(names)))]
    draw.shuffle(found)
    return found
