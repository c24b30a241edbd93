"""Small tenants, and somebody who calls Graph about them with every exchange judged by the metadata."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import httpx

from agent.simulator import elsewhere, suspects
from agent.simulator.app import Simulator, build
from agent.simulator.faults import Faults
from agent.simulator.furnishing import furnish, place
from agent.simulator.mail import INBOX, Copy
from agent.simulator.making import URL_REMOVED, Maker
from agent.simulator.state import State
from agent.simulator.switches import Switches
from tests.clock import ManualClock
from tests.metadata import in_process

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
PREFER = {"Prefer": "include-unknown-enum-members"}
INCIDENTS = "/v1.0/security/incidents"
ALERTS = "/v1.0/security/alerts_v2"
EMAILS = "/v1.0/security/collaboration/analyzedEmails"
HUNTING = "/v1.0/security/runHuntingQuery"
USERS = "/v1.0/users"
IDENTITIES = "/v1.0/security/identities/identityAccounts"


def tenant(
    incidents: int = 1, *, messages: int = 3, age: timedelta = timedelta(hours=1), clusters: int = 1
) -> State:
    """Return a tenant whose incidents hold nothing but pending URL clusters, the newest first made."""
    state, maker = State(7, NOW), Maker(7, NOW)
    for number in range(incidents):
        created = NOW - age - timedelta(minutes=number)
        evidence: list[dict[str, Any]] = []
        copies: list[Copy] = []
        for cluster in range(clusters):
            url = f"https://bad-{number}-{cluster}.example/"
            letter = maker.letter("bad.example", f"Subject {number}", urls=(url,))
            some = maker.copies(letter, messages, created - timedelta(hours=1), location=INBOX)
            evidence.append(maker.by_url(created, some, url))
            copies += some
        state.admit(maker.bundle(f"Incident {number}", URL_REMOVED, evidence, created, copies=copies), NOW)
    return state


def staffed() -> State:
    """Return the demo tenant's people, and of its incidents those of accounts, mailboxes and files."""
    state, maker = State(7, NOW), Maker(7, NOW)
    furnish(state.directory, 7)
    for bundle in chain(
        elsewhere.mailboxes(maker), suspects.accounts(maker), suspects.settings(maker), suspects.files(maker)
    ):
        state.admit(bundle, NOW)
    place(state)
    return state


@dataclass
class Caller:
    """Somebody with a token. Paths are Graph's."""

    app: Simulator
    clock: ManualClock
    http: httpx.AsyncClient

    @property
    def state(self) -> State:
        """The tenant as it is now."""
        self.app.state.advance(self.clock.now())
        return self.app.state

    def log_in(self) -> None:
        """Take a token that holds from now."""
        token = self.app.identity.token(self.clock.now())
        self.http.headers["Authorization"] = f"Bearer {token}"

    def user(self, address: str) -> dict[str, Any]:
        """Return somebody of the directory as they are now."""
        found = self.state.directory.user(address)
        assert found is not None
        return found

    def evidence_of(self, name: str) -> dict[str, Any]:
        """Return the only evidence of the incident with this name, as it is now."""
        [incident] = [one for one in self.state.incidents.values() if one["displayName"] == name]
        [alert] = [one for one in self.state.alerts.values() if one["incidentId"] == incident["id"]]
        found: dict[str, Any] = alert["evidence"][0]
        return found

    async def endpoint(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask Defender for Endpoint, with a token of its own."""
        audience = "https://api.securitycenter.microsoft.com"
        token = self.app.identity.token(self.clock.now(), audience=audience)
        return await self.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **more)

    async def quarantine(self, device: str, sha1: str) -> httpx.Response:
        body = {"Comment": "air-agent 1", "Sha1": sha1}
        return await self.endpoint("POST", f"/api/machines/{device}/StopAndQuarantineFile", json=body)

    async def invoke(self, identity: Mapping[str, Any], action: str, /, **changes: object) -> httpx.Response:
        """Ask something of the account on premises of an `identityAccounts`."""
        account = identity["accounts"][0]
        body = {"accountId": account["identifier"], "action": action, "identityProvider": "activeDirectory"}
        return await self.http.post(f"{IDENTITIES}/{identity['id']}/invokeAction", json=body | changes)

    async def rules(self, address: str) -> list[dict[str, Any]]:
        """Return the inbox rules of a mailbox."""
        return await self.listed(f"{USERS}/{address}/mailFolders/inbox/messageRules")

    async def switch(self, address: str, rule_id: str, *, on: bool) -> httpx.Response:
        """Turn a rule on or off."""
        path = f"{USERS}/{address}/mailFolders/inbox/messageRules/{rule_id}"
        return await self.http.patch(path, json={"isEnabled": on})

    def later(self, **span: float) -> None:
        """Let time pass; what is due happens with the next request."""
        self.clock.advance(timedelta(**span))

    async def get(self, path: str, **options: str) -> httpx.Response:
        asked = {f"${name}": value for name, value in options.items()}
        return await self.http.get(path, params=asked or None, headers=PREFER)

    async def listed(self, path: str, **options: str) -> list[dict[str, Any]]:
        """Return everything of a list, page by page."""
        answer = await self.get(path, **options)
        found = list(answer.json()["value"])
        while link := answer.json().get("@odata.nextLink"):
            answer = await self.http.get(link, headers=PREFER)
            found += answer.json()["value"]
        return found

    async def patch(self, path: str, **changes: object) -> httpx.Response:
        return await self.http.patch(path, json=changes, headers=PREFER)

    async def comment(self, path: str, words: str) -> httpx.Response:
        body = {"@odata.type": "microsoft.graph.security.alertComment", "comment": words}
        return await self.http.post(f"{path}/comments", json=body)

    async def remediate(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        name: str = "remediate",
        changes: Mapping[str, object] | None = None,
    ) -> httpx.Response:
        body = {
            "displayName": "air-agent 1",
            "description": "soft delete",
            "severity": "medium",
            "action": "softDelete",
            "remediateSendersCopy": False,
            "analyzedEmails": [
                {"networkMessageId": message, "recipientEmailAddress": recipient}
                for message, recipient in pairs
            ],
            **(changes or {}),
        }
        return await self.http.post(f"{EMAILS}/{name}", json=body)

    async def hunt(self, query: str) -> httpx.Response:
        return await self.http.post(HUNTING, json={"Query": query})

    async def evidence(self, at: int = 0) -> dict[str, Any]:
        """Return the first alert's evidence as it is now."""
        found: dict[str, Any] = (await self.alert())["evidence"][at]
        return found

    async def alert(self) -> dict[str, Any]:
        """Return the first alert as it is now."""
        found: dict[str, Any] = (await self.get(f"{ALERTS}/{next(iter(self.state.alerts))}")).json()
        return found

    def pairs(self) -> list[tuple[str, str]]:
        """Return every copy there is."""
        return [copy.pair for copy in self.state.post.all()]


def caller(
    state: State | None = None,
    switches: Switches | None = None,
    faults: Faults | None = None,
    *,
    sound: bool = True,
) -> Caller:
    """Return somebody with a token for a simulator in this process."""
    clock = ManualClock(NOW)
    app = build(tenant() if state is None else state, switches, faults, clock)
    http = httpx.AsyncClient(
        transport=in_process(app, sound=sound),
        base_url="http://127.0.0.1:8000",
        headers={"Authorization": f"Bearer {app.identity.token(NOW)}"},
    )
    return Caller(app, clock, http)


def ids(answer: httpx.Response) -> list[str]:
    """Return the ids of what is on a page."""
    return [one["id"] for one in answer.json()["value"]]
