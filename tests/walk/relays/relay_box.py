"""A box of relays in a process of its own: it counts every pulse and outlives who drives it.

It can kill who drives it at the very moment an order arrives, and then move the relay or lose the
order. At each read breakers trip and close, and a hand turns two outlets, so that alarms come and
go, and events are recorded all the time.
"""

import json
import os
import signal
import socketserver
import sys
import threading
from contextlib import suppress

RELAYS, BY_HAND, BREAKERS = 16, 2, 3


class Box:
    """The relays, and what became of each order that arrived."""

    def __init__(self) -> None:
        self.on = [True] * (RELAYS + BY_HAND)
        self.closed = [True] * (BREAKERS + 1)
        self.arrived: list[tuple[str, int, bool, bool]] = []  # command, relay, on, whether it moved
        self.aim: dict[str, object] = {}
        self.deaf = False
        self.reads = 0
        self.lock = threading.Lock()

    def told(self, order: dict[str, object]) -> object:
        """The answer to one line."""
        with self.lock:
            match order:
                case {"set": row, "on": on, "id": id}:
                    self.obey(str(id), int(str(row)), bool(on))
                case {"kill": process}:
                    self.aim = order if process else {}
                case {"deaf": deaf}:
                    self.deaf = bool(deaf)
                case {"read": _} if not self.deaf:
                    self.live()
                    return {"on": self.on, "closed": self.closed}
            return {"on": self.on, "arrived": self.arrived, "reads": self.reads}

    def obey(self, id: str, row: int, on: bool) -> None:
        """Move a relay, unless the order is to be lost."""
        aim, self.aim = self.aim, {}
        if aim:
            os.kill(int(str(aim["kill"])), signal.SIGKILL)
        moved = not aim.get("lose", False)
        self.arrived.append((id, row, on, moved))
        if moved:
            self.on[row] = on

    def live(self) -> None:
        """Breakers trip and close, each at a pace of its own; a hand turns an outlet."""
        self.reads += 1
        for breaker in range(1, BREAKERS + 1):
            self.closed[breaker] = self.reads // breaker % 2 == 0
        self.on[RELAYS + self.reads % BY_HAND] ^= True


BOX = Box()


class Line(socketserver.StreamRequestHandler):
    """One line in, one line out; an end that died in between is no matter."""

    def handle(self) -> None:
        with suppress(ConnectionError):
            for line in self.rfile:
                order = json.loads(line)
                told = BOX.told(order)
                if "read" in order and BOX.deaf:
                    return
                self.wfile.write(json.dumps(told).encode() + b"\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 50


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Line) as server:
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever()
