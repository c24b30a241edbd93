"""Where a report is written: on standard output, or in a file that is whole or not there.

A report names people and quotes mail: only who made it may read the file.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from agent.faces.cli.output import print_text
from agent.model.errors import SettingsError


@contextmanager
def writing(output: Path | None) -> Iterator[Callable[[str], None]]:
    """Give what writes a text after the other; the file is there once all of it is.

    It takes the place of a file only: `/dev/null` would be gone for everybody.

    Raises:
        SettingsError: it cannot be written.
    """
    if output is None:
        yield print_text
        return
    try:
        if output.exists() and not output.is_file():
            raise SettingsError(
                f"`--output {output}` cannot be written: it is no file: leave it out to print, or name one"
            )
        with (
            NamedTemporaryFile(
                "w", encoding="utf-8", newline="", dir=output.parent, prefix=f".{output.name}.", delete=False
            ) as file,
            _removed_unless_moved(Path(file.name)),
        ):
            yield _into(file.write)
            file.close()
            Path(file.name).replace(output)
    except OSError as error:
        why = (error.strerror or "no reason was given").lower()
        raise SettingsError(f"`--output {output}` cannot be written: {why}") from error


@contextmanager
def _removed_unless_moved(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _into(write: Callable[[str], int]) -> Callable[[str], None]:
    def written(text: str) -> None:
        write(text)

    return written
