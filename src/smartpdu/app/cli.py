"""The command line: run, analyze, simulate, check, discover, verify, quality, token."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

EXIT_BAD_INPUT = 2
DIGITS = 100  # of a seed
DATA = (
    "where the memory lies; default: $SMARTPDU_DATA, or else $XDG_STATE_HOME/smartpdu, or else "
    "~/.local/state/smartpdu"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command; 0 is well, 1 failed while it ran, 2 is bad input."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # a service may be started without them
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end
            setattr(sys, name, nowhere)
    wanted = _parser().parse_args(argv)
    try:
        code: int = wanted.action(wanted)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # what was printed could not be written
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"smartpdu: {error.strerror or error}", file=sys.stderr)
        return 1


def data_directory(given: Path | None) -> Path:
    """Where the memory lies: as given, $SMARTPDU_DATA, or the user's own state directory."""
    if given is not None:
        return given
    if os.environ.get("SMARTPDU_DATA"):
        return Path(os.environ["SMARTPDU_DATA"])
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "smartpdu"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smartpdu",
        description="A rack's power distribution as its central system component.",
        epilog="Early warning and support: it never replaces a breaker, an RCD, a fire alarm "
        "system or an electrician.",
    )
    parser.add_argument("--version", action="version", version=f"smartpdu {version('smartpdu')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _run_parser(commands)
    _analyze_parser(commands)
    _simulate_parser(commands)
    _check_parser(commands)
    _discover_parser(commands)
    _verify_parser(commands)
    _quality_parser(commands)
    _token_parser(commands)
    return parser


def _run_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = commands.add_parser(
        "run",
        help="watch a site; without --config, the demonstration rack",
        epilog="Prints an address and a link that lets one browser in, once, within 10 minutes; a "
        "new start prints a new one. SIGINT, SIGTERM and SIGHUP end it; no outlet moves by a start "
        "or an end.",
    )
    run.add_argument(
        "--config",
        type=Path,
        metavar="SITE.toml",
        help="what is built and who is asked; default: the demonstration rack",
    )
    run.add_argument("--data", type=Path, metavar="DIR", help=DATA)
    run.add_argument(
        "--listen",
        default="127.0.0.1:8080",
        metavar="HOST:PORT",
        help="0.0.0.0 is every address, port 0 a free one; default: %(default)s",
    )
    run.add_argument("--cert", type=Path, help="TLS certificate chain (PEM); default: no TLS")
    run.add_argument("--key", type=Path, help="its private key (PEM); default: no TLS")
    run.add_argument(
        "--insecure-http",
        action="store_true",
        help="allow plain HTTP beyond this machine: anybody on the way can read and switch; "
        "default: refused",
    )
    run.set_defaults(action=_run)


def _analyze_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    analyze = commands.add_parser(
        "analyze",
        help="tell what a recording of waveforms holds",
        epilog="Reads COMTRADE (.cfg with .dat, .cff), tables (.csv, .txt, .tsv) and .wav. Values "
        "are in V and A, on the primary side of a transformer that the file tells of. The exit "
        "code is 2 for a file that cannot be read.",
    )
    add = analyze.add_argument
    add("file", type=Path, metavar="FILE", help="the recording; of COMTRADE, the .cfg or the .cff")
    add("--json", action="store_true", help="one JSON object; default: text")
    add(
        "--plot",
        type=Path,
        metavar="OUT",
        help="draw it too, as a page (.html) or a picture (.png); default: no",
    )
    add(
        "--pair",
        action="extend",
        nargs="+",
        metavar="U1:I1",
        help="a voltage and the current that belongs to it; default: found by names and units",
    )
    add(
        "--nominal",
        type=_positive,
        metavar="V",
        help="the voltage that dips and swells are judged by; default: what it mostly was",
    )
    add(
        "--frequency",
        type=int,
        choices=[50, 60],
        help="nominal, in Hz; default: the one that is nearer to what is measured",
    )
    add(
        "--rate",
        type=_positive,
        metavar="HZ",
        help="of a table without times: samples in a second; default: told by its times",
    )
    add(
        "--names",
        nargs="+",
        default=(),
        metavar="NAME",
        help='of a .wav: what its channels are, as "U1 (V)"; default: 1, 2, ...',
    )
    add(
        "--scale",
        nargs="+",
        type=float,
        default=(),
        metavar="X",
        help="of a .wav: what full scale is in each channel; default: 1",
    )
    add(
        "--as-recorded",
        action="store_true",
        help="keep values of a transformer's secondary side, as the file has them; default: those "
        "of its primary side",
    )
    analyze.set_defaults(action=_analyze)


def _simulate_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    simulate = commands.add_parser(
        "simulate",
        help="play a scenario in virtual time",
        description="Readings are those that the twin computes: waves are measured by `smartpdu "
        "run` only, and a site with waves = true is told so.",
        epilog="The exit code is 0 where every fault was found by its alarm, 1 where one was not, "
        "2 for a file that cannot be used.",
    )
    simulate.add_argument("scenario", type=Path, metavar="SCENARIO.toml", help="what happens")
    simulate.add_argument(
        "--seed",
        type=_seed,
        metavar="N",
        help="dice of the twin, from 0; default: the scenario's, or else the site's, or else 1",
    )
    simulate.add_argument(
        "--json", action="store_true", help="one JSON object for each line; default: text"
    )
    simulate.set_defaults(action=_simulate)


def _check_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    check = commands.add_parser("check", help="say all that is wrong with a site file")
    check.add_argument("site", type=Path, metavar="SITE.toml", help="what is built")
    check.add_argument(
        "--offline", action="store_true", help="do not ask the devices; default: each is asked"
    )
    check.set_defaults(action=_check)


def _discover_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    discover = commands.add_parser(
        "discover",
        help="print a site file for an SNMP device",
        epilog="The keys of SNMPv3 are read from SMARTPDU_AUTH_KEY and SMARTPDU_PRIVACY_KEY.",
    )
    add = discover.add_argument
    add("address", metavar="HOST[:PORT]", help="the port is 161 where none is named")
    add("--community", metavar="C", help="SNMPv2c; default: public, where there is no --user")
    add("--user", help="SNMPv3; default: none, SNMPv2c is spoken")
    add("--auth", help="md5, sha1, sha224, sha256, sha384 or sha512; default: none")
    add("--privacy", help="des, aes128, aes192 or aes256; default: none")
    add("--map", metavar="NAME", help="or a file in .toml; default: the one that fits the device")
    add("--rack", default="rack1", help="what its rack shall be called; default: %(default)s")
    add("--pdu", default="A", help="what it shall be called in its rack; default: %(default)s")
    add("--timeout", type=float, help="seconds to wait for an answer, 0.1 to 20; default: 2")
    discover.set_defaults(action=_discover)


def _verify_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verify = commands.add_parser(
        "verify",
        help="say whether the journal is still what was written",
        description="Compares the seal of every event, also while `smartpdu run` runs; writes "
        "nothing. It shows an event that was changed, taken out, moved or put in. It cannot show a "
        "chain that was written anew, or cut off at its end, by somebody who can write the file: "
        "keep the last seal elsewhere and compare it with --seal.",
        epilog="The exit code is 0 where the chain is whole and holds the kept seal, 1 where not, "
        "2 where nothing could be looked at.",
    )
    verify.add_argument(
        "--data", type=Path, metavar="DIR", help=f"{DATA}; it must be that of `smartpdu run`"
    )
    verify.add_argument(
        "--seal", metavar="HEX", help="a last seal that was kept elsewhere; default: none"
    )
    verify.add_argument("--json", action="store_true", help="one JSON object; default: text")
    verify.set_defaults(action=_verify)


def _quality_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    quality = commands.add_parser(
        "quality",
        help="judge the week's voltages by EN 50160",
        description="This week so far and the one before, of each feed whose voltage is sampled; "
        "also while `smartpdu run` runs. Weeks begin on Monday, UTC.",
        epilog="The exit code is 0 where each feed was kept as far as it was judged, 1 where one "
        "was not, 2 where one was not judged yet, where there is nothing, or where the file "
        "quality.kept is damaged.",
    )
    quality.add_argument("--data", type=Path, metavar="DIR", help=f"{DATA}; that of `smartpdu run`")
    quality.add_argument("--json", action="store_true", help="one JSON object; default: text")
    quality.set_defaults(action=_quality)


def _token_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    token = commands.add_parser("token", help="bearer tokens for the API")
    kinds = token.add_subparsers(required=True, metavar="ACTION")
    create = kinds.add_parser("create", help="print a new token, and nothing else")
    create.add_argument(
        "--role",
        required=True,
        choices=["viewer", "operator", "admin"],
        help="what it may: read, switch too, or all; needed",
    )
    create.add_argument("--name", default="", help="what it is for; default: no name")
    create.set_defaults(action=_token_create)
    listed = kinds.add_parser("list", help="show tokens; their secrets are not kept")
    listed.add_argument(
        "--json", action="store_true", help="one JSON object for each line; default: text"
    )
    listed.set_defaults(action=_token_list)
    revoke = kinds.add_parser("revoke", help="end a token")
    revoke.add_argument("id", help="as `smartpdu token list` shows it")
    revoke.set_defaults(action=_token_revoke)
    for each in (create, listed, revoke):
        each.add_argument(
            "--data",
            type=Path,
            metavar="DIR",
            help=f"{DATA}; it must be that of `smartpdu run`",
        )


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from 0")
    return int(text)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number above 0")
    return value


def _run(wanted: argparse.Namespace) -> int:
    from smartpdu.app.config import demo, load
    from smartpdu.app.fault import ConfigError
    from smartpdu.app.listen import ListenError, listening
    from smartpdu.app.log import to_stderr
    from smartpdu.app.wire import CannotStart, run

    to_stderr()
    try:
        site = load(wanted.config) if wanted.config else demo()
        http = listening(wanted.listen, wanted.insecure_http, wanted.cert, wanted.key)
    except (ConfigError, ListenError) as error:
        return _bad(str(error))
    try:
        return run(site, data_directory(wanted.data), http)
    except ConfigError as error:
        return _bad(str(error))
    except (CannotStart, ListenError) as error:
        print(f"smartpdu: {error}", file=sys.stderr)
        return 1


def _analyze(wanted: argparse.Namespace) -> int:
    from smartpdu.app.analyze import Wish, analyze
    from smartpdu.drivers.recordings import Given

    wish = Wish(
        wanted.file,
        wanted.json,
        wanted.plot,
        tuple(wanted.pair or ()),
        wanted.nominal,
        wanted.frequency,
        Given(wanted.rate, wanted.names, wanted.scale),
        wanted.as_recorded,
    )
    return analyze(wish, sys.stdout, sys.stderr)


def _simulate(wanted: argparse.Namespace) -> int:
    from smartpdu.app.simulate import simulate

    return simulate(wanted.scenario, wanted.seed, wanted.json, sys.stdout, sys.stderr)


def _check(wanted: argparse.Namespace) -> int:
    from smartpdu.app.check import check
    from smartpdu.app.log import to_stderr

    to_stderr()
    return check(wanted.site, wanted.offline, sys.stdout, sys.stderr)


def _discover(wanted: argparse.Namespace) -> int:
    from smartpdu.app.discover import Wish, discover, from_environment

    names = ("address", "community", "user", "auth", "privacy", "timeout")
    given = {name: value for name in names if (value := getattr(wanted, name)) is not None}
    if "user" not in given:
        given.setdefault("community", "public")
    wish = Wish(from_environment(given), wanted.map, wanted.rack, wanted.pdu)
    return discover(wish, sys.stdout, sys.stderr)


def _verify(wanted: argparse.Namespace) -> int:
    from smartpdu.app.verify import verify

    where = data_directory(wanted.data)
    return verify(where, wanted.seal, wanted.json, sys.stdout, sys.stderr)


def _quality(wanted: argparse.Namespace) -> int:
    from smartpdu.app.quality import quality

    return quality(data_directory(wanted.data), wanted.json, sys.stdout, sys.stderr)


def _token_create(wanted: argparse.Namespace) -> int:
    from smartpdu.app.tokens import create

    return create(data_directory(wanted.data), wanted.role, wanted.name, sys.stdout, sys.stderr)


def _token_list(wanted: argparse.Namespace) -> int:
    from smartpdu.app.tokens import show

    return show(data_directory(wanted.data), wanted.json, sys.stdout, sys.stderr)


def _token_revoke(wanted: argparse.Namespace) -> int:
    from smartpdu.app.tokens import revoke

    return revoke(data_directory(wanted.data), wanted.id, sys.stdout, sys.stderr)


def _bad(words: str) -> int:
    print(words, file=sys.stderr)
    return EXIT_BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
