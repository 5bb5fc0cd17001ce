"""Faults to plant in copies of the program, so that the walk can show that it would find them."""

from walk.program import Plant

RECORDER = "runtime/recorder.py"
INTENDING = "            await self._intend("
SENDING = (
    "                if command.id in self._cleared:\n                    self._send(command)\n"
)
KEEPING = "            self._show(await self._memory.intend(orders, events))\n"
RECOVERING = "                    self._desk.leave_request(request)\n"

HASTY: tuple[Plant, ...] = (  # the order leaves, and its intent is recorded meanwhile
    (RECORDER, SENDING, "                pass\n"),
    (
        RECORDER,
        INTENDING,
        "            for command in outcome.commands:\n"
        "                self._send(command)\n"
        f"{INTENDING}",
    ),
)
EARLY: tuple[Plant, ...] = (  # the same, with time enough to leave also on a busy machine
    HASTY[0],
    (
        RECORDER,
        INTENDING,
        "            for command in outcome.commands:\n"
        "                self._send(command)\n"
        "                await asyncio.sleep(1.0)\n"
        f"{INTENDING}",
    ),
)
UNSYNCED: tuple[Plant, ...] = (
    (
        "store/database.py",
        'f"PRAGMA synchronous = {self._synchronous}"',
        '"PRAGMA synchronous = OFF"',
    ),
)
RASH: tuple[Plant, ...] = (  # the order is acknowledged, and its intent recorded a moment later
    (
        RECORDER,
        KEEPING,
        "            for c in commands:\n"
        '                self._answer(c.id, Asked(None, "", _intended(c, wishes[c.id], at)))\n'
        "            await asyncio.sleep(1.0)\n"
        f"{KEEPING}",
    ),
)
STUBBORN: tuple[Plant, ...] = (  # what was cut off by a crash is sent again
    (
        "runtime/loop.py",
        RECOVERING,
        f"{RECOVERING}"
        "                    from smartpdu.model.command import Priority\n\n"
        "                    again = (row.id, row.place, row.on, row.by, Priority.PERSON)\n"
        "                    self._collector.send(SwitchOutlet(*again))\n",
    ),
)
FORGETFUL: tuple[Plant, ...] = (  # idempotency keys are not looked at
    ("runtime/desk.py", "        if key is None:\n", "        if key is None or mark:\n"),
)
