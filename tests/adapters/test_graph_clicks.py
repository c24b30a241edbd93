"""Who clicked: rows of the one query as clicks of copies, and what becomes of them where their table is not there."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from agent.adapters.graph import hunting
from agent.adapters.graph.mailbag import CLICKS_AGAIN
from agent.model.defender import Clicks, MailMessage
from agent.model.errors import Refused
from tests.adapters.graphs import GUID, LATER_GUID, Step, look_up, no, opened, results, row
from tests.clock import ManualClock

NO_TABLE = no(
    400,
    "BadRequest",
    "'union' operator: Failed to resolve table or column expression named 'UrlClickEvents'",
)


def clicks(
    account: str, count: Any = 1, allowed: Any = 0, through: Any = 0, of: str = GUID
) -> dict[str, Any]:
    """Return a row as the union gives it: texts of the copies' columns are empty."""
    return {
        "NetworkMessageId": of,
        "RecipientEmailAddress": "",
        "Subject": "",
        "Timestamp": None,
        "Clicker": account,
        "Clicks": count,
        "ClicksAllowed": allowed,
        "ClicksThrough": through,
    }


def copy(recipient: str = "ann@contoso.example", of: str = GUID) -> dict[str, Any]:
    return row(RecipientEmailAddress=recipient, NetworkMessageId=of, Clicker="", Clicks=None)


def found(*rows: dict[str, Any]) -> dict[str, tuple[Clicks, ...] | None]:
    body = msgspec.json.encode({"results": rows})
    copies = hunting.copies_of(hunting.rows_of(body)).copies
    return {f"{one.network_message_id[0]}:{one.recipient}": one.clicks for one in copies}


ANN = Clicks(account="ann@contoso.example", count=2, allowed=1, through=0)


def test_a_click_belongs_to_the_copy_of_whoever_clicked_whatever_the_case() -> None:
    assert found(
        copy("Ann@Contoso.example"),
        copy("bob@contoso.example"),
        copy("ann@contoso.example", of=LATER_GUID),
        clicks("ANN@contoso.example", 2, 1, of=GUID.upper()),
    ) == {
        "7:Ann@Contoso.example": (ANN,),
        "7:bob@contoso.example": (),
        "8:ann@contoso.example": (),
    }


def test_a_click_of_an_account_that_is_no_recipient_s_may_be_in_any_copy_of_its_message() -> None:
    stranger = Clicks(account="a.berg@contoso.example", count=3, allowed=3, through=1)

    assert found(
        copy(),
        copy("bob@contoso.example"),
        copy(of=LATER_GUID),
        clicks("a.berg@contoso.example", 3, 3, 1),
        clicks("ann@contoso.example", 2, 1),
    ) == {
        "7:ann@contoso.example": (ANN, stranger),
        "7:bob@contoso.example": (stranger,),
        "8:ann@contoso.example": (),
    }


def test_a_click_without_an_account_is_not_lost() -> None:
    assert found(copy(), clicks("", 4, 1)) == {
        "7:ann@contoso.example": (Clicks(account="", count=4, allowed=1, through=0),)
    }


@pytest.mark.parametrize("wrong", ["3", -1, 1.5, True, [1]])
def test_a_row_that_cannot_be_read_makes_the_clicks_of_its_message_unknown_and_no_copy(wrong: Any) -> None:
    for place in ("count", "allowed", "through"):
        broken = clicks("ann@contoso.example", **{place: wrong})

        assert found(copy(), copy(of=LATER_GUID), broken) == {
            "7:ann@contoso.example": None,
            "8:ann@contoso.example": (),
        }


def test_two_rows_of_one_account_in_one_message_are_not_believed() -> None:
    assert found(copy(), clicks("ann@contoso.example"), clicks("Ann@contoso.example", 2)) == {
        "7:ann@contoso.example": None
    }


def test_clicks_in_nobody_knows_which_message_may_be_in_any() -> None:
    assert found(copy(), copy(of=LATER_GUID), clicks("ann@contoso.example", of="")) == {
        "7:ann@contoso.example": None,
        "8:ann@contoso.example": None,
    }


def test_rows_that_were_asked_for_without_clicks_say_nothing_of_them() -> None:
    rows = hunting.rows_of(msgspec.json.encode({"results": [row()]}))

    (one,) = hunting.copies_of(rows, clicks=False).copies

    assert one.clicks is None


async def test_clicks_cost_no_request_of_their_own() -> None:
    mail, script = await look_up([GUID], results(copy(), clicks("ann@contoso.example", 2, 1)))

    assert len(script.requests) == 1
    assert mail.messages[0].clicks == (ANN,)
    assert not mail.unresolved


async def test_a_message_that_everybody_clicks_in_all_day_is_one_row_for_each_of_them() -> None:
    people = [f"p{number}@contoso.example" for number in range(2_000)]
    rows = [copy(one) for one in people] + [clicks(one, 10_000_000, 9, 0) for one in people]

    mail, script = await look_up([GUID], results(*rows))

    assert len(script.requests) == 1
    assert [len(one.clicks or ()) for one in mail.messages] == [1] * 2_000


# Where there is no such table


async def twice(*steps: Step, wait: timedelta) -> tuple[list[str], list[MailMessage]]:
    """Look the same message up twice; return the queries, and the copies that were found."""
    clock = ManualClock()
    async with opened(*steps, clock=clock) as (graph, script):
        first = await graph.defender.mail([GUID])
        clock.advance(wait)
        second = await graph.defender.mail([GUID])
    return [body["query"] for body in script.bodies], [*first.messages, *second.messages]


async def test_without_the_table_mail_is_looked_up_without_clicks_and_they_are_unknown() -> None:
    mail, script = await look_up([GUID], NO_TABLE, results(row()))

    asked = [body["query"] for body in script.bodies]
    assert ["UrlClickEvents" in query for query in asked] == [True, False]
    assert [one.clicks for one in mail.messages] == [None]
    assert not mail.unresolved
    assert mail.why == ""


@pytest.mark.parametrize(
    ("wait", "asks"),
    [
        (CLICKS_AGAIN - timedelta(seconds=1), [True, False, False]),
        (CLICKS_AGAIN, [True, False, True]),
    ],
)
async def test_the_missing_table_is_remembered_for_an_hour(wait: timedelta, asks: list[bool]) -> None:
    asked, copies = await twice(NO_TABLE, results(row()), results(copy()), wait=wait)

    assert ["UrlClickEvents" in query for query in asked] == asks
    assert [one.clicks for one in copies] == [None, () if asks[-1] else None]


async def test_another_refusal_is_asked_without_clicks_and_not_remembered() -> None:
    asked, copies = await twice(
        no(400, "BadRequest", "Query execution has exceeded the allowed resources"),
        results(row()),
        results(copy()),
        wait=timedelta(0),
    )

    assert ["UrlClickEvents" in query for query in asked] == [True, False, True]
    assert [one.clicks for one in copies] == [None, ()]


async def test_what_is_refused_without_clicks_too_is_refused() -> None:
    with pytest.raises(Refused, match="Syntax error"):
        await look_up([GUID], NO_TABLE, no(400, "BadRequest", "Syntax error"))


async def test_clicks_that_make_an_answer_too_long_do_not_make_the_mail_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hunting, "MOST_ROWS", 3)

    mail, script = await look_up(
        [GUID], results(copy(), clicks("a@x.example"), clicks("b@x.example")), results(row())
    )

    assert len(script.requests) == 2
    assert [one.clicks for one in mail.messages] == [None]
    assert not mail.unresolved


async def test_one_by_one_nothing_is_known_of_clicks() -> None:
    from agent.adapters.graph.analyzed import message_of

    found = message_of({"networkMessageId": GUID, "recipientEmailAddress": "a@x.example", "threatTypes": []})

    assert isinstance(found, MailMessage)
    assert found.clicks is None
