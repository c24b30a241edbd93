"""A Graph in which everything that could name somebody is marked, so that one look shows whether any of it got out.

`Planted` wraps the simulator: every text and number of its answers that the metadata does not make a published word,
a moment or a count is exchanged for a marked one of the same shape, and members are added that no Graph has yet.
What was planted is exchanged back in requests. What stays is decided here, from the metadata, and not by the code
under test.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_plus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.simulator import making, names
from tests.metadata import metadata

MARKS = ("zqx", "c0ffee", "77778888", "45.66.", "2a0c:ffee")
"""At least one of these is in everything that is planted."""

SECRET = "zqx-secret-77778888"

_GUID = re.compile(r"(|fa|da)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)
_PLANTED = re.compile(r"c0ffee00-0000-4000-8000-[0-9a-f]{12}|77778888\d{4}|zqxtok\d+", re.IGNORECASE)
_QUOTED = re.compile(r'"([^"]*)"')
_SKIP = re.compile(r"(\$skiptoken=)([^&]+)")

COUNTS = {
    *("emailCount", "attachmentsCount", "urlCount", "fileSize", "sizeInBytes", "bulkComplaintLevel"),
    *("spamConfidenceLevel", "phishConfidenceLevel", "priorityScore", "BulkComplaintLevel"),
    *("AttachmentCount", "UrlCount", "FileSize", "EmailSize", "count_"),
    *("Clicks", "ClicksAllowed", "ClicksThrough", "Size", "MailCount", "@odata.count"),
}
"""Numbers that stay: how many, how large, how sure."""
_JSON = {"AuthenticationDetails", "Record", "Data", "Actions"}
"""Texts that are JSON."""
_MOMENTS = {
    *("Timestamp", "date", "endTime", "startTime", "CreationTime", "TimestampUtc", "StartTimeUtc"),
    *("LastUpdateTimeUtc", "EndTimeUtc", "QueryTime", "ReceivedDate"),
}
_PLACES = {
    *(
        "inbox",
        "external",
        "inbox/folder",
        "junk folder",
        "deleted folder",
        "quarantine",
        "on-premises/external",
    ),
    *(
        "failed",
        "dropped",
        "soft deleted",
        "junkfolder",
        "deletedfolder",
        "inbox_folder",
        "others",
        "onprem_external",
    ),
}
_THREATS = {"phish", "malware", "spam", "none"}
_VERDICTS = {"pass", "fail", "none", "softfail"}
_METHODS = {"url malicious reputation", "file detonation", "bulk", "mail bombing"}
_INVESTIGATIONS = {"user-reported messages", "zapped malware", "url verdict change", "zapped phish"}
_PROPOSALS = {
    *("emailremediation", "turnoffexternalmailforwarding", "removemaildelegation", "disableuser"),
    *("revokeusersessions", "forcepasswordreset", "quarantinefile", "killprocess", "removeregistrykey"),
    "blockurl",
}
_ENTITIES = {
    *("mailcluster", "mail-message", "mailbox", "account", "file", "filehash", "process", "registry-key"),
    *("url", "host", "ip", "oauthapplication"),
}
"""What AIR's records call the kinds of things in them."""
_WORDS: dict[str, set[str]] = {
    "category": {"initialaccess", "malware"},
    "categories": {"initialaccess", "malware"},
    "mitreTechniques": {"t1566"},
    "registryHive": {"hkey_local_machine"},
    "osPlatform": {"windows11"},
    "clusterBy": {"urls", "filehash"},
    "threats": _THREATS,
    "ThreatTypes": _THREATS,
    "originalThreats": _THREATS,
    "latestThreats": _THREATS,
    "threatDetectionMethods": _METHODS,
    "detectionMethods": _METHODS,
    "DetectionMethods": _METHODS,
    "antiSpamDirection": {"inbound", "outbound", "intraorg"},
    "EmailDirection": {"inbound", "outbound", "intra-org"},
    "deliveryAction": {"delivered", "junked", "blocked"},
    "DeliveryAction": {"delivered", "junked"},
    "deliveryLocation": _PLACES,
    "DeliveryLocation": _PLACES,
    "LatestDeliveryLocation": _PLACES,
    "PostDeliveryLocation": _PLACES,
    "SPF": _VERDICTS,
    "DKIM": _VERDICTS,
    "DMARC": _VERDICTS,
    "CompAuth": _VERDICTS,
    "senderPolicyFramework": _VERDICTS,
    "dkim": _VERDICTS,
    "dmarc": _VERDICTS,
    "compositeAuthentication": _VERDICTS,
    "reportType": {"phish"},
    "Operation": {"airinvestigationdata"},
    "Workload": {"airinvestigation"},
    "UserKey": {"airinvestigation"},
    "UserId": {"airinvestigation"},
    "InvestigationType": _INVESTIGATIONS,
    "Status": {"pending action", "pending", "remediated", "resolved", "running"},
    "ActionType": _PROPOSALS,
    "ActionStatus": {"pending", "running", "completed"},
    "ActionApproval": {"approved", "declined"},
    "Type": _ENTITIES,
    "Source": {"o365 atp"},
    "Threats": {"highconfphish"},
    "Hive": {"hkey_local_machine"},
    "Algorithm": {"sha1", "sha256"},
    "type": {"string", "datetime", "int32", "int64"},
    "code": {
        "toomanyrequests",
        "serviceunavailable",
        "resourcenotfound",
        "badrequest",
        "internalservererror",
    },
    "productName": {
        *("microsoft defender for office 365", "microsoft defender for endpoint", "microsoft sentinel"),
    },
}
_TITLES = {
    making.URL_REMOVED,
    making.FILE_REMOVED,
    making.CAMPAIGN_REMOVED,
    making.NOT_REMOVED,
    making.REPORTED,
    making.CLICKED,
    names.ECHO_TITLE,
    "Suspicious email sending patterns detected",
    "User restricted from sending email",
}
_COLUMNS = {
    *(
        "NetworkMessageId",
        "RecipientEmailAddress",
        "SenderFromAddress",
        "SenderMailFromAddress",
        "SenderIPv4",
    ),
    *(
        "Subject",
        "EmailDirection",
        "DeliveryAction",
        "DeliveryLocation",
        "LatestDeliveryLocation",
        "ThreatTypes",
    ),
    *("DetectionMethods", "AuthenticationDetails", "Timestamp", "PostDeliveryLocation", "PostDeliveryAction"),
    *("LastMoved", "FirstMoved"),
    *("Clicker", "Clicks", "ClicksAllowed", "ClicksThrough", "Size"),
}


def _enumerated() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for shape in metadata().shapes.values():
        for name, known in shape.properties.items():
            kind = known.type.removeprefix("Collection(").removesuffix(")")
            for member in metadata().enums.get(kind, ()):
                found.setdefault(name, set()).add(member.lower())
    return found


_ENUMERATED = _enumerated()


def stays(name: str, text: str) -> bool:
    """Whether this is published, or says only when or how many."""
    if name.endswith("DateTime") or name in _MOMENTS or name in COUNTS:
        return True
    if name in {"title", "displayName"} and text in _TITLES:
        return True
    if name == "name" and text in _COLUMNS:
        return True
    known = _ENUMERATED.get(name, set()) | _WORDS.get(name, set())
    parts = [part.strip().lower() for part in text.split(",")]
    return bool(text) and all(part in known for part in parts)


class Planter:
    """Exchanges texts for marked ones, the same by the same; `kept` are left as they are."""

    def __init__(self, kept: frozenset[str] = frozenset()) -> None:
        self._kept = kept
        self.planted: dict[str, str] = {}
        self._original: dict[str, str] = {}

    def back(self, text: str) -> str:
        """Return what the simulator knows for what the agent was given."""
        return _PLANTED.sub(lambda found: self._original.get(found[0].lower(), found[0]), text)

    def document(self, thing: Any, name: str = "") -> Any:
        """Return JSON with everything planted, and with members that no Graph has yet."""
        match thing:
            case dict():
                return {key: self.document(value, key) for key, value in thing.items()} | self._more(name)
            case list():
                return [self.document(one, name) for one in thing]
            case bool() | None:
                return thing
            case int() | float():
                return thing if name in COUNTS else int(self._once(str(thing), f"77778888{self._next():04d}"))
            case str():
                return self._text(name, thing)
        raise AssertionError(type(thing))

    def _more(self, name: str) -> dict[str, Any]:
        if name in {"schema", "AuthenticationDetails"}:
            return {}
        inner = {
            "zqxKey": "zqx inner",
            "NetworkMessageId": "c0ffee00-0000-4000-8000-00000000beef",
            "n": 77778888,
        }
        return {
            "zqxFutureMember": "zqx future",
            "futureNumber": 77778888123,
            "futureList": ["zqx@zqx.example", "45.66.77.88", "2a0c:ffee::1", {"zqx deep": [7777888812.5]}],
            "additionalData": {
                "zqx@zqx.example": "\\\\zqxserver\\zqxshare\\zqx.docx",
                "AdditionalFields": json.dumps({**inner, "RawEventData": json.dumps(inner)}),
            },
        }

    def _text(self, name: str, text: str) -> str:
        if not text.strip() or stays(name, text):
            return text
        if name == "@odata.context":
            return f"{text}('zqx-77778888')"
        if name == "@odata.type":
            return text if text.rpartition(".")[2] in _known_types() else f"{text}Zqx"
        if name == "@odata.nextLink":
            return _SKIP.sub(lambda found: found[1] + self._token(unquote(found[2])), text)
        if name in _JSON:
            return json.dumps(self.document(json.loads(text), name))
        if name == "query":
            return _QUOTED.sub(lambda found: f'"{self._once(found[1], self._marked(found[1]))}"', text)
        if name == "clusterBy":
            return text
        return self._once(text, self._marked(text))

    def _token(self, text: str) -> str:
        return self._once(text, f"zqxtok{self._next()}")

    def _marked(self, text: str) -> str:
        number = self._next()
        if text.lower() in self._kept:
            return text
        if found := _GUID.fullmatch(text):
            guid = f"c0ffee00-0000-4000-8000-{number:012x}"
            return found[1] + self._once(found[2].lower(), guid)
        if text.isdigit():
            return f"77778888{number:04d}"
        if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", text):
            return f"45.66.{number // 200}.{number % 200 + 1}"
        if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text):
            return f"c0ffee{number:0{len(text) - 6}x}"
        if found := re.fullmatch(r"(\w+://)([^/]+)(/.*)?", text, re.DOTALL):
            behind = found[3] or ""
            return f"{found[1]}{_domain(found[2])}{behind if behind in {'', '/'} else f'/zqx/{number}?zqx=1#zqx'}"
        if found := re.fullmatch(r"([^@\s<>]+)@([^@\s<>]+)", text):
            return f"{found[1]}.zqx{number}@{_domain(found[2])}"
        if re.fullmatch(r"([\w-]+\.)+(example|com)", text):
            return _domain(text)
        if re.fullmatch(r"[\w-]+\.exe", text):
            return f"zqx-{text}"
        if "\\" in text and " " not in text:
            return "\\".join(part if part.endswith(":") else f"zqx{part}" for part in text.split("\\"))
        return f"{text} zqx{number}"

    def _once(self, text: str, marked: str) -> str:
        found = self.planted.setdefault(text, marked)
        self._original.setdefault(found.lower(), text)
        return found

    def _next(self) -> int:
        return len(self.planted) + 1


def _domain(domain: str) -> str:
    return ".".join(f"zqx{label}" for label in domain.split("."))


def _known_types() -> set[str]:
    return {name.rpartition(".")[2] for name in metadata().shapes}


class Planted:
    """The simulator, with everything planted in what it answers."""

    def __init__(self, app: ASGIApp, planter: Planter) -> None:
        self._app = app
        self._planter = planter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1.0/"):
            await self._app(scope, receive, send)
            return
        body = self._planter.back(await _body(receive)).encode()
        asked = {
            **scope,
            "path": self._planter.back(scope["path"]),
            "raw_path": self._planter.back(scope["raw_path"].decode()).encode(),
            "query_string": self._planter.back(unquote(scope["query_string"].decode()))
            .replace(" ", "+")
            .encode(),
            "headers": [(name, value) for name, value in scope["headers"] if name != b"content-length"],
        }
        messages: list[Message] = []

        async def heard() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def kept(message: Message) -> None:
            messages.append(message)

        await self._app(asked, heard, kept)
        start, data = messages[0], b"".join(one.get("body", b"") for one in messages[1:])
        planted = self._planted(data)
        headers = [one for one in start["headers"] if one[0] not in {b"content-length", b"content-type"}]
        extra = [
            (b"content-length", str(len(planted)).encode()),
            (b"content-type", b"application/json; charset=utf-8; zqx=1"),
            (b"request-id", b"c0ffee00-0000-4000-8000-000000000001"),
            (b"set-cookie", b"zqx=77778888"),
            (b"x-ms-ags-diagnostic", b'{"ServerInfo": "zqx"}'),
        ]
        await send({**start, "headers": [*headers, *extra]})
        await send({"type": "http.response.body", "body": planted})

    def _planted(self, data: bytes) -> bytes:
        try:
            found = json.loads(data)
        except ValueError:
            return data.replace(b"<body>", b"<body>zqx 45.66.1.1 ") + b" zqx"
        return json.dumps(self._planter.document(found)).encode()


async def _body(receive: Receive) -> str:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts).decode()


def traces(folder: Path, *needles: str) -> list[str]:
    """Return where anything planted, or one of the needles, is found in a folder: in names and in contents of files.

    Looked for in whichever case, within JSON and the JSON of its texts, percent-encoded, in base64 and in hexadecimal.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        for form, text in (("name", path.name.lower()), *_forms(data)):
            for needle in (*MARKS, *(one.lower() for one in needles)):
                at = text.find(needle)
                if at >= 0:
                    found.append(f"{path.name} ({form}): {text[max(0, at - 60) : at + 60]!r}")
    return found


def _forms(data: bytes) -> Iterator[tuple[str, str]]:
    text = data.decode("utf-8", errors="replace")
    yield "bytes", text.lower()
    yield "percent", unquote_plus(text).lower()
    for start in range(2):
        yield "UTF-16", data[start:].decode("utf-16-le", errors="ignore").lower()
    yield "escapes", re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text).lower()
    for one in set(re.findall(r"[A-Za-z0-9+/_-]{8,}={0,2}", text)):
        for start in range(4):
            yield "base64", _base64(one[start:])
    yield "hexadecimal", _hexadecimal(text)


def _base64(text: str) -> str:
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain[: len(plain) // 4 * 4]).decode("utf-8", errors="replace").lower()
    except binascii.Error:
        return ""


def _hexadecimal(text: str) -> str:
    runs = re.findall(r"(?:[0-9a-fA-F]{2}){6,}", text)
    return " ".join(bytes.fromhex(run).decode("utf-8", errors="replace") for run in runs).lower()
