"""The facts that policies may test: the one typed table.

Type checks, error messages and the documentation all derive from it, and `gather` fills exactly these.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from agent.judge import additions, known, words
from agent.judge.additions import Addition
from agent.judge.known import Known
from agent.model.facts import FactType
from agent.model.pending import MAIL_KINDS, USER_KINDS, ActionKind

T = FactType

WORDS = words.WORDS
"""The known words of facts of type `word`, by the fact's name."""


class Scope(StrEnum):
    """What a fact is about."""

    ACTION = "action"
    """The pending action as a whole."""
    MESSAGE = "message"
    """One message; only inside `messages:`."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One row: a fact, the kinds of pending action that have it, and where it comes from.

    A fact with `over_messages` is worked out from all messages, so that it is a lower bound, or unknown,
    while some of them are unresolved. `source` is Graph's property or says how the fact is made;
    `unknown_when` says when it is missing although Defender answered. `since` is the number of the
    fact table in which it came in (`model.facts.VOCABULARY`).
    """

    name: str
    type: FactType
    kinds: frozenset[ActionKind]
    scope: Scope = Scope.ACTION
    over_messages: bool = False
    source: str
    unknown_when: str = "Graph does not give it"
    since: int = 1
    known: Known = Known.USUALLY
    """How often it is known; why it is not stands in `unknown_when`."""
    unit: str = ""
    """What a number counts."""
    is_count: bool = False
    """Whether it is a whole number that is never negative."""
    is_size: bool = False
    """Whether a ceiling on it is a ceiling on how much mail one approval deletes."""
    carriers: frozenset[str] | None = None
    """The types of evidence that it comes with; None where any may have it."""


EVERY = frozenset(ActionKind)
CLUSTER = frozenset({ActionKind.SOFT_DELETE_CLUSTER})
MESSAGE = frozenset({ActionKind.SOFT_DELETE_MESSAGE})
UNKNOWN = frozenset({ActionKind.UNKNOWN})
USER = USER_KINDS | UNKNOWN
MAILBOX = frozenset({ActionKind.DISABLE_FORWARDING, ActionKind.REMOVE_DELEGATION, ActionKind.UNKNOWN})
FILE = frozenset({ActionKind.QUARANTINE_FILE, ActionKind.UNKNOWN})
REGISTRY = frozenset({ActionKind.REMOVE_REGISTRY_KEY})
URL = frozenset({ActionKind.BLOCK_URL})

NEVER = "never"
"""When facts are missing that the agent makes itself, of every pending action."""

NOT_A_WORD = "Graph does not give it, or gives a word this version does not know"
NOT_ALL = "no message was looked up, or the place or sender of one is not known"

Row = tuple[str, FactType, str]


def _facts(
    kinds: frozenset[ActionKind], rows: Iterable[Row], *, prefix: str = "", since: int = 1
) -> list[Fact]:
    return [
        Fact(
            name=prefix + name,
            type=kind,
            kinds=kinds,
            source=source,
            unknown_when=NOT_A_WORD if kind in (T.WORD, T.WORDS) else "Graph does not give it",
            since=since,
        )
        for name, kind, source in rows
    ]


_OF_EVERY: tuple[Row, ...] = (
    ("tenant.id", T.TEXT, "the tenant the agent runs for"),
    ("action.kind", T.WORD, "what would be done, from the type of evidence or a row of AIR's own"),
    ("action.firstSeen", T.MOMENT, "when it was first seen or created, whichever is earlier"),
    ("action.deadline", T.MOMENT, "seven days after `action.firstSeen`"),
    ("action.alertCount", T.NUMBER, "alerts that show the pending action"),
    ("evidence.type", T.WORD, "type of evidence, such as `mailClusterEvidence`"),
    ("evidence.verdict", T.WORD, "evidence: `verdict`"),
    ("evidence.remediationStatus", T.WORD, "evidence: `remediationStatus`"),
    ("evidence.createdDateTime", T.MOMENT, "evidence: `createdDateTime`"),
    ("evidence.roles", T.WORDS, "evidence: `roles`"),
    ("evidence.tags", T.TEXTS, "evidence: `tags`"),
    ("alert.title", T.TEXT, "first alert that shows it: `title`"),
    ("alert.titles", T.TEXTS, "all alerts that show it: `title`"),
    ("alert.severity", T.WORD, "alert: `severity`"),
    ("alert.status", T.WORD, "alert: `status`"),
    ("alert.category", T.WORD, "alert: `category`"),
    ("alert.serviceSource", T.WORD, "alert: `serviceSource`"),
    ("alert.detectionSource", T.WORD, "alert: `detectionSource`"),
    ("alert.classification", T.WORD, "alert: `classification`"),
    ("alert.determination", T.WORD, "alert: `determination`"),
    ("alert.assignedTo", T.TEXT, "alert: `assignedTo`"),
    ("alert.createdDateTime", T.MOMENT, "alert: `createdDateTime`"),
    ("alert.policyId", T.TEXT, "alert: `alertPolicyId`"),
    ("investigation.state", T.WORD, "alert: `investigationState`"),
    ("incident.id", T.TEXT, "parent incident: `id`"),
    ("incident.displayName", T.TEXT, "incident: `displayName`"),
    ("incident.severity", T.WORD, "incident: `severity`"),
    ("incident.status", T.WORD, "incident: `status`"),
    ("incident.classification", T.WORD, "incident: `classification`"),
    ("incident.determination", T.WORD, "incident: `determination`"),
    ("incident.assignedTo", T.TEXT, "incident: `assignedTo`"),
    ("incident.tags", T.TEXTS, "incident: `customTags`"),
    ("incident.systemTags", T.TEXTS, "incident: `systemTags`"),
    ("incident.alertCount", T.NUMBER, "alerts in the incident"),
)

_OF_KIND: tuple[Row, ...] = (
    (
        "action.kindSource",
        T.WORD,
        "from where `action.kind` is known: `evidence`, AIR's own rows in `hunting`, or `nowhere`",
    ),
)

_OF_CLUSTER: tuple[Row, ...] = (
    ("by", T.WORD, "what the cluster is built on, from `clusterBy` and `query`"),
    ("clusterBy", T.TEXT, "evidence: `clusterBy`, as Defender wrote it"),
    ("value", T.TEXT, "evidence: `clusterByValue`"),
    ("query", T.TEXT, "evidence: `query`"),
    ("emailCount", T.NUMBER, "evidence: `emailCount`: messages when it was investigated"),
    (
        "volumeAnomaly",
        T.YESNO,
        "AIR's own row of the cluster: `IsVolumeAnomaly`; Graph's evidence does not have it",
    ),
)

_OF_MESSAGE: tuple[Row, ...] = (
    ("subject", T.TEXT, "evidence: `subject`"),
    ("recipient", T.ADDRESS, "evidence: `recipientEmailAddress`"),
    ("sender", T.ADDRESS, "evidence: `p2Sender`: the address people see"),
    ("senderDomain", T.DOMAIN, "domain of `message.sender`"),
    ("senderIp", T.IP, "evidence: `senderIp`"),
    ("location", T.WORD, "evidence: `deliveryLocation`, when it was investigated"),
    ("deliveryAction", T.WORD, "evidence: `deliveryAction`"),
    ("direction", T.WORD, "evidence: `antiSpamDirection`"),
    ("threats", T.WORDS, "evidence: `threats`"),
    ("detectionMethods", T.TEXTS, "evidence: `threatDetectionMethods`"),
    ("urls", T.TEXTS, "evidence: `urls`"),
    ("attachmentsCount", T.NUMBER, "evidence: `attachmentsCount`"),
    ("receivedDateTime", T.MOMENT, "evidence: `receivedDateTime`"),
)

_OF_MAILBOX: tuple[Row, ...] = (
    ("address", T.ADDRESS, "evidence: `mailboxPrimaryAddress`"),
    ("upn", T.ADDRESS, "evidence: `upn`"),
    ("configurationType", T.WORD, "evidence: `configurationType`"),
    ("configurationId", T.TEXT, "evidence: `configurationId`"),
    ("name", T.TEXT, "evidence: `displayName`"),
)

_OF_USER: tuple[Row, ...] = (
    ("user.principalName", T.ADDRESS, "evidence: `userPrincipalName`"),
    ("user.accountName", T.TEXT, "evidence: `accountName`"),
    ("user.domainName", T.TEXT, "evidence: `domainName`, the Windows domain"),
    ("user.azureAdUserId", T.TEXT, "evidence: `azureAdUserId`"),
    ("user.sid", T.TEXT, "evidence: `userSid`"),
)

_OF_UNKNOWN: tuple[Row, ...] = (
    ("device.name", T.TEXT, "evidence: `deviceDnsName`, else `hostName`"),
    ("device.osPlatform", T.WORD, "evidence: `osPlatform`"),
    ("device.riskScore", T.WORD, "evidence: `riskScore`"),
    ("device.healthStatus", T.WORD, "evidence: `healthStatus`"),
    ("device.group", T.TEXT, "evidence: `rbacGroupName`"),
    ("process.commandLine", T.TEXT, "evidence: `processCommandLine`"),
    ("process.fileName", T.TEXT, "evidence: `imageFile.fileName`"),
)

_OF_DEVICE: tuple[Row, ...] = (
    ("hostName", T.TEXT, "evidence: `hostName`, else the first part of `deviceDnsName`"),
    ("azureAdDeviceId", T.TEXT, "evidence: `azureAdDeviceId`, by which Entra knows the device"),
)
"""By these the members of a group of devices are known."""

_OF_FILE: tuple[Row, ...] = (
    ("file.name", T.TEXT, "evidence: `fileDetails.fileName`"),
    ("file.path", T.TEXT, "evidence: `fileDetails.filePath`"),
    ("file.sha256", T.TEXT, "evidence: `fileDetails.sha256`"),
    ("file.size", T.NUMBER, "evidence: `fileDetails.fileSize`, in bytes"),
    ("file.publisher", T.TEXT, "evidence: `fileDetails.filePublisher`"),
    ("file.signer", T.TEXT, "evidence: `fileDetails.signer`"),
    ("file.detectionStatus", T.WORD, "evidence: `detectionStatus`"),
    ("device.id", T.TEXT, "evidence: `mdeDeviceId`"),
)

_OVER_MESSAGES: tuple[tuple[str, FactType, str, frozenset[ActionKind]], ...] = (
    ("recipients", T.ADDRESSES, "recipients of all messages", MAIL_KINDS),
    ("recipients.domains", T.DOMAINS, "domains of `recipients`", MAIL_KINDS),
    ("recipients.count", T.NUMBER, "how many different recipients", MAIL_KINDS),
    ("senders", T.ADDRESSES, "addresses people see as senders", MAIL_KINDS),
    ("senders.domains", T.DOMAINS, "domains of `senders`", MAIL_KINDS),
    ("threats", T.WORDS, "threats found in any message", MAIL_KINDS),
    ("locations", T.WORDS, "where the messages are now", MAIL_KINDS),
    ("directions", T.WORDS, "directions of the messages", MAIL_KINDS),
    ("subjects", T.TEXTS, "subjects of the messages", MAIL_KINDS),
    ("cluster.mailboxCount", T.NUMBER, "copies still in a mailbox now", CLUSTER),
    ("cluster.copyCount", T.NUMBER, "copies, wherever they are now", CLUSTER),
)

_OF_ONE_MESSAGE: tuple[Row, ...] = (
    ("recipient", T.ADDRESS, "`RecipientEmailAddress`"),
    ("recipient.domain", T.DOMAIN, "domain of `recipient`"),
    ("sender.address", T.ADDRESS, "`SenderFromAddress`: the address people see"),
    ("sender.domain", T.DOMAIN, "domain of `sender.address`"),
    ("sender.mailFrom", T.ADDRESS, "`SenderMailFromAddress`: the envelope's address"),
    ("sender.mailFromDomain", T.DOMAIN, "domain of `sender.mailFrom`"),
    ("sender.ip", T.IP, "`SenderIPv4` or `SenderIPv6`"),
    ("subject", T.TEXT, "`Subject`"),
    ("direction", T.WORD, "`EmailDirection`"),
    ("location", T.WORD, "where it is now, as Graph spells `deliveryLocation`"),
    ("originalLocation", T.WORD, "where it was delivered, as Graph spells `deliveryLocation`"),
    ("inMailbox", T.YESNO, "whether `location` is a folder that can be deleted from"),
    ("threats", T.WORDS, "`ThreatTypes`"),
    ("detectionMethods", T.TEXTS, "`DetectionMethods`"),
    ("auth.spf", T.WORD, "`AuthenticationDetails`: SPF"),
    ("auth.dkim", T.WORD, "`AuthenticationDetails`: DKIM"),
    ("auth.dmarc", T.WORD, "`AuthenticationDetails`: DMARC"),
    ("auth.composite", T.WORD, "`AuthenticationDetails`: composite authentication"),
    ("received", T.MOMENT, "`Timestamp`"),
)


def _added(
    kinds: frozenset[ActionKind],
    rows: Iterable[Addition],
    *,
    since: int,
    scope: Scope = Scope.ACTION,
    over_messages: bool = False,
) -> list[Fact]:
    return [
        Fact(
            name=name,
            type=kind,
            kinds=kinds,
            scope=scope,
            over_messages=over_messages,
            source=source,
            unknown_when=unknown_when,
            since=since,
        )
        for name, kind, source, unknown_when in rows
    ]


def _named(facts: Iterable[Fact]) -> Mapping[str, Fact]:
    return {fact.name: _completed(fact) if fact.scope is Scope.ACTION else fact for fact in facts}


def _completed(fact: Fact) -> Fact:
    """Return the row with what `known` says of the fact."""
    name = fact.name
    why = NEVER if name in known.ALWAYS else known.SELDOM.get(name)
    return replace(
        fact,
        known=known.known(name),
        unknown_when=why or fact.unknown_when,
        unit=known.COUNTS.get(name, ""),
        is_count=name in known.COUNTS,
        is_size=name in known.SIZES,
        carriers=known.carriers(name),
    )


FACTS: Mapping[str, Fact] = _named(
    [
        *_facts(EVERY, _OF_EVERY),
        *_added(EVERY, additions.TO_EVERY, since=additions.SINCE),
        *_facts(EVERY, _OF_KIND, since=3),
        *(
            Fact(name=name, type=kind, kinds=kinds, over_messages=True, source=source, unknown_when=NOT_ALL)
            for name, kind, source, kinds in _OVER_MESSAGES
        ),
        *_added(CLUSTER, additions.OVER_CLUSTERS, since=additions.SINCE, over_messages=True),
        *_added(MAIL_KINDS, additions.OVER_MESSAGES, since=additions.SINCE, over_messages=True),
        *_added(CLUSTER, additions.TO_CLUSTERS, since=additions.SINCE),
        *_facts(CLUSTER, _OF_CLUSTER, prefix="cluster."),
        *_facts(MESSAGE, _OF_MESSAGE, prefix="message."),
        *_facts(MAILBOX, _OF_MAILBOX, prefix="mailbox."),
        *_facts(USER, _OF_USER),
        *_facts(UNKNOWN, _OF_UNKNOWN),
        *_facts(UNKNOWN, _OF_DEVICE, prefix="device.", since=2),
        *_facts(FILE, _OF_FILE),
        *_facts(
            REGISTRY,
            (("hive", T.TEXT, "evidence: `registryHive`"), ("key", T.TEXT, "evidence: `registryKey`")),
            prefix="registry.",
        ),
        *_facts(
            URL,
            (("value", T.TEXT, "evidence: `url`"), ("host", T.DOMAIN, "host of `url.value`")),
            prefix="url.",
        ),
    ]
)
"""Facts of a pending action as a whole."""

MESSAGE_FACTS: Mapping[str, Fact] = _named(
    [
        *(
            Fact(
                name=fact.name,
                type=fact.type,
                kinds=fact.kinds,
                scope=Scope.MESSAGE,
                source=fact.source,
                unknown_when="it is not given for this message",
            )
            for fact in _facts(MAIL_KINDS, _OF_ONE_MESSAGE)
        ),
        *_added(MAIL_KINDS, additions.TO_ONE_MESSAGE, since=additions.SINCE, scope=Scope.MESSAGE),
    ]
)
"""Facts of one message, inside `messages:`. `threats` is here that message's own."""

SETS = frozenset({T.TEXTS, T.WORDS, T.ADDRESSES, T.DOMAINS})
"""Types whose values are sets."""

MEMBER: Mapping[FactType, FactType] = {
    T.TEXTS: T.TEXT,
    T.WORDS: T.WORD,
    T.ADDRESSES: T.ADDRESS,
    T.DOMAINS: T.DOMAIN,
}
"""What the members of a set are."""

_OF_LIST = re.compile(r"list\.([A-Za-z0-9_-]+)\.refreshed")


def refreshed(name: str) -> str:
    """Return the name of the fact that says when the list of this name was last fetched."""
    return f"list.{name}.refreshed"


def list_of(fact: str) -> str | None:
    """Return the name of the list that the fact is about; None where it is about none."""
    found = _OF_LIST.fullmatch(fact)
    return None if found is None else found[1]


def fact_named(name: str, scope: Scope = Scope.ACTION) -> Fact | None:
    """Return the row of the fact: one of the table, or what is known of a list; None where there is none."""
    row = (FACTS if scope is Scope.ACTION else MESSAGE_FACTS).get(name)
    if row is not None or scope is not Scope.ACTION:
        return row
    about = list_of(name)
    if about is None:
        return None
    return Fact(
        name=name,
        type=FactType.MOMENT,
        kinds=EVERY,
        source=f"when the members of the list `{about}` were last fetched from its group",
        unknown_when="they were never fetched",
        since=2,
    )
