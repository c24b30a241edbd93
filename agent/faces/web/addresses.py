"""Addresses: each page has two, one for people and one for programs."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Page = Callable[[Request], Awaitable[Response]]


def twins(path: str, page: Page) -> tuple[Route, Route]:
    """Return the addresses of a page and of its JSON, which must be tried first: an id could end with `.json` else."""
    return Route(f"{path}.json", page), Route(path, page)


def incident_page(incident_id: str) -> str:
    """Return the address of an incident's page, whatever its id is made of."""
    return f"/incidents/{quote(incident_id, safe='', errors='backslashreplace')}"
