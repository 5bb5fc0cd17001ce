"""The same seed gives the same events and the same end, byte for byte, in any process."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from living import scene

from smartpdu.app.simulate import Run
from smartpdu.engine.state import written
from smartpdu.model.event import body

TESTS = Path(__file__).parents[1]
SLOWER = {"at", "lasts"}
FASTER = 4  # a bad day in a quarter of its time


def bad_day(seed: int) -> Run:
    """The shipped scenario of a bad day, four times as fast, so that faults overlap."""
    import tomllib

    tables = tomllib.loads((TESTS.parent / "scenarios" / "a-bad-day.toml").read_text("utf-8"))
    faults = [
        {k: v / FASTER if k in SLOWER else v for k, v in table.items()} for table in tables["fault"]
    ]
    orders = [{**table, "at": table["at"] / FASTER} for table in tables["order"]]
    return scene(tables["duration"] // FASTER, faults, orders, seed)


def bytes_of(thing: Any) -> bytes:
    """Every number of a life, of a state or of an event, as it stands in memory."""
    if is_dataclass(thing):
        return b"".join(bytes_of(getattr(thing, f.name)) for f in fields(thing))
    if isinstance(thing, np.ndarray):
        return thing.tobytes()
    return repr(thing).encode()


def told(run: Run) -> str:
    """All that a run said and where it ended, as text to compare."""
    state = written(run.state, run.home.plant, run.home.traces)
    return json.dumps(
        {
            "events": [
                f"{e.at!r} {type(e).__name__} {e.place} {json.dumps(body(e))}" for e in run.events
            ],
            "truths": [repr(truth) for truth in run.twin.truths],
            "state": json.dumps(state),
            "life": hashlib.sha256(bytes_of(run.twin.life)).hexdigest(),
        }
    )


def in_a_process(hash_seed: str, seed: int) -> str:
    """What a process of its own tells of a bad day."""
    code = (
        f"import sys; sys.path[:0] = [{str(TESTS)!r}, {str(TESTS / 'twin')!r}]\n"
        f"from test_determinism import bad_day, told\nprint(told(bad_day({seed})))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def days() -> list[str]:
    """The same day in two processes, and another day."""
    return [in_a_process("1", 7), in_a_process("4242", 7), in_a_process("1", 8)]


def test_two_processes_tell_the_same_day_byte_for_byte(days: list[str]) -> None:
    first, second = days[0], days[1]
    assert len(json.loads(first)["events"]) >= 50
    assert first == second


def test_another_seed_tells_another_day(days: list[str]) -> None:
    here, there = json.loads(days[0]), json.loads(days[2])
    assert len(there["events"]) >= 50
    for part in ("events", "state", "life"):
        assert here[part] != there[part], part


def test_a_difference_in_the_last_bit_would_be_seen() -> None:
    run = scene(5)
    before = told(run)
    power = run.twin.life.flow.power
    power[3] = np.nextafter(power[3], np.inf)
    assert told(run) != before
