"""Servers: standby, boot, idle, load; GPU jobs in step; a recorded power that is played again."""

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.units import Column, Flags, Ratios, Seconds, Watts

STANDBY = 12.0  # W of a server that is fed and does not run
BOOT = 0.8  # of the rated power while it boots
CYCLE = 300.0  # s of a GPU job between two checkpoints
CHECKPOINT = 20.0  # s
RAMP = 4.0  # s from one level of a job to the other
MEMORY = 600.0  # s over which ordinary load wanders
WANDER = 0.08  # of the span between idle and full


def wandered(demand: Ratios, mean: Ratios, elapsed: float, chance: Column) -> Ratios:
    """Demand of ordinary servers after some seconds: a slow walk about their mean."""
    keep = np.exp(-elapsed / MEMORY)
    step = WANDER * np.sqrt(1 - keep**2) * chance
    demand_after: Ratios = np.clip(mean + (demand - mean) * keep + step, 0.0, 1.0)
    return demand_after


def job_level(second: float, phase: NDArray[np.float64]) -> Ratios:
    """Level of GPU jobs: near full, with a dip at each checkpoint; servers of a job are in step."""
    into = np.mod(second + phase, CYCLE)
    down = np.clip((into - (CYCLE - CHECKPOINT)) / RAMP, 0.0, 1.0)
    up = np.clip(into / RAMP, 0.0, 1.0)
    level: Ratios = 0.35 + 0.6 * np.minimum(up, 1 - down)
    return level


def direct_power(
    idle: Watts, rated: Watts, demand: Ratios, running: Flags, boot_left: Seconds
) -> Watts:
    """What the parts of each server use behind its power supplies."""
    working = idle + demand * (rated - idle)
    return np.where(running, np.where(boot_left > 0, BOOT * rated, working), STANDBY)
