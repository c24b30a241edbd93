"""Everything about one pending action, on a terminal."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.faces.cli.output import COLOURS, safe
from agent.faces.holds import banner
from agent.faces.offer_and_answers import answer, asked
from agent.faces.pages import sentence
from agent.faces.people_did import NOBODY, all_that_people_did
from agent.faces.story import Story
from agent.faces.telling import commit, remaining
from agent.faces.would_have import would_have
from agent.judge.people import by
from agent.judge.quote import counted, moment
from agent.model.decision import Clause, Decision, Finding, Match
from agent.model.facts import Value
from agent.model.pending import KindSource, Sighting

LONG = 4000
"""Characters of one text; here there is room."""

HELD = {True: ("yes", "green"), False: ("no", "red"), None: ("unknown", "yellow")}

ANSWERS = {
    Match.MATCHED: "matched",
    Match.NOT_MATCHED: "did not match",
    Match.UNDECIDED: "could not be decided: something it asks for is not known",
}


def tell(out: Console, told: Story) -> None:
    """Print the story, section by section."""
    for hold in told.holds:
        out.print(safe(banner(hold, told.now), "red", LONG), soft_wrap=True)
    _head(out, told)
    if told.decision is not None:
        _decision(out, told.decision)
    _question(out, told)
    if told.decision is not None:
        _findings(out, told.decision.findings)
        _facts(out, told.decision)
    _plan(out, told)
    _seen(out, told)
    _section(out, "What people decided")
    for words in all_that_people_did(told.truths) or (NOBODY,):
        _say(out, words)
    _sightings(out, told.sightings)
    _people(out, told)
    if told.earlier:
        _section(out, "Earlier decisions")
        for one in told.earlier:
            _say(out, f"{moment(one.at)}  {one.verb}: {one.reason}")
    if told.commands:
        _section(out, "Instead of approving, in Exchange Online PowerShell")
        for command in told.commands:
            _say(out, command)
    _section(out, "Where to look")
    for link in told.links:
        _say(out, link)


def _head(out: Console, told: Story) -> None:
    action = told.action
    left = remaining(action.deadline - told.now)
    out.print(safe(action.what, "bold", LONG), soft_wrap=True)
    _pairs(
        out,
        (
            ("id", action.id),
            ("state", action.state),
            ("kind", f"{action.kind} ({_source(told)})"),
            ("incident", action.incident),
            *((("investigation", action.investigation),) if action.investigation else ()),
            ("first seen", moment(told.first_seen)),
            ("deadline", f"{moment(action.deadline)}, {left if left == 'over' else f'in {left}'}"),
            *((("looked at again", _again(told.due, told.now)),) if told.due is not None else ()),
        ),
    )


def _again(due: datetime, now: datetime) -> str:
    return f"{moment(due)}, {'now' if due <= now else f'in {remaining(due - now)}'}"


def _source(told: Story) -> str:
    """Return from where its kind is known."""
    match told.kind_source:
        case KindSource.EVIDENCE:
            return "the evidence fixes it"
        case KindSource.HUNTING:
            word = told.action_type
            return (
                f"the evidence leaves it open, AIR's own row says `{word}`"
                if word
                else "AIR's own row names it"
            )
        case KindSource.NOWHERE:
            return "the evidence leaves it open, and no row of AIR's names it"


def _decision(out: Console, decision: Decision) -> None:
    _section(out, "Decision")
    out.print(
        Text.assemble(
            Text(decision.verb.value, style=COLOURS.get(decision.verb.value, "")),
            safe(f" by {by(decision)}", limit=LONG),
        ),
        soft_wrap=True,
    )
    _say(out, decision.reason)
    of = f"policies {decision.revision}{f', git {commit(decision.git)}' if decision.git else ''}"
    pairs = [("decided", f"{moment(decision.at)}, {of}, agent {decision.agent_version or 'unknown'}")]
    others = [one.guard for one in decision.held if one.guard != decision.guard]
    if decision.guard:
        pairs.append(("held by", ", ".join([decision.guard, *others])))
    elif others and decision.answered:
        pairs.append(("passed by people", ", ".join(others)))
    if decision.lapsed is not None:
        pairs.append(("lapsed", f"{moment(decision.lapsed.at)}, as chain {decision.lapsed.chain} says"))
    if decision.approvers and not decision.answered:
        pairs.append(("to be approved by", counted(decision.approvers, "person", "people")))
    if decision.shadow is not None:
        pairs.append(("would have", f"{would_have(decision)}: {decision.shadow.reason}"))
    if decision.inform:
        pairs.append(("to be informed", ", ".join(decision.inform)))
    if decision.escalation:
        pairs.append(("escalation", decision.escalation))
    _pairs(out, pairs)


def _question(out: Console, told: Story) -> None:
    """Print what people are asked, and what they have answered."""
    if told.question is not None:
        _section(out, "Question")
        for words in asked(told.question):
            _say(out, words)
    if told.answers:
        _section(out, "Answers")
        for given in told.answers:
            _say(out, answer(given, told.now))


def _findings(out: Console, findings: Sequence[Finding]) -> None:
    _section(out, "Findings")
    if not findings:
        _say(out, "no policy is for this kind of action")
    for finding in findings:
        mode = ", observing" if finding.observes else ""
        _say(
            out,
            f"{finding.policy} ({finding.verb}, priority {finding.priority}{mode}): {ANSWERS[finding.answer]}",
        )
        for clause in finding.clauses:
            _clause(out, clause)


def _clause(out: Console, clause: Clause) -> None:
    word, colour = HELD[clause.held]
    place = f"  (line {clause.line}, column {clause.column})"
    out.print(
        Text.assemble(
            Text(f"  {word:>7}  ", style=colour), safe(clause.words, limit=LONG), safe(place, "dim")
        ),
        soft_wrap=True,
    )


def _facts(out: Console, decision: Decision) -> None:
    _section(out, "Facts")
    facts = decision.facts
    _pairs(out, [(name, _value(said)) for name, said in sorted(facts.values.items())])
    if facts.messages is not None:
        whole = (
            "all of them"
            if facts.messages_complete
            else f"not all of them: {facts.unresolved or 'unknown why'}"
        )
        _say(out, f"copies of messages looked up: {len(facts.messages)}, {whole}")


def _plan(out: Console, told: Story) -> None:
    _section(out, "Enactment")
    _say(out, told.action.enactment)
    if not told.effects:
        return
    table = Table(box=box.SIMPLE, expand=False)
    for name in ("call", "does", "targets", "went", "attempts", "sent", "settled", "bulk id, detail"):
        table.add_column(name, overflow="fold")
    for effect in told.effects:
        table.add_row(
            effect.id[:8],
            effect.kind.value + (f", undoes {effect.undoes[:8]}" if effect.undoes else ""),
            str(len(effect.targets)),
            effect.went.value,
            str(effect.attempts),
            moment(effect.sent_at) if effect.sent_at else "not yet",
            moment(effect.settled_at) if effect.settled_at else "not yet",
            safe(" ".join(part for part in (effect.bulk_id, effect.detail) if part)),
        )
    out.print(table)


def _seen(out: Console, told: Story) -> None:
    _section(out, "Confirmation")
    _say(out, told.action.confirmation)
    seen = told.confirmation
    if seen.at is not None:
        _say(out, f"last looked at {moment(seen.at)}; looked at {seen.checks} times in all")


def _sightings(out: Console, sightings: Sequence[Sighting]) -> None:
    _section(out, "Sightings")
    for one in sightings:
        said = (
            one.title or "alert without a title",
            f"alert {one.alert_id}",
            f"incident {one.incident_id}",
            f"investigation {one.investigation_state}" if one.investigation_state else "",
            f"evidence {one.remediation_status}" if one.remediation_status else "",
            f"updated {moment(one.last_update_date_time)}" if one.last_update_date_time else "",
        )
        _say(out, ", ".join(part for part in said if part))


def _people(out: Console, told: Story) -> None:
    if not told.pages:
        return
    _section(out, "People on call")
    for page in told.pages:
        state = "open" if page.closed is None else f"closed {moment(page.closed)}"
        _say(out, f"page {page.id} of chain {page.chain}, since {moment(page.since)}, {state}: {page.what}")
        for one in page.told:
            _say(out, f"  {sentence(one, told.now)}")
        if not page.told:
            _say(out, "  nobody was told of it")


def _section(out: Console, title: str) -> None:
    out.print()
    out.print(Text(title, style="bold underline"))


def _say(out: Console, words: str) -> None:
    out.print(safe(words, limit=LONG), soft_wrap=True)


def _pairs(out: Console, pairs: Iterable[tuple[str, str]]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, said in pairs:
        table.add_row(safe(name), safe(said, limit=LONG))
    out.print(table)


def _value(said: Value) -> str:
    match said:
        case bool():
            return "true" if said else "false"
        case datetime():
            return moment(said)
        case frozenset():
            return ", ".join(sorted(said)) or "none"
        case _:
            return str(said)
