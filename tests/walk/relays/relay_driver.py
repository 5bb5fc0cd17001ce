"""A driver for the box of relays, found by its entry point like any other maker's."""

import asyncio
import json

from smartpdu.drivers.source import SourceError
from smartpdu.model.snapshot import blank


def check(settings):
    """Anything goes."""


class Relays:
    def __init__(self, wanted):
        self.wanted = wanted

    async def ask(self, order):
        port = self.wanted.settings["port"]
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            raise SourceError(str(error)) from error
        writer.write(json.dumps(order).encode() + b"\n")
        line = await reader.readline()
        writer.close()
        return json.loads(line)

    async def read(self):
        told = await self.ask({"read": True})
        ports = self.wanted.ports
        now = blank(self.wanted.part.plant, ports.wall(), ports.clock())
        now.sources.missing[:] = 0.0
        now.outlets.on[:] = told["on"]
        now.circuits.closed[:] = told["closed"]
        now.phases.voltage[:] = 230.0
        return now

    async def obey(self, command):
        row = self.wanted.part.plant.outlets.path.index(command.place)
        await self.ask({"set": row, "on": command.on, "id": command.id})

    async def close(self):
        """Nothing is held."""


def open_source(wanted):
    return Relays(wanted)
