"""Answers in Graph's form: JSON as bytes, and errors with a code, a message and the ids people ask support with."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from starlette.responses import Response

JSON = "application/json; charset=utf-8"
_CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Forbidden",
    404: "ResourceNotFound",
    405: "MethodNotAllowed",
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
_OF_ENDPOINT = {401: "Unauthorized", 404: "NotFound"}
"""Where Defender for Endpoint has another code. Source: its page on common errors."""


class Refusal(Exception):
    """The request is answered with an error of its own status and code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def json(body: bytes, *, status: int = 200) -> Response:
    """Return bytes that are JSON already."""
    return Response(body, status_code=status, headers={"content-type": JSON, "odata-version": "4.0"})


def error_body(status: int, message: str, now: datetime, request_id: str, code: str | None = None) -> bytes:
    """Return the body of an error, in the form that Microsoft's page on errors gives."""
    moment = now.strftime("%Y-%m-%dT%H:%M:%S")
    inner = {"date": moment, "request-id": request_id, "client-request-id": request_id}
    code = code or _CODES.get(status, "UnknownError")
    return msgspec.json.encode({"error": {"code": code, "message": message, "innerError": inner}})


def error(
    status: int,
    message: str,
    now: datetime,
    request_id: str,
    headers: Mapping[str, str] | None = None,
    *,
    code: str | None = None,
) -> Response:
    """Return an error, with the usual code of its status unless another is given."""
    response = json(error_body(status, message, now, request_id, code), status=status)
    response.headers.update(headers or {})
    return response


def endpoint_error(
    status: int,
    message: str,
    request_id: str,
    headers: Mapping[str, str] | None = None,
    *,
    code: str | None = None,
) -> Response:
    """Return an error in the form of Defender for Endpoint, which names the request in `target`."""
    code = code or _OF_ENDPOINT.get(status) or _CODES.get(status, "UnknownError")
    body = {"error": {"code": code, "message": message, "target": f"|{request_id}"}}
    response = json(msgspec.json.encode(body), status=status)
    response.headers.update(headers or {})
    return response
