"""`policy schema` and `policy facts`: what policies may say, from the tables that check them."""

import json
from collections.abc import Sequence

import msgspec
from rich import box
from rich.table import Table
from rich.text import Text

from agent.faces.cli.options import Listing
from agent.faces.cli.output import console, lines, print_json, print_plain
from agent.judge.document import FactPage, fact_pages, fact_rows, markdown, of_whom, pages_of
from agent.judge.known import Known
from agent.judge.literals import nearest
from agent.judge.operators import OPERATORS
from agent.judge.schema.schema import schema
from agent.judge.strict_yaml import shown
from agent.judge.vocabulary import Scope, list_of
from agent.model.document import Document
from agent.model.errors import SettingsError
from agent.model.facts import VOCABULARY
from agent.model.pending import ActionKind

MOST_WORDS = 16
"""Words of a fact that a table of many facts tells; the page of the fact alone tells all."""

WIDE = 100
"""Columns from which there is room for three columns."""

HEADER = ("fact", "type", "of", "what it is", "unknown when")


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What `policy facts --json` tells. `table` is the number of the fact table."""

    table: int = VOCABULARY
    facts: tuple[FactPage, ...]


def print_schema(of: Document) -> None:
    """Print the JSON Schema of such a file."""
    print_plain(json.dumps(schema(of), indent=1, ensure_ascii=True))


def print_facts(of: str | None, format_: Listing) -> None:
    """Print the facts of a kind, of all kinds, or all there is to know about one fact.

    Raises:
        SettingsError: it is neither a kind nor a fact.
    """
    kind = ActionKind(of) if of in set(ActionKind) else None
    pages = fact_pages(kind) if of is None or kind is not None else pages_of(of)
    if not pages:
        known = {*ActionKind, *(page.name for page in fact_pages())}
        raise SettingsError(
            f"`{shown(of or '')}` is neither a kind of pending action nor a fact{nearest(of or '', known)}"
        )
    match format_:
        case Listing.JSON:
            print_json(Described(facts=pages))
        case Listing.MARKDOWN:
            print_plain(markdown(HEADER, fact_rows(pages)).rstrip("\n"))
        case Listing.TEXT if of is None or kind is not None:
            _print_table(pages, kind)
        case Listing.TEXT:
            for at, page in enumerate(pages):
                if at:
                    print_plain("")
                _print_page(page)


def _print_table(pages: Sequence[FactPage], kind: ActionKind | None) -> None:
    out = console()
    of_action = [page for page in pages if page.scope is Scope.ACTION]
    of_message = [page for page in pages if page.scope is Scope.MESSAGE]
    is_wide = out.width >= WIDE
    out.print(_table(of_action, kind, is_wide=is_wide))
    if of_message:
        out.print()
        out.print(Text("Facts of one message, inside `messages:`"))
        out.print(_table(of_message, kind, is_wide=is_wide))
    whose = f"of `{kind}`" if kind is not None else "of all kinds"
    more = ", those of one message among them" if of_message else ""
    out.print(
        f"{len(pages)} facts {whose}{more}; `policy facts FACT` tells one with all its words and operators",
        soft_wrap=True,
    )


def _table(pages: Sequence[FactPage], kind: ActionKind | None, *, is_wide: bool) -> Table:
    """Return the facts as a table; where there is little room, when they are unknown stands below what they are."""
    table = Table(box=box.ROUNDED, show_lines=True, expand=True)
    table.add_column("fact, type", width=max(len(page.name) for page in pages), overflow="fold")
    table.add_column("what it is" if is_wide else "what it is, when it is unknown", ratio=3, overflow="fold")
    if is_wide:
        table.add_column("when it is unknown", ratio=2, overflow="fold")
    for page in pages:
        name = lines(Text(page.name, style="bold"), Text(_type(page)))
        about, unknown = _about(page, kind), Text(_unknown(page))
        if is_wide:
            table.add_row(name, about, unknown)
        else:
            table.add_row(name, lines(about, unknown))
    return table


def _about(page: FactPage, kind: ActionKind | None) -> Text:
    parts = [Text(page.source)]
    if page.words is not None:
        parts.append(Text(_few(page.words), style="dim"))
    if kind is None and page.scope is Scope.ACTION:
        parts.append(Text(f"of {of_whom(page)}", style="dim"))
    if page.since > 1:
        parts.append(Text(f"since fact table {page.since}", style="dim"))
    return lines(*parts)


def _few(words: Sequence[str]) -> str:
    if len(words) <= MOST_WORDS:
        return ", ".join(words)
    return f"one of {len(words)} words"


def _type(page: FactPage) -> str:
    return f"{page.type}: {page.unit}" if page.unit else page.type.value


def _unknown(page: FactPage) -> str:
    match page.known:
        case Known.ALWAYS:
            return "never unknown"
        case Known.SELDOM:
            return f"often unknown: {page.unknown_when}"
        case Known.USUALLY:
            return f"unknown when {page.unknown_when}"


def _print_page(page: FactPage) -> None:
    """Print all there is to know about one fact, and what can be asked of it."""
    out = console()
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("fact", Text(page.name, style="bold"))
    table.add_row("type", _type(page))
    table.add_row("of", of_whom(page).replace("`", ""))
    table.add_row("what it is", page.source)
    table.add_row("known", _unknown(page))
    if (about := list_of(page.name)) is not None:
        table.add_row("needs", f"a list `{about}`: a policy that asks of one that is not there does not load")
    table.add_row("since", f"fact table {page.since}")
    if page.words is not None:
        table.add_row("words", ", ".join(page.words))
    for at, name in enumerate(page.operators):
        row = OPERATORS[name]
        table.add_row("" if at else "operators", f"{name}: {row.meaning}; takes {row.operand.value}")
    out.print(table)
