"""One file is written anew: whole, with what it was, or not at all."""

import stat
from pathlib import Path

import pytest

from agent.adapters.rewriting import require_writable, rewrite
from agent.model.errors import SettingsError

BEFORE, AFTER = b"mode: observe\n", b"mode: enforce\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policies" / "p.yaml"
    path.parent.mkdir()
    path.write_bytes(BEFORE)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_it_is_written_with_its_permissions_and_nothing_lies_beside_it(file: Path, mode: int) -> None:
    file.chmod(mode)

    rewrite(file.parent, file, BEFORE, AFTER)

    assert file.read_bytes() == AFTER
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert list(file.parent.iterdir()) == [file]


def test_what_was_changed_meanwhile_is_left_alone(file: Path) -> None:
    file.write_bytes(b"mode: observe # wait\n")

    with pytest.raises(SettingsError, match="was changed meanwhile: nothing was written: run this again"):
        rewrite(file.parent, file, BEFORE, AFTER)

    assert file.read_bytes() == b"mode: observe # wait\n"
    assert list(file.parent.iterdir()) == [file]


def test_a_link_within_the_folder_is_followed(file: Path) -> None:
    real = file.with_name("real.yaml")
    file.rename(real)
    file.symlink_to(real)

    rewrite(file.parent, file, BEFORE, AFTER)

    assert file.is_symlink()
    assert real.read_bytes() == AFTER


def test_a_link_out_of_the_folder_is_refused(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere.yaml"
    file.rename(real)
    file.symlink_to(real)

    with pytest.raises(
        SettingsError, match=r"is a link to .*elsewhere.yaml`, outside of .*: change it there"
    ):
        rewrite(file.parent, file, BEFORE, AFTER)

    assert real.read_bytes() == BEFORE


def test_what_is_read_only_is_refused(file: Path) -> None:
    file.chmod(0o444)

    with pytest.raises(SettingsError, match="read-only: change it where it is from"):
        require_writable(file.parent, file)


def test_what_is_gone_is_refused(file: Path) -> None:
    file.unlink()

    with pytest.raises(SettingsError, match="is not there any more: run this again"):
        require_writable(file.parent, file)


def test_what_is_no_file_is_refused(file: Path) -> None:
    folder = file.parent / "q.yaml"
    folder.mkdir()

    with pytest.raises(SettingsError, match="is not a file"):
        require_writable(file.parent, folder)


def test_a_folder_that_is_read_only_is_refused(file: Path) -> None:
    file.parent.chmod(0o555)
    try:
        with pytest.raises(SettingsError, match="read-only"):
            require_writable(file.parent, file)
    finally:
        file.parent.chmod(0o755)
