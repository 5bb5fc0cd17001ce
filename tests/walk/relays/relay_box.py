"""A box of relays in a process of its own: it counts every pulse and outlives who drives it."""

import json
import socketserver
import sys

ON = [True] * 16
PULSES: list[tuple[str, int, bool]] = []


class Box(socketserver.StreamRequestHandler):
    """One line in, one line out."""

    def handle(self) -> None:
        for line in self.rfile:
            order = json.loads(line)
            if "set" in order:
                PULSES.append((order["id"], order["set"], order["on"]))
                ON[order["set"]] = order["on"]
            told = PULSES if "pulses" in order else ON
            self.wfile.write(json.dumps(told).encode() + b"\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Box) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        server.serve_forever()
