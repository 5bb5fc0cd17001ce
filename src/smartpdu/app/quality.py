"""`smartpdu quality`: the voltages of each feed against EN 50160, this week and the one before."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from smartpdu.drivers.sealed import Damaged
from smartpdu.drivers.verdicts import NAME, reports
from smartpdu.network.judged import judged

WORDS = {True: "kept", False: "NOT KEPT", None: "not judged yet"}
WEEKS = {"now": "this week, so far", "last": "last week"}
UNITS = {"flicker": ""}  # of the worst value; all else is in percent
HARMONICS = "harmonic"
NO_VOLTAGE = "its voltage not judged yet"
ALWAYS = (", all", " at all times")  # of the key of a criterion; how people are told


def quality(data: Path, as_json: bool, out: TextIO, err: TextIO) -> int:
    """Print the verdicts, by times of REST in JSON.

    0: kept as far as judged, 1: not kept, 2: a feed was not judged yet, or there is none to read.
    """
    file = data / f"{NAME}.kept"
    try:
        feeds = reports(file.read_bytes())
    except FileNotFoundError:
        print(f"smartpdu: {file}: not found; only voltages that are sampled are judged", file=err)
        return 2
    except OSError as error:
        print(f"smartpdu: {file}: {error.strerror}", file=err)
        return 2
    except Damaged as error:
        print(f"smartpdu: {file}: found damage ({error}), expected what was written", file=err)
        return 2
    if as_json:
        print(json.dumps({"file": str(file), "feeds": [judged(feed) for feed in feeds]}), file=out)
    else:
        print("\n".join(_lines(feeds)), file=out)
    return _code([[week["kept"] for name in WEEKS if (week := feed[name])] for feed in feeds])


def _code(feeds: list[list[bool | None]]) -> int:
    if any(False in weeks for weeks in feeds):
        return 1
    return 0 if feeds and all(True in weeks for weeks in feeds) else 2


def _lines(feeds: list[dict[str, Any]]) -> Iterator[str]:
    if not feeds:
        yield "no feed was measured yet"
    for feed in feeds:
        for name, words in WEEKS.items():
            if week := feed[name]:
                yield from _week(feed["feed"], words, week)
        if not any(feed[name] for name in WEEKS):
            yield f"{feed['feed']}: nothing judged yet"


def _week(feed: str, words: str, week: Mapping[str, Any]) -> Iterator[str]:
    best = week["iec_61000_2_4_class"]
    rank = f"; class {best} of IEC 61000-2-4" if best else ""
    span = f"{_day(week['begin'])} to {_day(week['end'])}"
    share = f"{100 * week['covered']:.1f} % of the week judged" if week["covered"] else NO_VOLTAGE
    share = f"; {share}" if week["kept"] is not None else ""
    yield f"{feed}, {words}, {span}: EN 50160 {WORDS[week['kept']]}{share}{rank}"
    calm = 0
    for verdict in week["verdicts"]:
        if verdict["criterion"].startswith(HARMONICS) and verdict["kept"] is not False:
            calm += verdict["kept"] is True  # 23 for each phase: those that are kept, in one line
        else:
            yield f"  {verdict['place']}: {_verdict(verdict)}"
    if calm:
        yield f"  harmonics up to order 25: kept {calm} times"


def _verdict(verdict: Mapping[str, Any]) -> str:
    said = f"{verdict['criterion'].replace(*ALWAYS)} {WORDS[verdict['kept']]}"
    if verdict["kept"] is not None:
        unit = UNITS.get(verdict["criterion"], " %")
        said += f": {verdict['within']:.1f} % of {verdict['judged']:,} within"
        said += (
            f", {verdict['required']:g} % required; worst {round(verdict['worst'], 4):.3g}{unit}"
        )
        said += f" at {_time(verdict['worst_end'])}"
    left = [f"{verdict['flagged']:,} flagged"] if verdict["flagged"] else []
    if gaps := verdict["gaps"]:
        left.append(f"{gaps:,} {'gap' if gaps == 1 else 'gaps'}")
    return f"{said} ({', '.join(left)})" if left else said


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _time(at: float | None) -> str:
    if at is None:
        return "no time"
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
