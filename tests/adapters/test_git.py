"""Policies in a git repository: which commit they are of, and what they were at a revision."""

import os
import subprocess
from pathlib import Path

import pytest

from agent.adapters import git
from agent.adapters.host import LARGEST, PolicyFiles, is_wanted
from agent.judge.parse import parse_set
from agent.model.errors import PolicyError, SettingsError
from tests.judge.writing import policy_file

NOBODY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@contoso.example",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@contoso.example",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


class Repository:
    """A repository with a folder of policies somewhere in it."""

    def __init__(self, root: Path, folder: str = "deploy/policies") -> None:
        self.root = root
        self.folder = root / folder
        (self.folder / "lists").mkdir(parents=True)
        self.run("init", "--quiet", "--initial-branch=main")

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            env=os.environ | NOBODY,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def write(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def commit(self) -> str:
        self.run("add", "--all")
        self.run("commit", "--quiet", "--allow-empty", "-m", "a change")
        return self.run("rev-parse", "HEAD")

    def files(self) -> dict[str, bytes]:
        return dict(PolicyFiles(self.folder).files())

    def committed(self) -> str:
        return git.committed(self.folder, self.files(), is_wanted)

    def at(self, revision: str) -> dict[str, bytes]:
        return dict(git.files_at(self.folder, revision, is_wanted, LARGEST)[1])


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path)
    made.write("p.yaml", policy_file("recipients: {noneIn: $vip}"))
    made.write("lists/vip.yaml", b"list: vip\nentries: [ceo@contoso.example]\n")
    (made.root / "README.md").write_text("beside")
    made.commit()
    return made


# Which commit


def test_files_as_they_were_committed_are_of_that_commit(repository: Repository) -> None:
    assert repository.committed() == repository.run("rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["p.yaml", "lists/vip.yaml", "new.yaml", "lists/new.yml"])
def test_a_file_that_differs_or_is_not_committed_is_marked(repository: Repository, name: str) -> None:
    repository.write(name, b"policy: other\n")

    assert repository.committed() == repository.run("rev-parse", "HEAD") + "+"


def test_a_file_that_is_gone_is_marked_and_one_outside_is_not(repository: Repository) -> None:
    (repository.root / "README.md").write_text("changed")
    repository.write("notes.txt", b"not a policy")
    same = repository.committed()
    (repository.folder / "lists" / "vip.yaml").unlink()

    assert same == repository.run("rev-parse", "HEAD")
    assert repository.committed() == same + "+"


def test_a_policy_that_git_ignores_is_marked(repository: Repository) -> None:
    (repository.root / ".gitignore").write_text("new.yaml\n")
    repository.commit()
    repository.write("new.yaml", policy_file(name="new"))

    assert repository.committed().endswith("+")


def test_the_bytes_that_were_read_count_and_not_what_stands_there_since(repository: Repository) -> None:
    read = repository.files()
    repository.write("p.yaml", b"policy: other\n")

    assert git.committed(repository.folder, read, is_wanted) == repository.run("rev-parse", "HEAD")


def test_a_folder_that_was_never_committed_is_marked(repository: Repository) -> None:
    other = repository.root / "other"
    other.mkdir()
    (other / "p.yaml").write_bytes(policy_file())

    assert git.committed(other, PolicyFiles(other).files(), is_wanted).endswith("+")


def test_a_repository_of_the_longer_kind_of_names_is_read_too(tmp_path: Path) -> None:
    made = Repository(tmp_path)
    subprocess.run(["rm", "-rf", str(tmp_path / ".git")], check=True)
    made.run("init", "--quiet", "--object-format=sha256")
    made.write("p.yaml", policy_file())
    made.commit()

    found = made.committed()

    assert len(found) == 64


def test_without_a_repository_or_a_commit_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_bytes(policy_file())

    outside = git.committed(tmp_path, PolicyFiles(tmp_path).files(), is_wanted)
    empty = Repository(tmp_path / "empty")
    empty.write("p.yaml", policy_file())

    assert outside == ""
    assert empty.committed() == ""


def test_without_git_there_is_none_and_a_revision_is_told_to_need_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(repository.root))

    assert git.committed(repository.folder, repository.files(), is_wanted) == ""
    with pytest.raises(SettingsError, match="git is not installed"):
        repository.at("main")


def test_a_surrounding_git_does_not_point_elsewhere(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository(tmp_path / "elsewhere")
    other.commit()
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))

    found = repository.committed()

    monkeypatch.undo()
    assert found == repository.run("rev-parse", "HEAD")


# What was there


def test_a_revision_gives_what_the_folder_gave_under_the_same_names(repository: Repository) -> None:
    before = repository.files()
    repository.write("p.yaml", policy_file(name="changed"))
    repository.write("new.yaml", policy_file(name="new"))
    after = repository.files()
    repository.commit()

    assert repository.at("HEAD~1") == before
    assert repository.at("main") == after
    assert parse_set(repository.at("HEAD~1")).revision == parse_set(before).revision


def test_strange_names_and_bytes_come_through(repository: Repository) -> None:
    repository.write("a b\nc\td.yaml", b"\x00\xff\r\n")
    repository.write("empty.yaml", b"")
    repository.commit()

    assert repository.at("HEAD") == repository.files()


def test_a_folder_that_is_the_whole_repository_is_read(tmp_path: Path) -> None:
    made = Repository(tmp_path, ".")
    made.write("p.yaml", policy_file())
    made.commit()

    assert made.at("HEAD") == made.files()


@pytest.mark.parametrize(
    ("revision", "words"),
    [
        ("nope", "`nope` is neither a folder nor a revision that git knows in"),
        ("--help", "`--help` is neither a folder nor a revision: name one"),
        ("-", "is neither a folder nor a revision: name one"),
        ("", "is neither a folder nor a revision: name one"),
        ("main\nHEAD", "is neither a folder nor a revision: name one"),
        ("HEAD:deploy", "git says: "),
        ("HEAD~1", "git says: "),
    ],
)
def test_what_is_no_revision_is_told_in_one_line(repository: Repository, revision: str, words: str) -> None:
    with pytest.raises(SettingsError) as told:
        repository.at(revision)

    assert words in str(told.value)
    assert "\n" not in str(told.value).replace("main\nHEAD", "")


def test_a_folder_that_was_not_there_yet_is_told(repository: Repository) -> None:
    first = repository.run("rev-parse", "HEAD")
    other = repository.root / "later"
    other.mkdir()
    (other / "p.yaml").write_bytes(policy_file())
    repository.commit()

    with pytest.raises(SettingsError, match=r"/later` was not there at `[0-9a-f]{40}` .*: name a later"):
        git.files_at(other, first, is_wanted, LARGEST)


def test_outside_a_repository_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not a git repository"):
        git.files_at(tmp_path, "main", is_wanted, LARGEST)


def test_links_and_files_too_large_are_told_at_their_place(repository: Repository) -> None:
    (repository.folder / "away.yaml").symlink_to("p.yaml")
    (repository.folder / "strict").symlink_to("../strict")
    repository.write("large.yaml", b"x" * (LARGEST + 1))
    repository.commit()

    with pytest.raises(PolicyError) as told:
        repository.at("HEAD")

    assert [str(one) for one in told.value.problems] == [
        f"{repository.folder}/away.yaml:1:1: at `HEAD`: is a link: put there what it leads to",
        f"{repository.folder}/large.yaml:1:1: at `HEAD`: larger than 1 MiB: split it",
        f"{repository.folder}/strict:1:1: at `HEAD`: is a link: put there what it leads to",
    ]


def test_what_git_was_told_to_put_in_the_place_of_an_object_counts_for_nothing(
    repository: Repository,
) -> None:
    before = repository.files()
    first = repository.commit()
    repository.write("p.yaml", policy_file("evidence.verdict: suspicious"))
    repository.run("replace", first, repository.commit())

    assert repository.at(first) == before


# Who changed a file last


ANN, BOB, CAY = "ann@contoso.example", "bob@contoso.example", "cay@contoso.example"


class Authored(Repository):
    """A repository in which people write policies."""

    def by(self, address: str, *, message: str = "a change") -> None:
        self.run("add", "--all")
        self.run(
            "-c", "core.hooksPath=/dev/null", "commit", "--quiet", f"--author=A <{address}>", "-m", message
        )

    def authors(self, *names: str) -> frozenset[str]:
        return git.authors(self.folder, [str(self.folder / name) for name in names])


@pytest.fixture
def authored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authored:
    """Give a repository in which Ann wrote two policies and Bob changed one of them; nobody is configured here."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    repository = Authored(tmp_path / "repository")
    repository.write("a.yaml", b"a")
    repository.write("b.yaml", b"b")
    repository.by(ANN.upper())
    repository.write("b.yaml", b"b2")
    repository.by(BOB)
    return repository


def test_the_last_author_of_each_file_counts_and_no_earlier_one(authored: Authored) -> None:
    assert authored.authors("a.yaml") == {ANN}
    assert authored.authors("b.yaml") == {BOB}
    assert authored.authors("a.yaml", "b.yaml") == {ANN, BOB}
    assert authored.authors() == frozenset()


def test_a_name_is_taken_as_it_is_and_never_as_a_pattern(authored: Authored) -> None:
    authored.write("lists/ü [b].yaml", b"x")
    authored.by(CAY)

    assert authored.authors("lists/ü [b].yaml") == {CAY}
    assert authored.authors("*.yaml") == frozenset()
    assert authored.authors(":(top)a.yaml") == frozenset()


def test_co_authors_count_and_an_address_counts_with_and_without_the_mailmap(authored: Authored) -> None:
    (authored.root / ".mailmap").write_text(f"Cay <{CAY}> <{BOB}>\n")
    authored.write("a.yaml", b"a2")
    authored.by(
        "dee@contoso.example", message="a\n\nCo-authored-by: Eve <EVE@contoso.example>\nCo-authored-by: x"
    )

    assert authored.authors("a.yaml") == {"dee@contoso.example", "eve@contoso.example"}
    assert authored.authors("b.yaml") == {BOB, CAY}


def test_a_merge_counts_only_where_it_changed_the_file_itself(authored: Authored) -> None:
    authored.run("checkout", "--quiet", "-b", "side")
    authored.write("a.yaml", b"a by cay")
    authored.by(CAY)
    authored.run("checkout", "--quiet", "main")
    authored.write("b.yaml", b"b by ann")
    authored.by(ANN)

    authored.run("merge", "--quiet", "--no-ff", "--no-commit", "side")
    authored.write("b.yaml", b"b of the merge")
    authored.by("merger@contoso.example")

    assert authored.authors("a.yaml") == {CAY}
    assert authored.authors("b.yaml") == {"merger@contoso.example"}


@pytest.mark.parametrize("name", ["a.yaml", "new.yaml"])
def test_whoever_commits_here_is_meant_too_where_a_file_was_changed_and_not_committed(
    authored: Authored, name: str
) -> None:
    authored.run("config", "user.email", "Dee@contoso.example")
    authored.write(name, b"in the middle of a change")

    assert "dee@contoso.example" in authored.authors(name)
    assert "dee@contoso.example" not in authored.authors("b.yaml")


def test_a_file_that_is_gone_is_a_change_that_was_not_committed(authored: Authored) -> None:
    authored.run("config", "user.email", "dee@contoso.example")
    (authored.folder / "a.yaml").unlink()

    assert authored.authors("a.yaml") == {ANN, "dee@contoso.example"}


def test_without_git_or_commits_or_outside_the_folder_nobody_is_known(
    tmp_path: Path, authored: Authored
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    unborn = Authored(tmp_path / "unborn")
    unborn.write("a.yaml", b"a")

    assert git.authors(bare, [str(bare / "a.yaml")]) == frozenset()
    assert unborn.authors("a.yaml") == frozenset()
    assert git.authors(authored.folder, [str(authored.root / "elsewhere.yaml")]) == frozenset()


def test_what_was_changed_longest_ago_is_found_behind_many_changes_of_another(
    authored: Authored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "ENOUGH", 2)
    for number in range(3):
        authored.write("b.yaml", str(number).encode())
        authored.by(CAY)

    assert authored.authors("a.yaml", "b.yaml") == {ANN, CAY}


def test_a_repository_runs_nothing_of_its_own(authored: Authored, tmp_path: Path) -> None:
    """Neither an external diff nor a filter nor a check of signatures that its configuration names."""
    ran = tmp_path / "ran"
    for name in ("diff.external", "filter.evil.clean", "gpg.program", "diff.evil.textconv"):
        authored.run("config", name, f"touch {ran}; cat")
    authored.run("config", "log.showSignature", "true")
    (authored.root / ".gitattributes").write_text("*.yaml filter=evil diff=evil\n")
    ran.unlink(missing_ok=True)

    assert authored.authors("a.yaml") == {ANN}
    assert not ran.exists()


def test_the_shelf_asks_for_authors_of_its_own_folder(authored: Authored) -> None:
    shelf = PolicyFiles(authored.folder, authors=git.authors)

    assert shelf.authors([str(authored.folder / "b.yaml")]) == {BOB}
    assert PolicyFiles(authored.folder).authors([str(authored.folder / "b.yaml")]) == frozenset()
