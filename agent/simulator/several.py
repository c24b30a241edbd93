"""Several tenants behind one address, as Graph has them: which one is asked says the token, or the path of a login.

What people ask of the simulator itself, below `/simulator`, is of the first tenant; of another with its id in front, as in
`/{tenant}/simulator/status`.
"""

from collections.abc import Mapping
from uuid import UUID

from starlette.types import ASGIApp, Receive, Scope, Send

from agent.simulator.identity import tenant_of
from agent.simulator.names import TENANT_ID

CONTROL = "/simulator"


def tenant_ids(count: int) -> tuple[str, ...]:
    """Return the ids of so many tenants; the first is that of the only one there usually is."""
    first = UUID(TENANT_ID).int
    return tuple(str(UUID(int=first + (number << 64))) for number in range(count))


class Several:
    """The tenants by their ids, each an application of its own."""

    def __init__(self, tenants: Mapping[str, ASGIApp]) -> None:
        self.tenants = tenants
        self._first = next(iter(tenants.values()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have one tenant answer."""
        if scope["type"] != "http":
            await self._first(scope, receive, send)
            return
        named, _, rest = scope["path"].removeprefix("/").partition("/")
        if named in self.tenants and f"/{rest}".startswith(CONTROL):
            scope = {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}
        await self._asked(named, scope)(scope, receive, send)

    def _asked(self, named: str, scope: Scope) -> ASGIApp:
        if named in self.tenants:
            return self.tenants[named]
        headers = {name: value for name, value in scope["headers"] if name == b"authorization"}
        tenant = tenant_of(headers.get(b"authorization", b"").decode("latin-1"))
        return self.tenants.get(tenant or "", self._first)
