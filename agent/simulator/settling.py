"""Whether what investigations propose has been done, by whomever; and doing it, where a person approves it."""

from datetime import datetime, timedelta

from agent.simulator.directory import SESSIONS_FROM
from agent.simulator.mail import SOFT_DELETED
from agent.simulator.mailboxes import Mailbox
from agent.simulator.moments import text
from agent.simulator.nouns import Act, Proposal
from agent.simulator.shapes import Json
from agent.simulator.state import Happening, State


def rerun(state: State, now: datetime) -> None:
    """Run the investigations again: actions whose aim is reached are cancelled and count as remediated."""
    for proposal in tuple(state.open_proposals()):
        if is_done(state, proposal):
            state.close(proposal, "remediated", now)


def is_done(state: State, proposal: Proposal) -> bool:
    """Whether nothing is left to do about a pending action."""
    match proposal.act:
        case Act.SOFT_DELETE:
            copies = list(proposal.copies(state.post))
            return bool(copies) and not any(copy.in_mailbox for copy in copies)
        case Act.TURN_OFF_FORWARDING:
            return _forwards_nothing(_mailbox(state, proposal), proposal.evidence["configurationId"])
        case Act.REMOVE_DELEGATION:
            mailbox = _mailbox(state, proposal)
            return mailbox is not None and not mailbox.delegates
        case Act.DISABLE_USER:
            return _is_disabled(state, proposal.evidence["userAccount"])
        case Act.REVOKE_SESSIONS:
            user = state.directory.user(str(proposal.evidence["userAccount"]["azureAdUserId"]))
            return user is not None and user["signInSessionsValidFromDateTime"] != SESSIONS_FROM
        case Act.RESET_PASSWORD:
            found = identity_of(state, proposal.evidence["userAccount"]["userSid"])
            return found is not None and found["id"] in state.resets
        case Act.QUARANTINE_FILE:
            return _place(proposal.evidence) in state.machines.quarantined
        case _:
            return False


def _mailbox(state: State, proposal: Proposal) -> Mailbox | None:
    return state.mailboxes.get(str(proposal.evidence["externalDirectoryObjectId"]))


def _forwards_nothing(mailbox: Mailbox | None, rule_id: str | None) -> bool:
    if mailbox is None:
        return False
    if rule_id is None:
        return mailbox.forwarding_address is None
    rule = mailbox.rules.get(rule_id)
    return rule is None or not rule["isEnabled"]


def _is_disabled(state: State, account: Json) -> bool:
    """Whether an account is disabled where it is mastered: on premises, or in Entra ID."""
    on_premises = identity_of(state, account["userSid"])
    if on_premises is not None:
        return not on_premises["isEnabled"]
    user = state.directory.user(str(account["azureAdUserId"]))
    return user is not None and not user["accountEnabled"]


def _place(evidence: Json) -> tuple[str, str]:
    return (str(evidence["mdeDeviceId"]), str(evidence["fileDetails"]["sha1"]).lower())


def identity_of(state: State, sid: str | None) -> Json | None:
    """Return the `identityAccounts` of an on-premises account."""
    found = (one for one in state.identities.values() if one["onPremisesSecurityIdentifier"] == sid)
    return None if sid is None else next(found, None)


def carry_out(state: State, proposal: Proposal, now: datetime) -> None:
    """Do what a person approved. What is not simulated beyond its evidence changes nothing."""
    evidence = proposal.evidence
    match proposal.act:
        case Act.SOFT_DELETE:
            for copy in proposal.copies(state.post):
                if copy.in_mailbox:
                    copy.move(SOFT_DELETED, "Manual Remediation", now)
        case Act.TURN_OFF_FORWARDING if (mailbox := _mailbox(state, proposal)) is not None:
            if evidence["configurationId"] is None:
                mailbox.forwarding_address = None
            else:
                mailbox.rules.pop(evidence["configurationId"], None)
        case Act.REMOVE_DELEGATION if (mailbox := _mailbox(state, proposal)) is not None:
            mailbox.delegates.clear()
        case Act.DISABLE_USER:
            _disable(state, evidence["userAccount"], now)
        case Act.REVOKE_SESSIONS if user := state.directory.user(
            str(evidence["userAccount"]["azureAdUserId"])
        ):
            sign_out(state, user, now)
        case Act.RESET_PASSWORD if found := identity_of(state, evidence["userAccount"]["userSid"]):
            state.resets[found["id"]] = now
        case Act.QUARANTINE_FILE:
            state.machines.quarantine(*_place(evidence))


def _disable(state: State, account: Json, now: datetime) -> None:
    on_premises = identity_of(state, account["userSid"])
    if on_premises is not None:
        switch_on_premises(state, on_premises, now, is_enabled=False)
        return
    user = state.directory.user(str(account["azureAdUserId"]))
    if user is not None:
        switch_user(state, user, now, is_enabled=False)


def switch_user(state: State, user: Json, now: datetime, *, is_enabled: bool) -> None:
    """Enable or disable a user in Entra ID; of a synchronised one that holds until the next synchronisation."""
    state.lagging.wrote(user["id"], user, now + state.switches.write_lag)
    user["accountEnabled"] = is_enabled
    if user["onPremisesSyncEnabled"]:
        state.plan(now + state.switches.sync_after, _synchronised(user["onPremisesSecurityIdentifier"]))
    state.plan_rerun(now, rerun)


def sign_out(state: State, user: Json, now: datetime) -> None:
    """End all sessions of a user that began before now."""
    state.lagging.wrote(user["id"], user, now + state.switches.write_lag)
    user["signInSessionsValidFromDateTime"] = text(now)
    state.plan_rerun(now, rerun)


def switch_on_premises(state: State, identity: Json, now: datetime, *, is_enabled: bool) -> None:
    """Enable or disable an account on premises; Entra ID follows with the next synchronisation."""
    identity["isEnabled"] = is_enabled
    sid = identity["onPremisesSecurityIdentifier"]
    if sid is not None:
        state.plan(now + state.switches.sync_after, _synchronised(sid))
    state.plan_rerun(now, rerun)


def _synchronised(sid: str) -> Happening:
    def synchronise(state: State, _now: datetime) -> None:
        user, identity = state.directory.synced(sid), identity_of(state, sid)
        if user is not None and identity is not None:
            user["accountEnabled"] = identity["isEnabled"]

    return synchronise


def switch_rule(state: State, user_id: str, rule: Json, now: datetime, *, is_enabled: bool) -> None:
    """Turn an inbox rule on or off."""
    state.lagging.wrote(f"{user_id}/{rule['id']}", rule, now + state.switches.write_lag)
    rule["isEnabled"] = is_enabled
    state.plan_rerun(now, rerun)


TIMES_OUT_AFTER = timedelta(hours=4)
"""How long a machine action waits for a device that does not answer. UNCONFIRMED: the API's pages give no time."""


def ask_machine(state: State, action: Json, now: datetime) -> None:
    """Let a device take up an action in time, or not: an inactive one never answers, one without its sensor fails."""
    health = state.machines.known[action["machineId"]]["healthStatus"]
    after = state.switches.effect_after
    if health == "Inactive":
        state.plan(now + TIMES_OUT_AFTER, _stands(action, "TimeOut"))
        return
    state.plan(now + after / 2, _stands(action, "InProgress"))
    if health.startswith("NoSensorData"):
        state.plan(now + after, _stands(action, "Failed"))
        return
    state.plan(now + after, _taken(action))


def _stands(action: Json, status: str) -> Happening:
    def stand(_state: State, now: datetime) -> None:
        action["status"], action["lastUpdateDateTimeUtc"] = status, text(now)

    return stand


def _taken(action: Json) -> Happening:
    def take(state: State, now: datetime) -> None:
        was_there = state.machines.quarantine(
            action["machineId"], action["relatedFileInfo"]["fileIdentifier"]
        )
        _stands(action, "Succeeded" if was_there else "Failed")(state, now)
        state.plan_rerun(now, rerun)

    return take
