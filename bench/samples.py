"""What a sample costs from the twin's wave to a reading, in ns for each channel and sample."""

import time
from collections.abc import Callable

import numpy as np

from smartpdu.app.config import demo
from smartpdu.drivers.calibration import Calibration, Calibrator
from smartpdu.drivers.frames import Frame
from smartpdu.drivers.sampler import Sampler
from smartpdu.drivers.simulator import Twin, twin
from smartpdu.drivers.tape import COUNT, RATE, Tape
from smartpdu.measurement.compiled import COMPILES
from smartpdu.model.plant import Part, part
from smartpdu.model.snapshot import blank
from smartpdu.twin import phasors, waves
from smartpdu.twin.converter import counted

SECONDS, BLOCKS = 20, 20


def spent(work: Callable[[], object], samples: int, times: int = 5) -> float:
    """Least time of the processor for a sample, in ns; one more round comes before."""
    found = []
    for _ in range(times + 1):
        before = time.process_time()
        work()
        found.append(time.process_time() - before)
    return min(found[1:]) / samples * 1e9


def steps(lived: Twin, tape: Tape) -> dict[str, float]:
    """What each step costs by itself."""
    dice = np.random.Generator(np.random.PCG64(2))
    made = phasors.waves(lived.world, RATE, COUNT, dice)
    moment, steady = waves.first(made, lived.life), phasors.phasors(made, lived.life)
    _, block = waves.sampled(made, moment, lived.life, dice, steady)
    counts = counted(tape.converter, block, dice)
    one, none = np.ones(len(tape.taps)), np.zeros(len(tape.taps))
    prompt = Calibrator(Calibration(one, none, none), RATE)
    late = Calibrator(Calibration(one, none, np.linspace(0, 5e-5, len(one))), RATE)
    works: dict[str, Callable[[], object]] = {
        "waves rendered": lambda: waves.sampled(made, moment, lived.life, dice, steady),
        "converted, with noise": lambda: counted(tape.converter, block, dice),
        "calibrated, no delay": lambda: prompt.take(counts),
        "calibrated, delays of its own": lambda: late.take(counts),
    }
    return {
        name: spent(lambda work=work: [work() for _ in range(BLOCKS)], BLOCKS * block.size)  # type: ignore[misc]
        for name, work in works.items()
    }


def walk(lived: Twin, tape: Tape, parts: list[Part]) -> dict[str, float]:
    """What it costs until frames are there, and from frames to readings."""
    boards = [tape.board(own, source) for source, own in enumerate(parts)]
    frames: list[list[Frame]] = [[], []]

    def rendered() -> None:
        for kept in frames:
            kept.clear()
        for _ in range(SECONDS):
            tape.until(lived.life, lived.life.second + 1)
            lived.tick()
            tape.play()
            for source in (0, 1):
                frames[source] += tape.frames(source)

    def measured() -> None:
        for source, made in enumerate(boards):
            sampler, pace = Sampler(made), round(RATE / COUNT)
            for k in range(0, len(frames[source]), pace):
                sampler.take(frames[source][k : k + pace])
                sampler.land(blank(parts[source].plant, 0.0, 0.0))

    whole = int(SECONDS * RATE) * len(tape.taps)
    return {
        "rendered, framed, read again": spent(rendered, whole, 1),
        "measured, frames to readings": spent(measured, whole, 1),
    }


def main() -> None:
    """Print it all."""
    site = demo()
    lived = twin(site.sections["twin"], site.plant, 0.0)
    tape = Tape(lived.world, lived.life, np.random.Generator(np.random.PCG64(1)))
    print(f"{len(tape.taps)} channels, {RATE:g} Hz, {'numba' if COMPILES else 'NumPy alone'}")
    found = steps(lived, tape)
    both = walk(lived, tape, [part(site.plant, source) for source in (0, 1)])
    for name, cost in (found | both).items():
        print(f"{name:32} {cost:6.1f} ns")
    share = sum(both.values()) * len(tape.taps) * RATE / 1e7
    print(f"{'the walk, share of one core':32} {share:6.2f} %")


if __name__ == "__main__":
    main()
