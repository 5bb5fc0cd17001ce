"""`smartpdu discover`: what an SNMP device is, and a complete site file for it."""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

from smartpdu.app.config import site_from_text
from smartpdu.app.fault import ConfigError
from smartpdu.app.found import Block, blocks
from smartpdu.app.progress import teller
from smartpdu.drivers.access import Switchboard, access
from smartpdu.drivers.agent import Agent
from smartpdu.drivers.source import SettingsError, SourceError
from smartpdu.drivers.survey import Survey, Unrecognised, remarks, surveyed
from smartpdu.model.build import HOUSE
from smartpdu.model.plausible import PATH, path

SECRETS = {"auth_key": "SMARTPDU_AUTH_KEY", "privacy_key": "SMARTPDU_PRIVACY_KEY"}


@dataclass(frozen=True, slots=True)
class Wish:
    """Where to look, and how the device shall be called in the site."""

    settings: Mapping[str, Any]
    map: str | None
    rack: str
    pdu: str


def discover(wish: Wish, out: TextIO, err: TextIO) -> int:
    """Print a site file for a device; 2 is an address or map without sense, 1 no answer."""
    try:
        wanted = access(wish.settings)
    except SettingsError as error:
        print(f"smartpdu: {_in_words_of_the_command(error)}", file=err)
        return 2
    for option, name in (("--rack", wish.rack), ("--pdu", wish.pdu)):
        if not path(name) or name == HOUSE:
            expected = PATH if name != HOUSE else "a name that is not taken"
            print(f"smartpdu: {option}: found {name!r}, expected {expected}", file=err)
            return 2
    try:
        found = asyncio.run(_asked(Agent(wanted, Switchboard()), wish, teller(err)))
        text = written(found, wish)
        site_from_text(text, "the site found")  # what is printed here, run takes
    except SettingsError as error:
        place = f"{error.file}:{error.line}: " if error.file else ""
        print(f"smartpdu: {place}{error}", file=err)
        return 2
    except (SourceError, ConfigError) as error:
        print(f"smartpdu: {_in_words_of_the_command(error)}", file=err)
        return 2 if isinstance(error, Unrecognised | ConfigError) else 1
    print(text, end="", file=out)
    if any(key in wish.settings for key in SECRETS):
        print("smartpdu: the keys of SNMPv3 stand in this file: let nobody else read it", file=err)
    return 0


async def _asked(agent: Agent, wish: Wish, tell: Callable[[str], None]) -> Survey:
    try:
        return await surveyed(agent, wish.map, lambda what: tell(f"asking for {what} ..."))
    finally:
        tell("")
        agent.close()


def _in_words_of_the_command(error: Exception) -> str:
    """A fault of who asks, with the names that a person has given it by."""
    words = str(error)
    for key, name in SECRETS.items():
        words = words.replace(key, f"the environment variable {name}")
    return words


def from_environment(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with the keys of SNMPv3, which no command line shows to others."""
    if "user" not in settings:
        return dict(settings)
    keys = {key: os.environ.get(name, "") for key, name in SECRETS.items()}
    return {**settings, **{key: value for key, value in keys.items() if value}}


def written(found: Survey, wish: Wish) -> str:
    """The site file, with what the device said of itself at its head."""
    about = {key: value for key, value in found.about.items() if value}
    head = [f"# {found.map.maker} {found.map.family}: found by smartpdu discover"]
    head += [f"#   {key}: {value}" for key, value in about.items()]
    head += [f"# note: {remark}" for remark in remarks(found)]
    head += ["# Ratings and wiring are as the device tells them: compare them with the plates."]
    serial = {"serial": about["serial"]} if "serial" in about else {}
    settings = {"map": wish.map or found.map.name, **wish.settings, **serial}
    name = about.get("model") or found.map.family
    made = blocks(found, wish.rack, wish.pdu, {"driver": "snmp", **settings, "name": name})
    return "\n".join([*head, "", *(_text(block) for block in made)])


def _text(block: Block) -> str:
    lines = [f"# {note}" for note in block.notes]
    lines.append(f"[[{block.table}]]")
    lines += [f"{key} = {_value(value)}" for key, value in block.values.items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:.10g}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML forbids it raw
