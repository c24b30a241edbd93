"""Lists as CSV: a spreadsheet that opens one works nothing out."""

import csv
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.faces.sheets import cell, csv_of
from agent.faces.web.sheets import sheet
from tests.adapters.hostile import HOSTILE
from tests.makers import NOW

TRIGGERS = frozenset("=+-@\t\r\n＝＋－＠")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\\u0009=1"),
        ("\r1", "'\\u000d1"),
        ("\n1", "'\\u000a1"),
        ("＝1", "'＝1"),
        ("＠A1", "'＠A1"),
        ("  =1", "  '=1"),
        ('"=1', "\"'=1"),
    ],
)
def test_what_would_be_a_formula_is_text(text: str, written: str) -> None:
    assert cell(text) == written


@pytest.mark.parametrize("text", ["invoice 7", "a=b", "a-b", "a@b.example", "100%", "", "x +1"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert cell(text) == text


def test_what_another_separator_would_cut_off_is_no_formula_either() -> None:
    assert cell("Invoice;=cmd|'/C calc'!A0;+1; -2;b") == "Invoice;'=cmd|'/C calc'!A0;'+1; '-2;b"


@given(st.text(alphabet="=+-@\t\r;\"' a1,\n＝"))
def test_no_cell_begins_a_formula_whichever_way_a_spreadsheet_separates(text: str) -> None:
    whole = csv_of([["a", "b"], ["first", text]])

    for separator in (",", ";", "\t"):
        for row in csv.reader(whole.removesuffix("\r\n").split("\r\n"), delimiter=separator):
            for one in row:
                assert one.strip(' "')[:1] not in TRIGGERS, (separator, one)


@pytest.mark.parametrize("text", HOSTILE)
def test_an_attackers_words_stay_in_their_cell(text: str) -> None:
    rows = list(csv.reader(io.StringIO(csv_of([["a", "b"], [text, "mine"]]))))

    assert [len(row) for row in rows] == [2, 2]
    assert rows[1][1] == "mine"
    assert rows[1][0].isprintable()


def test_each_kind_of_value_is_written_so_that_programs_read_it() -> None:
    there = datetime(2026, 8, 20, 14, 30, tzinfo=timezone(timedelta(hours=2)))

    cells = [cell(one) for one in (None, True, False, 0, -7, 1.5, there, ("b", "=a"), ())]

    assert cells == ["", "yes", "no", "0", "-7", "1.5", "2026-08-20T12:30:00Z", "b, =a", ""]


def test_a_sheet_is_a_file_to_keep_that_spreadsheets_read_as_utf_8() -> None:
    answer = sheet("pending", ["subject"], [["Grüße"]], NOW.astimezone(UTC))

    assert answer.headers["content-disposition"] == 'attachment; filename="pending-20261102T090000Z.csv"'
    assert bytes(answer.body).startswith(b"\xef\xbb\xbf")
    assert bytes(answer.body).decode("utf-8-sig") == '"subject"\r\n"Grüße"\r\n'
