"""Makes incidents out of mail, people and evidence, every id and choice drawn from the seed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from agent.simulator import shapes
from agent.simulator.lots import guid, lots
from agent.simulator.mail import DELETED, INBOX, JUNK, QUARANTINE, Click, Copy, Letter
from agent.simulator.names import DOMAIN
from agent.simulator.nouns import Act, Bundle
from agent.simulator.shapes import Json

_FIRST = (
    *("anna", "ben", "carla", "david", "elena", "felix", "greta", "hugo", "ines", "jonas"),
    *("karin", "luca", "maria", "nils", "olga", "paul", "quinn", "rosa", "simon", "tara"),
    *("uma", "victor", "wanda", "xaver", "yara", "zeno", "aisha", "bruno", "chiara", "dario"),
    *("emma", "farid", "gina", "hana", "ivan", "julia", "kofi", "lena", "mira", "noah"),
)
_LAST = (
    *("abbas", "berg", "costa", "diaz", "ebert", "falk", "garcia", "haas", "ito", "jansen"),
    *("kaur", "lang", "moreau", "nagy", "okafor", "peters", "quist", "rossi", "sato", "tanaka"),
    *("ude", "vogel", "weber", "xu", "yilmaz", "zhou", "adler", "brandt", "chen", "dubois"),
    *("evans", "fischer", "gruber", "horvat", "ivanov", "jung", "klein", "lopez", "meyer", "novak"),
)
_EVERYONE = len(_FIRST) * len(_LAST)

URL_REMOVED = "Email messages containing malicious URL removed after delivery"
FILE_REMOVED = "Email messages containing malicious file removed after delivery"
CAMPAIGN_REMOVED = "Email messages from a campaign removed after delivery"
NOT_REMOVED = "Messages containing malicious entity not removed after delivery"
REPORTED = "Email reported by user as malware or phish"
CLICKED = "A potentially malicious URL click was detected"


def person(number: int) -> str:
    """Return the address of one of the tenant's people; the first 1,600 have plain names."""
    first, last = number % len(_FIRST), (number // len(_FIRST)) % len(_LAST)
    again = number // _EVERYONE
    return f"{_FIRST[first]}.{_LAST[last]}{again + 1 if again else ''}@{DOMAIN}"


class Maker:
    """Draws what a tenant is made of, at one moment."""

    def __init__(self, seed: int, now: datetime, *, first_incident: int = 1000) -> None:
        self.now = now
        self.lots = lots(seed, "tenant")
        self._clicks = lots(seed, "clicks")
        self._incident = first_incident
        self._person = self.lots.randrange(_EVERYONE)

    def ago(self, **span: float) -> datetime:
        """Return a moment before now, an uneven part of a second earlier."""
        return self.now - timedelta(**span) - timedelta(microseconds=self.lots.randrange(1, 1_000_000))

    def incident_id(self) -> str:
        """Return the next incident's number."""
        self._incident += 1
        return str(self._incident)

    def alert_id(self, prefix: str = "fa") -> str:
        """Return an alert's id: Office's begin with `fa`, Endpoint's with `da`."""
        return prefix + guid(self.lots)

    def somebody(self) -> str:
        """Return a person who was not named lately."""
        self._person += 1
        return person(self._person)

    def sender(self, domain: str) -> tuple[str, str]:
        """Return the address of a sender, and the network address it came from."""
        name = self.lots.choice(("billing", "accounts", "hr", "it-support", "delivery", "noreply", "office"))
        return f"{name}@{domain}", f"203.0.113.{self.lots.randrange(1, 255)}"

    def letter(self, domain: str, subject: str, **more: object) -> Letter:
        """Return a mailing from a domain; `more` replaces any of its properties."""
        address, ip = self.sender(domain)
        letter = Letter(
            address, f"bounce@{domain}", subject, sender_name=subject.partition(" ")[0], sender_ip=ip
        )
        return replace(letter, **more)  # type: ignore[arg-type]

    def copies(
        self,
        letter: Letter,
        count: int,
        received: datetime,
        *,
        to: Sequence[str] = (),
        location: str | None = None,
    ) -> tuple[Copy, ...]:
        """Return `count` messages, one in ten of them to two people; `to` are the first ones' recipients.

        Without a location most lie in the inbox, some in junk, deleted items and quarantine.
        """
        copies: list[Copy] = []
        for number in range(count):
            message = guid(self.lots)
            moment = received + timedelta(seconds=number % 3600)
            recipients = [to[number]] if number < len(to) else [self.somebody()]
            if number % 10 == 9:
                recipients.append(self.somebody())
            for recipient in recipients:
                place = location or self._place(number)
                copies.append(Copy(letter, message, recipient, moment, _delivered(place), place))
        return tuple(copies)

    def clicks(self, copies: Sequence[Copy]) -> tuple[Click, ...]:
        """Return the clicks of one in eight people who have a message in their inbox.

        They are blocked, allowed, or go on past a warning, in turn; one in three clicks by an account that bears
        another name than the address.
        """
        clicks: list[Click] = []
        clickers = [copy for copy in copies if copy.original == INBOX][4::8]
        for number, copy in enumerate(clickers):
            name, _, domain = copy.recipient.partition("@")
            account = f"{name[0]}.{name.partition('.')[2]}@{domain}" if number % 3 == 2 else copy.recipient
            at, report_id = copy.received + timedelta(minutes=5), guid(self._clicks)
            action = "ClickAllowed" if number % 3 == 1 else "ClickBlocked"
            clicks.append(Click(copy.network_message_id, account, at, action, report_id))
            if number % 3 == 2:
                later = at + timedelta(seconds=9)
                clicks.append(
                    Click(copy.network_message_id, account, later, action, report_id, is_through=True)
                )
        return tuple(clicks)

    def _place(self, number: int) -> str:
        return {4: JUNK, 7: DELETED, 11: QUARANTINE}.get(number % 13, INBOX)

    def bundle(
        self,
        name: str,
        title: str,
        evidence: Sequence[Json],
        created: datetime,
        *,
        copies: Sequence[Copy] = (),
        clicks: Sequence[Click] = (),
        severity: str = "informational",
        state: str = shapes.PENDING,
        status: str = "active",
        prefix: str = "fa",
        proposes: Act | None = None,
        **alert: object,
    ) -> Bundle:
        """Return an incident with one alert that shows this evidence."""
        incident_id = self.incident_id()
        one = shapes.alert(
            self.alert_id(prefix),
            incident_id,
            title=title,
            created=created,
            evidence=evidence,
            severity=severity,
            state=state,
            **alert,  # type: ignore[arg-type]
        )
        head = shapes.incident(incident_id, name=name, created=created, severity=severity, status=status)
        return Bundle(head, (one,), tuple(copies), tuple(clicks), proposes)

    def by_url(self, created: datetime, copies: Sequence[Copy], url: str, **more: str) -> Json:
        """Return a cluster of messages with one URL. How real ones spell `clusterBy` is UNCONFIRMED."""
        query = f'( (( (Urls:"{url}") )) AND ( (AntispamDirection:1) ) )'
        return shapes.cluster(created, copies, by="Urls", value=url, query=query, **more)

    def by_file(self, created: datetime, copies: Sequence[Copy], sha256: str, **more: str) -> Json:
        """Return a cluster of messages with one attachment. How real ones spell `clusterBy` is UNCONFIRMED."""
        query = f'( (( (FileHash:"{sha256}") )) AND ( (AntispamDirection:1) ) )'
        return shapes.cluster(created, copies, by="FileHash", value=sha256, query=query, **more)

    def by_likeness(self, created: datetime, copies: Sequence[Copy], variant: int = 0, **more: str) -> Json:
        """Return a cluster of messages that look alike, in one of the four spellings that were seen."""
        letter = copies[0].letter
        domain = letter.sender.partition("@")[2]
        subject = letter.subject.replace('"', "'")
        print_of_body = f"{self.lots.getrandbits(32)}"
        first = f'Subject:"{subject}"' if variant < 2 else f'BodyFingerprintBin1:"{print_of_body}"'
        second = f'P2SenderDomain:"{domain}"' if variant % 2 == 0 else f'SenderIp:"{letter.sender_ip}"'
        names = ";".join([first.partition(":")[0], second.partition(":")[0], "ContentType"])
        query = f"( (( ({first}) ) AND ( ({second}) )) AND ( (ContentType:1) AND (AntispamDirection:1) ) )"
        return shapes.cluster(created, copies, by=names, value=f"{subject};{domain};1", query=query, **more)

    def sha256(self) -> str:
        """Return a file's fingerprint."""
        return f"{self.lots.getrandbits(256):064x}"


def _delivered(place: str) -> str:
    """Return where mail that lies there now was delivered first."""
    return INBOX if place in {DELETED, QUARANTINE} else place
