"""Shows the harmonics of a feed since its source was last read; a gap has none (8)."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.drivers.captured import Scene
from smartpdu.drivers.landing import CARRIED, JUMPED, together
from smartpdu.measurement.channels import Channels
from smartpdu.measurement.clock import Clock
from smartpdu.measurement.harmonics import ORDERS, Spectra, is_noise
from smartpdu.measurement.waveform import Measured, Stream, Window
from smartpdu.model.snapshot import Snapshot
from smartpdu.model.spectrum import Show, Spectrum

REACH = 0.43  # of the rate: beyond, bringing channels to one time takes more than 2 %
OLD = 1.5  # s: windows of before tell nothing of now


class Spectral:
    """Follows one feed."""

    def __init__(self, scene: Scene, show: Show) -> None:
        """A feed that nothing was heard of."""
        self._scene = scene
        self._show = show
        self._windows: list[Window] = []
        self._shown = False
        self._at = -np.inf  # UTC of the end of the last window

    def begin(self, _channels: Channels) -> None:
        """Windows of before count by other samples."""
        self._windows = []

    def take(self, _stream: Stream, clock: Clock, _block: NDArray[Any], measured: Measured) -> None:
        """Gather the windows whose cycles are those of a voltage."""
        sure = [w for w in measured.windows if w.mark not in (CARRIED, JUMPED)]
        if sure:
            self._windows += sure
            self._at = clock.moment(sure[-1].end)

    def land(self, now: Snapshot) -> None:
        """Show what was gathered."""
        windows, self._windows = self._windows, []
        old = not abs(now.at - self._at) <= OLD  # nor where no moment is known
        if windows and not old:
            self._show(self._scene.feed, self._spectra(windows))
            self._shown = True
        elif self._shown and old:
            self._show(self._scene.feed, ())
            self._shown = False

    def _spectra(self, windows: list[Window]) -> list[Spectrum]:
        window = together(windows)
        known = _known(window)
        noise = is_noise(known.harmonic[0], known.interharmonic[0])
        lines = self._scene.course.lines
        return [
            Spectrum(
                self._scene.path(channel), line.quantity, self._at,
                known.harmonic[:, channel], known.interharmonic[:, channel], bool(noise[channel]),
            )
            for channel, line in enumerate(lines)
        ]  # fmt: skip


def _known(window: Window) -> Spectra:
    """The spectra of a window as far as its samples can tell them."""
    found, order = window.spectra, np.arange(1, ORDERS + 1)[:, None]
    highest = REACH * (window.end - window.start) / window.cycles
    return replace(
        found,
        harmonic=np.where(order <= highest, found.harmonic, np.nan),
        interharmonic=np.where(order < highest, found.interharmonic, np.nan),
    )
