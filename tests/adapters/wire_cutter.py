"""A wire to PostgreSQL that breaks at one point: as a statement leaves, or once the server has done it and answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Self

LARGEST = 1 << 20
HEAD = 5
"""Bytes of a message's type and length."""
VERSION = b"\x00\x03"
"""How the message that begins a session goes on after its length."""
STATEMENTS = frozenset({b"Q", b"S"})
"""Query and Sync: the server does then what it was sent until then, whole or not at all."""
ENDS = STATEMENTS | {b"", b"X", b"p", b"H"}
"""After these nothing is waited for before it is passed on: the beginning, Terminate, a password, and Flush.

How often a driver flushes what it sends in one go hangs on how fast answers come: it is no point of a change.
"""


class WireCutter:
    """Forwards connections to a server behind a socket in a folder, in threads of its own: whoever waits may block the loop."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._left: int | None = None
        self._loses_answer = False
        self.cut: bytes | None = None
        """The statement at which it broke since it was armed."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    @property
    def port(self) -> int:
        port: int = self._listening.getsockname()[1]
        return port

    def arm(self, statement: int, *, loses_answer: bool) -> None:
        """Break at the statement of this number from now on: it never arrives, or is done and its answer never comes."""
        with self._lock:
            self._left, self._loses_answer, self.cut = statement, loses_answer, None

    def disarm(self) -> None:
        """Let everything through again."""
        with self._lock:
            self._left = None

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, socket.socket(socket.AF_UNIX) as far:
            far.connect(self._server)
            lost = threading.Event()
            back = threading.Thread(target=_pump, args=(far, near, lost), daemon=True)
            back.start()
            with suppress(OSError):
                for some, is_statement in _statements(near):
                    if not is_statement or not self._is_cut_at(some):
                        far.sendall(some)
                        continue
                    if self._loses_answer:
                        lost.set()  # nothing comes back any more
                        far.sendall(some)
                        far.shutdown(socket.SHUT_WR)  # the server does what it was asked, and then leaves
                        back.join(5)
                    break
            _stop(near)
            _stop(far)

    def _is_cut_at(self, statement: bytes) -> bool:
        with self._lock:
            if self._left is None:
                return False
            self._left -= 1
            if self._left > 0:
                return False
            self._left, self.cut = None, statement
            return True


def _statements(near: socket.socket) -> Iterator[tuple[bytes, bool]]:
    """Give what comes, whole statement by whole statement, and whether it is one.

    Source: PostgreSQL's frontend/backend protocol: message formats. What comes before a session begins has no type.
    """
    held, has_begun, group = b"", False, b""
    while some := near.recv(LARGEST):
        held += some
        while len(held) >= HEAD:
            kind, length = (held[:1], held[1:HEAD]) if has_begun else (b"", held[:4])
            size = len(kind) + int.from_bytes(length)
            if len(held) < size:
                break
            message, held = held[:size], held[size:]
            group += message
            if kind in ENDS:
                yield group, kind != b"" and kind in STATEMENTS
                group = b""
            has_begun = has_begun or message[4:6] == VERSION


def _pump(far: socket.socket, near: socket.socket, lost: threading.Event) -> None:
    """Carry answers back until the server ends; those that are lost are waited for all the same, before anybody is told."""
    with suppress(OSError):
        while some := far.recv(LARGEST):
            if not lost.is_set():
                near.sendall(some)


def _stop(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
