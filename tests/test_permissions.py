"""There is one table of permissions, and all that names one agrees with it."""

import re
from pathlib import Path

import pytest

from agent.adapters.endpoint import machines
from agent.adapters.graph import calls
from agent.adapters.microsoft.answers import Call
from agent.adapters.microsoft.claims import LEEWAY
from agent.judge.doctor.capability import EFFECTS
from agent.judge.doctor.clock import PEOPLE
from agent.judge.doctor.needs import PURPOSES, every, table
from agent.judge.plan import PLANNERS
from agent.model import permission as may
from agent.model.permission import OF_MAILBOXES, UNLIMITED, Api, Permission
from agent.simulator import names

ROOT = Path(__file__).parent.parent
ALL = tuple(one for one in vars(may).values() if isinstance(one, Permission))
NAME = re.compile(r"\b(?:[A-Z][A-Za-z]+\.){1,2}(?:All|Send|StopAndQuarantine|ReadWrite|Directory)\b")
OURS = {one.name for one in ALL}


def test_each_permission_has_its_own_id_which_is_one() -> None:
    assert len({one.id for one in ALL}) == len({(one.api, one.name) for one in ALL}) == len(ALL)
    for one in ALL:
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one.id)


def test_every_call_names_a_permission_of_the_table() -> None:
    named = {
        one.permission
        for module in (calls, machines)
        for one in vars(module).values()
        if isinstance(one, Call)
    }

    assert named <= OURS
    # To read rules is part of writing them, and mail is scoped in Exchange.
    assert {one.name for one in every()} >= named - {may.READ_RULES.name, may.SEND_MAIL.name}


def test_the_simulator_knows_the_same_permissions() -> None:
    assert OURS - {may.SEND_MAIL.name} == names.ALL_ROLES
    assert {one.name for one in ALL if one.api is Api.ENDPOINT} == names.ENDPOINT_ROLES


def test_the_readme_has_the_very_permissions_of_the_table() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("| permission | what for |") :].split("<!-- /permissions -->")[0].rstrip()

    listed = {
        name for row in table.splitlines()[2:] for name in re.findall(r"`([A-Za-z.]+)`", row.split("|")[1])
    }

    assert listed == {one.name for one in every()}


def test_what_the_readme_generates_from_the_table_is_what_the_table_says() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    begins, ends = "<!-- permissions -->", "<!-- /permissions -->"

    written = readme.split(begins)[1].split(ends)[0] if begins in readme else table()

    unindented = "\n".join(line.strip() for line in written.strip().splitlines())
    assert unindented == table()
    assert table().count("\n") == len(PURPOSES) + 1


def test_no_other_place_of_the_code_has_a_list_of_its_own() -> None:
    spelled = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "agent").rglob("*.py")
        if set(NAME.findall(_code(path))) & (OURS - {may.SEND_MAIL.name})
    }

    assert spelled == {"agent/model/permission.py", "agent/simulator/names.py", "agent/settings/subjects.py"}


def _code(path: Path) -> str:
    """Return a file without its docstrings, which may name whatever they explain; those of settings are shown."""
    text = path.read_text(encoding="utf-8")
    return text if path.name == "subjects.py" else re.sub(r'""".*?"""', "", text, flags=re.DOTALL)


def test_every_kind_that_can_be_carried_out_is_looked_at_and_has_its_permissions() -> None:
    assert EFFECTS.keys() == PLANNERS.keys()


def test_the_table_has_no_permission_that_is_never_needed_and_none_that_reaches_everything() -> None:
    assert not {one.name for one in every()} & (UNLIMITED | OF_MAILBOXES)
    assert all(one.words and one.permissions for one in PURPOSES)


@pytest.mark.parametrize(
    ("name", "grants", "is_granted"),
    [
        ("User.Read.All", {"User.Read.All"}, True),
        ("User.Read.All", {"User.ReadWrite.All"}, True),
        ("User.Read.All", {"User.ReadBasic.All"}, False),
        ("SecurityIncident.ReadWrite.All", {"SecurityIncident.Read.All"}, False),
    ],
)
def test_who_may_write_may_read(name: str, grants: set[str], is_granted: bool) -> None:
    assert may.is_granted(name, frozenset(grants)) is is_granted


def test_people_are_refused_by_the_very_minute_that_the_clock_is_judged_by() -> None:
    assert PEOPLE.total_seconds() == LEEWAY
