"""The harmonics of all feeds that are sampled, as they are now; nothing of them is kept (8)."""

from collections.abc import Sequence

from smartpdu.model.spectrum import Spectrum


class Spectra:
    """What drivers show last of each feed; a feed that measures none has none."""

    def __init__(self) -> None:
        """Nothing is shown yet."""
        self._feeds: dict[str, tuple[Spectrum, ...]] = {}

    def show(self, feed: str, spectra: Sequence[Spectrum]) -> None:
        """Take all that a feed has now, in the place of what it had; from any thread."""
        self._feeds[feed] = tuple(spectra)

    def of(self, place: str) -> list[Spectrum]:
        """Those of a place."""
        feeds = list(self._feeds.values())
        return [spectrum for own in feeds for spectrum in own if spectrum.place == place]
