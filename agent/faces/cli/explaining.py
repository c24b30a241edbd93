"""`policy explain`: one decision taken apart, of the ledger's or of facts in a file, by the policies as they are now."""

import sys
from datetime import datetime
from pathlib import Path

import msgspec

from agent.adapters.host import LARGEST
from agent.faces.cli.branches import tell
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.looking import chosen, known_members
from agent.faces.cli.options import USUAL as USUAL_SETTINGS
from agent.faces.cli.options import loaded_to_look, one_of
from agent.faces.cli.output import console, print_json, safe
from agent.faces.cli.sources import in_folder
from agent.faces.cli.taken_apart import Explained, Recorded
from agent.faces.telling import what
from agent.judge.account import Account
from agent.judge.appoint import chain_for
from agent.judge.chain_words import in_words
from agent.judge.compile import Judge
from agent.judge.feed import fed, fed_lists
from agent.judge.situations import action_of, parse_situation, unfed
from agent.judge.vocabulary import refreshed
from agent.loop.policies import InForce
from agent.model.decision import Decision, Verb
from agent.model.enactment import Record
from agent.model.errors import LedgerError, PolicyError, SettingsError
from agent.model.facts import Facts
from agent.model.pending import IncidentHead, PendingAction
from agent.model.policy import PolicySet
from agent.model.situation import Situation
from agent.settings.subjects import Settings, TreatAs

USUAL_POLICIES = Path("policies")

STDIN = Path("-")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be explained, and how."""

    action: str | None = None
    facts: Path | None = None
    policies: Path | None = None
    base: Path | None = None
    treat_as: str | None = None
    flip_to: str | None = None
    everything: bool = False
    settings: Path | None = None


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """An action with its facts, where they are from, and what was decided then if anything was.

    `situation` and `data` are what a file says, and how.
    """

    action: PendingAction
    facts: Facts
    situation: Situation | None = None
    data: bytes = b""
    source: str
    what: str
    recorded: Decision | None = None


def explain(asked: Asked, *, as_json: bool) -> None:
    """Print why the action is decided as it is, and what would have changed it."""
    if (asked.action is None) == (asked.facts is None):
        raise SettingsError("name either the ID of a pending action, or facts with `--facts FILE`")
    to = _verbs(asked.flip_to)
    settings = _settings(asked)
    matter = _of_file(asked.facts) if asked.facts is not None else _of_record(settings, asked.action or "")
    folder = _folder(asked, settings)
    treat_as = _treat_as(asked, settings)
    judge = _fed(_judge(folder, _base(asked, settings), settings), matter)
    account = Account(
        judge,
        matter.action,
        _known(matter.facts, judge.policy_set),
        enforces_observers=treat_as is TreatAs.ENFORCE,
    )
    explained = _explained(matter, account, folder, to, settings)
    if as_json:
        print_json(explained)
    else:
        tell(console(), explained, everything=asked.everything)


def _verbs(flip_to: str | None) -> tuple[Verb, ...]:
    return tuple(Verb) if flip_to is None else (one_of("--flip-to", flip_to, Verb),)


def _settings(asked: Asked) -> Settings | None:
    """Return the settings; None where facts of a file are explained by policies that are named, or there are none."""
    has_all = asked.policies is not None or not USUAL_SETTINGS.exists()
    if asked.action is None and asked.settings is None and has_all:
        return None
    return loaded_to_look(asked.settings)


def _folder(asked: Asked, settings: Settings | None) -> Path:
    return asked.policies or (settings.policies.directory if settings is not None else USUAL_POLICIES)


def _base(asked: Asked, settings: Settings | None) -> Path | None:
    """Return the base that the policies add to: that of the settings only where the policies are theirs too."""
    if asked.base is not None or asked.policies is not None or settings is None:
        return asked.base
    return settings.policies.base


def _treat_as(asked: Asked, settings: Settings | None) -> TreatAs:
    if asked.treat_as is not None:
        return one_of("--treat-as", asked.treat_as, TreatAs)
    if asked.action is not None and settings is not None:
        return settings.policies.treat_as
    return TreatAs.ENFORCE


def _judge(folder: Path, base: Path | None, settings: Settings | None) -> Judge:
    """Return the policies of the folder, with who is in the groups of their lists as far as the ledger knows."""
    source = in_folder(folder, base)
    # What loosens a base is told by an example that is explained here.
    in_force = InForce(source.files, git=source.git, may_loosen=True)
    if not in_force.fed or settings is None:
        return in_force.judge
    try:
        in_force.members.update(known_members(settings))
    except LedgerError:
        # Without a ledger nothing is known of them, which is told.
        return in_force.judge
    in_force.renew()
    return in_force.judge


def _fed(judge: Judge, matter: Matter) -> Judge:
    """Return the judge with the members that the file says are in lists.

    Raises:
        PolicyError: it says so of lists that are not fed.
    """
    if matter.situation is None:
        return judge
    strange = unfed(matter.situation, fed_lists(judge.policy_set), matter.source, matter.data)
    if strange:
        raise PolicyError(list(strange))
    return fed(judge, matter.situation.lists)


def _known(facts: Facts, policies: PolicySet) -> Facts:
    """Return the facts without when lists were fetched of which it is not known who is in them.

    Else they would be taken for empty, where they have to be unknown.
    """
    gone = {refreshed(one.name) for one in policies.lists if one.feed is not None and one.members is None}
    values = {name: value for name, value in facts.values.items() if name not in gone}
    return msgspec.structs.replace(facts, values=values)


def _of_record(settings: Settings | None, action: str) -> Matter:
    if settings is None:
        raise SettingsError("settings are needed to find the ledger: name them with `--settings`")
    record: Record = chosen(settings, action)
    if record.decision is None:
        out = console(stderr=True)
        why = record.why or "it was seen, and not judged yet"
        out.print(
            safe(f"error: there is no decision on `{record.action.id}` to explain: {why}"), soft_wrap=True
        )
        raise Ending(FINDINGS)
    return Matter(
        action=record.action,
        facts=record.decision.facts,
        source="the ledger",
        what=what(record),
        recorded=record.decision,
    )


def _of_file(path: Path) -> Matter:
    name = "standard input" if path == STDIN else str(path)
    data = _bytes(path)
    situation = parse_situation(name, data)
    action = action_of(situation, name)
    incident = situation.facts.values.get("incident.id")
    action = msgspec.structs.replace(action, incident=IncidentHead(id=str(incident or "")))
    return Matter(
        action=action,
        facts=situation.facts,
        situation=situation,
        data=data,
        source=name,
        what=f"{situation.kind} of {name}",
    )


def _bytes(path: Path) -> bytes:
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
    except OSError as error:
        raise SettingsError(
            f"`{path}` cannot be read: {(error.strerror or 'no reason was given').lower()}"
        ) from error
    if len(data) > LARGEST:
        raise SettingsError(f"`{path}` is larger than 1 MiB: it holds more than one action's facts")
    return data


def _explained(
    matter: Matter, account: Account, folder: Path, to: tuple[Verb, ...], settings: Settings | None
) -> Explained:
    explanation = account.explanation(to)
    recorded = matter.recorded
    decision = account.decision()
    is_held = recorded is not None and recorded.guard is not None
    is_asked = decision.verb is Verb.ESCALATE or is_held
    usual = settings.escalation.chain if settings is not None else None
    chain = chain_for(account.judge.chains, decision, usual) if is_asked else None
    return Explained(
        id=matter.action.id if recorded is not None else None,
        what=matter.what,
        incident=matter.action.incident.id,
        deadline=matter.action.deadline,
        source=matter.source,
        policies=str(folder),
        recorded=None if recorded is None else _told(recorded, account.policies),
        unfed=_unfed(account),
        differs=recorded is not None and _differs(recorded, explanation.verb, explanation.deciding),
        chain=None if chain is None else chain.name,
        chain_words="" if chain is None else in_words(chain),
        inform=decision.inform,
        explanation=explanation,
    )


def _unfed(account: Account) -> tuple[str, ...]:
    """Return the lists, of those that policies for the action name, whose members are not known."""
    named = {name for one in account.judge.of_kind(account.action.kind) for name in one.policy.lists}
    lists = account.policies.lists
    return tuple(
        one.name for one in lists if one.feed is not None and one.members is None and one.name in named
    )


def _told(decision: Decision, policies: PolicySet) -> Recorded:
    at: datetime = decision.at
    return Recorded(
        at=at,
        verb=decision.verb,
        deciding=decision.policies,
        reason=decision.reason,
        guard=decision.guard,
        weighed=decision.weighed,
        held=decision.held,
        approvers=decision.approvers,
        revision=decision.revision,
        git=decision.git,
        agent_version=decision.agent_version,
        is_same_revision=decision.revision == policies.revision,
    )


def _differs(recorded: Decision, verb: Verb, deciding: tuple[str, ...]) -> bool:
    """Whether the policies now decide otherwise than was recorded; what a guard held had been approved by them."""
    was = Verb.APPROVE if recorded.guard is not None else recorded.verb
    return (was, set(recorded.policies)) != (verb, set(deciding))
