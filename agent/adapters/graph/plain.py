"""Requests without the SDK's builders: those of users, groups and domains take a second to import."""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

ADVANCED = {"ConsistencyLevel": "eventual"}
"""The header that counts and casts of directory objects need. Source: Microsoft's page on advanced queries."""


def reading(
    url: str, query: Mapping[str, str] | None = None, *, headers: Mapping[str, str] | None = None
) -> RequestInformation:
    """Return a GET; the query's names and values are encoded, but for what OData writes plainly."""
    info = RequestInformation(Method.GET)
    info.url = f"{url}?{urlencode(query, safe='$,')}" if query else url
    for name, value in {"Accept": "application/json", **(headers or {})}.items():
        info.headers.try_add(name, value)
    return info


def writing(method: Method, url: str, body: Mapping[str, object] | None) -> RequestInformation:
    """Return a write with this JSON, or without a body."""
    info = RequestInformation(method)
    info.url = url
    info.headers.try_add("Accept", "application/json")
    if body is not None:
        info.set_stream_content(msgspec.json.encode(body), "application/json")
    return info
