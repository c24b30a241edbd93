"""A base and what a tenant adds to it, read from two folders, with what git says of each."""

import subprocess
from pathlib import Path

import pytest

from agent.adapters.two_folders import plainly
from agent.model.errors import PolicyError
from agent.model.folders import Folders, folders_of
from agent.shelves import policies_at, shelf_in


def write(folder: Path, **files: str) -> Path:
    """Write files of these stems into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for stem, text in files.items():
        (folder / f"{stem}.yaml").write_text(text)
    return folder


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=x", "-c", "user.email=Anna@Contoso.example"]
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write(tmp_path / "base", clusters="policy: clusters")


@pytest.fixture
def tenant(tmp_path: Path) -> Path:
    return write(tmp_path / "tenants" / "contoso", own="policy: own")


def test_the_files_of_both_are_named_by_their_folders(base: Path, tenant: Path) -> None:
    files = shelf_in(tenant, base).files()

    assert folders_of(files) == Folders(base=str(base), tenant=str(tenant))
    assert files[f"{base}/clusters.yaml"] == b"policy: clusters"
    assert files[f"{tenant}/own.yaml"] == b"policy: own"
    assert len(files) == 4


def test_a_tenant_may_add_nothing_but_its_folder_has_to_be_there(base: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    assert len(shelf_in(tmp_path / "empty", base).files()) == 3
    with pytest.raises(PolicyError, match=r"none:1:1: no such folder: set `policies\.directory`"):
        shelf_in(tmp_path / "none", base).files()


def test_what_is_wrong_with_both_folders_is_told_together(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        shelf_in(tmp_path / "none", tmp_path / "nowhere").files()

    assert [one.message for one in caught.value.problems] == [
        "no such folder: set `policies.base`",
        "no such folder: set `policies.directory`",
    ]


def test_a_base_without_a_policy_is_none(tenant: Path, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()

    with pytest.raises(PolicyError, match="bare:1:1: there is no policy in this folder"):
        shelf_in(tenant, tmp_path / "bare").files()


@pytest.mark.parametrize(("one", "other"), [("p", "p"), ("p", "p/tenant"), ("p/base", "p")])
def test_neither_lies_in_the_other(tmp_path: Path, one: str, other: str) -> None:
    for folder in (one, other):
        write(tmp_path / folder, a="policy: a")

    with pytest.raises(
        PolicyError, match=r"lies in `policies\.base`, which is `.*`, or has it in it: the two lie apart"
    ):
        shelf_in(tmp_path / other, tmp_path / one).files()


def test_a_name_that_begins_like_the_bases_is_no_folder_of_it(tmp_path: Path) -> None:
    write(tmp_path / "p", a="policy: a")
    write(tmp_path / "p-contoso", b="policy: b")

    files = shelf_in(tmp_path / "p-contoso", tmp_path / "p").files()

    folders = folders_of(files)
    assert folders is not None
    assert [name for name in files if folders.is_base(name)] == [
        f"{tmp_path}/p/.base",
        f"{tmp_path}/p/a.yaml",
    ]


def test_where_we_are_and_what_lies_above_are_named_in_full(
    base: Path, tenant: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tenant)

    files = shelf_in(Path(), Path("../../base")).files()

    assert folders_of(files) == Folders(base=str(base), tenant=str(tenant))
    assert plainly(Path("a/b")) == Path("a/b")


def test_both_of_one_commit_are_of_that_and_dirty_where_either_is(
    base: Path, tenant: Path, tmp_path: Path
) -> None:
    git(tmp_path, "init", "-q")
    made = commit(tmp_path)
    shelf = shelf_in(tenant, base)

    assert shelf.git(shelf.files()) == made
    write(base, clusters="policy: others")
    assert shelf.git(shelf.files()) == f"{made}+"


def test_two_repositories_have_two_commits_and_without_one_there_is_none(base: Path, tenant: Path) -> None:
    shelf = shelf_in(tenant, base)
    git(base, "init", "-q")
    of_base = commit(base)

    alone = shelf.git(shelf.files())
    git(tenant, "init", "-q")
    of_tenant = commit(tenant)

    assert (alone, shelf.git(shelf.files())) == ("", f"{of_base} {of_tenant}")


def test_whoever_changed_files_of_either_is_asked_where_they_lie(base: Path, tenant: Path) -> None:
    shelf = shelf_in(tenant, base)
    git(base, "init", "-q")
    commit(base)

    both = shelf.authors([f"{base}/clusters.yaml", f"{tenant}/own.yaml"])

    assert both == {"anna@contoso.example"}
    assert shelf.authors([f"{tenant}/own.yaml"]) == frozenset()
    assert shelf.authors([]) == frozenset()


def test_a_revision_is_of_both_folders_where_both_know_it(base: Path, tenant: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    made = commit(tmp_path)
    write(base, clusters="policy: others")
    write(tenant, own="policy: others")

    found, files = policies_at(tenant, "HEAD", base)

    assert found == made
    assert (files[f"{base}/clusters.yaml"], files[f"{tenant}/own.yaml"]) == (
        b"policy: clusters",
        b"policy: own",
    )
    assert folders_of(files) is not None


def test_a_base_of_another_repository_is_as_it_lies_there_now(base: Path, tenant: Path) -> None:
    git(tenant, "init", "-q")
    commit(tenant)
    write(base, clusters="policy: others")

    _, files = policies_at(tenant, "HEAD", base)

    assert files[f"{base}/clusters.yaml"] == b"policy: others"
