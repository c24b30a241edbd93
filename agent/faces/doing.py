"""Effects in words: what they do to how much, as it stands on a button, and to what, one target a line."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import msgspec

from agent.faces.questions import Target
from agent.judge.quote import counted
from agent.model.defender import AnalyzedMessageEvidence
from agent.model.enactment import MAIL_EFFECTS, Effect, EffectKind, Pair, Record
from agent.model.facts import Facts, Value

MOST_SUBJECTS = 3
"""Subjects that are named of one mailbox that several messages went to."""

_MAIL = {
    EffectKind.SOFT_DELETE: "soft delete {}",
    EffectKind.MOVE_TO_INBOX: "move {} to the inbox",
    EffectKind.MOVE_TO_JUNK: "move {} to junk email",
    EffectKind.MOVE_TO_DELETED_ITEMS: "move {} to deleted items",
}

_OTHERS = {
    EffectKind.DISABLE_RULE: ("turn off {}", "inbox rule", "inbox rules"),
    EffectKind.ENABLE_RULE: ("turn on {}", "inbox rule", "inbox rules"),
    EffectKind.DISABLE_USER: ("disable {}", "user", "users"),
    EffectKind.ENABLE_USER: ("enable {}", "user", "users"),
    EffectKind.REVOKE_SESSIONS: ("revoke the sessions of {}", "user", "users"),
    EffectKind.DISABLE_ACCOUNT: ("disable {}", "on-premises account", "on-premises accounts"),
    EffectKind.ENABLE_ACCOUNT: ("enable {}", "on-premises account", "on-premises accounts"),
    EffectKind.RESET_PASSWORD: ("reset the password of {}", "on-premises account", "on-premises accounts"),
    EffectKind.QUARANTINE_FILE: ("stop and quarantine a file on {}", "device", "devices"),
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One target, with what is known of it. Every text but `does` may be an attacker's."""

    number: int
    does: str
    pair: Pair
    subjects: tuple[str, ...] = ()
    """Of the messages that went to this mailbox: one, unless several did."""
    senders: tuple[str, ...] = ()
    delivered: str = ""
    """Where it was delivered to; empty where that is not known."""
    before: str = ""
    """Where it lay, or what it was, when this was planned."""
    went: str = ""
    """How far its call has come; empty before there is one."""


def does(effects: Sequence[Effect]) -> str:
    """Say what these effects do, such as `soft delete 7 copies in 5 mailboxes`; empty where there are none."""
    in_order = sorted(effects, key=lambda one: list(EffectKind).index(one.kind))
    said = [_does(kind, list(some)) for kind, some in groupby(in_order, key=lambda one: one.kind)]
    if any(effect.senders_copy for effect in effects):
        said.append("and the sender's own copy of each message")
    return (
        ", ".join(said[:-1]) + (" " if said[-1].startswith("and ") else ", ") * (len(said) > 1) + said[-1]
        if said
        else ""
    )


def _does(kind: EffectKind, effects: Iterable[Effect]) -> str:
    pairs = {pair for effect in effects for pair in effect.targets}
    if kind in MAIL_EFFECTS:
        mailboxes = counted(len({place for _, place in pairs}), "mailbox", "mailboxes")
        return f"{_MAIL[kind].format(counted(len(pairs), 'copy', 'copies'))} in {mailboxes}"
    words, one, many = _OTHERS[kind]
    return words.format(counted(len(pairs), one, many))


def lines(
    some: Sequence[Target], record: Record, effects: Sequence[Effect], *, has_gone: bool
) -> tuple[Line, ...]:
    """Return some targets of these effects with what the facts of the decision know of each.

    Facts name the mailbox of a message and not the message: where several went to one mailbox, all of them are named.

    Args:
        some: which targets.
        record: what they are of.
        effects: what would be done, or was.
        has_gone: whether they are written down to be sent, so that how far each has come means something.
    """
    facts = record.decision.facts if record.decision is not None else None
    rows = _rows(facts, {one.pair[1].lower() for one in some})
    befores, went = _of_targets(effects)
    evidence = record.action.evidence
    subject = evidence.subject if isinstance(evidence, AnalyzedMessageEvidence) else None
    return tuple(
        _line(one, rows.get(one.pair[1].lower(), ()), befores, went if has_gone else {}, subject)
        for one in some
    )


def _rows(facts: Facts | None, mailboxes: set[str]) -> Mapping[str, list[Mapping[str, Value]]]:
    rows: dict[str, list[Mapping[str, Value]]] = {}
    for row in (facts.messages or ()) if facts is not None else ():
        recipient = str(row.get("recipient", ""))
        if recipient in mailboxes:
            rows.setdefault(recipient, []).append(row)
    return rows


def _of_targets(effects: Iterable[Effect]) -> tuple[dict[Pair, str], dict[Pair, str]]:
    """Return what each target was before, and how far its call has come."""
    befores: dict[Pair, str] = {}
    went: dict[Pair, str] = {}
    for effect in effects:
        went |= dict.fromkeys(effect.targets, effect.went.value)
        if effect.kind in MAIL_EFFECTS:
            befores |= dict(zip(effect.targets, effect.before, strict=False))
    return befores, went


def _line(
    target: Target,
    rows: Sequence[Mapping[str, Value]],
    befores: Mapping[Pair, str],
    went: Mapping[Pair, str],
    subject: str | None,
) -> Line:
    return Line(
        number=target.number,
        does=", ".join(kind.value for kind in target.does),
        pair=target.pair,
        subjects=_said(rows, "subject") or ((subject,) if subject else ()),
        senders=_said(rows, "sender.address"),
        delivered=", ".join(_said(rows, "originalLocation")),
        before=befores.get(target.pair, ""),
        went=went.get(target.pair, ""),
    )


def _said(rows: Iterable[Mapping[str, Value]], fact: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(row[fact]) for row in rows if fact in row))[:MOST_SUBJECTS]
