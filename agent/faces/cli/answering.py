"""`answer`: a person approves or rejects what the agent asks, having seen what it would do, and signed in as themselves.

Shown first, signed in then, asked last; the answer is bound to the digest of what was shown. Numbers of targets mean
something only beside the list that they were read from: where nobody is asked (`--yes`), they need its digest.
"""

import asyncio
import sys
from pathlib import Path
from typing import NoReturn

import msgspec
from rich.console import Console

from agent.adapters.host import LARGEST
from agent.composing_fleet import open_desk
from agent.connecting import clock_of
from agent.faces.choosing import COMMENT, by_parts, named
from agent.faces.cli.answer_sheet import tell
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.logs import configure
from agent.faces.cli.looking import matching, why_not_one
from agent.faces.cli.options import loaded_to_audit
from agent.faces.cli.output import console, print_json, safe
from agent.faces.cli.signing_in import person_for, require_sign_in
from agent.faces.holds import idle
from agent.faces.questions import Question, question_of
from agent.judge.answering import LONGEST, Attempt, ended, is_waiting
from agent.judge.bind import offer_of
from agent.judge.quote import counted
from agent.loop.answering import Replied, answer, terms_of
from agent.loop.policies import InForce
from agent.loop.run import load
from agent.model.answer import Person
from agent.model.decision import Verb
from agent.model.enactment import Pair, Record, State
from agent.model.errors import SettingsError
from agent.ports.world import Desk
from agent.settings.subjects import Log, LogLevel, Settings

VIA = "command"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered, and how, as it was typed."""

    action: str
    verb: str
    reason: str
    only: tuple[int, ...] = ()
    targets: Path | None = None
    digest: str | None = None
    as_name: str | None = None
    yes: bool = False


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What `answer --json` tells: what was asked, who answered, and what became of it."""

    question: Question
    person: Person | None
    verb: Verb
    targets: tuple[Pair, ...] | None
    """What was approved of it; None for all of it."""
    counts: bool
    words: str
    have: int
    need: int


def answer_action(path: Path | None, asked: Asked, *, as_json: bool) -> None:
    """Give one person's answer; end with 1 where it does not count."""
    verb = _checked(asked)
    settings = loaded_to_audit(path)
    require_sign_in(settings, asked.as_name)
    quiet = Log(level=LogLevel.ERROR)  # what came of it is told by the command itself
    configure(settings.log if settings.log.file is not None else quiet, clock_of(settings).now)
    out = console(stderr=as_json)
    question = asyncio.run(_asked(settings, asked.action))
    chosen = _chosen(asked, question)
    tell(out, question, chosen)
    if asked.digest is not None and asked.digest.strip().lower() != question.digest:
        words = "it is another than `--digest` says: it changed since, and this is how it is now: answer that"
        _end(question, None, verb, chosen, Replied(words=words), as_json=as_json)
    person = person_for(settings, asked.as_name)
    _introduce(out, person)
    if not asked.yes and not _is_confirmed(out, verb, chosen, question):
        out.print("nothing was answered")
        raise Ending(FINDINGS)
    attempt = Attempt(person=person, verb=verb, reason=asked.reason, digest=question.digest, targets=chosen)
    replied = asyncio.run(_given(settings, question.id, attempt))
    _end(question, person, verb, chosen, replied, as_json=as_json)


def _checked(asked: Asked) -> Verb:
    """Return whether it is approved or rejected, once what was typed can be an answer at all.

    Raises:
        SettingsError: it cannot.
    """
    verb = next((one for one in (Verb.APPROVE, Verb.REJECT) if one.value == asked.verb), None)
    if verb is None:
        raise SettingsError(f"`{asked.verb}` is no answer: write `approve` or `reject`")
    if not asked.reason.strip() or len(asked.reason) > LONGEST:
        raise SettingsError(f"say why with `--reason`, in at most {LONGEST:,} characters")
    if asked.only and asked.targets is not None:
        raise SettingsError("`--only` and `--targets` both choose targets: leave one of them out")
    if (asked.only or asked.targets is not None) and verb is Verb.REJECT:
        raise SettingsError("a no is to all of it: choose targets only to approve them")
    if asked.only and asked.yes and asked.digest is None:
        raise SettingsError(
            "`--only` counts in the list that was shown, which may be another by now: say which list with `--digest`"
        )
    if not asked.yes and not sys.stdin.isatty():
        raise SettingsError(
            "standard input is no terminal, so that nobody can be asked: answer in a terminal, or say `--yes`"
        )
    return verb


async def _asked(settings: Settings, action: str) -> Question:
    """Return what is asked of people about this action; end with 1 where that is nothing."""
    async with open_desk(settings) as desk:
        found = await matching(desk.ledger, action)
        if len(found) != 1:
            _none(why_not_one(action, found))
        record, policies = found[0], await load(desk)
        return await _question(desk, policies, record)


async def _question(desk: Desk, policies: InForce, record: Record) -> Question:
    offered = offer_of(record)
    if offered is None or not (is_waiting(record) or record.state is State.INTENDED):
        _none(f"nothing is asked about it: {_why_nothing(record)}: see `air-agent show {record.action.id}`")
    terms = await terms_of(desk, policies, record, record.decision, offered, desk.clock.now())
    answers = (await desk.ledger.answers([record.action.id])).get(record.action.id, ())
    return question_of(record, offered, tuple(answers), terms)


def _why_nothing(record: Record) -> str:
    """Say how it stands; where people are to act on what nothing was planned for, why that is."""
    if not (is_waiting(record) or record.state is State.INTENDED):
        return f"it is {record.state.value}: {ended(record)}"
    reason = record.decision.reason if record.decision is not None else "it is not judged yet"
    return f"it is {record.state.value}: {record.why or reason}"


async def _given(settings: Settings, action_id: str, attempt: Attempt) -> Replied:
    async with open_desk(settings) as desk:
        replied = await answer(desk, await load(desk), action_id, attempt, via=VIA)
        why = idle(await desk.ledger.replicas(), desk.clock.now())
        if replied.counts and why:
            replied = msgspec.structs.replace(replied, words=f"{replied.words}; {why}")
        return replied


def _chosen(asked: Asked, question: Question) -> tuple[Pair, ...] | None:
    """Return which targets are approved; None for all of them.

    Raises:
        SettingsError: one that was chosen is not there.
    """
    if asked.targets is not None:
        return _of_file(asked.targets, question)
    if not asked.only:
        return None
    known = {one.number: one.pair for one in question.targets}
    for number in asked.only:
        if number not in known:
            raise SettingsError(f"`--only {number}`: there are targets 1 to {len(known)}")
    return tuple(dict.fromkeys(known[number] for number in asked.only))


def _of_file(path: Path, question: Question) -> tuple[Pair, ...]:
    """Return the targets that a file names: one a line, copied from the list or its parts alone, with blanks between."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1).decode()
    except OSError as error:
        raise SettingsError(f"`{path}` cannot be read: {(error.strerror or 'no reason').lower()}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"`{path}` is not UTF-8") from error
    known = by_parts(question.targets)
    chosen: dict[Pair, None] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = tuple(line.split())
        if not words or words[0].startswith(COMMENT):
            continue
        pair = named(words, known)
        if pair is None:
            raise SettingsError(
                f"`{path}` line {number}: this is none of the {len(known)} targets that are listed: "
                "copy lines of the list that `answer` shows"
            )
        chosen[pair] = None
    if not chosen:
        raise SettingsError(f"`{path}` names no target: name one at least, or reject it")
    return tuple(chosen)


def _introduce(out: Console, person: Person) -> None:
    roles = ", ".join(person.roles) or "no role"
    who = f"{person.name} <{person.addresses[0]}>" if person.addresses else person.name
    out.print(safe(f"you are        {who}, with {roles}"), soft_wrap=True)


def _is_confirmed(out: Console, verb: Verb, chosen: tuple[Pair, ...] | None, question: Question) -> bool:
    """Whether the person says yes to exactly this."""
    of = f" {len(chosen)} of" if chosen is not None else ""
    out.print(f"{verb.value}{of} {counted(len(question.targets), 'target', 'targets')}? [y/N] ", end="")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _end(
    question: Question,
    person: Person | None,
    verb: Verb,
    chosen: tuple[Pair, ...] | None,
    replied: Replied,
    *,
    as_json: bool,
) -> None:
    """Tell what became of it; end with 1 where it does not count."""
    if as_json:
        given = Given(
            question=question,
            person=person,
            verb=verb,
            targets=chosen,
            counts=replied.counts,
            words=replied.words,
            have=replied.have,
            need=replied.need,
        )
        print_json(given)
    else:
        colour = "green" if replied.counts else "yellow"
        console().print(safe(replied.words, colour, limit=LONGEST * 4), soft_wrap=True)
    if not replied.counts:
        raise Ending(FINDINGS)


def _none(why: str) -> NoReturn:
    console(stderr=True).print(safe(f"error: {why}", limit=LONGEST * 4), soft_wrap=True)
    raise Ending(FINDINGS)
