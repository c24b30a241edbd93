"""What would be acted on besides mail, as it is now: inbox rules and accounts through Graph, devices beside it."""

from agent.adapters.graph.identities import Identities
from agent.adapters.graph.ids import is_guid
from agent.adapters.graph.rules import InboxRules
from agent.adapters.graph.users import STATE, User, Users
from agent.adapters.graph.wire import moment_of
from agent.adapters.microsoft.answers import first_line
from agent.adapters.microsoft.machines import Machines
from agent.model.errors import Malformed
from agent.model.targets import Account, Asked, Found, OfAccount, OfDevice, OfRules, Quarantine

OF_A_DOMAIN = "S-1-5-21-"
"""How security identifiers of accounts in an Active Directory begin; those of Entra ID's own begin otherwise."""


class GraphTargets:
    """Fulfils ports.Targets."""

    def __init__(self, users: Users, rules: InboxRules, identities: Identities, machines: Machines) -> None:
        self._users = users
        self._rules = rules
        self._identities = identities
        self._machines = machines

    async def find(self, asked: Asked) -> Found | None:
        """Return what stands there now; None where there is no such thing."""
        match asked:
            case OfRules(mailbox=mailbox):
                return await self._rules.find(mailbox)
            case OfAccount():
                return await self._account(asked)
            case OfDevice(id=machine_id):
                return await self._machines.device(machine_id)

    async def quarantine(self, machine_action_id: str) -> Quarantine | None:
        """Return how a `StopAndQuarantineFile` stands; None where there is none of this id."""
        return await self._machines.quarantine(machine_action_id)

    async def _account(self, asked: OfAccount) -> Account | None:
        """Return the account by the most lasting of its names: a name may be another's tomorrow, an id never is."""
        asked_sid = asked.sid if asked.sid and asked.sid.upper().startswith(OF_A_DOMAIN) else None
        user = await self._user(asked, asked_sid)
        own_sid = user.on_premises_security_identifier if user is not None else None
        if own_sid and asked_sid and own_sid.upper() != asked_sid.upper():
            raise Malformed("graph: the names of this account are those of two accounts")
        sid = own_sid or asked_sid
        on_premises = await self._identities.find(sid) if sid else None
        if user is None:
            return Account(user_id=None, on_premises=on_premises) if on_premises is not None else None
        return Account(
            user_id=user.id,
            user_principal_name=user.user_principal_name,
            addresses=user.addresses,
            account_enabled=user.account_enabled,
            is_synced=user.on_premises_sync_enabled,
            sessions_valid_from=moment_of(user.sign_in_sessions_valid_from),
            roles=await self._users.roles(user.id),
            on_premises=on_premises,
        )

    async def _user(self, asked: OfAccount, sid: str | None) -> User | None:
        if asked.user_id:
            if not is_guid(asked.user_id):
                raise Malformed(f"graph: `{first_line(asked.user_id)}` is not the object id of a user")
            return await self._users.find(asked.user_id, STATE)
        if sid:
            return await self._users.find_by_sid(sid, STATE)
        if asked.user_principal_name:
            return await self._users.find_by_principal_name(asked.user_principal_name, STATE)
        raise Malformed("graph: this account has no name by which it could be found")
