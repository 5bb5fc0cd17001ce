"""From descriptions of what is built to a plant, with every fault told by place and field."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smartpdu.model import plausible
from smartpdu.model.naming import sources_named
from smartpdu.model.plant import (
    Circuits,
    Doors,
    Feeds,
    Houses,
    Kind,
    Outlets,
    Pdus,
    Phases,
    Plant,
    Probes,
    Racks,
    Sources,
)
from smartpdu.model.units import Column, Rows


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source; the interval is in seconds."""

    path: str
    name: str = ""
    interval: float = 1.0


@dataclass(frozen=True, slots=True)
class RackSpec:
    """A rack."""

    path: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class PduSpec:
    """A PDU in a rack, read by a source."""

    path: str
    rack: str
    source: str
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class FeedSpec:
    """A feed of a PDU; the rated power is in VA, the frequency in Hz."""

    path: str
    pdu: str
    label: str
    rated_power: float
    name: str = ""
    address: str = ""
    nominal_frequency: float = 50.0


@dataclass(frozen=True, slots=True)
class PhaseSpec:
    """A phase of a feed, in A and V; line counts from 1 and defaults to the number in the path."""

    path: str
    feed: str
    rated_current: float
    name: str = ""
    address: str = ""
    nominal_voltage: float = 230.0
    line: int = 0


@dataclass(frozen=True, slots=True)
class CircuitSpec:
    """A branch circuit on a phase, in A."""

    path: str
    phase: str
    rated_current: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class OutletSpec:
    """An outlet of a circuit, in A; resolution is the smallest step of its current meter."""

    path: str
    circuit: str
    name: str = ""
    address: str = ""
    connector: str = "C13"
    rated_current: float = 10.0
    resolution: float = 0.001
    switchable: bool = True
    metered: bool = True


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """A probe in a rack."""

    path: str
    rack: str
    source: str
    name: str = ""
    address: str = ""
    position: str = ""


@dataclass(frozen=True, slots=True)
class DoorSpec:
    """A door of a rack."""

    path: str
    rack: str
    source: str
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Design:
    """All descriptions of a site, in the order in which places shall stand."""

    sources: Sequence[SourceSpec] = ()
    racks: Sequence[RackSpec] = ()
    pdus: Sequence[PduSpec] = ()
    feeds: Sequence[FeedSpec] = ()
    phases: Sequence[PhaseSpec] = ()
    circuits: Sequence[CircuitSpec] = ()
    outlets: Sequence[OutletSpec] = ()
    probes: Sequence[ProbeSpec] = ()
    doors: Sequence[DoorSpec] = ()


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one description: its table, its number in it, the field, and why."""

    kind: Kind
    number: int
    field: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.field}: found {self.found}, expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Flawed(Exception):
    """A design that cannot be built; holds every flaw that was found."""

    flaws: tuple[Flaw, ...] = field(default=())

    def __str__(self) -> str:
        return "; ".join(str(flaw) for flaw in self.flaws)


HOUSE = "house"  # the path of the program itself
POSITIVE = ("interval", "rated_power", "rated_current", "nominal_voltage", "nominal_frequency")
REFERENCES = {
    "rack": Kind.RACK,
    "source": Kind.SOURCE,
    "pdu": Kind.PDU,
    "feed": Kind.FEED,
    "phase": Kind.PHASE,
    "circuit": Kind.CIRCUIT,
}


def built(design: Design, unsure: Collection[str] = ()) -> Plant:
    """The plant of a design; raises Flawed with all its flaws, and never builds half."""
    flaws = list(flaws_of(design, unsure))
    if flaws:
        raise Flawed(tuple(flaws))
    rows = {k: {s.path: i for i, s in enumerate(_specs(design, k))} for k in Kind}

    def up(kind: Kind, specs: Sequence[Any], parent: str) -> Rows:
        return _ints(rows[kind][getattr(s, parent)] for s in specs)

    pdus = Pdus(
        *_names(design.pdus),
        up(Kind.RACK, design.pdus, "rack"),
        up(Kind.SOURCE, design.pdus, "source"),
    )
    pdu = up(Kind.PDU, design.feeds, "pdu")
    feeds = Feeds(
        *_names(design.feeds),
        pdu,
        pdus.rack[pdu],
        pdus.source[pdu],
        tuple(s.label for s in design.feeds),
        _ints(_sides(s.label for s in design.feeds)),
        _numbers(s.rated_power for s in design.feeds),
        _numbers(s.nominal_frequency for s in design.feeds),
    )
    feed = up(Kind.FEED, design.phases, "feed")
    phases = Phases(
        *_names(design.phases),
        feed,
        feeds.rack[feed],
        feeds.source[feed],
        _ints(_line(s) - 1 for s in design.phases),
        _numbers(s.rated_current for s in design.phases),
        _numbers(s.nominal_voltage for s in design.phases),
    )
    phase = up(Kind.PHASE, design.circuits, "phase")
    circuits = Circuits(
        *_names(design.circuits),
        phase,
        phases.rack[phase],
        phases.source[phase],
        _numbers(s.rated_current for s in design.circuits),
    )
    circuit = up(Kind.CIRCUIT, design.outlets, "circuit")
    outlet_phase = circuits.phase[circuit]
    outlets = Outlets(
        *_names(design.outlets),
        circuit,
        outlet_phase,
        feeds.pdu[phases.feed[outlet_phase]],
        phases.rack[outlet_phase],
        phases.source[outlet_phase],
        tuple(s.connector for s in design.outlets),
        _numbers(s.rated_current for s in design.outlets),
        _numbers(s.resolution for s in design.outlets),
        np.array([s.switchable for s in design.outlets], dtype=np.bool_),
        np.array([s.metered for s in design.outlets], dtype=np.bool_),
    )
    plant = Plant(
        Houses((HOUSE,), (HOUSE,), (HOUSE,)),
        Sources(*_names(design.sources), _numbers(s.interval for s in design.sources)),
        Racks(*_names(design.racks)),
        pdus,
        feeds,
        phases,
        circuits,
        outlets,
        Probes(
            *_names(design.probes),
            up(Kind.RACK, design.probes, "rack"),
            up(Kind.SOURCE, design.probes, "source"),
            tuple(s.position for s in design.probes),
        ),
        Doors(
            *_names(design.doors),
            up(Kind.RACK, design.doors, "rack"),
            up(Kind.SOURCE, design.doors, "source"),
        ),
    )
    return sources_named(plant)


def flaws_of(design: Design, unsure: Collection[str] = ()) -> Iterable[Flaw]:
    """Every flaw of a design: paths, references, numbers, and numbers that do not go together.

    The numbers of rows with an unsure path are not compared with those of others.
    """
    seen: dict[str, Kind] = {HOUSE: Kind.HOUSE}
    wrong = set(unsure)
    for kind in Kind:
        for number, spec in enumerate(_specs(design, kind)):
            yield from _path_flaws(kind, number, spec.path, seen)
    for kind in Kind:
        for number, spec in enumerate(_specs(design, kind)):
            yield from _reference_flaws(kind, number, spec, seen)
            numbers = list(_number_flaws(kind, number, spec))
            yield from numbers
            wrong |= {spec.path} if numbers else set()
    yield from _line_flaws(design)
    yield from _circuit_flaws(design, wrong)
    yield from _power_flaws(design, wrong)


def _path_flaws(kind: Kind, number: int, path: str, seen: dict[str, Kind]) -> Iterable[Flaw]:
    if not plausible.path(path):
        yield Flaw(kind, number, "path", repr(path), plausible.PATH)
    elif path in seen:
        yield Flaw(kind, number, "path", repr(path), "a path that nothing else has")
    seen.setdefault(path, kind)


def _reference_flaws(
    kind: Kind, number: int, spec: Any, seen: Mapping[str, Kind]
) -> Iterable[Flaw]:
    for name, target in REFERENCES.items():
        wanted = getattr(spec, name, None)
        if wanted is not None and seen.get(wanted) is not target:
            expected = f"the path of one of the {target.value}"
            yield Flaw(kind, number, name, repr(wanted), expected)


def _number_flaws(kind: Kind, number: int, spec: Any) -> Iterable[Flaw]:
    for name in POSITIVE:
        value = getattr(spec, name, None)
        if value is not None and (expected := plausible.whole(name, value)):
            yield Flaw(kind, number, name, str(value), expected)
    if isinstance(spec, OutletSpec):
        if expected := plausible.step(spec.resolution):
            yield Flaw(kind, number, "resolution", str(spec.resolution), expected)
        if not plausible.socket(spec.connector):
            yield Flaw(kind, number, "connector", repr(spec.connector), plausible.CONNECTOR)
    if isinstance(spec, PhaseSpec) and not 1 <= _line(spec) <= 3:
        expected = "1, 2 or 3, or a path that ends in L1, L2 or L3"
        yield Flaw(kind, number, "line", str(spec.line), expected)


def _line_flaws(design: Design) -> Iterable[Flaw]:
    """Phases that share a line of their feed: with one, two or three phases each has its own."""
    first: dict[tuple[str, int], str] = {}
    for number, spec in enumerate(design.phases):
        line = _line(spec)
        other = first.setdefault((spec.feed, line), spec.path)
        if other != spec.path and 1 <= line <= 3:
            found = f"{line}, which {other} has already"
            yield Flaw(Kind.PHASE, number, "line", found, "another line for each phase of a feed")


def _circuit_flaws(design: Design, wrong: set[str]) -> Iterable[Flaw]:
    """Breakers that never protect their phase."""
    rated = {s.path: s.rated_current for s in design.phases if s.path not in wrong}
    for number, spec in enumerate(design.circuits):
        phase = rated.get(spec.phase)
        if (
            phase is not None
            and spec.path not in wrong
            and not plausible.breaker(spec.rated_current, phase)
        ):
            found = f"{spec.rated_current:g} on a phase of {phase:g} A"
            expected = f"at most {plausible.BREAKER * phase:g} A, a breaker that protects its phase"
            yield Flaw(Kind.CIRCUIT, number, "rated_current", found, expected)


def _power_flaws(design: Design, wrong: set[str]) -> Iterable[Flaw]:
    """Feeds whose rated power cannot be that of their phases."""
    phases: dict[str, list[PhaseSpec]] = {}
    for phase in design.phases:
        phases.setdefault(phase.feed, []).append(phase)
    for number, spec in enumerate(design.feeds):
        own = phases.get(spec.path, [])
        if not own or wrong.intersection((spec.path, *(phase.path for phase in own))):
            continue
        carried = sum(phase.rated_current * phase.nominal_voltage for phase in own)
        if not plausible.powered(spec.rated_power, carried):
            least, most = (share * carried for share in plausible.POWER)
            found = f"{spec.rated_power:g} VA, and phases that carry {carried:g} VA"
            yield Flaw(Kind.FEED, number, "rated_power", found, f"{least:g} to {most:g} VA")


def _sides(labels: Iterable[str]) -> Iterable[int]:
    """A number for each label, the same for the same one."""
    known: dict[str, int] = {}
    return [known.setdefault(label, len(known)) for label in labels]


def _line(spec: PhaseSpec) -> int:
    last = spec.path.rsplit("/", 1)[-1]
    return spec.line or (int(last[1:]) if last[:1] == "L" and last[1:].isdigit() else 0)


def _specs(design: Design, kind: Kind) -> Sequence[Any]:
    specs: Sequence[Any] = getattr(design, kind.value, ())
    return specs


def _names(specs: Sequence[Any]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    def last(spec: Any) -> str:
        return str(spec.path).rsplit("/", 1)[-1]

    def address(spec: Any) -> str:
        return getattr(spec, "address", "") or last(spec)

    return (
        tuple(s.path for s in specs),
        tuple(s.name or last(s) for s in specs),
        tuple(address(s) for s in specs),
    )


def _numbers(values: Iterable[float]) -> Column:
    return np.array(list(values), dtype=np.float64)


def _ints(values: Iterable[int]) -> Rows:
    return np.array(list(values), dtype=np.int64)
