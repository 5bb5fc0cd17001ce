"""Keeps the sources of one device apart: what one reads or switches, no other reads or switches.

Several PDUs behind one address are legitimate: linked ones, each with rows of its own, and those
behind a proxy, which are told apart by who asks and proven by their serial numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from smartpdu.drivers.access import Access
from smartpdu.drivers.source import SettingsError
from smartpdu.drivers.told import Oid

Spot = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source reads and switches at a device."""

    path: str
    asked: Access
    serial: str  # as the site says it; empty: any
    places: Mapping[Oid, str]  # each instance that it reads or writes, and of which place


def claimed(claims: list[Claim], made: Claim) -> None:
    """Add the claim of a source; raises SettingsError where another one claims the same."""
    for other in claims:
        if spot(other.asked) != spot(made.asked) or _proven(other, made):
            continue
        if shared := overlap(other.places, made.places):
            theirs, ours = shared
            words = f"{str(made.asked)!r}, where {other.path} already has {theirs}: "
            expected = "a device of its own, or rows that no other source has"
            if _asker(other.asked) != _asker(made.asked):
                expected += "; behind a proxy, the serial of each as well"
            found = f"{words}{ours} would be the same, counted and switched twice"
            raise SettingsError("address", found, expected)
    claims.append(made)


def overlap(ours: Mapping[Oid, str], theirs: Mapping[Oid, str]) -> tuple[str, str] | None:
    """The first two places that are one at the device; None where all are apart."""
    both = ours.keys() & theirs.keys()
    return (ours[min(both)], theirs[min(both)]) if both else None


def spot(asked: Access) -> Spot:
    """Where an agent is, the same for every way to write one address."""
    host = asked.host.rstrip(".").lower()
    try:
        found: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        return host, asked.port
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found), asked.port


def _proven(one: Claim, other: Claim) -> bool:
    """Whether two claims to one address surely reach two devices, as the driver makes sure of."""
    serials = one.serial and other.serial and one.serial != other.serial
    return bool(serials) and _asker(one.asked) != _asker(other.asked)


def _asker(asked: Access) -> tuple[str, str]:
    return asked.community, asked.user
