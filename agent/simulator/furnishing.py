"""What the demo tenant holds besides incidents and mail: its directory, and what its incidents' evidence names."""

from datetime import datetime

from agent.simulator import mailboxes
from agent.simulator.directory import DEVICE, USER, Directory, device, domain, role, user
from agent.simulator.identities import ACTIVE_DIRECTORY, ENTRA, identity
from agent.simulator.lots import guid, lots
from agent.simulator.machines import machine
from agent.simulator.mailboxes import Mailbox
from agent.simulator.making import person
from agent.simulator.names import (
    AGENT_MAILBOX,
    APPROVER,
    DOMAIN,
    EVERYONE,
    EXECUTIVES,
    FORMER,
    KIOSKS,
    LEAD,
    LEAD_PERSON,
    NIGHT_PERSON,
    OPERATOR,
    PORTAL_PERSON,
    VIPS,
)
from agent.simulator.nouns import Proposal
from agent.simulator.shapes import Json
from agent.simulator.state import State
from agent.simulator.suspects import (
    ADMINISTRATOR,
    AWAY,
    READ_ONLY_RULE,
    SERVER,
    SYNCED,
    WORKSTATION,
    security_identifier,
)

STAFF = 1_600
"""People with plain names: two pages of them."""
OUTSIDE = "collector@mailbox.attacker.example"
"""Where stolen mail is forwarded to."""
_ADMINISTRATOR_TEMPLATE = "62e90394-69f5-4237-9190-012177145e10"
"""Of `Global Administrator`. Source: Microsoft's page on the roles that Entra ID has."""
_HELPDESK_TEMPLATE = "729827e3-9c14-49f7-bb1b-9608f156bbb8"


def furnish(directory: Directory, seed: int) -> None:
    """Let the demo tenant's people, groups, roles and domains appear."""
    draw = lots(seed, "directory")
    board = guid(draw)
    chief, finance = (user(guid(draw), vip, f"{vip.partition('@')[0]}.office@{DOMAIN}") for vip in VIPS)
    directory.join(EXECUTIVES, directory.admit(USER, chief), board)
    directory.join(board, directory.admit(USER, finance), EXECUTIVES)
    everybody = [_somebody(directory, guid(draw), person(number)) for number in range(STAFF)]
    directory.join(EVERYONE, *everybody, EXECUTIVES)
    for name in ("KIOSK-1", "KIOSK-2", "LAPTOP-17"):
        directory.join(KIOSKS, directory.admit(DEVICE, device(guid(draw), name, guid(draw))))
    directory.domains = [
        domain(DOMAIN, is_default=True),
        domain("contoso.onmicrosoft.example", is_initial=True),
        domain("not-proven.example", is_verified=False),
    ]
    directory.admit(USER, user(guid(lots(seed, AGENT_MAILBOX)), AGENT_MAILBOX))
    _appoint(directory, seed)
    _put_on_call(directory, seed)


def _somebody(directory: Directory, object_id: str, address: str) -> str:
    sid = security_identifier(address) if address in SYNCED else None
    return directory.admit(USER, user(object_id, address, sid=sid))


def _appoint(directory: Directory, seed: int) -> None:
    """Give roles: to the chief by name, and to somebody who holds one by a group within a group."""
    draw = lots(seed, "roles")
    inner, outer = guid(draw), guid(draw)
    administrator, chief = directory.user(ADMINISTRATOR), directory.user(VIPS[0])
    if administrator is None or chief is None:
        raise LookupError("the demo tenant lacks the people that hold roles")
    directory.join(inner, administrator["id"])
    directory.join(outer, inner)
    directory.hold(role(guid(draw), "Helpdesk Administrator", _HELPDESK_TEMPLATE), outer)
    directory.hold(role(guid(draw), "Global Administrator", _ADMINISTRATOR_TEMPLATE), chief["id"])


def _put_on_call(directory: Directory, seed: int) -> None:
    """Let there be approvers: two by name, one by a group, and one whose account was disabled since; and an operator."""
    draw = lots(seed, "on call")
    night, roles = guid(draw), directory.app_roles
    for value in (APPROVER, LEAD):
        roles.define(guid(draw), value)
    analyst, lead, owl, former = (
        directory.admit(USER, user(guid(draw), address))
        for address in (PORTAL_PERSON, LEAD_PERSON, NIGHT_PERSON, FORMER)
    )
    directory.join(night, owl)
    roles.assign(APPROVER, analyst)
    roles.assign(APPROVER, lead)
    roles.assign(LEAD, lead)
    roles.assign(APPROVER, night, kind="Group")
    roles.assign(APPROVER, former)
    roles.define(guid(draw), OPERATOR)
    roles.assign(OPERATOR, lead)
    directory.things[former][1]["accountEnabled"] = False


def place(state: State) -> None:
    """Let there be what the evidence of pending actions names: accounts, rules of mailboxes, devices with their files."""
    for proposal in state.proposals:
        place_one(state, proposal)


def place_one(state: State, proposal: Proposal) -> None:
    """Let there be what the evidence of one pending action names."""
    match proposal.kind:
        case "mailboxConfigurationEvidence":
            _place_setting(state, proposal.evidence)
        case "userEvidence":
            _place_account(state, proposal.evidence["userAccount"])
        case "fileEvidence":
            _place_file(state, proposal.evidence)
        case _:
            return


def _place_setting(state: State, evidence: Json) -> None:
    found = state.directory.user(evidence["upn"])
    if found is None:
        return
    evidence["externalDirectoryObjectId"] = found["id"]
    mailbox = state.mailboxes.setdefault(found["id"], Mailbox())
    if evidence["configurationType"] == "mailDelegation":
        mailbox.delegates.append(OUTSIDE)
    elif evidence["configurationId"] is None:
        mailbox.forwarding_address = OUTSIDE
    else:
        _place_rule(mailbox, evidence["configurationId"])


def _place_rule(mailbox: Mailbox, rule_id: str) -> None:
    """Put a rule that forwards outside among others that do not, and that are nobody's business."""
    colleague, is_read_only = f"assistant@{DOMAIN}", rule_id == READ_ONLY_RULE
    mailbox.add(mailboxes.rule(f"{rule_id[:-2]}Q=", "To my assistant", sequence=1, forward_to=(colleague,)))
    mailbox.add(
        mailboxes.rule(
            rule_id,
            ".",
            sequence=2,
            is_read_only=is_read_only,
            conditions={"subjectContains": ["invoice", "payment"]},
            redirect_to=(OUTSIDE,) if is_read_only else (),
            forward_to=() if is_read_only else (OUTSIDE,),
            stopProcessingRules=True,
        )
    )
    mailbox.add(mailboxes.rule(f"{rule_id[:-2]}g=", "Newsletters", sequence=3, moveToFolder="AQMkADAwATM0"))


def _place_account(state: State, account: Json) -> None:
    found = state.directory.user(account["userPrincipalName"])
    if found is None:
        return
    account["azureAdUserId"] = found["id"]
    sid = account["userSid"]
    if sid is not None:
        draw = lots(state.seed, f"identity/{sid}")
        one = identity(
            guid(draw),
            account["displayName"],
            DOMAIN,
            sid=sid,
            cloud_sid=f"S-1-12-1-{draw.getrandbits(32)}-{draw.getrandbits(32)}",
            accounts={ACTIVE_DIRECTORY: guid(draw), ENTRA: found["id"]},
        )
        state.identities[one["id"]] = one


_DEVICES = {
    WORKSTATION: ("laptop-23", "Windows11", "Active"),
    SERVER: ("files-02", "WindowsServer2022", "Active"),
    AWAY: ("laptop-31", "Windows10", "Inactive"),
}


def _place_file(state: State, evidence: Json) -> None:
    device_id = evidence["mdeDeviceId"]
    name, platform, health = _DEVICES.get(device_id, ("laptop-17", "Windows11", "Active"))
    seen = datetime.fromisoformat(evidence["createdDateTime"])
    known = state.machines.known.get(device_id) or machine(
        device_id, f"{name}.{DOMAIN}", seen, platform=platform, health=health
    )
    state.machines.admit(known, evidence["fileDetails"]["sha1"])
