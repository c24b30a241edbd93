"""Microsoft's own metadata as a judge: what it does not have, nobody may send or answer.

`check_request` and `check_response` raise `Mismatch`, an assertion with the place in the JSON. `Checked` wraps
an httpx transport and holds every exchange to it, so that the agent's requests are judged as well as the
simulator's answers.
"""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email import message_from_bytes, policy
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from xml.etree import ElementTree as ET

import httpx

SLICE = Path(__file__).parent / "samples" / "graph" / "csdl-v1.0-slice.xml"
_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_SECURITY = "microsoft.graph.security."
_ALIASES = {"self.": _SECURITY, "graph.": "microsoft.graph."}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)")
_DIRECTORY = {
    "microsoft.graph.user": {
        "id": ("Edm.String", False),
        "displayName": ("Edm.String", True),
        "userPrincipalName": ("Edm.String", True),
        "mail": ("Edm.String", True),
        "proxyAddresses": ("Collection(Edm.String)", True),
        "accountEnabled": ("Edm.Boolean", True),
        "onPremisesSyncEnabled": ("Edm.Boolean", True),
        "onPremisesSecurityIdentifier": ("Edm.String", True),
        "signInSessionsValidFromDateTime": ("Edm.DateTimeOffset", True),
    },
    "microsoft.graph.device": {
        "id": ("Edm.String", False),
        "displayName": ("Edm.String", True),
        "deviceId": ("Edm.String", True),
    },
    "microsoft.graph.directoryRole": {
        "id": ("Edm.String", False),
        "displayName": ("Edm.String", True),
        "roleTemplateId": ("Edm.String", True),
    },
    "microsoft.graph.domain": {
        "id": ("Edm.String", False),
        "authenticationType": ("Edm.String", False),
        "isAdminManaged": ("Edm.Boolean", False),
        "isDefault": ("Edm.Boolean", False),
        "isInitial": ("Edm.Boolean", False),
        "isRoot": ("Edm.Boolean", False),
        "isVerified": ("Edm.Boolean", False),
        "supportedServices": ("Collection(Edm.String)", False),
    },
    "microsoft.graph.servicePrincipal": {
        "id": ("Edm.String", False),
        "appId": ("Edm.String", True),
        "displayName": ("Edm.String", True),
        "appRoles": ("Collection(microsoft.graph.appRole)", False),
    },
    "microsoft.graph.application": {
        "id": ("Edm.String", False),
        "appId": ("Edm.String", True),
        "displayName": ("Edm.String", True),
        "passwordCredentials": ("Collection(microsoft.graph.passwordCredential)", False),
    },
    "microsoft.graph.passwordCredential": {
        "customKeyIdentifier": ("Edm.Binary", True),
        "displayName": ("Edm.String", True),
        "endDateTime": ("Edm.DateTimeOffset", True),
        "hint": ("Edm.String", True),
        "keyId": ("Edm.Guid", True),
        "secretText": ("Edm.String", True),
        "startDateTime": ("Edm.DateTimeOffset", True),
    },
    "microsoft.graph.appRole": {
        "allowedMemberTypes": ("Collection(Edm.String)", False),
        "description": ("Edm.String", True),
        "displayName": ("Edm.String", True),
        "id": ("Edm.Guid", False),
        "isEnabled": ("Edm.Boolean", False),
        "origin": ("Edm.String", True),
        "value": ("Edm.String", True),
    },
    "microsoft.graph.appRoleAssignment": {
        "id": ("Edm.String", False),
        "deletedDateTime": ("Edm.DateTimeOffset", True),
        "appRoleId": ("Edm.Guid", False),
        "createdDateTime": ("Edm.DateTimeOffset", True),
        "principalDisplayName": ("Edm.String", True),
        "principalId": ("Edm.Guid", True),
        "principalType": ("Edm.String", True),
        "resourceDisplayName": ("Edm.String", True),
        "resourceId": ("Edm.Guid", True),
    },
}
"""Types that the slice lacks, as far as they are used, and whether a property may be null: the collections are not
nullable in the metadata, but null stands for what an application may not read.

Source: Microsoft's pages on the `user`, `device`, `directoryRole`, `domain`, `servicePrincipal`, `application`, `passwordCredential`, `appRole` and
`appRoleAssignment` resource types, and the one on permissions, "Limited information
returned for inaccessible member objects".
"""
_MEMBERS = re.compile(r"/groups/[0-9a-f-]{36}/(?:transitiveM|m)embers/(microsoft\.graph\.(?:user|device))")
_BITS = {"Edm.Byte": (0, 8), "Edm.Int16": (1, 15), "Edm.Int32": (1, 31), "Edm.Int64": (1, 63)}
_AROUND = {"@odata.context", "@odata.nextLink", "@odata.count"}


class Mismatch(AssertionError):
    """Something is not as the metadata has it."""


@dataclass(frozen=True)
class Property:
    """One property: its type as the metadata writes it, and whether it may be null."""

    type: str
    nullable: bool


@dataclass(frozen=True)
class Shape:
    """One entity or complex type with what it inherits."""

    name: str
    base: str | None
    is_open: bool
    properties: Mapping[str, Property]


@dataclass(frozen=True)
class Metadata:
    """The slice of the metadata, by full names."""

    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    actions: Mapping[str, Mapping[str, Property]] = field(default_factory=dict)

    def derives(self, name: str, ancestor: str) -> bool:
        """Whether one type is, or inherits from, another."""
        shape: Shape | None = self.shapes.get(name)
        while shape is not None:
            if shape.name == ancestor:
                return True
            shape = self.shapes.get(shape.base or "")
        return False

    def properties(self, name: str) -> Mapping[str, Property]:
        """Return a type's properties, inherited ones included."""
        shape = self.shapes[name]
        inherited = self.properties(shape.base) if shape.base else {}
        return {**inherited, **shape.properties}


def _full(name: str) -> str:
    if name.startswith("Collection("):
        return f"Collection({_full(name[11:-1])})"
    for alias, namespace in _ALIASES.items():
        if name.startswith(alias):
            return namespace + name.removeprefix(alias)
    return name


def _properties(node: ET.Element, *tags: str) -> dict[str, Property]:
    return {
        one.attrib["Name"]: Property(_full(one.attrib["Type"]), one.get("Nullable", "true") == "true")
        for tag in tags
        for one in node.findall(_EDM + tag)
    }


@cache
def metadata() -> Metadata:
    """Return Microsoft's metadata, read once."""
    found = Metadata({}, {}, {})
    for schema in ET.parse(SLICE).getroot().iter(f"{_EDM}Schema"):
        space = schema.attrib["Namespace"] + "."
        for enum in schema.findall(f"{_EDM}EnumType"):
            members = tuple(member.attrib["Name"] for member in enum.findall(f"{_EDM}Member"))
            found.enums[space + enum.attrib["Name"]] = members  # type: ignore[index]
        for node in (*schema.findall(f"{_EDM}EntityType"), *schema.findall(f"{_EDM}ComplexType")):
            name = space + node.attrib["Name"]
            base = node.get("BaseType")
            found.shapes[name] = Shape(  # type: ignore[index]
                name,
                _full(base) if base else None,
                node.get("OpenType") == "true",
                _properties(node, "Property", "NavigationProperty"),
            )
        for action in schema.findall(f"{_EDM}Action"):
            parameters = _properties(action, "Parameter")
            parameters.pop("bindingParameter")
            found.actions[space + action.attrib["Name"]] = parameters  # type: ignore[index]
    for name, properties in _DIRECTORY.items():
        described = {one: Property(kind, nullable) for one, (kind, nullable) in properties.items()}
        found.shapes[name] = Shape(name, None, False, described)  # type: ignore[index]
    return found


@dataclass(frozen=True)
class Check:
    """How strictly values are judged. `whole` things must have every property that cannot be null;
    `unmasked` ones may use enumeration members that came after `unknownFutureValue`."""

    whole: bool
    unmasked: bool
    folds_case: bool = False

    def value(self, kind: str, value: Any, place: str) -> None:
        """Judge one value against a type.

        Raises:
            Mismatch: the metadata does not allow it.
        """
        if kind.startswith("Collection("):
            if not isinstance(value, list):
                raise Mismatch(f"{place}: a collection is expected, not {_shown(value)}")
            for at, one in enumerate(value):
                self.value(kind[11:-1], one, f"{place}[{at}]")
        elif kind.startswith("Edm."):
            self._primitive(kind, value, place)
        elif kind in metadata().enums:
            self._word(kind, value, place)
        elif kind in metadata().shapes:
            self.thing(kind, value, place)
        else:
            raise Mismatch(f"{place}: type `{kind}` is not in the metadata's slice")

    def _primitive(self, kind: str, value: Any, place: str) -> None:
        match kind:
            case "Edm.String":
                fits = isinstance(value, str)
            case "Edm.Boolean":
                fits = isinstance(value, bool)
            case "Edm.DateTimeOffset":
                fits = isinstance(value, str) and _is_moment(value)
            case "Edm.Guid":
                fits = isinstance(value, str) and _is_guid(value)
            case "Edm.Double" | "Edm.Single":
                fits = isinstance(value, int | float) and not isinstance(value, bool)
            case _:
                signed, bits = _BITS[kind]
                least, most = -signed * 2**bits, 2**bits - 1
                fits = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        if not fits:
            raise Mismatch(f"{place}: {kind} is expected, not {_shown(value)}")

    def _word(self, kind: str, value: Any, place: str) -> None:
        members = metadata().enums[kind]
        known = members
        if not self.unmasked and "unknownFutureValue" in members:
            known = members[: members.index("unknownFutureValue") + 1]
        folded = {member.lower() for member in known} if self.folds_case else set()
        if value not in known and not (isinstance(value, str) and value.lower() in folded):
            raise Mismatch(f"{place}: {_shown(value)} is not a member of `{kind}` that may be used here")

    def thing(self, kind: str, value: Any, place: str) -> None:
        """Judge an entity or complex value, and everything within it."""
        if not isinstance(value, dict):
            raise Mismatch(f"{place}: `{kind}` is expected, not {_shown(value)}")
        named = value.get("@odata.type")
        if named is not None:
            derived = str(named).removeprefix("#")
            if not metadata().derives(derived, kind):
                raise Mismatch(f"{place}: {_shown(named)} is no `{kind}`")
            kind = derived
        properties = metadata().properties(kind)
        for name, one in value.items():
            if name == "@odata.type" or metadata().shapes[kind].is_open:
                continue
            known = properties.get(name)
            if known is None:
                raise Mismatch(f"{place}: `{kind}` has no property `{name}`")
            if one is not None:
                self.value(known.type, one, f"{place}.{name}")
            elif not known.nullable:
                raise Mismatch(f"{place}.{name}: must not be null")
        missing = [name for name, known in properties.items() if not known.nullable and name not in value]
        if self.whole and missing:
            raise Mismatch(f"{place}: `{kind}` lacks {missing}")


def _is_moment(value: str) -> bool:
    if not _MOMENT.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(re.sub(r"(\.\d{6})\d", r"\1", value))
    except ValueError:
        return False
    return True


def _is_guid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


def _shown(value: Any) -> str:
    return repr(value)[:80]


_RULES = r"/users/[^/]+/mailFolders/inbox/messageRules"
_IDENTITIES = r"/security/identities/identityAccounts"
_SEARCHES = r"/security/auditLog/queries"
_ENTITIES = (
    (rf"{_SEARCHES}/[^/]+", f"{_SECURITY}auditLogQuery"),
    (r"/security/incidents/[^/]+", f"{_SECURITY}incident"),
    (r"/security/alerts_v2/[^/]+", f"{_SECURITY}alert"),
    (rf"{_IDENTITIES}/[^/]+", f"{_SECURITY}identityAccounts"),
    (rf"{_RULES}/[^/]+", "microsoft.graph.messageRule"),
    (r"/users/[^/$]+", "microsoft.graph.user"),
    (r"/servicePrincipals\(appId='[0-9a-f-]{36}'\)", "microsoft.graph.servicePrincipal"),
    (r"/applications\(appId='[0-9a-f-]{36}'\)", "microsoft.graph.application"),
)
_COMMENTS = (r"/security/(incidents|alerts_v2)/[^/]+/comments", f"{_SECURITY}alertComment")
_LISTS = (
    (_SEARCHES, f"{_SECURITY}auditLogQuery"),
    (rf"{_SEARCHES}/[^/]+/records", f"{_SECURITY}auditLogRecord"),
    (r"/security/incidents", f"{_SECURITY}incident"),
    (r"/security/alerts_v2", f"{_SECURITY}alert"),
    (r"/security/collaboration/analyzedEmails", f"{_SECURITY}analyzedEmail"),
    (_IDENTITIES, f"{_SECURITY}identityAccounts"),
    (_RULES, "microsoft.graph.messageRule"),
    (r"/domains", "microsoft.graph.domain"),
    (r"/users", "microsoft.graph.user"),
    (r"/servicePrincipals/[0-9a-f-]{36}/appRoleAssignedTo", "microsoft.graph.appRoleAssignment"),
    (r"/users/[^/]+/transitiveMemberOf/microsoft\.graph\.directoryRole", "microsoft.graph.directoryRole"),
)
_PATCHED = frozenset(
    {f"{_SECURITY}incident", f"{_SECURITY}alert", "microsoft.graph.messageRule", "microsoft.graph.user"}
)
_SELECTED = frozenset(
    {
        "microsoft.graph.user",
        "microsoft.graph.directoryRole",
        "microsoft.graph.domain",
        "microsoft.graph.servicePrincipal",
        "microsoft.graph.application",
    }
)
"""Types that are read with `$select`, and so without what is always there otherwise."""
_ACTIONS = (
    (r"/security/collaboration/analyzedEmails/(microsoft\.graph\.security\.)?remediate", "remediate", None),
    (r"/security/(microsoft\.graph\.security\.)?runHuntingQuery", "runHuntingQuery", "huntingQueryResults"),
    (
        rf"{_IDENTITIES}/[^/]+/(microsoft\.graph\.security\.)?invokeAction",
        "invokeAction",
        "invokeActionResult",
    ),
)
_COUNT = "/users/$count"
_REVOKE = re.compile(r"/users/[^/]+/revokeSignInSessions")
"""The two whose answers are of no type that has properties. Source: their pages."""
_SEND_MAIL = re.compile(r"/users/[^/]+/sendMail")
"""Sent as MIME, which the metadata does not have (msgraph-metadata issue 389). Source: its page."""


def _below_version(path: str) -> str | None:
    plain = urlsplit(path).path
    return plain.removeprefix("/v1.0") if plain.startswith("/v1.0/") else None


def check_request(method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> None:
    """Hold one request to the metadata; what is not below `/v1.0` is passed over.

    Raises:
        Mismatch: it sends what the metadata does not have.
    """
    below = _below_version(path)
    if below is None:
        return
    check = Check(whole=False, unmasked=True, folds_case=True)
    for pattern, action, _ in _ACTIONS:
        if method == "POST" and re.fullmatch(pattern, below):
            _check_parameters(check, action, json.loads(body))
            return
    if method == "GET" and _MEMBERS.fullmatch(below):
        if body or (headers or {}).get("consistencylevel") != "eventual":
            raise Mismatch(f"GET {below}: members of one type need `ConsistencyLevel: eventual`")
        return
    if method == "POST" and _REVOKE.fullmatch(below):
        if body not in (b"", b"{}"):
            raise Mismatch(f"POST {below}: no body is expected")
        return
    if method == "POST" and _SEND_MAIL.fullmatch(below):
        _check_mime(body, headers or {})
        return
    if method == "POST" and re.fullmatch(_SEARCHES, below):
        check.thing(f"{_SECURITY}auditLogQuery", json.loads(body), "request")
        return
    if method == "GET":
        _check_read(below, body, headers or {})
        return
    written = (one for one in _ENTITIES if one[1] in _PATCHED) if method == "PATCH" else (_COMMENTS,)
    for pattern, kind in written if method in {"PATCH", "POST"} else ():
        if re.fullmatch(pattern, below):
            check.thing(kind, json.loads(body), "request")
            return
    raise Mismatch(f"{method} {below} is not a request that Graph documents")


def _check_mime(body: bytes, headers: Mapping[str, str]) -> None:
    """Hold a message to what `sendMail` takes of MIME: base64 without line breaks, of whole and sound headers and parts."""
    if headers.get("content-type") != "text/plain":
        raise Mismatch(f"sendMail: MIME is `text/plain`, not {_shown(headers.get('content-type'))}")
    try:
        message = message_from_bytes(b64decode(body, validate=True), policy=policy.default)
    except ValueError as error:
        raise Mismatch("sendMail: the body is not base64") from error
    missing = [name for name in ("From", "To", "Subject", "MIME-Version") if name not in message]
    defects = [*message.defects, *(defect for part in message.walk() for defect in part.defects)]
    if missing or defects:
        raise Mismatch(f"sendMail: the message lacks {missing}, and is wrong in {defects}")


def _check_read(below: str, body: bytes, headers: Mapping[str, str]) -> None:
    if below == _COUNT:
        if headers.get("consistencylevel") != "eventual":
            raise Mismatch(f"GET {below}: a count needs `ConsistencyLevel: eventual`")
        return
    if body or not any(re.fullmatch(pattern, below) for pattern, _ in (*_ENTITIES, *_LISTS)):
        raise Mismatch(f"GET {below} is not a request that Graph documents")


def _check_parameters(check: Check, action: str, body: Any) -> None:
    known = {name.lower(): one for name, one in metadata().actions[_SECURITY + action].items()}
    for name, value in body.items():
        if name.lower() not in known:
            raise Mismatch(f"request: `{action}` has no parameter `{name}`")
        check.value(known[name.lower()].type, value, f"request.{name}")


def check_response(method: str, path: str, status: int, body: bytes, *, unmasked: bool = True) -> None:
    """Hold one answer to the metadata; `unmasked` is whether the request asked for later enum members.

    Raises:
        Mismatch: it holds what the metadata does not have.
    """
    below = _below_version(path)
    if below is None:
        return
    if status >= 400:
        _check_error(json.loads(body))
        return
    check = Check(whole=True, unmasked=unmasked)
    if below == _COUNT:
        if not body.isdigit():
            raise Mismatch(f"GET {below}: a number is expected, not {_shown(body)}")
        return
    if _SEND_MAIL.fullmatch(below):
        if status != 202 or body:
            raise Mismatch(f"{method} {below}: 202 without a body is expected, not {status}")
        return
    if method == "PATCH" and re.fullmatch(r"/users/[^/]+", below):
        if status != 204 or body:
            raise Mismatch(f"{method} {below}: 204 without a body is expected, not {status}")
        return
    if _REVOKE.fullmatch(below):
        if not isinstance(json.loads(body).get("value"), bool):
            raise Mismatch(f"{method} {below}: `value`, true or false, is expected")
        return
    if method == "POST" and re.fullmatch(_SEARCHES, below):
        check.thing(f"{_SECURITY}auditLogQuery", json.loads(body), "answer")
        return
    for pattern, _, result in _ACTIONS:
        if re.fullmatch(pattern, below):
            _check_result(check, result, f"{method} {below}", status, body)
            return
    _check_things(check, f"{method} {below}", below, _as_schema(json.loads(body)))


def _check_result(check: Check, result: str | None, asked: str, status: int, body: bytes) -> None:
    if result is not None:
        check.thing(_SECURITY + result, _without_annotations(_as_schema(json.loads(body))), "answer")
    elif status != 202 or body:
        raise Mismatch(f"{asked}: 202 without a body is expected, not {status}")


def _check_things(check: Check, asked: str, below: str, answer: dict[str, Any]) -> None:
    members = _MEMBERS.fullmatch(below)
    lists = ((re.escape(below), members[1]),) if members else (*_LISTS, _COMMENTS)
    for pattern, kind in lists:
        if re.fullmatch(pattern, below):
            if answer.keys() - _AROUND != {"value"}:
                raise Mismatch(f"answer: a list holds `value` and annotations, not {sorted(answer)}")
            _selected(check, kind).value(f"Collection({kind})", answer["value"], "value")
            return
    for pattern, kind in _ENTITIES:
        if re.fullmatch(pattern, below):
            _selected(check, kind).thing(kind, _without_annotations(answer), "answer")
            return
    raise Mismatch(f"{asked} is not a path that is known here")


def _selected(check: Check, kind: str) -> Check:
    return replace(check, whole=check.whole and kind not in _SELECTED)


def _as_schema(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer of Defender for Identity as the schema has it, where it is as Microsoft's samples have it.

    They disagree: the samples wrap an action's result in `value`, and call the provider `provider` in words of
    another case. Everything else is returned as it is.
    """
    value = answer.get("value")
    if isinstance(value, dict) and "provider" in value:
        return {"@odata.context": "", **_renamed(value)}
    if isinstance(value, list):
        return {**answer, "value": [_as_schema(one) if isinstance(one, dict) else one for one in value]}
    accounts = answer.get("accounts")
    if isinstance(accounts, list):
        return {**answer, "accounts": [_renamed(one) for one in accounts]}
    return answer


def _renamed(thing: dict[str, Any]) -> dict[str, Any]:
    if "provider" not in thing or "identityProvider" in thing:
        return thing
    word = str(thing["provider"])
    rest = {name: value for name, value in thing.items() if name != "provider"}
    return {**rest, "identityProvider": word[:1].lower() + word[1:]}


def _without_annotations(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in _AROUND}


def _check_error(answer: Any) -> None:
    if not isinstance(answer, dict) or answer.keys() != {"error"}:
        raise Mismatch("error: the body holds `error` and nothing else")
    error = answer["error"]
    if not {"code", "message"} <= error.keys() <= {"code", "message", "innerError", "details", "target"}:
        raise Mismatch(f"error: {sorted(error)} are not the members of an error")


class Checked(httpx.AsyncBaseTransport):
    """Holds every exchange of another transport to the metadata.

    With `sound` False answers are not judged: for simulated faults, and for words no metadata has. A
    connection that the simulator breaks becomes the error that a network would give.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, *, sound: bool = True) -> None:
        self._inner = inner
        self._sound = sound
        self.exchanges = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass one request on, judged before and after."""
        sent = await request.aread()
        check_request(request.method, request.url.path, sent, request.headers)
        try:
            response = await self._inner.handle_async_request(request)
            body = await response.aread()
        except ConnectionResetError as error:
            raise httpx.ReadError("connection reset", request=request) from error
        if int(response.headers.get("content-length", len(body))) > len(body):
            raise httpx.RemoteProtocolError("peer closed connection within the body", request=request)
        if self._sound:
            unmasked = "include-unknown-enum-members" in request.headers.get("prefer", "")
            check_response(request.method, request.url.path, response.status_code, body, unmasked=unmasked)
        self.exchanges += 1
        return response

    async def aclose(self) -> None:
        """Close the other transport."""
        await self._inner.aclose()


def in_process(app: Any, *, sound: bool = True) -> Checked:
    """Return a transport into a simulator in this process, every exchange judged."""
    return Checked(httpx.ASGITransport(app), sound=sound)
