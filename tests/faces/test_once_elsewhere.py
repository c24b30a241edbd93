"""`once` in a tenant that another replica has says who has it, since when, and what to do."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from agent.faces.cli import running
from agent.faces.cli.app import app
from agent.faces.whose import whose
from agent.model.errors import LedgerError
from agent.model.tenancy import Holder, Share
from agent.ports.fleet import Alone
from tests.judge.writing import policy_file
from tests.makers import NOW

TENANTS = {
    "contoso": f"{1:08d}-0000-4000-8000-000000000000",
    "fabrikam": f"{2:08d}-0000-4000-8000-000000000000",
}
HOLDER = Holder(replica="air-agent-1", since=NOW - timedelta(hours=2), frees_within=12.4)


class Others(Alone):
    """Every tenant is another replica's; `down` makes the ledger unreachable once that is known."""

    def __init__(self, *known: str, down: bool = False) -> None:
        super().__init__("here")
        self.known, self.down = known, down

    async def renew(self, tenant_ids: Sequence[str]) -> MappingProxyType[str, Share]:
        return MappingProxyType({})

    async def holders(self, tenant_ids: Sequence[str]) -> dict[str, Holder]:
        if self.down:
            raise LedgerError("ledger: cannot be reached")
        return {one: HOLDER for one in tenant_ids if one in self.known}


def once(folder: Path, monkeypatch: pytest.MonkeyPatch, shares: Others, *, is_many: bool) -> tuple[int, Any]:
    @asynccontextmanager
    async def open_shares(_process: object) -> AsyncIterator[tuple[Others, None]]:
        yield shares, None

    monkeypatch.setattr(running, "open_shares", open_shares)
    monkeypatch.setattr(running, "configure", lambda *_: None)
    (folder / "secret").write_text("x")
    login = f"auth: {{kind: clientSecret, client_id: 11111111-1111-1111-1111-111111111111, client_secret_file: {folder}/secret}}\n"
    shared = f"graph: {{cloud: simulator, url: 'http://127.0.0.1:9'}}\npolicies: {{directory: '{folder}/policies'}}\n"
    (folder / "policies").mkdir()
    (folder / "policies" / "p.yaml").write_bytes(policy_file())
    if is_many:
        (folder / "tenants").mkdir()
        for name, one in TENANTS.items():
            (folder / "tenants" / f"{name}.yaml").write_text(f"tenant: {{id: {one}}}\n{login}")
        (folder / "air-agent.yaml").write_text(f"tenants: {{directory: tenants}}\n{shared}")
    else:
        (folder / "air-agent.yaml").write_text(f"tenant: {{id: {TENANTS['contoso']}}}\n{login}{shared}")
    with structlog.testing.capture_logs():
        done = CliRunner().invoke(app, ["once", "--json", "--settings", str(folder / "air-agent.yaml")])
    return done.exit_code, json.loads(done.stdout)


def test_of_one_tenant_it_says_who_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, found = once(tmp_path, monkeypatch, Others(TENANTS["contoso"]), is_many=False)

    assert code == 1
    assert found["incidents"] == 0
    (words,) = found["problems"]
    assert words == (
        "no pass was made: replica air-agent-1 has had it since 2026-11-02 07:00Z, and makes its passes: look at them with"
        " `air-agent status`, and stop that agent first to make one here; if it has died, the tenant is free within 12 s"
    )


def test_of_many_tenants_each_says_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, found = once(tmp_path, monkeypatch, Others(TENANTS["fabrikam"]), is_many=True)

    told = {one["tenant"]: one["problems"][0] for one in found}
    assert code == 1
    assert told["contoso"] == f"no pass was made: {whose(None)}"
    assert told["fabrikam"] == f"no pass was made: {whose(HOLDER)}"


def test_where_it_cannot_be_asked_the_rest_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, found = once(tmp_path, monkeypatch, Others(down=True), is_many=False)

    assert code == 1
    assert found["problems"][0].startswith("no pass was made: no other replica is known to have it")
