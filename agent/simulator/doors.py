"""Every path that is answered: by what, which roles open it, and which licence the tenant needs for it."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.responses import Response

from agent.simulator import names
from agent.simulator.accounts import Accounts
from agent.simulator.auditing import Auditing
from agent.simulator.devices import Devices
from agent.simulator.faults import Faults
from agent.simulator.identity import Identity
from agent.simulator.invoking import Invoking
from agent.simulator.members import Members
from agent.simulator.reading import Reading
from agent.simulator.rules import Rules
from agent.simulator.sending import Sending
from agent.simulator.signing_in import SigningIn
from agent.simulator.state import State
from agent.simulator.switches import Licence
from agent.simulator.writing import Writing

Endpoint = Callable[..., Awaitable[Response]]

_SECURITY = "/v1.0/security"
_DENIED = "Authorization_RequestDenied"
"""How the directory says that a permission is missing; `/security` says `Forbidden`, Exchange `ErrorAccessDenied`."""
_EXCHANGE_DENIED = "ErrorAccessDenied"


class Door(NamedTuple):
    """One path. Where `roles` is None no token is needed; where it is empty, none of its roles."""

    method: str
    path: str
    endpoint: Endpoint
    roles: frozenset[str] | None
    licence: Licence | None = None
    forbidden: str | None = None


def table(state: State, faults: Faults, identity: Identity) -> tuple[Door, ...]:
    """Return every path of Graph and of Defender for Endpoint."""
    reading = Reading(state, faults)
    writing = Writing(state, reading)
    return (
        Door("POST", "/{tenant}/oauth2/v2.0/token", identity.issue, None),
        *_incidents(reading, writing),
        *_mail(reading, writing),
        *_directory(Members(state), Accounts(state)),
        *_sign_in(SigningIn(state)),
        *_audit(Auditing(state)),
        *_mailboxes(Rules(state), Sending(state)),
        *_identities(Invoking(state)),
        *_devices(Devices(state)),
    )


def _any(*roles: str) -> frozenset[str]:
    return frozenset(roles)


def _incidents(reading: Reading, writing: Writing) -> tuple[Door, ...]:
    read_incidents = _any(names.READ_INCIDENTS, names.WRITE_INCIDENTS)
    read_alerts = _any(names.READ_ALERTS, names.WRITE_ALERTS)
    write_incidents, write_alerts = _any(names.WRITE_INCIDENTS), _any(names.WRITE_ALERTS)
    one_incident, one_alert = f"{_SECURITY}/incidents/{{id}}", f"{_SECURITY}/alerts_v2/{{id}}"
    return (
        Door("GET", f"{_SECURITY}/incidents", reading.incidents, read_incidents),
        Door("GET", one_incident, reading.incident, read_incidents),
        Door("PATCH", one_incident, writing.patch_incident, write_incidents),
        Door("POST", f"{one_incident}/comments", writing.comment_incident, write_incidents),
        Door("GET", f"{_SECURITY}/alerts_v2", reading.alerts, read_alerts),
        Door("GET", one_alert, reading.alert, read_alerts),
        Door("PATCH", one_alert, writing.patch_alert, write_alerts),
        Door("POST", f"{one_alert}/comments", writing.comment_alert, write_alerts),
    )


def _mail(reading: Reading, writing: Writing) -> tuple[Door, ...]:
    emails, qualified = f"{_SECURITY}/collaboration/analyzedEmails", "microsoft.graph.security."
    read, write = _any(names.READ_MAIL, names.WRITE_MAIL), _any(names.WRITE_MAIL)
    hunt = _any(names.HUNT)
    return (
        Door("GET", emails, reading.analyzed_emails, read, Licence.MAIL),
        *(
            Door("POST", f"{emails}/{name}remediate", writing.remediate, write, Licence.MAIL)
            for name in ("", qualified)
        ),
        *(
            Door("POST", f"{_SECURITY}/{name}runHuntingQuery", reading.hunt, hunt, Licence.HUNTING)
            for name in ("", qualified)
        ),
    )


def _directory(members: Members, accounts: Accounts) -> tuple[Door, ...]:
    in_group = "/v1.0/groups/{id}/transitiveMembers/microsoft.graph"
    groups, users = _any(names.READ_GROUPS), _any(names.READ_USERS)
    user = "/v1.0/users/{id}"
    roles = f"{user}/transitiveMemberOf/microsoft.graph.directoryRole"
    found: tuple[tuple[str, str, Endpoint, frozenset[str]], ...] = (
        ("GET", f"{in_group}.user", members.users, groups),
        ("GET", f"{in_group}.device", members.devices, groups),
        ("GET", "/v1.0/domains", accounts.domains, _any(names.READ_DOMAINS)),
        ("GET", "/v1.0/users/$count", accounts.count, users),
        ("GET", user, accounts.user, users),
        ("PATCH", user, accounts.patch, _any(names.SWITCH_ACCOUNTS)),
        ("POST", f"{user}/revokeSignInSessions", accounts.revoke, _any(names.REVOKE_SESSIONS)),
        ("GET", roles, accounts.roles, _any(names.READ_ROLES)),
    )
    return tuple(Door(*one, None, _DENIED) for one in found)


def _sign_in(signing_in: SigningIn) -> tuple[Door, ...]:
    applications = _any(names.READ_APPLICATIONS)
    principals = "/v1.0/servicePrincipals"
    found: tuple[tuple[str, str, Endpoint, frozenset[str]], ...] = (
        ("GET", f"{principals}(appId='{{id}}')", signing_in.application, applications),
        ("GET", "/v1.0/applications(appId='{id}')", signing_in.registration, applications),
        ("GET", f"{principals}/{{id}}/appRoleAssignedTo", signing_in.assignments, applications),
        (
            "GET",
            "/v1.0/groups/{id}/members/microsoft.graph.user",
            signing_in.members,
            _any(names.READ_GROUPS),
        ),
        ("GET", "/v1.0/users", signing_in.users, _any(names.READ_USERS)),
    )
    return tuple(Door(*one, None, _DENIED) for one in found)


def _audit(auditing: Auditing) -> tuple[Door, ...]:
    read, queries = _any(names.READ_AUDIT), f"{_SECURITY}/auditLog/queries"
    return (
        Door("POST", queries, auditing.create, read),
        Door("GET", queries, auditing.listed, read),
        Door("GET", f"{queries}/{{id}}", auditing.one, read),
        Door("GET", f"{queries}/{{id}}/records", auditing.records, read),
    )


def _mailboxes(rules: Rules, sending: Sending) -> tuple[Door, ...]:
    listed = "/v1.0/users/{id}/mailFolders/inbox/messageRules"
    read, write = _any(names.READ_MAILBOXES, names.WRITE_MAILBOXES), _any(names.WRITE_MAILBOXES)
    found: tuple[tuple[str, str, Endpoint, frozenset[str]], ...] = (
        ("GET", listed, rules.listed, read),
        ("GET", f"{listed}/{{rule}}", rules.one, read),
        ("PATCH", f"{listed}/{{rule}}", rules.patch, write),
        ("POST", "/v1.0/users/{id}/sendMail", sending.send, _any()),
    )
    return tuple(Door(*one, Licence.MAILBOXES, _EXCHANGE_DENIED) for one in found)


def _identities(invoking: Invoking) -> tuple[Door, ...]:
    listed = f"{_SECURITY}/identities/identityAccounts"
    read, act = _any(names.READ_IDENTITIES), _any(names.ACT_ON_IDENTITIES)
    found: tuple[tuple[str, str, Endpoint, frozenset[str]], ...] = (
        ("GET", listed, invoking.listed, read),
        ("GET", f"{listed}/{{id}}", invoking.one, read),
        ("POST", f"{listed}/{{id}}/invokeAction", invoking.invoke, act),
        ("POST", f"{listed}/{{id}}/microsoft.graph.security.invokeAction", invoking.invoke, act),
    )
    return tuple(Door(*one, Licence.IDENTITIES) for one in found)


def _devices(devices: Devices) -> tuple[Door, ...]:
    read, act = _any(names.READ_MACHINES), _any(names.QUARANTINE_FILES)
    found: tuple[tuple[str, str, Endpoint, frozenset[str]], ...] = (
        ("GET", "/api/machines", devices.machines, read),
        ("GET", "/api/machines/{id}", devices.machine, read),
        ("POST", "/api/machines/{id}/StopAndQuarantineFile", devices.quarantine, act),
        ("GET", "/api/machineactions", devices.actions, read),
        ("GET", "/api/machineactions/{id}", devices.action, read),
    )
    return tuple(Door(*one, Licence.ENDPOINT) for one in found)
