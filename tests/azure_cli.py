"""`az`, as far as the scripts of `doctor --grants` use it, with an Entra ID of its own.

The program that the scripts find is a few lines of shell, which hand their arguments to this process: to start Python for
each call would take longer than all else. What a script asks in JMESPath is one of a few forms; any other is an error, as
is a call that Graph does not know.
"""

import json
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class Entra:
    """Applications, enterprise applications and what they were given."""

    def __init__(self, state: Json) -> None:
        self.state = state

    def new_id(self) -> str:
        self.state["ids"] = self.state.get("ids", 0) + 1
        return f"00000000-aaaa-4000-8000-{self.state['ids']:012d}"

    def app(self, client_id: str) -> Json:
        return next(one for one in self.state["applications"] if one["appId"] == client_id)

    def principal(self, **wanted: str) -> Json | None:
        some = self.state["principals"]
        return next((one for one in some if all(one.get(k) == v for k, v in wanted.items())), None)


class NotKnown(Exception):
    """The call ends with an error."""


def answer(entra: Entra, arguments: list[str]) -> str:
    """Return what one call prints."""
    match arguments:
        case ["account", "show", *_]:
            return str(entra.state["tenant"])
        case ["ad", "sp", "show", "--id", client_id, *_]:
            found = entra.principal(appId=client_id)
            if found is None:
                raise NotKnown("no such enterprise application")
            return str(found["id"])
        case ["ad", "sp", "create", "--id", client_id, *_]:
            made = {"id": entra.new_id(), "appId": client_id, "assignments": [], "consents": []}
            entra.state["principals"].append(made)
            return str(made["id"])
        case ["ad", "app", "list", "--display-name", name, "--query", query, *_]:
            assert json.dumps(name) in query
            named = [one["appId"] for one in entra.state["applications"] if one["displayName"] == name]
            return named[0] if named else ""
        case ["ad", "app", "create", "--display-name", name, *_]:
            client_id = entra.new_id()
            entra.state["applications"].append({"appId": client_id, "displayName": name})
            return client_id
        case ["rest", *options]:
            return rest(entra, dict(zip(options[::2], options[1::2], strict=True)))
        case _:
            raise NotKnown(f"az {arguments} is not known")


PROGRAM = """#!/bin/bash
exec 3<>"/dev/tcp/127.0.0.1/$AZ_PORT"
printf '%s\\0' "$#" "$@" >&3
IFS= read -r -d '' code <&3
if [ "$code" = 0 ]; then cat <&3; else cat <&3 >&2; fi
exit "$code"
"""


@contextmanager
def installed(entra: Entra, folder: Path) -> Iterator[int]:
    """Give the port that `az` in this folder speaks to; calls are answered until the end."""

    class Call(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            count = int(self._word())
            code, said = 0, ""
            try:
                said = answer(entra, [self._word() for _ in range(count)])
            except Exception as error:  # noqa: BLE001  the script is told, as by the program itself
                code, said = 1, f"error: {error}"
            self.wfile.write(f"{code}\0{said}{chr(10) if said else ''}".encode())

        def _word(self) -> str:
            word = bytearray()
            while (letter := self.rfile.read(1)) not in {b"\0", b""}:
                word += letter
            return word.decode()

    program = folder / "az"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    with socketserver.TCPServer(("127.0.0.1", 0), Call) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def rest(entra: Entra, given: Json) -> str:
    path = given["--url"].partition("/v1.0/")[2].partition("?")[0]
    body = json.loads(given["--body"]) if "--body" in given else {}
    if match := re.fullmatch(r"applications\(appId='([^']+)'\)", path):
        return application(entra, match[1], given, body)
    if match := re.fullmatch(r"servicePrincipals/([^/]+)(?:/([a-zA-Z0-9]+))?(?:/([^/]+))?", path):
        found = entra.principal(id=match[1])
        assert found is not None, path
        return principal(entra, found, match[2], match[3], given, body)
    if path == "oauth2PermissionGrants" and given["--method"] == "POST":
        found = entra.principal(id=body["clientId"])
        assert found is not None
        found["consents"].append(body)
        return ""
    raise NotKnown(f"404 {path}")


def application(entra: Entra, client_id: str, given: Json, body: Json) -> str:
    found = next((one for one in entra.state["applications"] if one["appId"] == client_id), None)
    if found is None:
        raise NotKnown("404")
    if given["--method"] == "PATCH":
        merge(found, body)
        return ""
    query = given["--query"]
    if query == "id":
        return client_id
    if match := re.fullmatch(r"length\(appRoles\[\?value==`(.+)`\]\)", query):
        return str(sum(one["value"] == json.loads(match[1]) for one in found.get("appRoles", [])))
    value: Any = found
    for part in query.split("."):
        value = (value or {}).get(part)
    return "" if value is None else json.dumps(value, indent=2)


def merge(into: Json, body: Json) -> None:
    for key, value in body.items():
        if isinstance(value, dict):
            merge(into.setdefault(key, {}), value)
        else:
            into[key] = value


def principal(
    entra: Entra, found: Json, kind: str | None, one_id: str | None, given: Json, body: Json
) -> str:
    method, query = given["--method"], given.get("--query", "")
    match method, kind:
        case "PATCH", None:
            merge(found, body)
            return ""
        case "GET", None:
            wanted = re.fullmatch(
                r"appRoles\[\?value=='([^']+)' && contains\(allowedMemberTypes, 'Application'\)\]\.id \| \[0\]",
                query,
            )
            assert wanted is not None, query
            return str(found["roles"].get(wanted[1], ""))
        case "POST", "appRoleAssignments":
            found["assignments"].append({"id": f"assignment-{entra.new_id()}", **body})
            return ""
        case "DELETE", "appRoleAssignments":
            found["assignments"] = [one for one in found["assignments"] if one["id"] != one_id]
            return ""
        case "GET", "appRoleAssignments":
            return assignments(found, query)
        case "GET", "oauth2PermissionGrants":
            wanted = re.search(r"resourceId=='([^']+)'", query)
            assert wanted is not None
            return str(sum(one["resourceId"] == wanted[1] for one in found["consents"]))
        case _:
            raise NotKnown(f"{method} {kind} is not known")


def assignments(found: Json, query: str) -> str:
    if match := re.fullmatch(r"length\(value\[\?appRoleId=='([^']+)' && resourceId=='([^']+)'\]\)", query):
        return str(
            sum((one["appRoleId"], one["resourceId"]) == (match[1], match[2]) for one in found["assignments"])
        )
    match = re.fullmatch(r"value\[\?resourceId=='([^']+)'\]\.\[id, appRoleId\]", query)
    assert match is not None, query
    rows = [one for one in found["assignments"] if one["resourceId"] == match[1]]
    return "\n".join(f"{one['id']}\t{one['appRoleId']}" for one in rows)
