"""What the facts and computed readings of a place mean, where their name does not tell it all."""

from smartpdu.model.plant import Kind

FACTS = {
    "side": "the label as a number: feeds of one side are lost and carry together",
    "label": "which path of the supply it is, such as A or B",
    "line": "which line conductor it is, from 1; pairs the phases of A and B",
    "resolution": "smallest step of its meter of current, in A",
    "position": "top, bottom or where else it hangs",
    "switchable": "whether it may be switched at all",
    "metered": "whether it has a meter of its own",
}
COMPUTED = {
    (Kind.OUTLET, "cord.peak"): (
        "highest current that the outlet carried, forgotten over about a week, and 0 once it was "
        "switched off; a cord counts as unplugged where it was high and the current is gone"
    ),
    (Kind.PHASE, "load.reserve"): (
        "current that may still be added where this feed carries the rack alone, up to 80 % of "
        "the rating; below 0 that much is lacking"
    ),
    (Kind.PROBE, "climate.dew_point"): "temperature at which water condenses from this air",
}


def of_readings(kind: Kind) -> str:
    """What the readings of a kind of place are."""
    lines = [f"`{key}`: {words}." for (of, key), words in COMPUTED.items() if of is kind]
    return " ".join(
        ["By quantity; the quality of one that was not measured is `computed`.", *lines]
    )
