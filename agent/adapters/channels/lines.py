"""A channel for trying out: one JSON line a notice at the end of a file."""

import os
import stat
from collections.abc import Sequence

import msgspec

from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.data import data_of
from agent.adapters.channels.own_thread import PATIENCE, Busy, OwnThread
from agent.model.channel import Channel
from agent.model.errors import Refused, Unavailable
from agent.model.escalation import Notice, Posted, Receipt

_LASTING = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
"""Failures that a person has to mend; any other may pass, such as a full disk."""


class Lines:
    """Fulfils Wire over files in one folder, which only the agent's user may read."""

    def __init__(self, bounds: Bounds, patience: float = PATIENCE) -> None:
        self._bounds = bounds
        self._patience = patience
        self._threads: dict[str, OwnThread] = {}
        """By the file's path."""

    async def send(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:  # noqa: ARG002  the others look at them
        """Add the notice, durable when this returns."""
        line = msgspec.json.encode(data_of(notice, notice.items)) + b"\n"
        start = f"channel `{channel.name}`: `{channel.path}`"
        thread = self._threads.setdefault(channel.path, OwnThread("file", self._patience))
        try:
            await thread.do(lambda: _append(self._bounds, channel.path, line))
        except (Busy, TimeoutError):
            raise Unavailable(f"{start} takes no line: look at the disk that it lies on") from None
        except Refused as error:
            raise Refused(f"{start} {error}") from error
        except _LASTING as error:
            raise Refused(f"{start} cannot be written: {(error.strerror or 'no reason').lower()}") from error
        except _NotAFile as error:
            raise Refused(f"{start} is not a file: name one in `path`") from error
        except OSError as error:
            raise Unavailable(
                f"{start} cannot be written: {(error.strerror or 'no reason').lower()}"
            ) from error
        except ValueError as error:
            raise Refused(f"{start} is no path: name a file in `path`") from error
        return Receipt(words="written to the file")


class _NotAFile(ValueError):
    """It is a pipe, a device or the like."""


def _append(bounds: Bounds, path: str, line: bytes) -> None:
    descriptor = bounds.open_file(path)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _NotAFile
        while line:
            line = line[os.write(descriptor, line) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
