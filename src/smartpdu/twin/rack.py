"""A standard rack of the twin: as many PDUs, phases and outlets as wanted, with its servers."""

from smartpdu.model.build import (
    CircuitSpec,
    Design,
    DoorSpec,
    FeedSpec,
    OutletSpec,
    PduSpec,
    PhaseSpec,
    ProbeSpec,
    RackSpec,
    SourceSpec,
)
from smartpdu.twin.plan import ServerSpec


def letters(pdus: int) -> list[str]:
    """What the PDUs of a rack are called: A, B ... Z, then by number."""
    return [chr(65 + n) if n < 26 else f"P{n + 1}" for n in range(pdus)]


def standard_racks(
    racks: int = 1,
    pdus: int = 2,
    outlets: int = 20,
    phases: int = 3,
    frequency: float = 50.0,
    voltage: float = 230.0,
) -> tuple[Design, list[ServerSpec]]:
    """A design of equal racks and the servers in them, one cord of each on every PDU."""
    design: dict[str, list[object]] = {
        name: []
        for name in (
            "sources racks pdus feeds phases circuits outlets probes doors".split()  # noqa: SIM905
        )
    }
    servers: list[ServerSpec] = []
    for number in range(1, racks + 1):
        rack = f"rack{number}"
        design["racks"].append(RackSpec(rack))
        for letter in letters(pdus):
            _pdu(design, rack, letter, outlets, phases, (frequency, voltage))
        source = f"source/{rack}-A"
        design["probes"] += [
            ProbeSpec(f"{rack}/probe/{where}", rack, source, position=where)
            for where in ("top", "bottom")
        ]
        design["doors"].append(DoorSpec(f"{rack}/door/front", rack, source))
        servers += [_server(rack, pdus, n) for n in range(1, outlets + 1)]
    return Design(**design), servers  # type: ignore[arg-type]


def _pdu(
    design: dict[str, list[object]],
    rack: str,
    letter: str,
    outlets: int,
    phases: int,
    grid: tuple[float, float],
) -> None:
    frequency, voltage = grid
    pdu, source = f"{rack}/{letter}", f"source/{rack}-{letter}"
    power = 32 * voltage * phases
    design["sources"].append(SourceSpec(source))
    design["pdus"].append(PduSpec(pdu, rack, source))
    feed = FeedSpec(f"{pdu}/feed", pdu, letter, power, nominal_frequency=frequency)
    design["feeds"].append(feed)
    design["phases"] += [
        PhaseSpec(f"{pdu}/L{k}", f"{pdu}/feed", 32, nominal_voltage=voltage)
        for k in range(1, phases + 1)
    ]
    design["circuits"] += [
        CircuitSpec(f"{pdu}/circuit/{k + 1}", f"{pdu}/L{k % phases + 1}", 16) for k in range(6)
    ]
    design["outlets"] += [
        OutletSpec(f"{pdu}/outlet/{k + 1}", f"{pdu}/circuit/{k * 6 // outlets + 1}")
        for k in range(outlets)
    ]


def _server(rack: str, pdus: int, number: int) -> ServerSpec:
    cords = [f"{rack}/{letter}/outlet/{number}" for letter in letters(pdus)]
    kind = "gpu" if number % 10 == 0 else "ordinary"
    power = 1200.0 if kind == "gpu" else 500.0
    mode = "hot_spare" if number % 7 == 0 else "share"
    return ServerSpec(f"{rack}/server/{number}", cords, power, power * 0.3, kind=kind, mode=mode)
