"""`doctor` on this machine: secrets, policies, ledger, disk, channels, certificates."""

import json
import os
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent.adapters.ledger.share_tables import oldest
from agent.adapters.ledger.tables import VERSION_TABLE
from agent.model.checkup import Check, CheckName, Grade, Room
from agent.model.hold import Hold
from agent.settings.fields import fields
from agent.settings.subjects import Settings
from agent.simulator import names
from tests.certificates import a_pair, write_pair
from tests.doctors import ABOUT, GIB, ROOMY, alone, around, looked, settings_in, worst, written
from tests.judge.writing import policy_file
from tests.ledgers import open_ledger
from tests.postgresql import Postgres
from tests.simulator.worlds import NOW

C = CheckName
FAIL, WARN, PASS, SKIPPED = Grade.FAIL, Grade.WARN, Grade.PASS, Grade.SKIPPED


async def look(settings: Settings, **world: object) -> dict[CheckName, Check]:
    return await looked(settings, around(settings, **world))  # type: ignore[arg-type]


async def with_ledger(folder: Path) -> Path:
    """Return the file of a ledger whose audit has begun."""
    path = folder / "air-agent-data" / "ledger.db"
    async with open_ledger(f"sqlite:///{path}", names.TENANT_ID) as ledger:
        await ledger.hold(Hold(name="hold", since=NOW, by="somebody", reason="a test"))
        await ledger.release("hold", "somebody", "", NOW)
    return path


# Settings


async def test_a_secret_that_everybody_can_read_is_a_warning_with_the_very_command(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(names.CLIENT_SECRET)
    secret.chmod(0o644)
    settings = settings_in(tmp_path, "", environ={"AIR_AGENT_AUTH_CLIENT_SECRET_FILE": str(secret)})

    open_to_all = await alone(settings, C.SETTINGS)
    secret.chmod(0o640)
    to_its_group = await alone(settings, C.SETTINGS)

    assert worst(open_to_all).grade is WARN
    assert f"chmod o= {secret}" in worst(open_to_all).mend
    assert to_its_group.grade is PASS


@pytest.mark.parametrize(
    "name", [f"{one.section}.{one.file_key}" for one in fields() if one.file_key is not None]
)
async def test_the_file_of_every_secret_is_looked_at(tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o644)
    settings = settings_in(tmp_path, "")
    section, _, key = name.partition(".")
    part = msgspec.structs.replace(getattr(settings, section), **{key: secret})

    found = await alone(msgspec.structs.replace(settings, **{section: part}), C.SETTINGS)

    assert f"chmod o= {secret}" in worst(found).mend


# Policies


async def test_policies_that_do_not_load_fail_with_their_places_and_channels_are_skipped(
    tmp_path: Path,
) -> None:
    settings = settings_in(tmp_path)
    written(tmp_path, "p", policy_file("evidence.verdikt: malicious").decode())

    found = await look(settings)

    assert "p.yaml:7:3: unknown fact `evidence.verdikt`" in worst(found[C.POLICIES]).words
    assert worst(found[C.POLICIES]).mend == f"air-agent policy check {tmp_path / 'policies'}"
    assert [one.words for one in found[C.CHANNELS].seen] == ["because policies failed"]


async def test_to_enforce_with_policies_that_all_observe_is_a_warning(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, "mode: enforce\n")

    observing = await alone(settings, C.POLICIES)
    written(tmp_path, "p", policy_file(mode="enforce").decode())
    enforcing = await alone(settings, C.POLICIES)

    assert observing.grade is WARN
    assert "air-agent policy promote" in worst(observing).mend
    assert enforcing.grade is PASS
    assert "1 enforcing" in worst(enforcing).words


# Ledger


async def test_a_ledger_in_use_is_opened_tried_out_and_left_as_it_is(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    path = await with_ledger(tmp_path)

    async with open_ledger(f"sqlite:///{path}", names.TENANT_ID):
        before = path.read_bytes()
        found = await alone(settings, C.LEDGER)
        after = path.read_bytes()

    assert found.grade is PASS, [one.words for one in found.seen]
    assert "the audit has 3 entries" in found.seen[0].words
    assert "can be written, and the audit's key is the one" in found.seen[1].words
    assert after == before


async def test_a_ledger_that_lies_open_to_others_fails_with_the_very_command(tmp_path: Path) -> None:
    path = await with_ledger(tmp_path)
    path.chmod(0o644)

    found = await alone(settings_in(tmp_path), C.LEDGER)

    assert found.grade is FAIL
    assert f"`{path}` is open to other users" in worst(found).words
    assert f"`chmod 0600 {path}`" in worst(found).mend


@pytest.mark.parametrize(
    ("revision", "grade", "words"),
    [
        ("9999", FAIL, "was written by a newer air-agent (schema `9999`)"),
        (None, WARN, "is of an earlier version, or empty"),
    ],
)
async def test_a_ledger_of_another_version_is_told_newer_from_older(
    tmp_path: Path, revision: str | None, grade: Grade, words: str
) -> None:
    path = await with_ledger(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"DELETE FROM {VERSION_TABLE}")
        if revision is not None:
            connection.execute(f"INSERT INTO {VERSION_TABLE} VALUES ('{revision}')")
            connection.execute(f"UPDATE {oldest.name} SET revision = '9998'")
    connection.close()

    found = await alone(settings_in(tmp_path), C.LEDGER)

    assert found.grade is grade
    assert words in worst(found).words


async def test_another_key_than_that_of_the_audit_fails_and_so_does_one_that_is_gone(tmp_path: Path) -> None:
    path = await with_ledger(tmp_path)
    key = path.with_name("audit.key")

    key.write_text("0123456789abcdef" * 4)
    other = await alone(settings_in(tmp_path), C.LEDGER)
    key.unlink()
    gone = await alone(settings_in(tmp_path), C.LEDGER)

    assert "is not the key that the audit" in worst(other).words
    assert gone.grade is FAIL
    assert "`audit.key` is missing" in worst(gone).words
    assert not key.exists()


async def test_a_ledger_without_an_audit_or_a_key_yet_is_fine_and_no_key_is_made(tmp_path: Path) -> None:
    path = tmp_path / "air-agent-data" / "ledger.db"
    async with open_ledger(f"sqlite:///{path}", names.TENANT_ID):
        pass
    path.with_name("audit.key").unlink()

    found = await alone(settings_in(tmp_path), C.LEDGER)

    assert found.grade is PASS
    assert "no audit's key yet" in found.seen[1].words
    assert not path.with_name("audit.key").exists()


async def test_whoever_is_not_the_agents_user_is_told_to_look_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_ledger(tmp_path)
    owner = os.geteuid()
    monkeypatch.setattr("agent.adapters.places.os.geteuid", lambda: owner + 1)

    found = await alone(settings_in(tmp_path), C.LEDGER)

    assert worst(found).grade is WARN
    assert worst(found).mend == f"sudo -u '#{owner}' air-agent doctor"


async def test_a_ledger_that_is_damaged_fails(tmp_path: Path) -> None:
    path = await with_ledger(tmp_path)
    path.write_bytes(b"not a database, certainly not one" * 100)

    found = await alone(settings_in(tmp_path), C.LEDGER)

    assert "is not a ledger" in worst(found).words
    assert worst(found).mend == "name another file, or restore a backup"


async def test_a_ledger_that_another_process_keeps_locked_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.adapters.ledger.engines.PATIENCE", 0.01)
    path = await with_ledger(tmp_path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")

    found = await alone(settings_in(tmp_path), C.LEDGER)

    connection.execute("ROLLBACK")
    connection.close()
    assert "is locked by another process" in worst(found).words


async def test_a_ledger_of_postgresql_without_files_of_the_audit_fails_with_the_settings(
    tmp_path: Path,
) -> None:
    settings = settings_in(tmp_path, "ledger: {url: 'postgresql://agent@127.0.0.1:9/air'}\n")

    found = await alone(settings, C.LEDGER)

    words = [one.words for one in found.seen]
    assert any("cannot be reached" in one for one in words)
    assert any(one.startswith("`audit.file` is missing") for one in words)
    assert (await alone(settings, C.DISK)).seen[0].words == "nothing is written on this machine"


async def test_a_ledger_of_postgresql_is_opened_and_tried_out_as_well(
    tmp_path: Path, postgres: Postgres
) -> None:
    url = postgres.new(template="empty_ledger")
    settings = settings_in(
        tmp_path,
        f"ledger: {{url: '{url}'}}\naudit: {{file: {tmp_path}/audit.jsonl}}\n",
        environ={"AIR_AGENT_AUDIT_KEY": "0123456789abcdef" * 4},
    )

    found = await alone(settings, C.LEDGER)

    postgres.drop(url)
    assert [one.grade for one in found.seen] == [PASS, PASS, PASS]
    assert "can be written" in found.seen[1].words


async def test_places_that_cannot_be_written_fail_by_the_name_of_their_setting(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    more = (
        f"audit: {{file: {file}/audit.jsonl, anchor: {tmp_path}}}\nlog: {{file: {tmp_path}/log}}\n"
        f"hold: {{file: {tmp_path}/nowhere/HOLD}}\n"
    )

    found = await alone(settings_in(tmp_path, more), C.LEDGER)

    failing = [one.words for one in found.seen if one.grade is FAIL]
    assert failing == [
        f"`audit.file`: {file}/audit.jsonl cannot be made: {file} is not a folder",
        f"`audit.anchor`: {tmp_path} is a folder, not a file",
        f"`hold.file`: the folder {tmp_path}/nowhere is not there, which counts as a hold: nothing is carried out",
    ]
    assert any("`log.file`" in one.words and one.grade is PASS for one in found.seen)


# Disk


@pytest.mark.parametrize(
    ("free", "total", "grade"),
    [
        (0.19, 100, FAIL),
        (0.21, 100, FAIL),  # under a hundredth
        (0.21, 10, WARN),
        (0.99, 10, WARN),
        (1.01, 10, PASS),
        (4.9, 100, WARN),
        (5.1, 100, PASS),
        (21, 1000, PASS),
    ],
)
async def test_room_is_judged_by_its_amount_and_by_its_part(
    tmp_path: Path, free: float, total: float, grade: Grade
) -> None:
    room = msgspec.structs.replace(ROOMY, free=int(free * GIB), total=int(total * GIB))

    found = await alone(settings_in(tmp_path), C.DISK, room=room)

    assert found.grade is grade
    assert grade is PASS or "free some space there" in worst(found).mend


async def test_a_disk_that_takes_no_more_files_is_a_warning(tmp_path: Path) -> None:
    room = msgspec.structs.replace(ROOMY, free_files=999)

    found = await alone(settings_in(tmp_path), C.DISK, room=room)

    assert "only 999 files can still be made" in worst(found).words


async def test_a_disk_that_does_not_answer_fails(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    world = around(settings)

    def gone(_path: Path, _what: str) -> Room:
        raise OSError(5, "Input/output error")

    found = (await looked(settings, replace(world, room=gone)))[C.DISK]

    assert "input/output error" in worst(found).words


# Channels


PAGER = f"channel: pager\n{ABOUT}kind: pagerDuty\nroutingKey: {{env: PD_KEY}}\n"
OUTSIDE = f"channel: pager\n{ABOUT}kind: pagerDuty\nroutingKey: {{file: /etc/hostname}}\n"
TEAMS = f"channel: teams\n{ABOUT}kind: teams\nurl: {{env: TEAMS_URL}}\n"
HOOK = f"channel: hook\n{ABOUT}kind: webhook\nurl: https://10.0.0.1/hook\nsecret: {{env: HOOK}}\n"
SMTP = f"channel: post\n{ABOUT}kind: email\nfrom: a@contoso.example\nto: [b@contoso.example]\nsmtp: {{host: 169.254.169.254, port: 25}}\n"
MAIL = f"channel: post\n{ABOUT}kind: email\nfrom: air@contoso.example\nto: [b@contoso.example]\n"


@pytest.mark.parametrize(
    ("name", "text", "environ", "words"),
    [
        ("pager", PAGER, {}, "channel `pager`: the variable PD_KEY is empty or not there"),
        ("pager", PAGER, {"PD_KEY": "two words"}, "holds more than one word"),
        ("teams", TEAMS, {"TEAMS_URL": "http://example.com/x"}, "its URL does not begin with `https://`"),
        ("hook", HOOK, {"HOOK": "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}, "channel `hook`"),
        ("post", SMTP, {}, "channel `post`"),
        ("pager", OUTSIDE, {}, "channel `pager`: the file /etc/hostname lies outside of"),
    ],
)
async def test_a_channel_that_is_not_set_up_fails_and_no_secret_is_shown(
    tmp_path: Path, name: str, text: str, environ: dict[str, str], words: str
) -> None:
    settings = settings_in(tmp_path)
    written(tmp_path, f"channels/{name}", text)

    found = await alone(settings, C.CHANNELS, environ=environ)

    told = [one for one in found.seen if one.grade is FAIL]
    assert len(told) == 1
    assert words in told[0].words
    assert told[0].mend
    assert not any(secret in str(found) for secret in environ.values())


async def test_mail_through_graph_is_never_sent_while_observing_and_is_said_so(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    written(tmp_path, "channels/post", MAIL)

    found = await alone(settings, C.CHANNELS)

    assert any("never done in `mode: observe`" in one.words and one.grade is WARN for one in found.seen)


async def test_reports_through_a_channel_that_is_not_there_fail(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, "report: {send: weekly, channel: elsewhere}\n")

    found = await alone(settings, C.CHANNELS)

    assert "reports are sent through `elsewhere`, and there is no such channel" in worst(found).words


async def test_a_test_is_sent_through_every_channel_that_is_set_up_and_only_where_that_is_asked(
    tmp_path: Path,
) -> None:
    settings = settings_in(tmp_path)
    written(tmp_path, "channels/pager", PAGER)
    await with_ledger(tmp_path)
    world = around(settings)

    await looked(settings, world)
    silent = (tmp_path / "air-agent-data" / "notices" / "here.jsonl").exists()
    found = (await looked(settings, world, sends=True))[C.CHANNELS]

    assert not silent
    told = json.loads((tmp_path / "air-agent-data" / "notices" / "here.jsonl").read_text())
    assert "Test of channel here: nothing is asked" in json.dumps(told)
    assert any("test taken by `here`" in one.words for one in found.seen)
    assert not any("audit does not tell" in one.words for one in found.seen)


async def test_a_channel_that_does_not_take_the_test_fails(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    (tmp_path / "air-agent-data" / "notices" / "here.jsonl").mkdir(parents=True)

    found = (await looked(settings, around(settings), sends=True))[C.CHANNELS]

    assert "test not taken by `here`" in worst(found).words
    assert any("the audit does not tell of the tests" in one.words for one in found.seen)


# Credentials


@pytest.mark.parametrize(
    ("left", "grade"),
    [
        (timedelta(days=31), PASS),
        (timedelta(days=29), WARN),
        (timedelta(days=6), FAIL),
        (timedelta(days=-1), FAIL),
    ],
)
async def test_the_pages_certificate_near_its_end_is_seen(
    tmp_path: Path, left: timedelta, grade: Grade
) -> None:
    certificate, key = write_pair(tmp_path, NOW + left)
    key.chmod(0o600)
    more = (
        f"web: {{url: 'https://air.contoso.example', certificate: {certificate}, certificate_key: {key}}}\n"
    )

    found = await alone(settings_in(tmp_path, more), C.CREDENTIALS)

    (told,) = [one for one in found.seen if "the pages' certificate" in one.words]
    assert told.grade is grade
    assert grade is PASS or "`web.certificate`" in told.mend


async def test_a_certificate_of_the_agent_is_read_where_it_could_not_sign_in(tmp_path: Path) -> None:
    built, key = a_pair(NOW - timedelta(days=1))
    path = tmp_path / "agent.pem"
    path.write_bytes(
        built.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    settings = settings_in(tmp_path)
    auth = msgspec.structs.replace(settings.auth, certificate_path=path)
    settings = msgspec.structs.replace(settings, auth=auth)

    found = await alone(settings, C.CREDENTIALS)

    assert "the agent's certificate ended on" in worst(found).words


async def test_a_certificate_that_is_none_fails(tmp_path: Path) -> None:
    (tmp_path / "pages.pem").write_text("nothing")
    more = f"web: {{url: 'https://air.contoso.example', certificate: {tmp_path}/pages.pem, certificate_key: {tmp_path}/pages.pem}}\n"

    found = await alone(settings_in(tmp_path, more), C.CREDENTIALS)

    assert "it is no certificate" in worst(found).words
