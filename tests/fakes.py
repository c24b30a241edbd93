"""Fakes that work: a Defender in memory, and an enactor that changes it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from agent.model.air import AirAction, AirRows
from agent.model.audit import Head, Link
from agent.model.channel import Channel
from agent.model.decision import Classification
from agent.model.defender import Alert, Comment, Incident, Mail, MailMessage
from agent.model.enactment import MAIL_EFFECTS, Effect, EffectKind, Outcome, Pair, Went
from agent.model.errors import Malformed, PolicyError, Refused, Unavailable
from agent.model.escalation import Heard, Notice, Posted, Receipt
from agent.model.hold import OF_FILE, Hold
from agent.model.page import Page
from agent.model.targets import Account, Asked, Device, Found, OfAccount, OfDevice, OfRules, Quarantine, Rules
from agent.model.telemetry import Counted, Reading, Timed
from agent.model.trace import Phase, Span
from agent.ports.defender import Departing
from agent.ports.host import Clock


class FakeDefender:
    """Holds incidents and mail; `down` makes it unavailable, `is_whole` partial."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.incidents: dict[str, Incident] = {}
        self.copies: dict[Pair, MailMessage] = {}
        self.down = False
        self.is_whole = True
        self.unreadable: tuple[str, ...] = ()
        self.can_hunt = True
        self.resolves = 1_000_000
        self.rows: list[AirAction] = []
        self.no_rows = ""
        self.asked: Counter[str] = Counter()
        self.mail_is_away = False
        self.away_until: datetime | None = None
        self.page_size = 50
        self.page_takes = timedelta(0)
        """How long each page but the first takes to come."""

    def show(self, *incidents: Incident) -> None:
        """Make these incidents what Graph has now."""
        self.incidents.update({incident.id: incident for incident in incidents})

    def deliver(self, *copies: MailMessage) -> None:
        """Put copies where they say they are."""
        self.copies.update({copy.pair: copy for copy in copies})

    async def incidents_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[Page]:
        self._ask("incidents")
        found = [
            incident
            for incident in self.incidents.values()
            if incident.last_update_date_time is not None
            and since <= incident.last_update_date_time
            and (until is None or incident.last_update_date_time < until)
        ]
        for first in range(0, max(len(found), 1), self.page_size):
            if first:
                await self.clock.sleep_until(self.clock.now() + self.page_takes)
            some = tuple(found[first : first + self.page_size])
            yield Page(incidents=some, is_whole=self.is_whole, unreadable=self.unreadable)

    async def alerts_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[Page]:
        self._ask("alerts")
        alerts = (alert for incident in self.incidents.values() for alert in incident.alerts)
        yield Page(alerts=tuple(alerts), is_whole=self.is_whole)

    async def incident(self, incident_id: str) -> Incident | None:
        self._ask("incident")
        return self.incidents.get(incident_id)

    def write_down(self, *rows: AirAction) -> None:
        """Make these what AIR wrote down, as hunting shows it."""
        self.rows.extend(rows)

    async def air_actions(self, since: datetime) -> AirRows:
        self._ask("rows")
        if self.no_rows:
            return AirRows(why=self.no_rows)
        found = sorted((row for row in self.rows if row.at >= since), key=lambda row: row.at)
        return AirRows(actions=tuple(found))

    async def mail(self, network_message_ids: Sequence[str]) -> Mail:
        self._ask("mail")
        if self.mail_is_away:
            raise Unavailable("graph: hunting is away", until=self.away_until)
        wanted = {message.lower() for message in network_message_ids}
        copies = tuple(copy for pair, copy in self.copies.items() if pair[0] in wanted)
        missing = frozenset(wanted - {copy.network_message_id.lower() for copy in copies})
        return Mail(messages=copies, unresolved=missing, why="no row in EmailEvents" if missing else "")

    def _ask(self, what: str) -> None:
        if self.down:
            raise Unavailable("graph: connection refused")
        self.asked[what] += 1


class FakeEnactor:
    """Applies what it is asked, unless told how a call goes: `next_outcomes` is taken from the front.

    An entry may be an Outcome, an Unavailable to raise, or `"lost"`: applied, but nobody hears of it.
    """

    def __init__(self, defender: FakeDefender, targets: "FakeTargets | None" = None) -> None:
        self.defender = defender
        self.targets = targets or FakeTargets(defender.clock)
        self.applied: Counter[tuple[EffectKind, Pair]] = Counter()
        self.lacks: dict[EffectKind, str] = {}
        self.alerts_refuse = ""
        self.alert_comments: list[tuple[str, str]] = []
        self.classified: dict[str, Classification] = {}
        self.removed: Counter[Pair] = Counter()
        self.comments: list[tuple[str, str]] = []
        self.tags: dict[str, tuple[str, ...]] = {}
        self.next_outcomes: list[Outcome | Unavailable | str] = []
        self.unreachable: list[Unavailable] = []
        """Raised before anything leaves, one at each call."""
        self.removes_mail = True

    def missing(self, kind: EffectKind) -> str:
        return self.lacks.get(kind, "")

    async def enact(self, effect: Effect, *, name: str, departing: Departing) -> Outcome:
        if self.unreachable:
            raise self.unreachable.pop(0)
        told = self.next_outcomes.pop(0) if self.next_outcomes else Outcome(went=Went.DONE, bulk_id="b")
        await departing()
        if isinstance(told, Unavailable):
            raise told
        if told == "lost" or (isinstance(told, Outcome) and told.went is Went.DONE):
            self._apply(effect)
        return told if isinstance(told, Outcome) else Outcome(went=Went.UNKNOWN, detail="504")

    async def comment(self, incident_id: str, text: str, *, departing: Departing) -> Outcome:
        await departing()
        self.comments.append((incident_id, text))
        incident = self.defender.incidents[incident_id]
        self.defender.show(
            msgspec.structs.replace(incident, comments=(*incident.comments, Comment(comment=text)))
        )
        return Outcome(went=Went.DONE)

    async def tag(self, incident_id: str, tags: Sequence[str], *, departing: Departing) -> Outcome:
        await departing()
        self.tags[incident_id] = tuple(tags)
        incident = self.defender.incidents[incident_id]
        self.defender.show(msgspec.structs.replace(incident, custom_tags=tuple(tags)))
        return Outcome(went=Went.DONE)

    async def comment_alert(self, alert_id: str, text: str, *, departing: Departing) -> Outcome:
        await departing()
        if self.alerts_refuse:
            return Outcome(went=Went.REFUSED, detail=self.alerts_refuse)
        self.alert_comments.append((alert_id, text))
        self._change_alert(alert_id, lambda alert: {"comments": (*alert.comments, Comment(comment=text))})
        return Outcome(went=Went.DONE)

    async def classify_alert(
        self, alert_id: str, classification: Classification, *, departing: Departing
    ) -> Outcome:
        await departing()
        if self.alerts_refuse:
            return Outcome(went=Went.REFUSED, detail=self.alerts_refuse)
        self.classified[alert_id] = classification
        told = {
            "classification": classification.classification,
            "determination": classification.determination or "unknown",
        }
        self._change_alert(alert_id, lambda _: told)
        return Outcome(went=Went.DONE)

    def _change_alert(self, alert_id: str, changes: Callable[[Alert], Mapping[str, object]]) -> None:
        for incident in list(self.defender.incidents.values()):
            alerts = tuple(
                msgspec.structs.replace(one, **changes(one)) if one.id == alert_id else one
                for one in incident.alerts
            )
            self.defender.show(msgspec.structs.replace(incident, alerts=alerts))

    def _apply(self, effect: Effect) -> None:
        self.applied.update((effect.kind, target) for target in effect.targets)
        if effect.kind is EffectKind.SOFT_DELETE:
            self.removed.update(effect.targets)
        if effect.kind in MAIL_EFFECTS:
            self._move(effect)
        else:
            self.targets.apply(effect)

    def _move(self, effect: Effect) -> None:
        if not self.removes_mail:
            return
        for target in effect.targets:
            copy = self.defender.copies[target]
            place = PLACES[effect.kind]
            self.defender.copies[target] = msgspec.structs.replace(copy, location=place)


PLACES = {
    EffectKind.SOFT_DELETE: "others",
    EffectKind.MOVE_TO_INBOX: "inbox_folder",
    EffectKind.MOVE_TO_JUNK: "junkFolder",
    EffectKind.MOVE_TO_DELETED_ITEMS: "deletedFolder",
}
"""Where each effect on mail puts it."""


class FakeTargets:
    """Rules, accounts and devices in memory; what is done to them shows."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.mailboxes: dict[str, Rules] = {}
        self.accounts: dict[str, Account] = {}
        self.devices: dict[str, Device] = {}
        self.quarantines: dict[str, Quarantine] = {}
        self.error: Unavailable | Refused | Malformed | None = None

    async def find(self, asked: Asked) -> Found | None:
        if self.error is not None:
            raise self.error
        match asked:
            case OfRules(mailbox=mailbox):
                return self.mailboxes.get(mailbox)
            case OfAccount():
                names = (asked.user_id, asked.user_principal_name, asked.sid)
                return next((self.accounts[name] for name in names if name in self.accounts), None)
            case OfDevice(id=device):
                return self.devices.get(device)

    async def quarantine(self, machine_action_id: str) -> Quarantine | None:
        return self.quarantines.get(machine_action_id)

    def apply(self, effect: Effect) -> None:
        """Let what was asked for show."""
        (target,) = effect.targets
        match effect.kind:
            case EffectKind.DISABLE_RULE | EffectKind.ENABLE_RULE:
                self._switch_rule(target, on=effect.kind is EffectKind.ENABLE_RULE)
            case EffectKind.DISABLE_USER | EffectKind.ENABLE_USER:
                self._change(target[0], account_enabled=effect.kind is EffectKind.ENABLE_USER)
            case EffectKind.REVOKE_SESSIONS:
                self._change(target[0], sessions_valid_from=self.clock.now())
            case EffectKind.DISABLE_ACCOUNT | EffectKind.ENABLE_ACCOUNT:
                self._switch_account(target, on=effect.kind is EffectKind.ENABLE_ACCOUNT)
            case _:
                pass

    def _switch_rule(self, target: Pair, *, on: bool) -> None:
        for address, found in self.mailboxes.items():
            if found.user_id == target[1]:
                rules = tuple(
                    msgspec.structs.replace(rule, is_enabled=on) if rule.id == target[0] else rule
                    for rule in found.rules
                )
                self.mailboxes[address] = msgspec.structs.replace(found, rules=rules)

    def _change(self, user_id: str, **values: object) -> None:
        for name, account in self.accounts.items():
            if account.user_id == user_id:
                self.accounts[name] = msgspec.structs.replace(account, **values)

    def _switch_account(self, target: Pair, *, on: bool) -> None:
        for name, account in self.accounts.items():
            known = account.on_premises
            if known is not None and known.id == target[0]:
                changed = msgspec.structs.replace(known, is_enabled=on)
                self.accounts[name] = msgspec.structs.replace(account, on_premises=changed)


class FakeDirectory:
    """Groups in memory: who is in which. `error` is raised by whoever is asked, those of `errors` by their groups."""

    def __init__(self) -> None:
        self.groups: dict[str, tuple[str, ...]] = {}
        self.machines: dict[str, tuple[str, ...]] = {}
        self.users: int | None = None
        self.roles: dict[str, frozenset[str]] = {}
        self.disabled: set[str] = set()
        self.error: Unavailable | Refused | Malformed | None = None
        self.errors: dict[str, Unavailable] = {}
        self.asked: Counter[str] = Counter()

    async def people(self, group_id: str) -> tuple[str, ...]:
        return self._told(self.groups, group_id)

    async def devices(self, group_id: str) -> tuple[str, ...]:
        return self._told(self.machines, group_id)

    async def size(self) -> int | None:
        if self.error is not None:
            raise self.error
        return self.users

    async def holders(self, role: str) -> frozenset[str]:
        self.asked[role] += 1
        if self.error is not None:
            raise self.error
        return self.roles.get(role, frozenset()) - self.disabled

    async def enabled(self, object_ids: Sequence[str]) -> frozenset[str]:
        if self.error is not None:
            raise self.error
        return frozenset(object_ids) - self.disabled

    def _told(self, groups: Mapping[str, tuple[str, ...]], group_id: str) -> tuple[str, ...]:
        self.asked[group_id] += 1
        if self.error is not None:
            raise self.error
        if group_id in self.errors:
            raise self.errors[group_id]
        if group_id not in groups:
            raise Refused("graph: list group members: 404: not there, or not for this app to see")
        return tuple(sorted(groups[group_id]))


class FakeSwitch:
    """A file that holds for as long as `reason` says why."""

    def __init__(self, replica: str = "agent") -> None:
        self.replica = replica
        self.reason = ""
        self.asked = 0

    async def read(self, now: datetime) -> Hold | None:
        self.asked += 1
        if not self.reason:
            return None
        by = f"the file HOLD of {self.replica}"
        return Hold(name=f"{OF_FILE}{self.replica}", since=now, by=by, reason=self.reason)


class FakeTelemetry:
    """Keeps everything that is measured. Without `traces` nobody wants spans."""

    def __init__(self, *, traces: bool = True) -> None:
        self.traces = traces
        self.counted: Counter[tuple[Counted, str]] = Counter()
        """By what it is and the values of its labels, in the order of the labels' names."""
        self.timed: Counter[Timed] = Counter()
        self.readings: list[Reading | None] = []
        self.told = asyncio.Event()
        """Set once it was said twice how the tenant stands."""
        self.spans: list[Span] = []

    def count(self, what: Counted, number: int = 1, **labels: str) -> None:
        self.counted[what, " ".join(labels[name] for name in sorted(labels))] += number

    def time(self, what: Timed, seconds: float, **labels: str) -> None:
        self.timed[what] += 1

    def stand(self, reading: Reading | None) -> None:
        self.readings.append(reading)
        if len(self.readings) > 1:
            self.told.set()

    def trace(self, spans: Sequence[Span]) -> None:
        self.spans.extend(spans)

    def named(self, phase: Phase) -> list[Span]:
        """Return the spans of a phase."""
        return [span for span in self.spans if span.phase is phase]


class FakeShelf:
    """Policies in memory, of the commit `commit`. `broken` is raised where the folder cannot be read."""

    def __init__(self, **policies: str) -> None:
        self.policies = policies
        self.commit = ""
        self.by: dict[str, str] = {}
        """Who last changed each file, by its path."""
        self.broken: PolicyError | None = None

    def files(self) -> Mapping[str, bytes]:
        if self.broken is not None:
            raise self.broken
        return {f"policies/{name}.yaml": text.encode() for name, text in self.policies.items()}

    async def look(self) -> Mapping[str, bytes]:
        return self.files()

    def git(self, files: Mapping[str, bytes]) -> str:
        return self.commit

    def authors(self, files: Sequence[str]) -> frozenset[str]:
        return frozenset(self.by[path] for path in files if path in self.by)


class FakeChannels:
    """Channels in memory. What is told is kept; each may fail, be slow, or tell of acknowledgements.

    A channel in `errors` raises what stands there. One in `gates` answers once its gate is open. One in `hearing` tells
    what `acknowledge` put there.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.told: list[Notice] = []
        """Everything that a channel took, as often as it took it."""
        self.tried: list[Notice] = []
        self.began = asyncio.Event()
        """Set once anything was tried."""
        self.earlier: dict[str, tuple[str, ...]] = {}
        """By the notice that was sent, the ids of what its channel was said to have taken before."""
        self.errors: dict[str, Exception] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.hearing: set[str] = set()
        self.deaf: Exception | None = None
        """Raised by whoever is asked for acknowledgements."""
        self.polled: Counter[str] = Counter()
        self._heard: dict[str, Heard] = {}

    async def send(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:
        self.tried.append(notice)
        self.began.set()
        if channel.name in self.gates:
            await self.gates[channel.name].wait()
        if channel.name in self.errors:
            raise self.errors[channel.name]
        self.told.append(notice)
        self.earlier[notice.id] = tuple(one.notice.id for one in earlier)
        return Receipt(ref=f"ref-{len(self.told)}", words="taken")

    def hears(self, channel: Channel) -> bool:
        return channel.name in self.hearing

    async def heard(self, channel: Channel, posted: Sequence[Posted]) -> tuple[Heard, ...]:
        self.polled[channel.name] += 1
        if self.deaf is not None:
            raise self.deaf
        keys = {one.notice.key for one in posted}
        return tuple(one for key, one in self._heard.items() if key in keys)

    def acknowledge(self, key: str, by: str = "anna") -> None:
        """Let somebody acknowledge what stands under this key."""
        self._heard[key] = Heard(key=key, at=self.clock.now(), by=by)

    def take_back(self, key: str, by: str = "anna") -> None:
        """Let an acknowledgement be taken back."""
        self._heard[key] = Heard(key=key, at=self.clock.now(), by=by, is_acknowledged=False)

    def on(self, channel: str) -> list[Notice]:
        """Return what this channel took, in its order."""
        return [one for one in self.told if one.channel == channel]

    def twice(self) -> list[str]:
        """Return the ids of what was taken more than once."""
        return [name for name, count in Counter(one.id for one in self.told).items() if count > 1]


class FakeSink:
    """Keeps what is shipped and anchored; `down` and `anchors_down` make either unavailable."""

    def __init__(self) -> None:
        self.shipped: list[Link] = []
        self.anchored: list[Head] = []
        self.down = False
        self.anchors_down = False

    async def ship(self, links: Sequence[Link]) -> None:
        if self.down:
            raise Unavailable("`audit.file`: `/audit.jsonl` cannot be written: no space left on device")
        self.shipped.extend(links)

    async def anchor(self, head: Head, now: datetime) -> None:
        if self.anchors_down:
            raise Unavailable("`audit.anchor`: `/else/anchors` cannot be written: stale file handle")
        self.anchored.append(head)
