"""What a rating may be at all: bounds beyond which a number is a slip of the pen, with reasons."""

from collections.abc import Mapping, Sequence
from math import isfinite
from re import fullmatch

MOST: Mapping[str, tuple[float, str]] = {  # field of a description: its largest value and its unit
    "interval": (3600.0, "s"),  # what is read more seldom protects nothing
    "rated_power": (2e7, "VA"),  # three phases of the largest current and voltage
    "rated_current": (6300.0, "A"),  # the largest frame of air circuit breakers, IEC 60947-2
    "nominal_voltage": (1000.0, "V"),  # low voltage ends here, IEC 60038
    "nominal_frequency": (400.0, "Hz"),  # aircraft and ships
    "resolution": (10.0, "A"),  # a coarser meter sees no server
}
BREAKER = (
    1.25  # of its phase: sized for a lasting load of 100 %, NEC 210.20; more never protects it
)
POWER = (0.1, 1.5)  # of what the phases of a feed carry: a supply upstream may give less, and
# a voltage told between lines makes more; a wrong unit, as VA for kVA, is a thousand
SOCKETS = ("C1", "C3", "C5", "C7", "C9", "C11", "C13", "C15", "C15A", "C17", "C19", "C21", "C23")
COMBINED = ("C39", "CX")  # of makers: what C14 and C20 both fit
CONNECTOR = f"one of {', '.join(SOCKETS)}, C39, Cx, or a socket of another kind as Schuko or 5-20R"
PATH = "names joined by /, without spaces or ? # % \\, none of them . or .."
EXACT = 1 + 1e-6  # numbers are written with few digits


def whole(name: str, value: float) -> str:
    """What is expected of a number that must be above 0; empty where it fits."""
    most, unit = MOST[name]
    if isfinite(value) and 0 < value <= most:
        return ""
    return f"a number above 0, at most {most:.10g} {unit}"


def step(value: float) -> str:
    """What is expected of the smallest step of a meter, of which 0 is not known; empty: it fits."""
    most, unit = MOST["resolution"]
    if isfinite(value) and 0 <= value <= most:
        return ""
    return f"0 or a number above 0, at most {most:.10g} {unit}"


def breaker(rated: float, phase: float) -> bool:
    """Whether a breaker of that rating protects a phase of that rating."""
    return rated <= BREAKER * phase * EXACT


def powered(rated: float, carried: float) -> bool:
    """Whether a feed's rated power goes with what its phases may carry."""
    return POWER[0] * carried <= rated * EXACT and rated <= POWER[1] * carried * EXACT


def socket(name: str) -> bool:
    """Whether there is such a socket; what reads like one of IEC 60320 must be one."""
    sign = name.upper()
    if not name or not name.isprintable():
        return False
    return not fullmatch(r"C(\d+A?|X)", sign) or sign in SOCKETS or sign in COMBINED


def path(name: str) -> bool:
    """Whether a place can be called so: a path is a part of an address that clients ask for."""
    parts = name.split("/")
    dots = any(part in (".", "..") for part in parts)  # which a client takes out of an address
    return all(parts) and not dots and name.isprintable() and not any(c in name for c in " ?#%\\")


def lonely(labels: Sequence[str]) -> bool:
    """Whether the feeds of a rack, more than one, all stand on one side: none is a reserve."""
    return len(labels) > 1 and len(set(labels)) == 1
