"""Lets the program live on a disk that forgets what was not synced: `kill -9` is the power cut.

What was written and not synced is in this process's memory only, and part of it on the disk, torn
and out of order. An end that is no crash keeps all, as a system does that goes on running. The
first byte of the file LOSSY_NOTE says how the disk stands: w (something is not synced), s (a sync
is on its way) or i (idle); what follows is another number after each change.
"""

import atexit
import os
import time
from itertools import count
from random import Random

from lossy_disk import LossyDisk

SLOW = 0.01  # s that a sync takes on the card of a small controller
NOTES = {"write": b"w", "sync": b"s", "synced": b"i"}

note = os.open(os.environ["LOSSY_NOTE"], os.O_WRONLY | os.O_CREAT)
numbers = count(time.monotonic_ns())


def noted(what: str) -> None:
    os.pwrite(note, NOTES[what] + next(numbers).to_bytes(8, "big"), 0)
    if what == "sync":
        time.sleep(SLOW)


disk = LossyDisk("lossy", Random(int(os.environ["LOSSY_SEED"])), early=0.3, default=True)
disk.noted = noted
atexit.register(disk.write_back)
