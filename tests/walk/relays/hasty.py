"""A planted fault: a recorder that pulses before the intent is durable."""

from smartpdu.runtime import recorder

careful = recorder.Recorder._record


async def hasty(self, taken, outcome, wishes):
    import asyncio

    for command in outcome.commands:
        self._send(command)
    if outcome.commands:
        await asyncio.sleep(0.03)  # the disk of a small controller
    await careful(self, taken, outcome, wishes)


recorder.Recorder._record = hasty
