"""The folder of drafts: written whole or not at all, where nothing is, and never within a folder of policies."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from agent.faces.suggestions import Suggested, readme
from agent.model.errors import SettingsError

README = "README.md"

MOST_NAMED = 5
"""Names of files that are in the way that are told."""


def require_apart(output: Path, folder: Path) -> None:
    """See that drafts can be written there without touching anything, above all no policy.

    Raises:
        SettingsError: it lies within the policies, links from them lead to it, or something is in it.
    """
    try:
        real = output.resolve()
        around = {real, *real.parents}
        if not around.isdisjoint(_folders(folder)):
            raise SettingsError(
                f"`--output {output}` lies within the policies in `{folder}`: drafts would be in force there: name a "
                "folder outside of them"
            )
        if real.exists() and not real.is_dir():
            raise SettingsError(f"`--output {output}` is no folder: name one that is empty or not there")
        names = sorted(one.name for one in real.iterdir()) if real.is_dir() else []
    except OSError as error:
        raise _unwritable(output, error) from error
    if names:
        told = ", ".join(f"`{name}`" for name in names[:MOST_NAMED])
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        raise SettingsError(
            f"`--output {output}` has {told}{more} in it, and nothing is overwritten: move that away, or name another folder"
        )


def _folders(folder: Path) -> Iterator[Path]:
    """Give the folder and all below it that the policies are read from, links followed."""
    for path, _, _ in os.walk(folder, followlinks=True):
        yield Path(path).resolve()


def write(output: Path, found: Suggested) -> tuple[str, ...]:
    """Write the drafts and what is to be known of them, and return the names of the files.

    They name senders: only who made them may read them.

    Raises:
        SettingsError: they cannot be written, or something is there by now; then nothing is.
    """
    texts = {README: readme(found).encode()}
    for one in found.drafts:
        texts[f"{one.draft.name}.yaml"] = one.policy.encode()
        texts[f"{one.draft.name}.cases.yaml"] = one.cases.encode()
    fresh: Path | None = None
    try:
        real = output.resolve()
        real.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{real.name}.", dir=real.parent))
        for name, data in texts.items():
            (fresh / name).write_bytes(data)
            (fresh / name).chmod(0o600)
        # Takes the place of an empty folder, and of nothing else.
        fresh.replace(real)
        fresh = None
    except OSError as error:
        raise _unwritable(output, error) from error
    finally:
        if fresh is not None:
            shutil.rmtree(fresh, ignore_errors=True)
    return tuple(sorted(texts))


def _unwritable(output: Path, error: OSError) -> SettingsError:
    why = (error.strerror or "no reason was given").lower()
    return SettingsError(f"`--output {output}` cannot be written: {why}")
