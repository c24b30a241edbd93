"""How an answer that was right becomes the wrong one that a fault asks for."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from agent.simulator.faults import Fault, What
from agent.simulator.odata import BadRequest
from agent.simulator.paging import Place, link, place

FOREIGN_HOST = "graph.microsoft.com.attacker.example"
_GATEWAY_PAGE = b"<!DOCTYPE html><html><head><title>Gateway</title></head><body>Please wait.</body></html>"
_WARNING = '199 - "Microsoft/Defender/504/10000"'


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer; `announced` is the length its header names."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    announced: int | None = None


def gateway_page() -> Answer:
    """Return what a gateway in between shows."""
    return Answer(status=200, headers={"content-type": "text/html; charset=utf-8"}, body=_GATEWAY_PAGE)


def spoiled(answer: Answer, fault: Fault, *, address: str, options: Mapping[str, str]) -> Answer:
    """Return the answer as the fault leaves it; `address` and `options` are what was asked for."""
    if fault.what is What.TRUNCATE:
        return msgspec.structs.replace(
            answer, body=answer.body[: len(answer.body) // 2], announced=max(len(answer.body), 64)
        )
    if fault.what is What.CUT:
        return msgspec.structs.replace(answer, body=answer.body[: len(answer.body) // 2])
    if answer.status != 200:
        return answer
    page: dict[str, Any] = msgspec.json.decode(answer.body)
    if "value" not in page:
        return answer
    return _spoiled_page(answer, page, fault, address, options)


def _spoiled_page(
    answer: Answer, page: dict[str, Any], fault: Fault, address: str, options: Mapping[str, str]
) -> Answer:
    here = _place(options)
    link_here = link(address, options, here)
    value = page.pop("value")
    status, headers = 200, dict(answer.headers)
    match fault.what:
        case What.EMPTY_PAGE:
            value = []
            page["@odata.nextLink"] = link(address, options, Place(here.offset, here.hops + 1))
        case What.REPEAT_LINK:
            page["@odata.nextLink"] = link_here
        case What.FOREIGN_LINK:
            parts = urlsplit(page.get("@odata.nextLink", link_here))
            page["@odata.nextLink"] = urlunsplit(parts._replace(scheme="https", netloc=FOREIGN_HOST))
        case What.PARTIAL:
            status, headers["warning"] = 206, _WARNING
            value = value[: len(value) // 2]
    body = msgspec.json.encode({**page, "value": value})
    return Answer(status=status, headers=headers, body=body)


def _place(options: Mapping[str, str]) -> Place:
    try:
        return place(options)
    except BadRequest:
        return Place()
