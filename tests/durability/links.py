"""A wire to the database that can be cut: in silence, as a network does it, or with both ends told."""

import asyncio
import os
from contextlib import suppress
from enum import IntEnum
from typing import Self

from tests.durability.moment import SharedNumber
from tests.durability.processes import Child, fork

GLANCE = 0.02
"""Seconds after which it is looked whether the wire is whole again."""

LARGEST = 65_536


class Wire(IntEnum):
    """How the wire is."""

    WHOLE = 0
    SILENT = 1
    """Nothing goes through, and nobody is told: what was sent waits."""
    BROKEN = 2
    """Every connection is closed, and none is taken."""


class Link:
    """One replica's wire, in a process of its own; the server is behind a socket in a folder."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._state = SharedNumber()
        self._process = Child(0)
        self.port = 0

    def __enter__(self) -> Self:
        reading, writing = os.pipe()
        self._process = fork(lambda: asyncio.run(self._serve(writing)))
        os.close(writing)
        with os.fdopen(reading) as said:
            self.port = int(said.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()

    def be(self, wire: Wire) -> None:
        """Cut it, or make it whole."""
        self._state.value = wire

    async def _serve(self, writing: int) -> None:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        os.write(writing, f"{server.sockets[0].getsockname()[1]}\n".encode())
        os.close(writing)
        await server.serve_forever()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection there and back until either end closes it, or it is broken."""
        with suppress(OSError):
            await self._until_whole()
            there = await asyncio.open_unix_connection(self._server)
            ways = [
                asyncio.create_task(self._pump(reader, there[1])),
                asyncio.create_task(self._pump(there[0], writer)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            there[1].transport.abort()
        writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while some := await self._read(reader):
                await self._until_whole()
                writer.write(some)
                await writer.drain()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """Return what came; nothing where the connection ended, or was broken meanwhile."""
        coming = asyncio.create_task(reader.read(LARGEST))
        try:
            while not (await asyncio.wait({coming}, timeout=GLANCE * 5))[0]:
                if self._state.value == Wire.BROKEN:
                    return b""
            return coming.result()
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _until_whole(self) -> None:
        while self._state.value == Wire.SILENT:  # noqa: ASYNC110  it is another process that mends it
            await asyncio.sleep(GLANCE)
        if self._state.value == Wire.BROKEN:
            raise ConnectionResetError
