"""Looking for work costs by the amount of work, not by the age of the ledger: every query goes by an index."""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, Row

from agent.adapters.ledger.columns import metadata
from agent.adapters.ledger.ledger import SqlLedger
from agent.audit.entries import of_note
from agent.model.ahead import Ahead
from agent.model.basis import basis_of
from agent.model.decision import Unit
from agent.model.enactment import MAIL_EFFECTS, OPEN, UNCARRIED, State
from agent.model.history import Place, Wanted
from agent.model.hold import Replica
from agent.model.past import About
from agent.model.pending import ActionKind
from agent.model.rails import Cap
from tests.adapters.records import A_LEAVE, NOW, TENANT, a_decided_record, a_lease, an_effect, saved
from tests.ledgers import open_ledger

Asked = Callable[[SqlLedger], Awaitable[Any]]

ACTION = a_decided_record().action.id
A_NOTE = of_note("comment", "1", "agent", NOW, text="approved")
A_CAPPED_LEAVE = msgspec.structs.replace(
    A_LEAVE,
    caps=tuple(
        Cap(name=unit, unit=unit, count=99, window=timedelta(hours=1), kinds=MAIL_EFFECTS) for unit in Unit
    ),
)
A_PLACE = Place(at=NOW, action_id=ACTION, number=1)
AHEAD = Ahead(states=(State.ANSWERED,), came_after=NOW, ends_before=NOW)
A_BASIS = basis_of(saved(a_decided_record()))
TARGET = ("message-0", "anna@contoso.example")

QUERIES: dict[str, tuple[Asked, set[str]]] = {
    "due": (lambda one: one.due(NOW, [State.SEEN, State.SENT], 10), {"ix_records_due"}),
    "due ahead": (lambda one: one.due(NOW, [State.SEEN], 10, ahead=AHEAD), {"ix_records_due"}),
    "next_due": (lambda one: one.next_due(), {"ix_records_due"}),
    "to_visit": (lambda one: one.to_visit(10), {"ix_records_to_visit", "ix_effects_intended"}),
    "of_incident": (lambda one: one.of_incident("1"), {"ix_records_incident"}),
    "listed": (lambda one: one.listed(limit=10), {"ix_records_listed"}),
    "listed by state": (lambda one: one.listed(states=[State.SEEN, State.SENT]), {"ix_records_state"}),
    "counts": (lambda one: one.counts(), {"ix_records_state"}),
    "bases": (lambda one: one.bases(State.HELD), {"ix_records_state", "pk:decisions"}),
    "bases after": (lambda one: one.bases(State.HELD, after=A_BASIS), {"ix_records_state", "pk:decisions"}),
    "turn back": (lambda one: one.turn_back([A_BASIS], NOW), {"pk:records"}),
    "load": (lambda one: one.load([ACTION]), {"pk:records", "pk:decisions"}),
    "effects": (lambda one: one.effects(ACTION), {"ix_effects_action"}),
    "effects of several": (lambda one: one.effects_of([ACTION, "b"]), {"ix_effects_action"}),
    "covered": (lambda one: one.covered([TARGET]), {"pk:targets", "pk:effects"}),
    "spent": (lambda one: one.spent("p", NOW), {"pk:approvals"}),
    "alive": (lambda one: one.alive(), {"ix_replicas_alive", "ix_decisions_at", "ix_incidents_seen_at"}),
    "versions": (lambda one: one.versions(["1"]), {"pk:incidents"}),
    "decisions": (lambda one: one.decisions(since=NOW), {"ix_decisions_at"}),
    "decisions of one since": (lambda one: one.decisions(action_id=ACTION, since=NOW), {"pk:decisions"}),
    "decisions of one": (lambda one: one.decisions(action_id=ACTION), {"pk:decisions"}),
    "judged": (lambda one: one.judged(since=NOW), {"ix_decisions_at"}),
    "approvals": (lambda one: one.approvals(NOW), {"ix_approvals_at"}),
    "answered": (
        lambda one: one.answered(
            [
                (kind, about, value)
                for kind in (ActionKind.SOFT_DELETE_CLUSTER, ActionKind.SOFT_DELETE_MESSAGE)
                for about in About
                for value in ("a@x.example", "x.example")
            ],
            NOW,
        ),
        {"pk:answers"},
    ),
    "given": (lambda one: one.given(NOW), {"ix_effects_given"}),
    "approved": (lambda one: one.approved(NOW, 336), {"ix_decisions_approved", "ix_decisions_braked"}),
    "takers": (lambda one: one.takers(["message-0", "message-1"]), {"pk:targets", "pk:effects"}),
    "kept set": (lambda one: one.kept_set("revision"), {"pk:policy_sets"}),
    "allow": (lambda one: one.allow(A_LEAVE, A_NOTE), {"pk:leases"}),
    "beat": (lambda one: one.beat(Replica(name="a", alive=NOW)), {"ix_replicas_alive"}),
    "depart": (
        lambda one: one.depart(an_effect(a_decided_record()).id, NOW, A_CAPPED_LEAVE),
        {"pk:effects", "pk:leases", "ix_effects_sent_at"},
    ),
    "save": (
        lambda one: one.save([saved(a_decided_record())], dropped=[], versions={"1": "a"}, now=NOW),
        {"pk:records", "ix_incidents_seen_at"},
    ),
    "answers of people": (lambda one: one.answers([ACTION]), {"pk:people_answers"}),
    "standing": (lambda one: one.pages.standing([State.HELD, State.REFUSED], NOW), {"ix_records_state"}),
    "open pages": (lambda one: one.pages.open(), {"ix_pages_open"}),
    "what is open": (lambda one: one.archive.standing(OPEN), {"ix_records_state"}),
    "what ended lately": (
        lambda one: one.archive.standing((), ended=[State.EXPIRED], since=NOW),
        {"ix_records_updated"},
    ),
    "where records stand": (
        lambda one: one.archive.standing([State.HELD], ended=[State.SUPERSEDED], since=NOW),
        {"ix_records_state", "ix_records_updated"},
    ),
    "what changed lately": (lambda one: one.archive.stamp(), {"ix_records_updated", "pk:audit_heads"}),
    "pages of one action": (lambda one: one.pages.of_action(ACTION), {"pk:pages"}),
    "notices due": (lambda one: one.pages.due(NOW, 20, apart_from=["pager"]), {"ix_notices_due"}),
    "notices collected": (lambda one: one.pages.collected("mail"), {"ix_notices_due"}),
    "notices waiting": (lambda one: one.pages.waiting(), {"ix_notices_due"}),
    "notices of pages": (lambda one: one.pages.posted("page-1", "page-2"), {"ix_notices_page"}),
    "pages of the last hour": (lambda one: one.pages.loud_since(NOW), {"ix_notices_event"}),
    "history": (lambda one: one.archive.history(Wanted(person="eve", words="invoice")), {"pk:history"}),
    "history before": (lambda one: one.archive.history(Wanted(), before=A_PLACE), {"pk:history"}),
    "history of one incident": (
        lambda one: one.archive.history(Wanted(incident="1")),
        {"ix_history_incident"},
    ),
    "course": (lambda one: one.archive.course(NOW), {"pk:history"}),
    "course after": (lambda one: one.archive.course(NOW, after=A_PLACE), {"pk:history"}),
    "actions": (lambda one: one.archive.actions([ACTION]), {"pk:records"}),
    "delivered": (lambda one: one.archive.delivered(NOW), {"ix_notices_channel", "ix_notices_due"}),
    "reasons": (lambda one: one.archive.reasons([(ACTION, 1)]), {"pk:decisions"}),
    "facts": (lambda one: one.archive.facts([(ACTION, 1)]), {"pk:decisions"}),
    "ruled": (lambda one: one.archive.ruled(ACTION), {"pk:decisions"}),
    "sums": (
        lambda one: one.meters.sums(NOW, NOW + timedelta(days=1), UNCARRIED),
        {
            "ix_records_state",
            "ix_effects_sent",
            "ix_pages_open",
            "ix_notices_due",
            "pk:audit_entries",
            "pk:audit_heads",
        },
    ),
    "ended": (lambda one: one.meters.ended(), {"ix_records_state"}),
    "next of any page": (lambda one: one.pages.next_due(), {"ix_pages_due", "ix_notices_due"}),
}

HISTORY = ("history", "history before", "history of one incident", "course", "course after")

PRIMARY = re.compile(r"SEARCH (\w+) USING (?:INDEX sqlite_autoindex_\w+_1|PRIMARY KEY)")


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Collect what is sent to the database."""
    sent: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, ___: object, many: bool) -> None:
        sent.append((statement, parameters[0] if many else parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def explain(connection: Connection, _: str, statement: str, parameters: Any) -> Sequence[Row[Any]]:
    return connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()


async def plan_of(ledger: SqlLedger, asked: Asked) -> list[str]:
    """Return how SQLite goes about it."""
    with statements() as sent:
        await asked(ledger)
    explained = [one for one in sent if one[0].startswith(("SELECT", "UPDATE", "DELETE"))]
    return [
        row[-1]
        for statement, parameters in explained
        for row in await ledger._read(explain, statement, parameters)
    ]


WALKS_BY_TENANT = {
    *("listed", "next_due", "to_visit", "counts", "decisions", "alive", "depart", "allow"),
    *("history", "history before", "delivered", "sums"),
    *("open pages", "notices collected", "notices waiting", "next of any page", "what changed lately"),
}
"""These read an index from one end, and stop at their limit, or read a short or narrow one whole."""


@pytest.mark.parametrize("name", QUERIES)
async def test_no_query_walks_a_whole_table(name: str, sqlite_url: str) -> None:
    asked, expected = QUERIES[name]
    async with open_ledger(sqlite_url, TENANT) as ledger:
        record = a_decided_record()
        await ledger.save([record], effects=[an_effect(record)], now=NOW)
        await a_lease(ledger)

        plan = await plan_of(ledger, asked)

    text = "\n".join(plan)
    used = set(re.findall(r"\b(ix_\w+)", text)) | {f"pk:{table}" for table in PRIMARY.findall(text)}
    assert [line for line in plan if re.match(rf"SCAN ({'|'.join(metadata.tables)})\b", line)] == []
    assert expected <= used
    if name not in WALKS_BY_TENANT:
        assert [line for line in plan if "(tenant_id=?)" in line] == []


@pytest.mark.parametrize(
    "name", ["next_due", "listed", "bases", "bases after", "decisions of one", "effects", *HISTORY]
)
async def test_what_an_index_has_in_order_is_not_sorted(name: str, sqlite_url: str) -> None:
    asked, _ = QUERIES[name]
    async with open_ledger(sqlite_url, TENANT) as ledger:
        plan = await plan_of(ledger, asked)

    assert [line for line in plan if "TEMP B-TREE FOR ORDER BY" in line] == []
