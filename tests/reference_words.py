"""What the keys of a site and of a scenario mean: the words of docs/reference that no code has.

A key is (what it is, unit, what it may be, default); what the code knows itself is left empty.
"""

from smartpdu.drivers.access import LONGEST, SHORTEST

ABOVE, FROM_0 = "above 0", "0 or above"
NEEDED = "needed"
Words = tuple[str, str, str, str]


def key(what: str, unit: str = "", may_be: str = "", default: str = "") -> Words:
    """The words of one key."""
    return what, unit, may_be, default


def of_all(address: str = "") -> dict[str, Words]:
    """The keys that most tables have."""
    words = {
        "path": key(
            "what it is called everywhere, in the API too: a name, or several joined by `/`; "
            "no other place has the same",
            "",
            "text without spaces, `?`, `#`, `%` or `\\`; no part of it is `.` or `..`",
        ),
        "name": key("what people read", "", "text", "the last part of the path"),
    }
    asked = (
        f"what its source calls it: {address}. `none` for one that stands there and is not read; "
        "the twin needs none"
    )
    if address:
        words["address"] = key(asked, "", "text", "the last part of the path")
    return words


TABLES: dict[str, tuple[str, dict[str, Words]]] = {
    "site": (
        "The whole. The table may be left out.",
        {
            "name": key("what the site is called", "", "text", "the names of its racks"),
            "language": key(
                "kept for what the program will send; the page asks the browser",
                "",
                '`"en"` or `"de"`',
                '`"en"`',
            ),
        },
    ),
    "source": (
        "Who is asked for readings and switches the outlets. At least one is needed. A driver has "
        "keys of its own, below.",
        {
            **of_all(),
            "driver": key("how it is asked", "", "", NEEDED),
            "interval": key(
                "how often it is read; after three intervals without an answer its readings are "
                "gaps",
                "s",
            ),
        },
    ),
    "rack": ("A rack. Rules never look beyond it.", of_all()),
    "pdu": (
        "A PDU in a rack. A rack may have any number.",
        {
            **of_all("no driver that comes with the program asks for it"),
            "rack": key("where it stands"),
            "source": key("who reads it and all below it"),
        },
    ),
    "feed": (
        "A supply of a PDU, one for each inlet.",
        {
            **of_all("such as `1` or `1.1`"),
            "pdu": key("the PDU that it feeds"),
            "label": key("which supply path it is: feeds with one label fail together", "", "text"),
            "rated_power": key("what it may carry for ever; it must go with what its phases carry"),
            "nominal_frequency": key("what the grid has"),
        },
    ),
    "phase": (
        "A line conductor of a feed: one, two or three.",
        {
            **of_all("such as `1.1.2`"),
            "feed": key("the feed that it belongs to"),
            "rated_current": key("what it may carry for ever"),
            "nominal_voltage": key("line to neutral"),
            "line": key(
                "which line it is, of a feed each once; L1 of A and L1 of B carry a rack together",
                "",
                "a whole number, 0 to 3",
                "`0`: the number at the end of a path as `rack1/A/L2`",
            ),
        },
    ),
    "circuit": (
        "A branch circuit: what one breaker protects.",
        {
            **of_all("such as `1.3`"),
            "phase": key("the phase that it branches from"),
            "rated_current": key("what its breaker is made for; it must protect its phase"),
        },
    ),
    "outlet": (
        "A socket of a circuit. The page shows outlets in the order of the file: write them as "
        "they stand.",
        {
            **of_all("such as `1.7`"),
            "circuit": key("the circuit that it hangs on"),
            "connector": key("its shape"),
            "rated_current": key("what it may carry for ever"),
            "resolution": key("the smallest step of its current meter; below it nothing is judged"),
            "switchable": key("whether it may be switched; an order is refused where it may not"),
            "metered": key("whether it has meters; `false`: its readings are gaps and no alarm"),
        },
    ),
    "probe": (
        "A sensor of air in a rack: temperature and humidity.",
        {
            **of_all("such as `1.1`"),
            "rack": key("where it hangs"),
            "source": key("who reads it"),
            "position": key("`top`, `bottom`, `rear` or where else it hangs", "", "text", "none"),
        },
    ),
    "door": (
        "A door of a rack.",
        {
            **of_all("such as `1`"),
            "rack": key("the rack that it closes"),
            "source": key("who reads it"),
        },
    ),
}

SNMP: dict[str, Words] = {
    "address": key(
        "where the device is; the port is 161 where none is named",
        "",
        "`HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`",
        NEEDED,
    ),
    "map": key(
        "which PDUs it belongs to, or a [map of your own](../how-to/map.md), looked for beside the "
        "site's file",
        default=NEEDED,
    ),
    "community": key(
        "who asks, by SNMPv2c; either this or `user`, and that says the version", "", "text", "none"
    ),
    "user": key("who asks, by SNMPv3", "", f"text of at most {LONGEST} characters", "none"),
    "auth": key("how the user proves who it is; together with `auth_key`", default="none"),
    "auth_key": key("the password for it", "", f"text of at least {SHORTEST} characters", "none"),
    "privacy": key(
        "how it is encrypted; together with `privacy_key`, and with `auth`", default="none"
    ),
    "privacy_key": key(
        "the password for it", "", f"text of at least {SHORTEST} characters", "none"
    ),
    "timeout": key("how long an answer is waited for", "s", "0.1 to 20", "2"),
    "retries": key(
        "how often it is asked again without an answer", "", "a whole number, 0 to 5", "1"
    ),
    "serial": key(
        "the device's serial number: another one at this address is not read and never switched",
        "",
        "text",
        "any device that the map is for",
    ),
}

ADC: dict[str, Words] = {
    "address": key(
        "where its [frames](frames.md) come from: a UDP port of this machine, a named pipe, or a "
        "file that is played at the pace it was taken",
        "",
        "`udp:ADDRESS:PORT`, `udp:[IPV6]:PORT`, `pipe:PATH` or `file:PATH`",
        NEEDED,
    ),
    "sender": key("the board: over UDP, nobody else is heard", "", "an IP address", "anybody"),
    "channel": key(
        "what its channels are, in their order in a frame",
        "",
        "tables `[[source.channel]]`",
        NEEDED,
    ),
}

CHANNEL: dict[str, Words] = {
    "place": key(
        "what it measures; a current needs a channel for the voltage of its phase as well",
        "",
        "the path of a feed, phase, circuit or outlet, or `none` for an unused channel",
        NEEDED,
    ),
    "quantity": key(
        "what of it: of a phase its voltage or current, of a circuit its current or residual "
        "current, of an outlet its current, of a feed the current in its neutral or its residual "
        "current",
        default=NEEDED,
    ),
    "gain": key(
        "what one count is; below 0 where the sensor is turned round",
        "V or A",
        "a number of 1e-12 to 10000, or below 0",
        NEEDED,
    ),
    "offset": key("the count at 0 V or 0 A", "1", "a number", "`0`"),
    "delay": key(
        "how late its signal comes, below 0 where it is sampled late; "
        "only differences between channels matter",
        "s",
        "a number, 0.001 at most either way",
        "`0`",
    ),
}

LIMIT: dict[str, Words] = {
    "rule": key("which rule, as in the table below", "", "a rule", NEEDED),
    "place": key(
        "where; only bounds may differ by place",
        "",
        "the path of a place of its kind",
        "all places",
    ),
    "low_critical": key("at this or below it is critical"),
    "low_warning": key("at this or below it is a warning"),
    "high_warning": key("at this or above it is a warning"),
    "high_critical": key("at this or above it is critical"),
    "hysteresis": key("how far inside a value must be before the level is left"),
    "dwell": key("how long a value must be beyond a bound before it counts", "s"),
    "dwell_critical": key("the same for critical; where there is none, `dwell` counts", "s"),
    "release": key("how long it must be back inside before the level is left", "s"),
}

TWIN: dict[str, Words] = {
    "seed": key("the dice it lives by", "", "a whole number from 0", "1"),
    "waves": key(
        "whether currents, voltages and what follows from them are measured from sampled waves, as "
        "a measuring board would; takes some 200 MB of memory and 2 % of a core for 44 outlets",
        "",
        "`true` or `false`",
        "`false`",
    ),
    "server": key("what hangs on the outlets", "", "tables `[[twin.server]]`", "none"),
    "fault": key("what shall go wrong", "", "tables `[[twin.fault]]`", "none"),
}

SERVER: dict[str, Words] = {
    "path": key(
        "what it is called in the truth that `simulate` prints; no other has the same",
        "",
        "text",
        "`server/1` for the first",
    ),
    "name": key("what people call it", "", "text", "none"),
    "cords": key(
        "the outlets that it hangs on, in the order of its power supplies",
        "",
        "a list of paths of outlets",
        NEEDED,
    ),
    "rated_power": key("direct current that it takes at full load", "W", ABOVE),
    "idle_power": key("direct current that it takes at rest", "W", "0 to its `rated_power`"),
    "demand": key("its mean load between idle (0) and rated (1)", "1", "0 to 1"),
    "kind": key("what its load does: wanders, steps with a job, is replayed, or stays off"),
    "mode": key("whether its supplies share the load, or all but the first sleep at low load"),
    "boot": key("how long it boots once it is fed", "s", FROM_0),
    "supply_power": key(
        "rating of each supply", "W", FROM_0, "`0`: enough for the others to carry it without one"
    ),
    "corrected": key(
        "whether its supplies correct their power factor, as all do today that are built for racks",
        "",
        "`true` or `false`",
    ),
    "idle_shares": key(
        "how its cords share the load at low load",
        "1",
        "a list of numbers above 0, one for each cord, that are 1 together",
        "nearly even",
    ),
    "full_shares": key(
        "the same at full load",
        "1",
        "a list of numbers above 0, one for each cord, that are 1 together",
        "nearly even",
    ),
    "replay": key(
        'a CSV file of recorded power, with the column `t_s` in s; with `kind = "replay"`. It is '
        "looked for beside the site's file",
        "",
        "a file",
        "none",
    ),
    "replay_columns": key(
        "its columns of power in W", "", "a list of names, one for each cord", "none"
    ),
}

FAULT: dict[str, Words] = {
    "at": key("when it begins, from the start of the twin", "s", FROM_0, NEEDED),
    "kind": key("what goes wrong", "", "one of the [kinds](scenario.md#kinds-of-faults)", NEEDED),
    "place": key("where", "", "the path of a place of its kind", NEEDED),
    "size": key("how much of it", "of its kind", "as its kind says", "the usual one of its kind"),
    "rate": key(
        "how fast it grows up to its size, where its kind can grow",
        "of its kind, a minute",
        FROM_0,
        "`0`: all of it at once",
    ),
    "lasts": key("how long it acts, until at least its first whole second", "s", ABOVE, "for ever"),
}

SCENARIO: dict[str, Words] = {
    "site": key(
        "the site that it happens to: a file, looked for beside the scenario, or the demonstration "
        "rack. The faults of its own section `[twin]` are left out",
        "",
        "text",
        '`"demo"`',
    ),
    "duration": key("how long it lasts", "s", "", NEEDED),
    "seed": key("the dice of the twin", "", "a whole number from 0", "the site's"),
    "fault": key("what goes wrong", "", "tables `[[fault]]`", "none"),
    "order": key("what somebody switches", "", "tables `[[order]]`", "none"),
}

WITHIN = "0 to its `duration`"
SCENARIO_FAULT = FAULT | {
    "at": key("when it begins, from the start", "s", f"{WITHIN}, which it must not reach", NEEDED)
}
ORDER: dict[str, Words] = {
    "at": key("when it is asked for, from the start", "s", WITHIN, NEEDED),
    "place": key("which outlet", "", "the path of an outlet", NEEDED),
    "on": key("`true` to switch on, `false` to switch off", "", "", NEEDED),
    "by": key("who asks, an operator", "", "text"),
}
