"""How a source is called: by its own name and by what it reads, for its path may be any word."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from smartpdu.model.plant import Plant

SHORT = 3  # a name with fewer signs, as "A", says what it is of only with "PDU" before it
MANY = 3  # PDUs that are named; of more, their number is told


def sources_named(plant: Plant) -> Plant:
    """The plant with sources that say what they read, as "AP8641 (Rack 1, PDU A)"."""
    names = tuple(_name(plant, row) for row in range(len(plant.sources)))
    return replace(plant, sources=replace(plant.sources, name=names))


def _name(plant: Plant, source: int) -> str:
    name, last = plant.sources.name[source], _last(plant.sources.path[source])
    pdus = np.flatnonzero(plant.pdus.source == source).tolist()
    if len(pdus) > MANY:
        return f"{name} ({len(pdus)} PDUs)"
    read = "; ".join(_racks(plant, source, pdus))
    paths = {"-".join(plant.pdus.path[pdu].split("/")[-2:]) for pdu in pdus}
    if not read:
        return name
    return read if name == last and paths == {last} else f"{name} ({read})"


def _racks(plant: Plant, source: int, pdus: list[int]) -> Iterator[str]:
    """Each rack that a source reads, with its PDUs; where it reads none, with its air or doors."""
    for rack in dict.fromkeys(plant.pdus.rack[pdus].tolist()):
        own = [_pdu(plant, pdu) for pdu in pdus if plant.pdus.rack[pdu] == rack]
        yield ", ".join([plant.racks.name[rack], *own])
    if not pdus:
        others = [t.rack[t.source == source].tolist() for t in (plant.probes, plant.doors)]
        racks = dict.fromkeys(rack for rows in others for rack in rows)
        yield from (plant.racks.name[rack] for rack in list(racks)[:MANY])


def _pdu(plant: Plant, pdu: int) -> str:
    """A PDU as people call it; by its path where its name does not tell it from another."""
    name, pdus = plant.pdus.name[pdu], plant.pdus
    mates = [pdus.name[mate] for mate in np.flatnonzero(pdus.rack == pdus.rack[pdu]).tolist()]
    source = plant.sources.name[pdus.source[pdu]]  # of which devices often are called as well
    if mates.count(name) > 1 or name == source:
        name = _last(pdus.path[pdu])
    return f"PDU {name}" if len(name) < SHORT else name


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]
