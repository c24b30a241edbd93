"""`answer`: what is shown, who may answer without a sign-in and where, what counts, and what is refused in which words."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import respx
from typer.testing import CliRunner, Result

from agent.adapters.microsoft.clouds import Cloud, cloud_named, simulator
from agent.adapters.microsoft.simulated_person import simulated_person
from agent.adapters.microsoft.tokens import wall_clock
from agent.faces.cli import answering, signing_in
from agent.faces.cli.app import app
from agent.faces.cli.output import console
from agent.faces.cli.signing_in import person_for, require_sign_in
from agent.faces.questions import SHOWN, targets, undo_words
from agent.model.answer import Person
from agent.model.decision import Verb
from agent.model.enactment import EffectKind, Record, State, Way
from agent.model.errors import AgentError, Malformed, Refused, SettingsError, Unavailable
from agent.settings import subjects
from agent.settings.loading import load
from agent.settings.subjects import Auth, Settings, Tenant
from agent.simulator.names import CLIENT_ID, LEAD_PERSON, NIGHT_PERSON, PORTAL_PERSON, TENANT_ID
from tests.adapters import entra
from tests.adapters.graphs import an_effect
from tests.faces.asked import (
    ANN,
    BOB,
    COPIES,
    LOW,
    a_question,
    beat,
    change,
    found,
    settings_of,
    simulated_people,
)
from tests.faces.records import HOSTILE
from tests.loop.questions import TWO
from tests.simulator.worlds import caller, staffed

SECRET = {"AIR_AGENT_CLIENT_SECRET": "simulated-secret"}


class Scene:
    """A folder with one question, and the command that answers it."""

    def __init__(self, folder: Path, url: str, record: Record, **more: Any) -> None:
        self.folder = folder
        self.record = record
        self.settings = settings_of(folder, url, record, **more)

    @property
    def id(self) -> str:
        return self.record.action.id

    @property
    def digest(self) -> str:
        assert self.record.plan is not None
        assert self.record.plan.offered is not None
        return self.record.plan.offered.digest

    def run(self, verb: str, *more: str, reason: str = "it is phishing", who: str | None = "ann") -> Result:
        name = () if who is None else ("--as", who)
        said = ["answer", self.id, verb, "--settings", str(self.settings), "--reason", reason, *name, *more]
        return CliRunner(env={"COLUMNS": "160", **SECRET}).invoke(app, said)

    def approve(self, *more: str, **how: Any) -> Result:
        return self.run("approve", "--yes", *more, **how)

    def found(self) -> tuple[State, list[tuple[str, Verb, Any]]]:
        record, answers = found(self.folder, self.id)
        return record.state, [(one.person.name, one.verb, one.targets) for one in answers]


@pytest.fixture(scope="module")
def people() -> Iterator[str]:
    with simulated_people(ANN, BOB, LOW) as url:
        yield url


@pytest.fixture
def scene(tmp_path: Path, people: str) -> Scene:
    return Scene(tmp_path, people, a_question())


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory, people: str) -> Scene:
    """Give a question that nobody answers."""
    return Scene(tmp_path_factory.mktemp("untouched"), people, a_question())


def test_what_was_asked_and_would_be_done_is_shown_before_it_is_answered(scene: Scene) -> None:
    done = scene.approve()

    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    said = [line[:15].strip() for line in lines]
    assert [one for one in said if one and not one[0].isdigit()][2:] == [
        "asked because", "if approved", "can be undone", "until", "approvals", "who may", "digest", "you are",
        "your approval c",
    ]  # fmt: skip
    assert "escalate by `ask-people`: somebody has to look" in done.stdout
    assert "soft delete of 7 copies in mailboxes" in done.stdout
    assert "     7  softDelete  m-7  user7@contoso.example" in lines
    assert "can be undone  yes, by `air-agent undo`" in lines
    assert "who may        role:SecOps.Approver (chain secops)" in lines
    assert "you are        Ann <ann@contoso.example>, with SecOps.Approver" in lines
    assert f"digest         {scene.digest}" in lines
    assert scene.found() == (State.ANSWERED, [("Ann", Verb.APPROVE, None)])


def test_who_answers_is_who_the_simulator_says_with_their_object_id_and_tenant(scene: Scene) -> None:
    scene.approve(who="ANN@contoso.example")

    _, (answer,) = found(scene.folder, scene.id)
    assert (answer.person.object_id, answer.person.tenant_id) == (ANN["objectId"].lower(), TENANT_ID)  # type: ignore[attr-defined]
    assert (answer.via, answer.grant, answer.digest) == ("command", "role:SecOps.Approver", scene.digest)


def test_a_no_is_taken_and_no_yes_after_it(scene: Scene) -> None:
    rejected = scene.run("reject", "--yes", reason="it is ours")
    approved = scene.approve(who="bob")

    assert (rejected.exit_code, approved.exit_code) == (0, 1)
    assert "Ann rejected it" in approved.stdout
    assert scene.found() == (State.ANSWERED, [("Ann", Verb.REJECT, None)])


def test_the_same_person_counts_once(scene: Scene) -> None:
    assert [scene.approve().exit_code, scene.approve().exit_code] == [0, 1]
    assert len(scene.found()[1]) == 1


def test_who_has_no_role_of_the_chain_does_not_count_and_is_told_which_it_wants(scene: Scene) -> None:
    done = scene.approve(who="low")

    assert done.exit_code == 1
    assert "wants SecOps.Approver" in done.stdout
    assert scene.found() == (State.ESCALATED, [])


def test_two_have_to_approve_and_the_second_sees_what_the_first_left_out(tmp_path: Path, people: str) -> None:
    scene = Scene(tmp_path, people, a_question(), chain=TWO)

    first = scene.approve("--only", "2", "--only", "5", "--digest", scene.digest)
    second = scene.approve(who="bob")

    assert "of it you approve only 2 of 7" in first.stdout
    assert "1 of 2 approvals" in first.stdout
    assert "Ann approved only 2 of 7: 2, 5" in second.stdout
    assert scene.found() == (
        State.ANSWERED,
        [("Ann", Verb.APPROVE, (COPIES[1], COPIES[4])), ("Bob", Verb.APPROVE, None)],
    )


def test_targets_are_chosen_by_a_file_as_they_are_listed(scene: Scene) -> None:
    file = scene.folder / "some.txt"
    file.write_text("# these two\n\nm-3   USER3@contoso.example\n m-1\tuser1@contoso.example\n")

    done = scene.approve("--targets", str(file))

    assert done.exit_code == 0, done.output
    assert scene.found()[1] == [("Ann", Verb.APPROVE, (COPIES[0], COPIES[2]))]


def test_lines_of_the_list_are_taken_as_they_were_copied(scene: Scene) -> None:
    listed = [line for line in scene.approve("--digest", "none").stdout.splitlines() if "softDelete" in line]
    file = scene.folder / "some.txt"
    file.write_text("\n".join([listed[1], listed[3]]))

    done = scene.approve("--targets", str(file))

    assert done.exit_code == 0, done.output
    assert scene.found()[1] == [("Ann", Verb.APPROVE, (COPIES[1], COPIES[3]))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"m-1 user2@contoso.example", "line 1: this is none of the 7 targets"),
        (b"     1  softDelete", "line 1: this is none of the 7 targets"),
        (b"m-1", "line 1: this is none of the 7 targets"),
        (b"# nothing\n", "names no target: name one at least, or reject it"),
        (b"\xff", "is not UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_names_anything_else_answers_nothing(
    untouched: Scene, tmp_path: Path, text: bytes | None, words: str
) -> None:
    file = tmp_path / "some.txt"
    if text is not None:
        file.write_bytes(text)

    done = untouched.approve("--targets", str(file))

    assert done.exit_code == 2
    assert words in done.stderr
    assert untouched.found()[1] == []


def test_a_script_that_saw_another_list_answers_nothing(untouched: Scene) -> None:
    done = untouched.approve("--digest", "0" * 32)

    assert done.exit_code == 1
    assert "it changed since, and this is how it is now" in done.stdout
    assert untouched.found()[1] == []


def test_an_answer_to_what_changed_while_the_person_signed_in_does_not_count(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between showing and answering another target comes: the digest of what was shown is not that of what is there."""
    whole = a_question(targets=(*COPIES, ("m-8", "user8@contoso.example"))).plan
    before = scene.record.plan
    assert whole is not None
    assert whole.offered is not None
    assert before is not None
    assert before.offered is not None
    offered = msgspec.structs.replace(whole.offered, binding=before.offered.binding)
    grown = msgspec.structs.replace(scene.record, plan=msgspec.structs.replace(whole, offered=offered))

    def slowly(settings: Settings, as_name: str | None) -> Person:
        change(scene.folder, grown)
        return person_for(settings, as_name)

    monkeypatch.setattr("agent.faces.cli.answering.person_for", slowly)

    done = scene.approve()

    assert done.exit_code == 1
    assert "it changed since you were shown it" in done.stdout
    assert scene.found()[1] == []


def test_the_same_digest_has_the_same_numbers_in_whatever_order_the_effects_stand() -> None:
    effects = tuple(an_effect(EffectKind.SOFT_DELETE, *some) for some in (COPIES[:3], COPIES[3:]))

    assert targets(effects) == targets(effects[::-1])
    assert [one.number for one in targets(effects)] == list(range(1, 8))


def test_only_the_first_targets_are_listed_and_the_others_counted(tmp_path: Path, people: str) -> None:
    many = tuple((f"m-{number:05}", f"user{number}@contoso.example") for number in range(1, 1201))
    scene = Scene(tmp_path, people, a_question(targets=many))

    done = scene.approve()

    assert sum("softDelete  m-" in line for line in done.stdout.splitlines()) == SHOWN
    assert "and 1,180 more" in done.stdout


def test_what_an_attacker_wrote_moves_nothing_on_the_terminal(tmp_path: Path, people: str) -> None:
    scene = Scene(tmp_path, people, a_question(targets=((HOSTILE, HOSTILE),)))

    done = scene.approve()

    assert not any(char in done.stdout for char in "\x1b\u202e\x9b\x7f\u2066")
    assert "you are" in done.stdout


def test_json_is_one_document_and_the_question_goes_to_standard_error(scene: Scene) -> None:
    done = scene.approve("--json")

    told = json.loads(done.stdout)
    assert (told["counts"], told["have"], told["need"]) == (True, 1, 1)
    assert told["question"]["digest"] == scene.digest
    assert len(told["question"]["targets"]) == 7
    assert told["person"]["name"] == "Ann"
    assert "asked because" in done.stderr


def test_whoever_reads_at_night_is_told_whether_an_agent_runs(scene: Scene) -> None:
    alone = scene.run("reject", "--yes")
    beat(scene.folder)
    other = Scene(scene.folder / "other", scene.settings.read_text().split("'")[1], a_question())
    beat(other.folder)

    assert "no agent runs on this ledger now: it is taken up when one starts" in alone.stdout
    assert "no agent runs" not in other.approve().stdout


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (a_question(way=Way.HAND_OFF), "approve it in Defender"),
        (a_question(state=State.SUPERSEDED), "nothing is asked about it: it is superseded: it was decided"),
        (a_question(state=State.CONFIRMED), "too late to answer: take it back with `air-agent undo"),
        (a_question(state=State.EXPIRED), "nothing is asked about it: it is expired: its week ended"),
    ],
)
def test_what_cannot_be_approved_here_says_why(
    tmp_path: Path, people: str, record: Record, words: str
) -> None:
    scene = Scene(tmp_path, people, record)

    done = scene.approve()

    assert done.exit_code == 1
    assert words in done.output


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (["answer", "ID", "maybe", "--reason", "x", "--yes"], "`maybe` is no answer: write `approve` or `reject`"),
        (["answer", "ID", "escalate", "--reason", "x", "--yes"], "`escalate` is no answer"),
        (["answer", "ID", "approve", "--reason", " ", "--yes"], "say why with `--reason`"),
        (["answer", "ID", "approve", "--reason", "x" * 1001, "--yes"], "in at most 1,000 characters"),
        (["answer", "ID", "approve", "--reason", "x"], "standard input is no terminal"),
        (["answer", "ID", "approve", "--reason", "x", "--yes", "--only", "1"], "say which list with `--digest`"),
        (["answer", "ID", "approve", "--reason", "x", "--yes", "--only", "8", "--digest", "D"], "there are targets 1 to 7"),
        (["answer", "ID", "approve", "--reason", "x", "--yes", "--only", "0", "--digest", "D"], "there are targets 1 to 7"),
        (["answer", "ID", "reject", "--reason", "x", "--yes", "--only", "1", "--digest", "D"], "a no is to all of it"),
        (["answer", "ID", "approve", "--reason", "x", "--yes", "--only", "1", "--targets", "f"], "leave one of them out"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_answer_is_wrong_use(untouched: Scene, said: list[str], words: str) -> None:
    known = {"ID": untouched.id, "D": untouched.digest}
    arguments = [*(known.get(one, one) for one in said), "--as", "ann", "--settings", str(untouched.settings)]

    done = CliRunner(env={"COLUMNS": "160", **SECRET}).invoke(app, arguments)

    assert (done.exit_code, untouched.found()[1]) == (2, [])
    assert words in done.stderr


@pytest.mark.parametrize(
    ("begins", "words"), [("zz", "too short"), ("zzzzzz", "nothing is known of `zzzzzz`")]
)
def test_an_id_that_names_nothing_is_a_finding(untouched: Scene, begins: str, words: str) -> None:
    arguments = ["answer", begins, "approve", "--reason", "x", "--yes", "--as", "ann", "--settings", str(untouched.settings)]  # fmt: skip
    done = CliRunner(env={"COLUMNS": "160", **SECRET}).invoke(app, arguments)

    assert (done.exit_code, words in done.stderr) == (1, True)


def test_undo_is_told_by_what_would_be_done() -> None:
    kinds = (EffectKind.SOFT_DELETE, EffectKind.REVOKE_SESSIONS, EffectKind.RESET_PASSWORD)
    whole, part, never = (an_effect(kind, ("a", "b")) for kind in kinds)

    assert undo_words((whole,)) == "yes, by `air-agent undo`"
    assert undo_words((whole, part)).startswith("in part: revokeSignInSessions only by a person")
    assert undo_words((whole, never)).startswith("no: forcePasswordReset cannot be taken back")
    assert undo_words(()) == "there is nothing to take back"


# A person at a terminal


def _ended(process: "subprocess.Popen[bytes]", *, is_interrupted: bool) -> int:
    """Return with what the process ended. A Ctrl-C right before it begins to read is only seen with the next one."""
    for _ in range(60):
        if is_interrupted:
            process.send_signal(signal.SIGINT)
        try:
            return process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    return process.wait()


@pytest.mark.parametrize(("typed", "code", "count"), [("y\n", 0, 1), ("", 130, 0)])
def test_at_a_terminal_only_a_yes_is_one_and_ctrl_c_answers_nothing(
    scene: Scene, typed: str, code: int, count: int
) -> None:
    here, there = pty.openpty()
    said = [sys.executable, "-m", "agent", "answer", scene.id, "approve", "--settings", str(scene.settings)]
    process = subprocess.Popen(
        [*said, "--reason", "it is phishing", "--as", "ann"],
        stdin=there,
        stdout=there,
        stderr=there,
        env={**os.environ, **SECRET},
        # Whoever runs the tests in the background has them ignore a Ctrl-C, and their children too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no threads here
    )
    os.close(there)
    seen = b""
    until = time.monotonic() + 30
    while b"[y/N]" not in seen and time.monotonic() < until:
        seen += os.read(here, 4096)
    if typed:
        os.write(here, typed.encode())
    ended = _ended(process, is_interrupted=not typed)
    os.close(here)

    assert b"approve 7 targets?" in seen
    assert (ended, len(scene.found()[1])) == (code, count)


@pytest.mark.parametrize(
    ("typed", "is_yes"),
    [("y\n", True), (" YES \n", True), ("\n", False), ("n\n", False), ("", False), ("yesterday\n", False)],
)
def test_anything_but_a_yes_is_a_no(
    untouched: Scene, monkeypatch: pytest.MonkeyPatch, typed: str, is_yes: bool
) -> None:
    question = asyncio.run(answering._asked(load(untouched.settings, SECRET), untouched.id))
    monkeypatch.setattr("sys.stdin", StringIO(typed))

    assert answering._is_confirmed(console(), Verb.APPROVE, COPIES[:2], question) is is_yes


# Answering as somebody without a sign-in


URLS = (
    "http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "http://evil.example:9", "http://10.0.0.1:9",
    "http://127.0.0.1.evil.example:9", "http://127.0.0.1@evil.example:9", "https://127.0.0.1:9", "http://0.0.0.0:9",
    "http://127.0.0.1:9/evil", "", None,
)  # fmt: skip
NEAR = {"http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"}


@pytest.mark.parametrize("tenant", [TENANT_ID, entra.TENANT])
@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("cloud", list(subjects.Cloud))
def test_no_settings_let_anybody_answer_as_somebody_but_those_of_the_simulator_on_this_machine(
    cloud: subjects.Cloud, url: str | None, tenant: str
) -> None:
    settings = Settings(
        tenant=Tenant(id=tenant),
        graph=subjects.Graph(cloud=cloud, url=url),
        auth=Auth(client_id=CLIENT_ID),
        escalation=subjects.Escalation(client_id=CLIENT_ID),
    )
    is_simulator = cloud is subjects.Cloud.SIMULATOR and url in NEAR and tenant == TENANT_ID

    with pytest.raises(AgentError) as refused:
        person_for(settings, "ann")

    if is_simulator:
        assert isinstance(refused.value, Unavailable)  # it was asked, and nothing listens there
        require_sign_in(settings, "ann")
    else:
        assert "only the simulator on this machine takes: leave it out, and sign in" in str(refused.value)


@pytest.mark.parametrize(
    "cloud",
    [
        cloud_named("global"),
        cloud_named("usGovL4"),
        Cloud("simulator", "https://graph.microsoft.com", "https://login.microsoftonline.com", True),
        Cloud("simulator", "http://127.0.0.1:9", "http://127.0.0.1@evil.example", True),
        Cloud("global", "http://127.0.0.1:9", "http://127.0.0.1:9", True),
    ],
)
async def test_the_adapter_refuses_it_too_and_asks_nobody(cloud: Cloud) -> None:
    asked: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"people": [ANN]})

    with pytest.raises(Refused, match="nobody answers as somebody else"):
        await simulated_person(cloud, TENANT_ID, "ann", transport=httpx.MockTransport(keep))
    assert asked == []


def test_as_somebody_in_a_real_tenant_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    file = tmp_path / "air-agent.yaml"
    file.write_text(f"tenant: {{id: {entra.TENANT}}}\nescalation: {{client_id: {CLIENT_ID}}}\n")
    said = ["answer", "abcd", "approve", "--settings", str(file), "--reason", "x", "--yes", "--as", "ann"]

    done = CliRunner().invoke(app, said)

    assert done.exit_code == 2
    assert "only the simulator on this machine takes" in done.stderr
    assert sorted(tmp_path.iterdir()) == [file]


async def test_the_people_of_the_simulator_have_the_roles_that_they_have_there_now() -> None:
    one = caller(staffed())
    transport = httpx.ASGITransport(one.app, client=("127.0.0.1", 1))
    cloud = simulator("http://127.0.0.1:8000")

    lead = await simulated_person(cloud, TENANT_ID, LEAD_PERSON, transport=transport)
    night = await simulated_person(cloud, TENANT_ID, "soc.night", transport=transport)
    analyst = await simulated_person(cloud, TENANT_ID, one.user(PORTAL_PERSON)["id"], transport=transport)

    assert (lead.roles, night.roles) == (("SecOps.Approver", "SecOps.Lead", "Operator"), ("SecOps.Approver",))
    assert (night.addresses, analyst.addresses) == ((NIGHT_PERSON,), (PORTAL_PERSON,))
    with pytest.raises(SettingsError, match=r"nobody with a role is called so: name one of `soc\.analyst@"):
        await simulated_person(cloud, TENANT_ID, "soc.former", transport=transport)


@pytest.mark.parametrize(
    ("status", "to"), [(302, "http://127.0.0.1:9/simulator/people"), (404, ""), (500, "")]
)
async def test_what_is_no_simulator_tells_of_nobody_and_leads_nowhere(status: int, to: str) -> None:
    with (
        simulated_people(ANN, status=status, to=to) as url,
        pytest.raises(Malformed, match="is no simulator of this version"),
    ):
        await simulated_person(simulator(url), TENANT_ID, "ann")


# Signing in


def real(folder: Path, more: str = f"escalation: {{client_id: {entra.CLIENT}}}\n") -> Settings:
    file = folder / "air-agent.yaml"
    file.write_text(f"tenant: {{id: {entra.TENANT}}}\n{more}")
    return load(file, {}, needs=frozenset())


def test_without_an_app_to_sign_in_to_it_is_said_which_setting_lacks(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"set `escalation\.client_id` to its client id"):
        require_sign_in(real(tmp_path, ""), None)


def test_the_simulator_has_no_sign_in(untouched: Scene) -> None:
    done = untouched.approve(who=None)

    assert (done.exit_code, "say as whom of its people with `--as NAME`" in done.stderr) == (2, True)


def test_who_signs_in_is_who_the_validated_token_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = wall_clock()
    token = entra.token(iat=now - 5, nbf=now - 5, exp=now + 3600)
    asked: list[tuple[str, str]] = []

    def signed_in(_cloud: Cloud, tenant_id: str, client_id: str, _prompt: object) -> str:
        asked.append((tenant_id, client_id))
        return token

    monkeypatch.setattr(signing_in, "access_token", signed_in)
    login = entra.Published()
    with respx.mock() as network:
        network.get(url__startswith=entra.LOGIN).mock(side_effect=login)
        person = person_for(real(tmp_path), None)

    assert asked == [(entra.TENANT, entra.CLIENT)]
    assert (person.object_id, person.name, person.roles) == (entra.ANN, "Ann Approver", ("SecOps.Approver",))
    assert login.fetched == 1


def test_the_code_is_told_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    signing_in._prompt("https://microsoft.com/devicelogin", "ABCD\x1b[2J", a_question().action.deadline)

    told = capsys.readouterr()
    assert told.out == ""
    assert "open https://microsoft.com/devicelogin and type ABCD" in told.err
    assert "\x1b" not in told.err
