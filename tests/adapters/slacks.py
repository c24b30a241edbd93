"""A Slack that works, as far as messages go, and the judges of what is posted to it.

`check_message` holds blocks to the schema made of Slack's own types and to the limits that these do not have.
"""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft4Validator, Draft7Validator
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SAMPLES = Path(__file__).parent.parent / "samples" / "channels"
LIMITS: dict[str, Any] = json.loads((SAMPLES / "blockkit-limits.json").read_text())
BLOCKS, IN_ALL = 50, 13_200


@dataclass
class Message:
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    thread: str | None = None
    is_broadcast: bool = False
    versions: int = 1


@dataclass
class MockSlack:
    """One workspace with one channel. `broken` are errors by method, given instead of doing anything."""

    token: str
    channel: str = "C0123456789"
    messages: dict[str, Message] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        routes = [
            Route(f"/api/{name}", self._answer, methods=["POST"])
            for name in ("chat.postMessage", "chat.update")
        ]
        return httpx.ASGITransport(Starlette(routes=routes))

    @property
    def heads(self) -> list[Message]:
        return [message for message in self.messages.values() if message.thread is None]

    @property
    def replies(self) -> list[Message]:
        return [message for message in self.messages.values() if message.thread is not None]

    async def _answer(self, request: Request) -> Response:
        method = request.url.path.rpartition("/")[2]
        self.calls.append(method)
        assert request.headers["content-type"] == "application/json; charset=utf-8"
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _json(method, {"ok": False, "error": "invalid_auth"})
        if method in self.broken:
            return _json(method, {"ok": False, "error": self.broken[method]})
        body = await request.json()
        check_request(method, body)
        self.bodies.append(body)
        if body["channel"] != self.channel:
            return _json(method, {"ok": False, "error": "channel_not_found"})
        return _json(method, self._post(body) if method == "chat.postMessage" else self._update(body))

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        ts = f"1503435956.{len(self.messages):06}"
        thread = body.get("thread_ts")
        if thread is not None and thread not in self.messages:
            return {"ok": False, "error": "thread_not_found"}
        self.messages[ts] = Message(
            ts, body["text"], body["blocks"], thread, body.get("reply_broadcast", False)
        )
        message = {
            "type": "message",
            "text": body["text"],
            "ts": ts,
            "team": "T0123456789",
            "user": "U0123456789",
        }
        return {"ok": True, "channel": self.channel, "ts": ts, "message": message}

    def _update(self, body: dict[str, Any]) -> dict[str, Any]:
        message = self.messages.get(body["ts"])
        if message is None:
            return {"ok": False, "error": "message_not_found"}
        message.text, message.blocks, message.versions = body["text"], body["blocks"], message.versions + 1
        told = {"text": body["text"]}
        return {"ok": True, "channel": self.channel, "ts": body["ts"], "text": body["text"], "message": told}


def check_request(method: str, body: dict[str, Any]) -> None:
    """Raise an assertion where Slack would not take a call."""
    given = _api()["paths"][f"/{method}"]["post"]["parameters"]
    known = {each["name"]: each for each in given if each["in"] == "formData"}
    assert set(body) <= set(known), set(body) - set(known)
    assert {name for name, each in known.items() if each.get("required")} <= set(body)
    for name in ("unfurl_links", "unfurl_media", "link_names", "mrkdwn"):
        assert body.get(name, False) is False
    assert body["parse"] == "none"
    check_message(body)


def check_message(body: dict[str, Any]) -> None:
    """Raise an assertion where a message is not as Slack documents it."""
    errors = [error.message for error in _blocks_validator().iter_errors(body["blocks"])]
    assert not errors, errors[:3]
    assert 1 <= len(body["blocks"]) <= BLOCKS
    assert 1 <= len(body["text"]) <= 4_000
    assert not broken_limits(body["blocks"])


def broken_limits(blocks: list[dict[str, Any]]) -> list[str]:
    """Return the limits that blocks of the kinds that are used here do not keep."""
    found: list[str] = []
    total = 0
    for block in blocks:
        text = block["text"]["text"]
        length = len(text.encode("utf-16-le")) // 2
        total += length
        most = LIMITS[block["type"]]["text"]["max_length"]
        if length > most:
            found.append(f"{block['type']}.text.max_length")
        if length < LIMITS["text"]["min_length"]:
            found.append("text.min_length")
        if block["type"] == "header" and block["text"]["type"] != "plain_text":
            found.append("header.text.type")
    if total > IN_ALL:
        found.append("sum")
    return found


def _json(method: str, body: dict[str, Any]) -> Response:
    """Return an answer that is as Slack's own description of the method has it, where that knows the error."""
    responses = _api()["paths"][f"/{method}"]["post"]["responses"]
    if body["ok"]:
        schema = {**responses["200"]["schema"], "definitions": _api()["definitions"]}
        body_seen = body | ({"message": body["message"]})
        assert not [error.message for error in Draft4Validator(schema).iter_errors(body_seen)]
    return JSONResponse(body)


@cache
def _api() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / "web-api-subset.swagger2.json").read_text())
    return found


@cache
def _blocks_validator() -> Draft7Validator:
    return Draft7Validator(json.loads((SAMPLES / "blockkit.schema.json").read_text()))
