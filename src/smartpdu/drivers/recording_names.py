"""What names and units of channels say: voltage or current, of which phase, and which belong."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from smartpdu.drivers.recording import Channel, Recording, RecordingError, quoted

VOLT = {"v", "volt", "volts", "vac", "vdc"}
AMPERE = {"a", "amp", "amps", "ampere", "amperes", "aac", "adc"}
PREFIXES = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6}
LATIN = str.maketrans("ВвАаКкМм伏安千毫", "VvAaKkMmVAkm")
UNTOLD = {"", "-", "none", "1"}

SYMBOL = re.compile(  # as UA, V1, I_L2, Uan, J2 -VA; never the V of "HV"
    r"(?<![^\W\d_])([UVI])[ _.\-]?"
    r"(L?[1-9]\d?N?|[ABC][ABCNGE]|[RSTY][RSTYNGE]|[ABCRSTYNGEX])?(?![^\W_])",
    re.IGNORECASE,
)
VOLTAGE = re.compile(r"voltage|spannung|tension|напряжение|电压", re.IGNORECASE)
CURRENT = re.compile(r"current|strom|courant|\bток|电流", re.IGNORECASE)  # noqa: RUF001
PHASE = re.compile(r"(?<![^\W_])(L[1-9]\d?|[ABCRST]|[1-9]\d?)(?![^\W_])")
DERIVED = re.compile(r"\b(mag|magnitude|ang|angle|rms|thd|avg|mean|freq\w*)\b", re.IGNORECASE)
LEVEL = re.compile(r"(?<![^\W_])(EHV|HV|MV|LV)(?![^\W_])")
HEADING = re.compile(r"(.*?)\s*(?:\(([^()]*)\)|\[([^\[\]]*)\]|/\s*(\w+)|\bin (\w+))\s*")
COMPUTED = "_"  # what relays write for the phase of what is no waveform
NEUTRAL = {"n", "g", "e", "x", "0"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A current and the voltage with which it makes power; numbers of channels."""

    name: str
    voltage: int
    current: int


def headed(heading: str) -> tuple[str, str]:
    """Name and unit of a heading as "U1 (V)", "U1[V]", "U1/V", "U1 in V" or plainly "U1"."""
    text = heading.strip()[:200]
    found = HEADING.fullmatch(text)
    if not found or not found[1]:
        return text, ""
    return found[1].strip(), next((g for g in found.groups()[1:] if g), "").strip()


def channel(name: str, unit: str, phase: str = "") -> tuple[Channel, float]:
    """A channel of that name and unit, and what its samples must be multiplied with."""
    symbol, factor = _unit(unit)
    if DERIVED.search(name) or phase == COMPUTED:
        return Channel(name, "other", unit, phase), 1.0
    if symbol:
        return Channel(name, "voltage" if symbol == "V" else "current", symbol, phase), factor
    kind = _named(name) if unit.lower() in UNTOLD else "other"
    return Channel(name, kind, unit, phase), 1.0


def _unit(unit: str) -> tuple[str, float]:
    """V or A, and the factor that leads there; nothing for any other unit."""
    plain = unit.strip().translate(LATIN)
    for prefix in (plain[:1], ""):
        base = plain[len(prefix) :].lower()
        if prefix in PREFIXES and base in VOLT | AMPERE:
            return "V" if base in VOLT else "A", PREFIXES[prefix]
    return "", 1.0


def _named(name: str) -> str:
    """The kind that a name alone tells."""
    found = SYMBOL.search(name)
    if VOLTAGE.search(name) or (found and found[1] in "UVuv"):
        return "voltage"
    return "current" if CURRENT.search(name) or found else "other"


def phase_of(channel: Channel) -> str | None:
    """The phase of a channel as one word for all spellings; empty where none is told.

    None says that it has none on purpose, as relays tell it of what they computed.
    """
    if channel.phase == COMPUTED:
        return None
    found = SYMBOL.search(channel.name)
    plain = PHASE.search(channel.name)
    word = channel.phase or (found and found[2]) or (plain and plain[1]) or ""
    word = re.sub(r"^[uvi]?l?(?=\d)|^[uvi](?=[a-z]$)", "", word.lower())
    return re.sub(r"(?<=[a-z0-9])[nge]$", "", word)


def pairs(recording: Recording, given: Sequence[str] | None = None) -> tuple[Pair, ...]:
    """Which current belongs to which voltage: as given ("U1:I1"), or by phase, level and name."""
    if given:
        return _apart(recording, given)
    channels = recording.channels
    phases = [phase_of(channel) for channel in channels]
    live = [n for n, phase in enumerate(phases) if phase is not None and phase not in NEUTRAL]
    voltages = [n for n in live if channels[n].kind == "voltage"]
    found = []
    for current in live:
        if channels[current].kind != "current":
            continue
        fit = [v for v in voltages if _fits(channels, phases, v, current, len(voltages) == 1)]
        if fit:
            best = max(
                fit, key=lambda v: (_alike(channels[v], channels[current]), -abs(v - current))
            )
            name = phases[best] or phases[current] or channels[best].name
            found.append(Pair(name.upper(), best, current))
    return tuple(found)


def _fits(
    channels: tuple[Channel, ...], phases: list[str | None], v: int, i: int, alone: bool
) -> bool:
    levels = {found[1] for n in (v, i) if (found := LEVEL.search(channels[n].name))}
    unsaid = alone and "" in (phases[v], phases[i])
    return len(levels) < 2 and (unsaid or (phases[v] == phases[i] and phases[v] != ""))


def _alike(one: Channel, other: Channel) -> int:
    """How many words two names begin with in common."""
    ours, theirs = (re.split(r"[ _.\-]+", c.name.strip()) for c in (one, other))
    same = [a == b for a, b in zip(ours, theirs, strict=False)]
    return [*same, False].index(False)


def _apart(recording: Recording, given: Sequence[str]) -> tuple[Pair, ...]:
    """The pairs that are given, each of them once."""
    found: dict[tuple[int, int], Pair] = {}
    for text in given:
        pair = _given(recording, text)
        if (pair.voltage, pair.current) in found:
            names = (recording.channels[n].name for n in (pair.voltage, pair.current))
            words = f"{' with '.join(names)} a second time"
            raise RecordingError("pair", quoted(text), words, "each pair once")
        found[pair.voltage, pair.current] = pair
    return tuple(found.values())


def _given(recording: Recording, text: str) -> Pair:
    places = [n for n, letter in enumerate(text) if letter == ":"]
    for place in places:
        halves = text[:place], text[place + 1 :]
        voltage, current = (_numbered(recording, half) for half in halves)
        if voltage is not None and current is not None:
            _of_kind(recording, voltage, "voltage", text)
            _of_kind(recording, current, "current", text)
            return Pair(phase_of(recording.channels[voltage]) or halves[0], voltage, current)
    names = ", ".join(c.name for c in recording.channels if c.kind != "other")
    raise RecordingError("pair", "", quoted(text), f"VOLTAGE:CURRENT, two of: {names[:500]}")


def _numbered(recording: Recording, name: str) -> int | None:
    """The channel of a name; one that is spelled just so comes first."""
    names = [c.name for c in recording.channels]
    wanted = name.strip()
    if wanted in names:
        return names.index(wanted)
    lower = [each.lower() for each in names]
    return lower.index(wanted.lower()) if wanted.lower() in lower else None


def _of_kind(recording: Recording, number: int, kind: str, text: str) -> None:
    channel = recording.channels[number]
    if channel.kind not in (kind, "other"):
        words = f"{channel.name}, which is a {channel.kind}"
        raise RecordingError("pair", quoted(text), words, f"a {kind} there")
