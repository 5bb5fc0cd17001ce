"""The shapes of REST's bodies, as the OpenAPI description shows them; nothing beside them is told.

The facts of a place are the columns of its table in the model, so they are described from there.
"""

from dataclasses import fields
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    create_model,
)

from smartpdu.model.plant import PARENTS, Kind, Plant
from smartpdu.model.units import Column, Flags, Rows
from smartpdu.network.rest.meaning import FACTS, of_readings

KINDS = tuple(k for k in Kind if k is not Kind.HOUSE)
LONGEST_NAME = 255  # characters of a path or a rule's key
LONGEST_REASON = 500
LONGEST_SHELF = 7 * 24 * 60  # minutes
FAILURE = "why its source does not answer now, in words; empty where it does"
UNJUDGED = "null: voltage, THD and unbalance were not all judged yet"
FUNDAMENTAL = "its RMS value; null where it does not stand out of noise"
HARMONICS = "orders 1 to 50, subgroups of IEC 61000-4-7, % of the fundamental"
INTERHARMONICS = "centred subgroups between each order and the next, % of the fundamental"
SAYS = r"\S"  # a text of blanks alone says nothing

Moment = AwareDatetime  # ISO 8601 in UTC
Two = dict[Literal["en", "de"], str]


class Shape(BaseModel):
    """A body with these fields and no other."""

    model_config = ConfigDict(extra="forbid")


class Reading(Shape):
    """One value with its unit, time and quality; null is a gap."""

    value: float | int | bool | None
    unit: str
    at: Moment
    quality: Literal["good", "computed", "stale", "gap"]


class History(Shape):
    """A quantity over time, in equal spans; null is a gap."""

    path: str
    quantity: str
    unit: str
    at: list[Moment]
    least: list[float | None]
    mean: list[float | None]
    greatest: list[float | None]


BODY = (
    "its own fields; a time is as `at` is, and what says nothing is null. "
    "Of VoltageDisturbed and InrushCaptured, `waveform` names the file with the samples, "
    "`waveform_start` is its first sample, and `waveform_part` tells whether it shows the whole, "
    "the beginning, the end or the middle of what happened. Of VoltageDisturbed, `duration` is "
    "null while it lasts, and where `end_unseen` is true: it ended while nobody measured, after "
    "`at_least` and `at_most` so many seconds; `whole` is false where part of it lay in a gap, "
    "before the first sample or after the program stopped; `itic` is its zone on the curve of ITIC "
    "(tolerated, interrupted: equipment may stop, prohibited: it may be damaged), null while it "
    "lasts and of a rapid voltage change; `f47` is whether SEMI F47 asks equipment to ride "
    "through, null while it lasts and of what is no dip or interruption"
)


class Event(Shape):
    """An event of the journal; the body depends on its kind."""

    seq: int
    at: Moment
    kind: str
    place: str
    body: Annotated[dict[str, Any], Field(description=BODY)]


class WaveformRow(Shape):
    """A file with the samples of something that was noticed; events tell its name."""

    name: str
    place: str
    kind: Annotated[str, Field(description='the worst that it shows, as "dip", or "inrush"')]
    start: Annotated[Moment, Field(description="when its first sample was taken")]
    part: Annotated[
        Literal["whole", "beginning", "end", "middle"],
        Field(description="of what it is named after: which part its samples show"),
    ]
    bytes: int
    sha256: str


class Judged(Shape):
    """Whether a place kept a criterion in a week, and what that rests on; in percent."""

    place: str
    criterion: str
    kept: Annotated[bool | None, Field(description="null: there is nothing to judge by")]
    within: Annotated[float | None, Field(description="of the judged intervals")]
    required: float
    low: Annotated[float | None, Field(description="of a voltage or frequency: off the nominal")]
    high: Annotated[float | None, Field(description="of flicker, Plt: without a unit")]
    interval: Annotated[float, Field(description="in s")]
    judged: int
    beyond: int
    flagged: Annotated[int, Field(description="not judged: a dip, swell or interruption")]
    gaps: Annotated[int, Field(description="not judged: no value")]
    missing: Annotated[int, Field(description="of the whole week, not seen")]
    worst: float | None
    worst_end: Moment | None


class QualityWeek(Shape):
    """A week of a feed's voltages against EN 50160."""

    feed: str
    begin: Moment
    end: Moment
    kept: Annotated[bool | None, Field(description=UNJUDGED)]
    covered: Annotated[float, Field(description="share of its ten minutes that were judged")]
    iec_61000_2_4_class: Annotated[
        int | None, Field(description="null: not even 3, or not judged yet")
    ]
    verdicts: list[Judged]


class QualityRow(Shape):
    """A feed whose voltages are judged: this week so far, and the one before."""

    feed: str
    now: QualityWeek | None
    last: QualityWeek | None


class SpectrumRow(Shape):
    """Harmonics of one quantity; null is a gap, or beyond what samples can tell."""

    place: str
    quantity: Literal["voltage", "current", "neutral_current", "residual_current"]
    unit: Literal["V", "A"]
    at: Moment
    fundamental: Annotated[float | None, Field(description=FUNDAMENTAL)]
    harmonics: Annotated[list[float | None], Field(description=HARMONICS)]
    interharmonics: Annotated[list[float | None], Field(description=INTERHARMONICS)]


class AlarmRow(Shape):
    """An alarm that stands, with what it means and what to do."""

    rule: str
    place: str
    name: Annotated[str, Field(description="of the place; of a source with what it reads")]
    standing: Literal["calling", "known", "passed", "shelved"]
    level: Literal["normal", "warning", "critical"]
    value: float | None
    limit: float | None
    unit: str
    since: Moment
    by: str
    until: Moment | None
    reason: str
    title: Two
    cause: Two
    failure: Annotated[str, Field(description=FAILURE)]
    action: Two


class PowerWish(Shape):
    """What an outlet shall be."""

    on: StrictBool


class AlarmName(Shape):
    """An alarm by its rule and place."""

    rule: StrictStr
    place: StrictStr


class ShelveWish(AlarmName):
    """For how long and why an alarm is put aside."""

    minutes: Annotated[float, Field(strict=True, gt=0, le=LONGEST_SHELF, allow_inf_nan=False)]
    reason: Annotated[StrictStr, Field(max_length=LONGEST_REASON, pattern=SAYS)]


class Command(Shape):
    """How far a command has come."""

    id: str
    place: str
    on: bool
    by: str
    state: Literal["intended", "done", "refused", "disobeyed"]
    reason: str
    asked: Moment
    intended: Moment | None
    finished: Moment | None


class Granted(Shape):
    """A request that was carried out."""

    done: bool


def place_shape(kind: Kind) -> type[BaseModel]:
    """A place of a kind: path, name, its facts, and readings by quantity."""
    table = get_type_hints(Plant)[kind.value]
    hints = get_type_hints(table, include_extras=True)
    facts: dict[str, Any] = {
        f.name: (_told(f.name, hints[f.name]), Field(description=FACTS.get(f.name)))
        for f in fields(table)
        if f.name != "address"
    }
    if kind is Kind.SOURCE:
        facts["failure"] = (Annotated[str, Field(description=FAILURE)], ...)
    shape: type[BaseModel] = create_model(
        f"{table.__name__[:-1]}Row",
        __base__=Shape,
        __doc__=f"One of the {kind.value} with its facts and readings.",
        **facts,
        readings=(dict[str, Reading], Field(description=of_readings(kind))),
    )
    return shape


def _told(name: str, hint: Any) -> type:
    """What a fact of the model is when it is told: the path of a parent, a number, a word."""
    if hint == Rows:
        return str if name in PARENTS else int
    if hint == Flags:
        return bool
    return float if getattr(hint, "__origin__", None) == Column else str
