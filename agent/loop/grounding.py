"""What people decided, kept with what ends and what is answered, in the same transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from agent.judge.attribute import Word, attribute
from agent.judge.gather import wanted
from agent.judge.ground_truth import answer_in, answered, with_answer, written
from agent.judge.lives import How, Life, has_moved, known_of, life_of
from agent.judge.naming import places_of
from agent.model.air import AirAction
from agent.model.defender import MailboxConfigurationEvidence
from agent.model.enactment import Record, State
from agent.model.pending import MAIL_KINDS, ActionKind, PendingAction, are_one_proposal
from agent.model.truth import Source, Truth
from agent.ports.ledger import Ledger
from agent.ports.world import Desk

Asked = tuple[PendingAction, datetime, datetime]
"""An action, and from when until when what others wrote down is about this proposal of it."""

Heard = Mapping[tuple[str, datetime], Mapping[Source, Word]]
"""What others wrote down of proposals, by their action and from when it is about them."""


async def heard(ledger: Ledger, asked: Sequence[Asked]) -> Heard:
    """Return what AIR's own rows and the audit's records say that people decided; of others nothing."""
    places = sorted({place for action, _, _ in asked for place in places_of(action)})
    if not places:
        return {}
    sources = {
        Source.AIR: _by_place(await ledger.air_actions(places)),
        Source.AUDIT: _by_place(await ledger.audit_actions(places)),
    }
    found: dict[tuple[str, datetime], dict[Source, Word]] = defaultdict(dict)
    namesakes = await _namesakes(ledger, asked)
    for action, since, until in asked:
        beside = [
            one
            for one, begun, ended in namesakes
            if _is_setting(action)
            and _is_setting(one)
            and one.key != action.key  # what nobody had named a kind for goes on under another id
            and set(places_of(one)) & set(places_of(action))
            and are_one_proposal(since, until, begun, ended)
        ]
        for source, rows in sources.items():
            about = {row.id: row for place in places_of(action) for row in rows.get(place, ())}
            word = attribute(action, about.values(), since, until, beside)
            if word is not None:
                found[action.id, since][source] = word
    return found


async def _namesakes(ledger: Ledger, asked: Sequence[Asked]) -> Sequence[Asked]:
    """Return what waited at the time of those asked about that rows may call by the same name: settings of a mailbox."""
    settings = [one for one in asked if _is_setting(one[0])]
    if not settings:
        return ()
    kinds = sorted({*(action.kind for action, _, _ in settings), ActionKind.UNKNOWN})
    known = await ledger.proposed(
        kinds, min(since for _, since, _ in settings), max(until for _, _, until in settings)
    )
    found = {one[0].id: one for one in settings}
    return [*settings, *((one, one.first_seen, one.deadline) for one in known if one.id not in found)]


def _is_setting(action: PendingAction) -> bool:
    return isinstance(action.evidence, MailboxConfigurationEvidence)


def _by_place(rows: Iterable[AirAction]) -> Mapping[str, Sequence[AirAction]]:
    found: dict[str, list[AirAction]] = defaultdict(list)
    for row in rows:
        for place in row.places:
            found[place].append(row)
    return found


async def taken_by_ours(
    world: Desk, moves: Sequence[tuple[Record | None, Record]], records: Sequence[Record]
) -> frozenset[str]:
    """Return which of these actions ended elsewhere though our deletions for others took their mail."""
    doubtful: dict[str, Sequence[str]] = {}
    for (before, _), record in zip(moves, records, strict=True):
        is_over = record.state is State.SUPERSEDED and not record.action.is_pending
        if is_over and record.action.kind in MAIL_KINDS and has_moved(before, record):
            doubtful[record.action.id] = wanted(record.action)
    return await taken_of(world.ledger, doubtful)


async def taken_of(ledger: Ledger, doubtful: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return those of these actions of whose messages effects of another action of ours have claimed copies."""
    messages = [message for some in doubtful.values() for message in some]
    takers = await ledger.takers(messages) if messages else {}
    return frozenset(
        action_id
        for action_id, some in doubtful.items()
        if any(takers.get(message, frozenset()) - {action_id} for message in some)
    )


async def truths_of_moves(
    world: Desk,
    moves: Sequence[tuple[Record | None, Record]],
    records: Sequence[Record],
    taken: frozenset[str],
    now: datetime,
) -> list[Truth]:
    """Return what becomes known of proposals with these records, as they are saved."""
    over: list[tuple[Record, Life]] = []
    for (before, _), record in zip(moves, records, strict=True):
        if has_moved(before, record):
            life = life_of(before, record, now, is_taken=record.action.id in taken)
            was_open = before is None or life_of(None, before, now).how is How.OPEN
            if life.how is not How.OPEN or not was_open:
                over.append((record, life))
    if not over:
        return []
    known = await world.ledger.truths([record.action.id for record, _ in over])
    said = await heard(
        world.ledger, [(record.action, life.first_seen, life.deadline) for record, life in over]
    )
    found: list[Truth] = []
    for record, life in over:
        before_it = known_of(life, known.get(record.action.id, ()))
        told = with_answer(said.get((record.action.id, life.first_seen), {}), answer_in(before_it))
        one = written(life, told, before_it)
        found += [] if one is None else [one]
    return found


async def truths_of_decisions(
    world: Desk, before: Sequence[Record], records: Sequence[Record], now: datetime
) -> list[Truth]:
    """Return what people decided with these decisions, and take back what those answered whose answers do not count after all."""
    were = {record.action.id: record.state for record in before}
    found: list[tuple[Record, Word | None]] = []
    for record in records:
        word = answered(record.decision)
        is_void = were.get(record.action.id) is State.ANSWERED and record.state is not State.ANSWERED
        if word is not None or is_void:
            found.append((record, word))
    return await _truths_of_answers(world, found, now)


async def truths_of_answer(world: Desk, record: Record, word: Word | None, now: datetime) -> list[Truth]:
    """Return what people decided with an answer; nothing where more of them have to answer."""
    return await _truths_of_answers(world, [(record, word)], now) if word is not None else []


async def _truths_of_answers(
    world: Desk, found: Sequence[tuple[Record, Word | None]], now: datetime
) -> list[Truth]:
    if not found:
        return []
    known = await world.ledger.truths([record.action.id for record, _ in found])
    truths: list[Truth] = []
    for record, word in found:
        life = life_of(record, record, now)
        before = known_of(life, known.get(record.action.id, ()))
        one = written(life, with_answer({}, word), before)
        truths += [] if one is None else [one]
    return truths
