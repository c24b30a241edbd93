"""The settings: one frozen struct a subject; after each field what it is, its unit, and why its default.

The README's table is generated from these structs, so the words after a field are written for the person
who sets it. A field that bounds its value says so in its type.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta

from agent.model.chain import Escalating
from agent.model.pace import Pace
from agent.model.policy import Mode
from agent.settings.guarding import Guards
from agent.settings.health import Health
from agent.settings.portals import portal_of
from agent.settings.promoting import Promoting
from agent.settings.reporting import Reporting
from agent.settings.secret import Secret
from agent.settings.serving import Web
from agent.settings.telemetry import Telemetry

GUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"

REPLICA = r"^[0-9A-Za-z][0-9A-Za-z._-]{0,62}$"

PACE = Pace()


class Cloud(StrEnum):
    """Which Microsoft Graph is spoken to."""

    GLOBAL = "global"
    US_GOV_L4 = "usGovL4"
    US_GOV_L5 = "usGovL5"
    SIMULATOR = "simulator"


class AuthKind(StrEnum):
    """How the agent proves who it is."""

    MANAGED_IDENTITY = "managedIdentity"
    WORKLOAD_IDENTITY = "workloadIdentity"
    CERTIFICATE = "certificate"
    CLIENT_SECRET = "clientSecret"  # noqa: S105  the word for a kind of login
    AZURE_CLI = "azureCli"


class TreatAs(StrEnum):
    """Whether each policy's own mode counts."""

    AS_WRITTEN = "asWritten"
    ENFORCE = "enforce"


class LogFormat(StrEnum):
    """How a log line looks."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least severity that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Tenant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Microsoft 365 tenant that is looked after."""

    id: Annotated[str, Meta(pattern=GUID, description="a GUID such as 00000000-0000-0000-0000-000000000000")]
    """The tenant's id, a GUID. It has no default: a token of another tenant stops the start."""
    name: Annotated[str, Meta(extra={"written": "line"})] | None = None
    """What people call the tenant, such as `Contoso`: every page says it beside the id."""


class Tenants(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Many tenants, looked after by one agent."""

    directory: Path | None = None
    """A folder with one settings file a tenant, `NAME.yaml`, each on top of this file: `tenant.id` stands there and not here. A file that comes, changes or goes is a tenant that does, within seconds. Left out, there is one tenant: that of `tenant.id`."""


class Graph(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Microsoft Graph, and how much is asked of it."""

    cloud: Cloud = Cloud.GLOBAL
    """The cloud: `global`, `usGovL4`, `usGovL5` (there mail approvals are handed off: `analyzedEmails` is global only) or `simulator`. Most tenants are in the global one."""
    url: str | None = None
    """Where the simulator listens, such as `http://127.0.0.1:8080`. Only for `cloud: simulator`, and only this machine: the other clouds know their own address."""
    requests_per_minute: Annotated[int, Meta(ge=1, le=1_000_000)] = PACE.requests_per_minute
    """Most requests to `/security` in a minute. Microsoft publishes 150 for a tenant; 60 leaves room for other programs. More than 150 is for the simulator only."""
    page_size: Annotated[int, Meta(ge=1, le=50)] = 50
    """Incidents on one page. 50 is the most that Graph gives, and the fewest requests."""
    analyzed_emails_per_action: Annotated[int, Meta(ge=0, le=1000)] = 30
    """Messages of one action that are looked up one by one where hunting is not granted; an action with more is handed off. 30 is half a minute's budget."""


class Auth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who the agent is to Microsoft Entra ID."""

    kind: AuthKind = AuthKind.MANAGED_IDENTITY
    """`managedIdentity`, `workloadIdentity`, `certificate`, `clientSecret` or `azureCli` (a developer's own login: observes only). The default needs no secret at all."""
    client_id: Annotated[str, Meta(pattern=GUID, description="a GUID")] | None = None
    """The app registration's client id, a GUID; for `managedIdentity` that of a user-assigned identity. Needed for `certificate` and `clientSecret`."""
    certificate_path: Path | None = None
    """The certificate with its private key, PEM or PKCS12. Needed for `certificate`."""
    certificate_password: Annotated[
        Secret | None,
        Meta(extra={"env": "AIR_AGENT_CERTIFICATE_PASSWORD", "file": "certificate_password_file"}),
    ] = None
    """The password of the certificate's key. Never in the settings file: only from the environment, or from `auth.certificate_password_file`."""
    certificate_password_file: Path | None = None
    """A file that holds the password of the certificate's key; a line break at its end does not count."""
    client_secret: Annotated[
        Secret | None, Meta(extra={"env": "AIR_AGENT_CLIENT_SECRET", "file": "client_secret_file"})
    ] = None
    """The client secret. Never in the settings file: only from the environment, or from `auth.client_secret_file`."""
    client_secret_file: Path | None = None
    """A file that holds the client secret; a line break at its end does not count."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Defender for Endpoint: stop and quarantine of files."""

    enabled: bool = False
    """`true` to stop and quarantine files on devices through Defender for Endpoint's own API, which needs its own permissions: Machine.StopAndQuarantine and Machine.Read.All. Left out, such actions are handed to a person."""


class Policies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The policies that decide."""

    directory: Path = Path("policies")
    """The folder of policies and their lists. A set that does not load stops the start; later it leaves the last good one in force, and an alarm stands."""
    base: Path | None = None
    """A folder of policies that several tenants share. `policies.directory` then has only what this tenant adds, and a set that does more than tighten the base does not load. None by default: one tenant needs none."""
    reload_every: Annotated[timedelta, Meta(extra={"least": "1s", "most": "1h"})] = PACE.reload_every
    """How often the folder is read again, to go by what has changed in it; a SIGHUP has it read at once. A few seconds are soon enough for whoever has just saved a policy."""
    treat_as: TreatAs = TreatAs.AS_WRITTEN
    """`asWritten`, or `enforce` to let policies in `mode: observe` count as enforcing. The latter is for trying out against the simulator, and refused elsewhere."""

    @property
    def enforces_observers(self) -> bool:
        """Whether policies in `mode: observe` count as enforcing."""
        return self.treat_as is TreatAs.ENFORCE


class LedgerPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where what was seen, decided and done is kept."""

    url: str = "sqlite:///air-agent-data/ledger.db"
    """`sqlite:///PATH` or `postgresql://USER@HOST/NAME`, without a password. The default needs no server; several agents need PostgreSQL. With `tenants.directory`, `{tenant}` in SQLite's path stands for each tenant's name, and the default is `sqlite:///air-agent-data/{tenant}/ledger.db`."""
    password: Annotated[Secret | None, Meta(extra={"file": "password_file"})] = None
    """PostgreSQL's password. Never in the settings file: only from the environment, or from `ledger.password_file`."""
    password_file: Path | None = None
    """A file that holds PostgreSQL's password; a line break at its end does not count."""

    def address(self) -> Secret:
        """Return the URL with the password in it, for the database driver and nobody else."""
        if self.password is None:
            return Secret(self.url)
        scheme, _, rest = self.url.partition("://")
        user, _, host = rest.rpartition("@")
        return Secret(f"{scheme}://{user}:{quote(self.password.reveal(), safe='')}@{host}")


class Holding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The kill switch. A SIGUSR1 and `air-agent hold` throw it too."""

    file: Path | None = None
    """While this file is there, nothing is carried out by any agent on the ledger; its first line is the reason. One that cannot be read counts as there, so that its folder has to be. Left out, it is `HOLD` beside SQLite's file, and with PostgreSQL there is none."""


class Audit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The audit: who can check it, where it goes, and how long it names people."""

    key: Annotated[Secret | None, Meta(extra={"env": "AIR_AGENT_AUDIT_KEY", "file": "key_file"})] = None
    """The key of the audit's chains, 32 characters or more, the same for every replica. Never in the settings file: only from the environment, or from `audit.key_file`. Left out, one is made in `audit.key` beside a SQLite ledger, where whoever can write the ledger can use it; PostgreSQL needs one."""
    key_file: Path | None = None
    """A file that holds the audit's key; a line break at its end does not count."""
    file: Path | None = None
    """Where entries are shipped to, one JSON line each, without personal values. Left out, `audit.jsonl` beside a SQLite ledger, which a log collector can follow; PostgreSQL needs one, and each replica its own."""
    anchor: Path | None = None
    """A file on another mount, to which the end of the chain is added now and then, so that nobody can cut it off unseen. None by default: only you know another place."""
    anchor_every: Annotated[timedelta, Meta(extra={"least": "10s", "most": "1d"})] = PACE.anchor_every
    """How often that is done, to the file and to syslog. What came after the last time could be cut off unseen; one line every few minutes costs nothing."""
    syslog: str | None = None
    """Where the same lines are sent as syslog: `host`, `host:port` (UDP), or a socket such as `/dev/log`."""
    retain: Annotated[timedelta, Meta(extra={"least": "1d", "most": "36500d"})] = PACE.retain
    """How long personal values (addresses, subjects, reasons, names) are kept in the audit. The chain holds digests and verifies without them. 400 days are a year, and time to look into its last month."""


class Log(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the agent says of itself."""

    file: Path | None = None
    """The file that log lines are added to. Left out, they go to standard error, where service managers and containers collect them."""
    format: LogFormat = LogFormat.JSON
    """`json`, one object a line, or `console`, for people. Machines read most logs."""
    level: LogLevel = LogLevel.INFO
    """`debug`, `info`, `warning` or `error`: the least severity that is logged. At `info` every decision and every effect has its line."""


class Pacing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often and how much: what of the loop's pace may be set."""

    poll_every: Annotated[timedelta, Meta(extra={"least": "1s", "most": "1h"})] = PACE.poll_every
    """From the start of one pass to the start of the next, while nothing waits to be written. Defender itself shows news within minutes."""
    overlap: Annotated[timedelta, Meta(extra={"least": "1m", "most": "1d"})] = PACE.overlap
    """How far behind the newest incident seen each poll asks again: updates appear minutes late, and out of order."""
    first_look: Annotated[timedelta, Meta(extra={"least": "1h", "most": "30d"})] = PACE.first_look
    """How far back the first poll asks. A pending action lives seven days, and one that has just expired is shown."""
    sweep_every: Annotated[timedelta, Meta(extra={"least": "1m", "most": "1d"})] = PACE.sweep_every
    """How often to look for what polling cannot find, such as a change that did not move the incident's time."""
    sweep_back: Annotated[timedelta, Meta(extra={"least": "1h", "most": "30d"})] = PACE.sweep_back
    """How far back a sweep reads alerts. A pending action lives seven days; one more is for late updates."""
    fresh: Annotated[timedelta, Meta(extra={"least": "1s", "most": "1h"})] = PACE.fresh
    """How old the reading of a message's place may be when the message is acted on. Older ones are read again first."""
    visits_at_once: Annotated[int, Meta(ge=1, le=32)] = PACE.visits_at_once
    """Incidents that are written to at the same time. The request budget is what limits the work, so few are enough."""
    polling_share: Annotated[float, Meta(ge=0.01, le=1)] = PACE.polling_share
    """The part of the request budget that polling may use while work waits, up to 1. A twentieth keeps a burst moving, and news still comes in every few minutes."""
    targets_per_call: Annotated[int, Meta(ge=1, le=1000)] = PACE.targets_per_call
    """Messages in one `remediate` call. Microsoft does not publish the most that it takes, so it is kept small."""


class Escalation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Escalation: whom people's questions go to. Chains and channels are files beside the policies."""

    chain: str | None = None
    """The chain of whatever no policy names one for. Left out, the only chain there is, or the one called `default`."""
    pages_per_hour: Annotated[int, Meta(ge=1, le=1_000)] = 10
    """How often people may be paged within any hour; what is more is counted in one summary. Ten are one every six minutes, and more than that nobody reads."""
    while_observing: bool = False
    """Whether people are told, and chains climb, in `mode: observe` too; every notice then says that nothing is carried out. Off by default: nobody is woken for what would only have been. Mail through Graph is never sent then: it would be a write; give such a channel an `smtp` relay."""
    hosts: Annotated[str, Meta(extra={"written": "hosts"})] | None = None
    """Hosts inside, with commas between, such as `alerts.intranet.example`, that channels may point to although their address is private. None by default: a channel cannot be turned against what only this machine can reach."""
    secrets: Path | None = None
    """The folder out of which channels may take secrets (`{file: /PATH}`), links followed. Left out, `/run/secrets/channels`, and where systemd hands the service credentials those too (`$CREDENTIALS_DIRECTORY`); with `tenants.directory`, `/run/secrets/channels/{tenant}` alone. What the agent itself logs in with is refused wherever it lies."""
    variables: Annotated[str, Meta(extra={"written": "variables"})] | None = None
    """The variables, with commas between and `*` for any ending, such as `PAGERDUTY_*, SLACK_BOT_TOKEN`, out of which channels may take secrets (`{env: NAME}`). Left out, any but those that the agent, its clouds and proxies log in by; with `tenants.directory` none, since the environment is that of all tenants."""
    files: Path | None = None
    """The folder in which channels of `kind: file` may write, and that their paths are counted from; nothing else lies there. Left out, `notices` beside SQLite's ledger; with PostgreSQL there is none."""
    client_id: Annotated[str, Meta(pattern=GUID, description="a GUID")] | None = None
    """The app registration that people sign in to when they answer; its app roles say who may. Left out, that of `auth.client_id`."""


class Timing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Virtual time, for the simulator only."""

    rate: Annotated[float, Meta(ge=0.1, le=100_000)] = 1.0
    """How many seconds of virtual time pass in one real second. Only for `cloud: simulator`; 1 is real time."""
    epoch: datetime | None = None
    """The moment at which virtual and real time are the same, such as `2026-08-20T12:00:00Z`. Only for `cloud: simulator`, whose own `--epoch` must be the same."""
    until: datetime | None = None
    """The moment, in real time, from which on virtual time runs no faster than real time. Only for `cloud: simulator`, whose own `--until` must be the same. Left out, it stays fast."""


class Process(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is set for the whole process, whichever tenants it looks after: no tenant's own file may set it."""

    tenants: Tenants = Tenants()
    replica: str | None = None
    ledger: LedgerPlace = LedgerPlace()
    log: Log = Log()
    health: Health = Health()
    telemetry: Telemetry = Telemetry()
    clock: Timing = Timing()


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set, read once at the start."""

    tenant: Tenant
    tenants: Tenants = Tenants()
    mode: Mode = Mode.OBSERVE
    """`observe` decides and records and writes nothing to Graph; `enforce` also enacts. Observing comes first, so that nothing happens before somebody has read what would."""
    replica: Annotated[
        str | None,
        Meta(
            pattern=REPLICA,
            description="1 to 63 letters, digits, dots, dashes and underscores, a letter or digit first",
        ),
    ] = None
    """What this agent is called in the ledger, the same after a restart and unlike that of every other agent on it. Left out, it is the machine's host name."""
    graph: Graph = Graph()
    auth: Auth = Auth()
    endpoint: Endpoint = Endpoint()
    policies: Policies = Policies()
    promote: Promoting = Promoting()
    ledger: LedgerPlace = LedgerPlace()
    hold: Holding = Holding()
    audit: Audit = Audit()
    log: Log = Log()
    pace: Pacing = Pacing()
    guards: Guards = Guards()
    escalation: Escalation = Escalation()
    web: Web = Web()
    health: Health = Health()
    report: Reporting = Reporting()
    telemetry: Telemetry = Telemetry()
    clock: Timing = Timing()

    def process(self) -> Process:
        """Return what of this is set for the whole process."""
        return Process(**{name: getattr(self, name) for name in Process.__struct_fields__})

    def hold_file(self) -> Path | None:
        """Return the file that throws the kill switch; None where there is none."""
        return self.hold.file or self._beside_ledger("HOLD")

    def notices(self) -> Path | None:
        """Return the folder in which channels may write files; None where there is none."""
        return self.escalation.files or self._beside_ledger("notices")

    def _beside_ledger(self, name: str) -> Path | None:
        scheme, _, place = self.ledger.url.partition("sqlite:///")
        return None if scheme or not place else Path(place.replace("%25", "%")).with_name(name)

    def escalating(self) -> Escalating:
        """Return how escalation goes, as the loop is told."""
        return Escalating(
            chain=self.escalation.chain,
            pages_per_hour=self.escalation.pages_per_hour,
            portal=portal_of(self.graph.cloud),
            pages=self.web_url() if self.web.url is not None else "",
        )

    def web_url(self) -> str:
        """Return the address at which people open the pages, without a slash at its end."""
        return (self.web.url or f"http://{self.web.listen}").rstrip("/")

    def sign_in(self) -> str | None:
        """Return the client id of the app registration that people sign in to; None where nobody said."""
        return self.escalation.client_id or self.auth.client_id

    def loop_pace(self) -> Pace:
        """Return the loop's numbers: what was set, and the request budget that they are planned by."""
        return Pace(
            **msgspec.structs.asdict(self.pace),
            requests_per_minute=self.graph.requests_per_minute,
            reload_every=self.policies.reload_every,
            anchor_every=self.audit.anchor_every,
            retain=self.audit.retain,
        )
