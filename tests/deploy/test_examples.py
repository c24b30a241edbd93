"""The example settings are settings, also what stands in them as a comment."""

import re
from pathlib import Path

from agent.model.policy import Mode
from agent.settings.loading import AUDIT, RUNS, WEB, load, load_fleet

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
EXAMPLE = (DEPLOY / "settings.example.yaml").read_text(encoding="utf-8")
EVERYTHING = RUNS | {AUDIT, WEB}


def written(folder: Path, text: str, name: str = "air-agent.yaml") -> Path:
    """Return a file with its secrets in the folder, where the example has them in the machine's own."""
    for place in re.findall(r"/run/secrets/(\S+)", text):
        secret = folder / "run" / place
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_text("https://hc.example/0123456789abcdef0123456789abcdef")
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text.replace("/run/secrets", f"{folder}/run"), encoding="utf-8")
    return file


def without_comments(text: str) -> str:
    """Return the example with every section that is a comment taken as meant, but the one of many tenants."""
    alone = re.sub(r"^# tenants:\n#   directory: tenants\n", "", text, flags=re.M)
    return re.sub(r"^# (replica: |[a-z]+:$|  [a-z_]+: )", r"\1", alone, flags=re.M)


def test_the_example_is_one_as_it_is(tmp_path: Path) -> None:
    assert load(written(tmp_path, EXAMPLE), {}).mode is Mode.OBSERVE


def test_what_is_a_comment_can_be_taken(tmp_path: Path) -> None:
    found = load(written(tmp_path, without_comments(EXAMPLE)), {}, needs=EVERYTHING)

    assert found.web_url() == "https://air.contoso.example"
    assert found.report.channel == "email-managers"
    assert found.health.listen == "127.0.0.1:8421"
    assert found.replica == "air-agent-0"
    assert found.endpoint.enabled
    assert len(re.findall(r"^# ?[a-z]+:", without_comments(EXAMPLE), re.M)) == 0


def test_shared_policies_can_be_taken(tmp_path: Path) -> None:
    found = load(written(tmp_path, EXAMPLE.replace("  # base: ", "  base: ")), {})

    assert found.policies.base == tmp_path / "policies-of-all"


def test_postgresql_can_be_taken(tmp_path: Path) -> None:
    text = re.sub(r"^  url: sqlite.*\n", "", EXAMPLE, flags=re.M).replace("  # url: post", "  url: post")

    found = load(written(tmp_path, text.replace("  # password_file", "  password_file")), {})

    assert found.ledger.address().reveal().startswith("postgresql://air_agent:https")


def test_both_tenants_of_the_example_are_on_top_of_the_shared_settings(tmp_path: Path) -> None:
    shared = re.sub(r"^tenant:\n(  .*\n)+", "", EXAMPLE, flags=re.M)
    shared = re.sub(r"^(  client_id|  certificate_path|  url): .*\n", "", shared, flags=re.M)
    shared = shared.replace("# tenants:\n#   directory: tenants", "tenants:\n  directory: tenants").replace(
        "ledger:\n", ""
    )
    for file in sorted((DEPLOY / "tenants.example").iterdir()):
        written(tmp_path, file.read_text(encoding="utf-8"), f"tenants/{file.name}")

    fleet = load_fleet(written(tmp_path, shared), {})

    assert [(one.name, one.problem) for one in fleet.tenants] == [("contoso", ""), ("fabrikam", "")]
    contoso, fabrikam = (one.settings for one in fleet.tenants)
    assert contoso is not None
    assert fabrikam is not None
    assert (contoso.mode, fabrikam.mode) == (Mode.ENFORCE, Mode.OBSERVE)
    assert contoso.ledger.url != fabrikam.ledger.url
    assert contoso.policies.directory == tmp_path / "tenants" / "../policies-of-contoso"


def test_no_secret_is_in_what_is_shipped() -> None:
    for file in DEPLOY.rglob("*"):
        if file.is_file() and file.suffix in {".yaml", ".conf", ".service", ".bicep", ".json", ".tpl"}:
            assert not re.search(
                r"(BEGIN [A-Z ]*PRIVATE KEY|AccountKey=|xox[bp]-|eyJ[A-Za-z0-9_-]{20})", file.read_text()
            )
