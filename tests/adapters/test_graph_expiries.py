"""Until when credentials can be used: certificates by their files, client secrets by Entra ID; and budgets that tell."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from agent.adapters.graph.connect import Graph, open_graph
from agent.adapters.microsoft.budget import Budget
from agent.adapters.microsoft.clouds import simulator
from agent.adapters.microsoft.credentials import CredentialKind, SimulatorCredential
from agent.adapters.microsoft.proofs import Certificate, ClientSecret, Proof, proof_of
from agent.model.errors import Refused
from agent.model.vitals import Expiry
from agent.simulator import names
from agent.simulator.app_roles import LASTS, MADE, a_password
from agent.simulator.moments import text
from agent.simulator.names import ALL_ROLES, CLIENT_ID, CLIENT_SECRET
from agent.simulator.shapes import Json
from agent.simulator.switches import Switches
from tests.certificates import ENDS, a_pair
from tests.clock import ManualClock
from tests.metadata import Checked
from tests.simulator.worlds import NOW, Caller, caller, staffed

DAY = timedelta(days=1)
OURS = ClientSecret(what="ours", client_id=CLIENT_ID, hint=CLIENT_SECRET[:3])


@asynccontextmanager
async def a_graph(one: Caller, *proofs: Proof) -> AsyncIterator[Graph]:
    cloud = simulator("http://127.0.0.1:8000")
    transport = one.http._transport
    assert isinstance(transport, Checked)
    async with open_graph(
        clock=ManualClock(NOW),
        cloud=cloud,
        tenant_id=names.TENANT_ID,
        credential=lambda: SimulatorCredential(
            cloud, names.TENANT_ID, CLIENT_ID, CLIENT_SECRET, transport=transport
        ),
        transport=transport,
        proofs=proofs,
        wall=NOW.timestamp,
    ) as graph:
        yield graph


async def expiry(proof: Proof, *passwords: Json, roles: frozenset[str] = ALL_ROLES) -> Expiry:
    world = staffed()
    world.directory.app_roles.passwords = list(passwords)
    async with a_graph(caller(world, Switches(roles=roles)), proof) as graph:
        (found,) = await graph.login.expiries()
        return found


def a_secret(hint: str | None, ends: datetime | None) -> Json:
    return a_password("", NOW) | {"hint": hint, "endDateTime": None if ends is None else text(ends)}


async def test_entra_id_tells_when_a_client_secret_ends() -> None:
    found = await expiry(OURS)

    assert found == Expiry(what="ours", ends=NOW - MADE + LASTS)


@pytest.mark.parametrize(
    ("others", "ends"),
    [
        ([("xyz", DAY)], 90 * DAY),
        ([(OURS.hint, 50 * DAY)], 50 * DAY),
        ([(OURS.hint, -DAY)], 90 * DAY),
        ([(None, DAY)], 90 * DAY),
    ],
)
async def test_of_several_secrets_ours_is_told_by_how_it_begins(
    others: list[tuple[str | None, timedelta]], ends: timedelta
) -> None:
    """One that begins alike and ends sooner is taken for ours; one that has ended is not in use."""
    secrets = [a_secret(hint, NOW + left) for hint, left in others]

    found = await expiry(OURS, *secrets, a_secret(OURS.hint, NOW + 90 * DAY))

    assert found.ends == NOW + ends


async def test_a_secret_without_a_hint_is_taken_for_ours_where_none_begins_as_ours() -> None:
    found = await expiry(OURS, a_secret("xyz", NOW + DAY), a_secret(None, NOW + 2 * DAY))

    assert found.ends == NOW + 2 * DAY


async def test_a_secret_that_has_ended_is_told_where_there_is_no_other() -> None:
    assert (await expiry(OURS, a_secret(OURS.hint, NOW - DAY))).ends == NOW - DAY


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        (a_secret("xyz", NOW + DAY), "begins as this one"),
        (a_secret(OURS.hint, None), "begins as this one"),
    ],
)
async def test_a_secret_that_is_not_among_them_is_unknown(secret: Json, words: str) -> None:
    found = await expiry(OURS, secret)

    assert found.ends is None
    assert words in found.why


async def test_without_the_permission_nobody_asks_and_the_permission_is_named() -> None:
    found = await expiry(OURS, roles=ALL_ROLES - {names.READ_APPLICATIONS})

    assert found.ends is None
    assert found.why == "only Entra ID knows: grant Application.Read.All to the agent's app registration"


async def test_an_app_registration_of_another_tenant_is_unknown() -> None:
    elsewhere = ClientSecret(what="x", client_id="99999999-0000-4000-8000-000000000000", hint="abc")

    assert "is of another tenant" in (await expiry(elsewhere)).why


def as_pem(password: str) -> bytes:
    certificate, key = a_pair()
    return certificate.public_bytes(Encoding.PEM) + key.private_bytes(
        Encoding.PEM,
        PrivateFormat.PKCS8,
        BestAvailableEncryption(password.encode()) if password else NoEncryption(),
    )


def as_pkcs12(password: str) -> bytes:
    certificate, key = a_pair()
    how = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, how)


@pytest.mark.parametrize("write", [as_pem, as_pkcs12])
@pytest.mark.parametrize("password", ["", "opens it"])
def test_a_certificate_tells_itself_when_it_ends(
    tmp_path: Path, write: Callable[[str], bytes], password: str
) -> None:
    path = tmp_path / "certificate"
    path.write_bytes(write(password))

    assert Certificate(what="x", path=path, password=password).ends() == ENDS


def test_a_file_without_a_certificate_says_so(tmp_path: Path) -> None:
    path = tmp_path / "certificate"
    certificate, key = a_pair()
    assert certificate.not_valid_after_utc == ENDS
    contents = (
        b"",
        b"-----BEGIN nothing",
        pkcs12.serialize_key_and_certificates(b"x", key, None, None, NoEncryption()),
    )

    for content in contents:
        path.write_bytes(content)
        with pytest.raises(Refused, match="cannot be read"):
            Certificate(what="x", path=path).ends()
    with pytest.raises(Refused, match="no such file"):
        Certificate(what="x", path=tmp_path / "gone").ends()


async def test_a_certificate_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    found = await expiry(Certificate(what="ours", path=tmp_path / "gone"))

    assert found == Expiry(what="ours", why=f"`{tmp_path}/gone` cannot be read: no such file or directory")


@pytest.mark.parametrize(
    ("kind", "is_lasting", "why"),
    [
        (CredentialKind.MANAGED_IDENTITY, True, "Azure renews"),
        (CredentialKind.WORKLOAD_IDENTITY, True, "the cluster renews"),
        (CredentialKind.AZURE_CLI, False, "a person's own"),
    ],
)
async def test_kinds_without_an_end_of_their_own_say_so(
    kind: CredentialKind, is_lasting: bool, why: str
) -> None:
    found = await expiry(proof_of(kind))

    assert (found.ends, found.is_lasting) == (None, is_lasting)
    assert why in found.why


def test_of_a_client_secret_no_more_is_known_than_entra_id_shows() -> None:
    proof = proof_of(CredentialKind.CLIENT_SECRET, client_id=CLIENT_ID, client_secret="abcdefgh")

    assert "abcd" not in repr(proof)


async def test_a_budget_tells_what_left_within_the_last_minute() -> None:
    clock = ManualClock(NOW)
    budget = Budget(clock, 5)
    for _ in range(3):
        await budget.spend()
        clock.advance(timedelta(seconds=25))

    found = budget.usage()

    assert (found.system, found.used, found.allowed, found.until) == ("graph", 2, 5, None)


async def test_a_budget_tells_until_when_it_was_asked_for_patience() -> None:
    clock = ManualClock(NOW)
    budget = Budget(clock, 5)
    budget.hold(NOW + timedelta(minutes=1))
    budget.park(NOW + timedelta(minutes=5))

    before = budget.usage().until
    clock.advance(timedelta(minutes=5))

    assert (before, budget.usage().until) == (NOW + timedelta(minutes=5), None)


async def test_the_login_tells_of_every_budget() -> None:
    async with a_graph(caller(staffed(), Switches(roles=ALL_ROLES))) as graph:
        (found,) = graph.login.usage()

    assert found.system == "graph"
    assert found.allowed == 60
