"""A process that dies within this one: at the n-th call of any of its ports, before it or right after it.

Once it is dead it does nothing any more: whatever it still calls on its way out does not happen. So what is left is what
a kill leaves: what was committed, and what was accepted.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import httpx

from agent.ports.world import World


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Mortality:
    """Counts calls; at the `at`-th, counted from 1, the process dies. None is never."""

    at: int | None = None
    after: bool = False
    calls: list[str] = field(default_factory=list)
    is_dead: bool = False

    def begin(self, name: str) -> int:
        """Count one call, and return which it is."""
        if self.is_dead:
            raise Killed
        self.calls.append(name)
        number = len(self.calls)
        if number == self.at and not self.after:
            self._die()
        return number

    def end(self, number: int) -> None:
        """Say that the call came back, be it with an error."""
        if self.is_dead or number == self.at:
            self._die()

    def _die(self) -> None:
        self.is_dead = True
        raise Killed


class Mortal:
    """Stands in for one port, and passes everything on while its process lives."""

    def __init__(self, port: object, name: str, mortality: Mortality) -> None:
        self._port = port
        self._name = name
        self._mortality = mortality

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        called = f"{self._name}.{name}"
        if inspect.iscoroutinefunction(found):
            return self._awaited(found, called)
        if inspect.isasyncgenfunction(found):
            return self._walked(found, called)
        return found

    def _awaited(self, call: Callable[..., Awaitable[Any]], name: str) -> Callable[..., Awaitable[Any]]:
        async def mortal(*args: object, **kwargs: object) -> Any:
            number = self._mortality.begin(name)
            try:
                return await call(*args, **kwargs)
            finally:
                self._mortality.end(number)

        return mortal

    def _walked(
        self, call: Callable[..., AsyncIterator[Any]], name: str
    ) -> Callable[..., AsyncIterator[Any]]:
        async def mortal(*args: object, **kwargs: object) -> AsyncIterator[Any]:
            number = self._mortality.begin(name)
            try:
                async for one in call(*args, **kwargs):
                    yield one
                    self._mortality.end(number)
            except Exception:
                self._mortality.end(number)
                raise

        return mortal


class Wire(httpx.AsyncBaseTransport):
    """The way into a simulator in this process, as breakable as a network: a process may die at either end of it."""

    def __init__(self, app: Any, mortality: Mortality) -> None:
        self._inner = httpx.ASGITransport(app)
        self._mortality = mortality

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass one request on."""
        number = self._mortality.begin(f"wire.{request.method} {request.url.path}")
        await request.aread()
        try:
            response = await self._inner.handle_async_request(request)
            body = await response.aread()
        except ConnectionResetError as error:
            raise httpx.ReadError("connection reset", request=request) from error
        finally:
            self._mortality.end(number)
        if int(response.headers.get("content-length", len(body))) > len(body):
            raise httpx.RemoteProtocolError("peer closed connection within the body", request=request)
        return response


def mortal(world: World, mortality: Mortality) -> World:
    """Return the world of a process that dies."""

    def port(one: object, name: str) -> Any:
        return cast("Any", Mortal(one, name, mortality))

    return replace(
        world,
        clock=port(world.clock, "clock"),
        defender=port(world.defender, "defender"),
        enactor=None if world.enactor is None else port(world.enactor, "enactor"),
        ledger=port(world.ledger, "ledger"),
        directory=port(world.directory, "directory"),
        targets=port(world.targets, "targets"),
        trail=None if world.trail is None else port(world.trail, "trail"),
        sink=None if world.sink is None else port(world.sink, "sink"),
        pages=None if world.pages is None else port(world.pages, "pages"),
        channels=None if world.channels is None else port(world.channels, "channels"),
        switch=None if world.switch is None else port(world.switch, "switch"),
    )
