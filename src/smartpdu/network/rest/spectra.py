"""The harmonics of places whose samples are measured (8)."""

from typing import Any

import numpy as np
from fastapi import APIRouter
from fastapi.responses import Response

from smartpdu.model.spectrum import Spectrum
from smartpdu.network.problem import Problem
from smartpdu.network.rest.answer import fresh
from smartpdu.network.rest.shapes import SpectrumRow
from smartpdu.network.rows import moment
from smartpdu.runtime.desk import Desk


def router(desk: Desk) -> APIRouter:
    """The route of spectra."""
    routes = APIRouter()

    @routes.get(
        "/spectra/{path:path}",
        operation_id="spectra",
        summary="Harmonics and interharmonics of a place",
        responses={200: {"model": list[SpectrumRow]}},
    )
    async def of(path: str) -> Response:
        """One for each quantity that is sampled there, as it was measured last; none in a gap."""
        if path not in desk.look().places:
            raise Problem(404, f"there is no place {path}")
        return fresh([_plain(spectrum) for spectrum in desk.spectra(path)])

    return routes


def _plain(spectrum: Spectrum) -> dict[str, Any]:
    """A spectrum as REST tells it."""
    first = np.nan if spectrum.noise else float(spectrum.harmonic[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = [100 * of / first for of in (spectrum.harmonic, spectrum.interharmonic)]
    harmonics, interharmonics = ([_number(value) for value in share.tolist()] for share in shares)
    return {
        "place": spectrum.place,
        "quantity": spectrum.quantity,
        "unit": "V" if spectrum.quantity == "voltage" else "A",
        "at": moment(spectrum.at),
        "fundamental": _number(first),
        "harmonics": harmonics,
        "interharmonics": interharmonics,
    }


def _number(value: float) -> float | None:
    """A gap is null."""
    return value if np.isfinite(value) else None
