"""Every record of a collection, page by page to its end, or no answer at all."""

from collections.abc import Callable
from typing import Any

from kiota_abstractions.request_information import RequestInformation

from agent.adapters.graph.client import Client
from agent.adapters.graph.wire import records_of
from agent.adapters.microsoft.answers import Answer, Call, whole
from agent.model.errors import Malformed


async def every(
    client: Client,
    call: Call,
    first: Callable[[], RequestInformation],
    more: Callable[[str], RequestInformation],
    *,
    most: int,
) -> list[dict[str, Any]]:
    """Return every record of every page, empty pages past.

    Args:
        client: makes the calls.
        call: which kind of call it is.
        first: asks for the first page.
        more: asks for the page behind a link, exactly as it was given.
        most: how many pages there may be.

    Raises:
        Malformed: a page came only in part, or a link leads elsewhere or back.
    """
    records, link = await client.read(call, first, page_of)
    seen: set[str] = set()
    while link is not None:
        here = onward(client, call, link, seen, most=most)
        further, link = await client.read(
            call,
            lambda link=here: more(link),  # type: ignore[misc]
            page_of,
        )
        records += further
    return records


def onward(client: Client, call: Call, link: str, seen: set[str], *, most: int) -> str:
    """Return the link to the next page as it is to be followed, and remember it among those `seen`.

    Raises:
        Malformed: it leads elsewhere or back, or there are more pages than there may be.
    """
    here = client.check_link(link)
    if here in seen:
        raise Malformed(f"{call}: the link to the next page repeats itself")
    if len(seen) >= most:
        raise Malformed(f"{call}: more than {most} pages")
    seen.add(here)
    return here


def page_of(answer: Answer) -> tuple[list[dict[str, Any]], str | None]:
    """Return the records of one whole page, and the link to the next.

    Raises:
        Malformed: it is not one.
    """
    records, link = records_of(whole(answer))
    if not all(isinstance(record, dict) for record in records):
        raise Malformed("a record is not an object")
    return records, link
