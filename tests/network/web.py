"""The whole app in process, over a real house of the rig: asked with a role, or listened to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from runtime.rig import Rig, settle

from smartpdu.model.request import Role
from smartpdu.network.http import built
from smartpdu.network.login import Door
from smartpdu.store import access

HOST = "http://rack.test"
OUTLET = "rack1/A/outlet/2"
POWER = f"/api/v1/outlets/{OUTLET}/power"
PATIENCE = 20  # s that a test waits for what must come, on a busy machine
JSON = {"content-type": "application/json"}


class Web:
    """A client with a token of a role, over a house that turns while a request waits."""

    def __init__(self, rig: Rig, secrets: dict[str, str], app: Door | None = None) -> None:
        self.rig = rig
        self.secrets = secrets
        self.app = app or built(rig.desk)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url=HOST)

    async def __call__(
        self, method: str, path: str, role: str | None = "operator", **named: Any
    ) -> httpx.Response:
        headers = dict(named.pop("headers", {}))
        if role is not None:
            headers["Authorization"] = f"Bearer {self.secrets[role]}"
        asked = asyncio.create_task(self.client.request(method, path, headers=headers, **named))
        await self.turns_until(asked)
        return await asked

    async def turns_until(self, task: "asyncio.Task[Any]") -> None:
        """Let the house turn until something is done."""
        for _ in range(2000):
            await settle()
            if task.done():
                break
            await self.rig.turn()
            await asyncio.sleep(0.001)

    async def revoke(self, role: str) -> None:
        """Take the token of a role away, as `smartpdu token revoke` does."""
        found = next(t for t in await self.rig.memory.consult(access.tokens) if t.role == role)
        await self.rig.memory.access(access.revoke_token, found.id, 1.0)

    @asynccontextmanager
    async def listens(
        self, path: str, headers: Mapping[str, str] | None = None, role: str | None = "operator"
    ) -> AsyncIterator["Listener"]:
        """An answer that goes on and on, as it comes."""
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if role is not None:
            sent["authorization"] = f"Bearer {self.secrets[role]}"
        listener = Listener()
        task = asyncio.create_task(self.app(scope(path, sent), listener.receive, listener.send))
        try:
            yield listener
        finally:
            listener.gone.set()
            await asyncio.wait_for(task, PATIENCE)


class Listener:
    """The client's end of one answer."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.ended = asyncio.Event()
        self.gone = asyncio.Event()
        self._asked = False
        self._news = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        assert not self.ended.is_set(), "something was sent after the end"
        if message["type"] == "http.response.start":
            assert not self.status, "the answer began twice"
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                self.ended.set()
        self._news.set()

    def events(self) -> list[dict[str, str]]:
        """The server-sent events that have come: id, event, data."""
        blocks = self.body.decode().split("\n\n")[:-1]
        lines = [[ln.split(": ", 1) for ln in b.splitlines() if ln[0] != ":"] for b in blocks]
        return [dict(pairs) for pairs in lines if pairs]

    async def begins(self) -> None:
        """Wait until the answer has begun."""
        await self.comes(lambda: self.status != 0)

    async def hears(self, count: int) -> list[dict[str, str]]:
        """That many events; fails where they do not come."""
        await self.comes(lambda: len(self.events()) >= count)
        return self.events()

    async def comes(self, true: Callable[[], bool]) -> None:
        """Wait until something is so; fails where it never is."""
        async with asyncio.timeout(PATIENCE):
            while not true():
                self._news.clear()
                await self._news.wait()


def scope(path: str, headers: Mapping[str, str], kind: str = "http") -> dict[str, Any]:
    """What a server hands to the app."""
    plain, _, query = path.partition("?")
    pairs = {"host": "rack.test", **headers}
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": plain,
        "raw_path": plain.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in pairs.items()],
        "client": ("192.0.2.9", 50000),
        "server": ("rack.test", 80),
        "subprotocols": [],
    }


async def opened(rig: Rig, app: Door | None = None) -> Web:
    """A web over a rig that has seen its sources, with a token of each role."""
    await rig.lasts(3)
    secrets = {role.value: f"secret-of-{role.value}" for role in Role}
    for role, secret in secrets.items():
        await rig.memory.access(access.create_token, role, 0.0, secret)
    return Web(rig, secrets, app)
