"""A list as a file of CSV that a browser keeps."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from starlette.responses import Response

from agent.faces.sheets import Cell, csv_of

CSV = "text/csv; charset=utf-8"


def sheet(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], now: datetime) -> Response:
    """Answer with a list as a file to keep, named after what it is of and the moment."""
    body = csv_of([columns, *rows]).encode("utf-8-sig")
    return Response(body, media_type=CSV, headers=kept_as(name, now))


def kept_as(name: str, now: datetime) -> dict[str, str]:
    """Return the headers by which a browser keeps a list as a file."""
    return {"Content-Disposition": f'attachment; filename="{name}-{now:%Y%m%dT%H%M%SZ}.csv"'}
