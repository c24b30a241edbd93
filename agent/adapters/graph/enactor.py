"""Everything that the agent changes in a tenant: each kind of effect by the API that has it, and notes for people."""

from collections.abc import Mapping, Sequence

from agent.adapters.graph.identities import Identities
from agent.adapters.graph.notes import Notes
from agent.adapters.graph.remediation import Remediation
from agent.adapters.graph.rules import InboxRules
from agent.adapters.graph.users import Users
from agent.adapters.microsoft.ability import Ability
from agent.adapters.microsoft.machines import Machines
from agent.model.decision import Classification
from agent.model.enactment import MAIL_EFFECTS, Effect, EffectKind, Outcome, Went
from agent.ports.defender import Departing


class GraphEnactor:
    """Fulfils ports.Enactor.

    An effect leaves at most once for each call made here: whoever counts departures repeats it. A note is repeated
    here after answers that say that nothing was done.
    """

    def __init__(
        self,
        *,
        remediation: Remediation,
        rules: InboxRules,
        users: Users,
        identities: Identities,
        machines: Machines,
        notes: Notes,
        abilities: Mapping[EffectKind, Ability | Machines],
    ) -> None:
        """Take what carries each kind of effect out.

        Args:
            remediation: mail.
            rules: inbox rules.
            users: users of Entra ID.
            identities: accounts on premises.
            machines: files on devices.
            notes: comments, tags and classifications.
            abilities: what is known of whether each kind can be done here; none is left out.
        """
        self._remediation = remediation
        self._rules = rules
        self._users = users
        self._identities = identities
        self._machines = machines
        self._notes = notes
        self._abilities = abilities

    def missing(self, kind: EffectKind) -> str:
        """Return why this cannot be done here, naming the permission or licence; empty where it can."""
        return self._abilities[kind].missing

    async def look(self) -> None:
        """Find out by harmless reads what can be done here; an outage leaves it to a later look."""
        for ability in self._distinct():
            await ability.look()

    async def enact(self, effect: Effect, *, name: str, departing: Departing) -> Outcome:
        """Ask for the effect on its targets. `name` is what the Action center will show, where it shows one.

        Raises:
            Unavailable: definitely not applied.
        """
        if why := self.missing(effect.kind):
            return Outcome(went=Went.REFUSED, detail=f"cannot be done here: {why}")
        if effect.kind in MAIL_EFFECTS:
            return await self._remediation.send(
                effect, name=name, description=marker(effect), departing=departing
            )
        if len(effect.targets) != 1:
            return Outcome(
                went=Went.REFUSED,
                detail=f"`{effect.kind}` takes one target in one call, not {len(effect.targets)}",
            )
        return await self._enact_one(effect, departing)

    async def comment(self, incident_id: str, text: str, *, departing: Departing) -> Outcome:
        """Add one comment to the incident.

        Raises:
            Unavailable: definitely not applied.
        """
        await self._look_again()
        return await self._notes.comment(incident_id, text, departing=departing)

    async def tag(self, incident_id: str, tags: Sequence[str], *, departing: Departing) -> Outcome:
        """Replace the incident's custom tags, all of them.

        Raises:
            Unavailable: definitely not applied.
        """
        await self._look_again()
        return await self._notes.tag(incident_id, tags, departing=departing)

    async def comment_alert(self, alert_id: str, text: str, *, departing: Departing) -> Outcome:
        """Add one comment to the alert.

        Raises:
            Unavailable: definitely not applied.
        """
        return await self._notes.comment_alert(alert_id, text, departing=departing)

    async def classify_alert(
        self, alert_id: str, classification: Classification, *, departing: Departing
    ) -> Outcome:
        """Give the alert this classification and determination, both.

        Raises:
            Unavailable: definitely not applied.
        """
        return await self._notes.classify_alert(alert_id, classification, departing=departing)

    async def _enact_one(self, effect: Effect, departing: Departing) -> Outcome:
        (target,) = effect.targets
        match effect.kind:
            case EffectKind.DISABLE_RULE | EffectKind.ENABLE_RULE as kind:
                is_enabled = kind is EffectKind.ENABLE_RULE
                return await self._rules.switch(target, is_enabled=is_enabled, departing=departing)
            case EffectKind.DISABLE_USER | EffectKind.ENABLE_USER as kind:
                is_enabled = kind is EffectKind.ENABLE_USER
                return await self._users.switch(target[0], is_enabled=is_enabled, departing=departing)
            case EffectKind.REVOKE_SESSIONS:
                return await self._users.revoke_sessions(target[0], departing=departing)
            case (EffectKind.DISABLE_ACCOUNT | EffectKind.ENABLE_ACCOUNT | EffectKind.RESET_PASSWORD) as kind:
                return await self._identities.act(kind, target, departing=departing)
            case EffectKind.QUARANTINE_FILE:
                return await self._machines.stop_and_quarantine(
                    target, comment=marker(effect), departing=departing
                )
            case (
                EffectKind.SOFT_DELETE
                | EffectKind.MOVE_TO_INBOX
                | EffectKind.MOVE_TO_JUNK
                | EffectKind.MOVE_TO_DELETED_ITEMS
            ):
                raise AssertionError("mail is not enacted one by one")

    async def _look_again(self) -> None:
        for ability in self._distinct():
            await ability.look_again()

    def _distinct(self) -> list[Ability | Machines]:
        return list({id(one): one for one in self._abilities.values()}.values())


def marker(effect: Effect) -> str:
    """Return what is written beside an effect where its API takes a text: whose it is, and which."""
    return f"air-agent: effect {effect.id} of action {effect.action_id}"
