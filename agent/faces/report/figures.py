"""The figures that a report begins with: what somebody reads of it who has twenty seconds."""

from enum import StrEnum

import msgspec

from agent.faces.report.numbers import FEW, between, percent, span
from agent.judge.quote import counted
from agent.model.report import Counterfactuals, Group, Report


class Tone(StrEnum):
    """How a figure is shown; its words say the same."""

    PLAIN = "plain"
    GOOD = "ok"
    BAD = "bad"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: its name, its value, and what that means in a sentence."""

    name: str
    value: str
    words: str
    tone: Tone = Tone.PLAIN


def figures(report: Report) -> tuple[Figure, ...]:
    """Return the figures, the most important first."""
    if not report.actions:
        return (
            Figure(name="Actions", value="0", words="nothing was decided in this window, and nothing ended"),
        )
    gains = report.counterfactuals
    return (
        _compared(report),
        _agreement(report),
        _looser(report.total),
        _stricter(report.total),
        _sooner(gains),
        _expiries(gains),
        Figure(
            name="Messages sooner",
            value=f"{gains.messages:,}",
            words="copies that would have left mailboxes before people let them",
        ),
        Figure(
            name="Pages not sent",
            value=f"{gains.pages:,}",
            words="actions that policies decide without asking people",
        ),
        _held(report),
        _native(gains),
        _in_force(report.in_force),
    )


def in_short(report: Report) -> tuple[tuple[str, str], ...]:
    """Return the figures in a few words each, all of them ours: for a chat, and for the words of a mail."""
    found = {one.name: one.value for one in figures(report)}
    if report.total.agreement is not None:
        found["Agreement"] += f" (95 % interval {between(report.total.agreement)})"
    if report.counterfactuals.saved is not None:
        found["Sooner"] += " (median)"
    return tuple(found.items())


def held(report: Report) -> list[tuple[str, int]]:
    """Return what each guard rail would have held, the most first."""
    return sorted(report.counterfactuals.held.items(), key=lambda one: (-one[1], one[0]))


def _compared(report: Report) -> Figure:
    tally = report.total.tally
    words = "actions; why the others are not stands below"
    if report.imported:
        judged = "was" if report.imported == 1 else "were"
        words += f"; {report.imported:,} {judged} judged afterwards, from what Graph still had"
    return Figure(name="Compared", value=f"{tally.compared:,} of {tally.actions:,}", words=words)


def _agreement(report: Report) -> Figure:
    total = report.total
    if total.agreement is None:
        words = f"{total.tally.compared:,} compared, and {report.enough:,} are enough"
        return Figure(name="Agreement", value=FEW, words=words)
    words = f"{total.tally.agreed:,} of {total.tally.compared:,}; 95 % interval {between(total.agreement)}"
    return Figure(name="Agreement", value=percent(total.agreement.share), words=words)


def _looser(total: Group) -> Figure:
    tally = total.tally
    if not tally.would_approve:
        words = "nothing was compared that policies would have approved"
        return Figure(name="Looser", value="0", words=words)
    of = f"of {tally.would_approve:,} that policies would have approved and people decided"
    rate = "" if total.risk is None else f": {percent(total.risk.share)}, 95 % interval {between(total.risk)}"
    if not tally.looser:
        tone = Tone.GOOD if total.risk is not None else Tone.PLAIN
        return Figure(name="Looser", value="0", words=f"people rejected none {of}{rate}", tone=tone)
    return Figure(
        name="Looser", value=f"{tally.looser:,}", words=f"people rejected them, {of}{rate}", tone=Tone.BAD
    )


def _stricter(total: Group) -> Figure:
    tally = total.tally
    words = f"people approved them: policies left {tally.left:,} to people, and rejected {tally.rejected:,}"
    return Figure(name="Stricter", value=f"{tally.stricter:,}", words=words)


def _sooner(gains: Counterfactuals) -> Figure:
    if gains.saved is None:
        words = "no action that policies decided as people then did, and before them"
        return Figure(name="Sooner", value="-", words=words)
    words = f"the median of {counted(gains.saved_of, 'action', 'actions')} that policies decided as people then did"
    if gains.saved_ninetieth is not None:
        words += f"; for one in ten by {span(gains.saved_ninetieth)} or more"
    return Figure(name="Sooner", value=span(gains.saved), words=words)


def _expiries(gains: Counterfactuals) -> Figure:
    value = f"{gains.expired_otherwise:,} of {gains.expired:,}"
    words = "actions whose week ended undecided, and which policies would have decided in time"
    return Figure(name="Expiries avoided", value=value, words=words)


def _held(report: Report) -> Figure:
    gains = report.counterfactuals
    count = sum(gains.held.values())
    words = "approvals that guard rails would have held, for a person to look at"
    most = ", ".join(f"{name} {number:,}" for name, number in held(report)[:3])
    return Figure(
        name="Held",
        value=f"{count:,} of {gains.approved:,}",
        words=f"{words}: {most}" if most else words,
    )


def _native(gains: Counterfactuals) -> Figure:
    native = gains.native
    if not native.actions:
        words = "nothing that Defender's own automation settings could have soft-deleted"
        return Figure(name="Defender alone", value="0", words=words)
    words = (
        "soft-deleted by Defender's own automation settings, were all of them on: "
        f"people approved {native.approved:,} of these and rejected {native.rejected:,}; "
        f"policies would have approved {native.ours:,}"
    )
    return Figure(name="Defender alone", value=f"{native.actions:,}", words=words)


def _in_force(group: Group) -> Figure:
    tally = group.tally
    value = FEW if group.agreement is None else percent(group.agreement.share)
    words = (
        f"agreement of the policies that count already, observing ones left out: {tally.agreed:,} of "
        f"{tally.compared:,}, {tally.looser:,} looser"
    )
    return Figure(name="In force", value=value, words=words)
