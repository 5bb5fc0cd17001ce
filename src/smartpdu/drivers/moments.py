"""When samples were taken in UTC: as the board says, or from when they arrived (8).

No sample arrives before it was taken, and hardly ever does a whole batch come late: the earliest
arrivals tell the truth, and what comes later than they foretell waited on its way. Board and
computer drift apart by less than DRIFT, so the bound is let go by so much. A wall clock that is
set back is followed at once, one that is set on after PERSISTENT of nothing else.
"""

from math import inf, isnan

from smartpdu.measurement.clock import Clock

DRIFT = 2e-4  # s for a second: quartzes of both, cold and old
STEPPED = 0.25  # s later than foretold is a wait, or a clock that was set
PERSISTENT = 30.0  # s of it are a clock that was set


class Moments:
    """The moments of the samples of a run."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.begin(1.0)

    def begin(self, rate: float) -> None:
        """A new run at such a rate; its samples count from 0."""
        self._rate = rate
        self._origin = inf  # UTC of the sample 0
        self._last = 0.0  # s of the run, when it was looked at last
        self._late = 0.0  # s for which all came too late

    def go_on(self, samples: int) -> None:
        """A new run whose first sample is so many after that of the last, by the board's count."""
        self._origin += samples / self._rate
        self._last -= samples / self._rate

    @property
    def known(self) -> bool:
        """Whether there is a moment at all."""
        return self._origin < inf

    def heard(self, samples: int, arrived: float, told: float) -> None:
        """So many samples of the run had arrived then; the board told this of the next, or NaN."""
        run = samples / self._rate
        if not isnan(told):
            self._origin, self._last = told - run, run
            return
        if isnan(arrived):
            return
        origin, passed = arrived - run, run - self._last
        self._last = run
        expected = self._origin + DRIFT * passed
        self._late = self._late + passed if origin > expected + STEPPED else 0.0
        self._origin = origin if self._late >= PERSISTENT else min(origin, expected)

    @property
    def clock(self) -> Clock:
        """The moments as they are known now; of a run without any, NaN."""
        return Clock(0.0, self._origin if self.known else float("nan"), self._rate)
