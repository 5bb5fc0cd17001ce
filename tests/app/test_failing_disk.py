"""The program on a disk that is full, read-only, broken or gone: loud, alive, safe, well again.

A small file system is filled up under the running program, or gives up as a broken disk does: the
kernel makes it read-only. Where nobody may mount one, a bound of the process on the size of files
does the same, for its log lines as well.
"""

import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from program import Program, as_root, until

from smartpdu.store.database import open_database
from smartpdu.store.journal import verify

OUTLET = "rack1/A/outlet/7"
FAULT = """
[[twin.fault]]
at = 5
kind = "breaker_trip"
place = "rack1/A/circuit/1"
"""


def mount(folder: Path, *words: str) -> None:
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", *words, "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    if not as_root():
        pytest.skip("only root may mount a file system")
    mount(tmp_path / "small", "-o", "size=4m")
    yield tmp_path / "small"
    subprocess.run(["umount", "-l", str(tmp_path / "small")], check=False)


def filled(folder: Path) -> Callable[[], None]:
    """Fill a file system up; gives what frees it again."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass
    return filler.unlink


def bounded(program: Program) -> Callable[[], None]:
    """Let no file of the process grow, nor its log; gives what lets them."""
    before = resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    return lambda: resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, before) and None


@pytest.mark.parametrize("way", ["full", "bounded"])
@pytest.mark.requirement("R-12.2-4")
def test_a_disk_that_fails_is_told_loudly_all_goes_on_and_is_well_again_by_itself(
    tmp_path: Path, request: pytest.FixtureRequest, way: str
) -> None:
    folder = tmp_path if way == "bounded" else request.getfixturevalue("small")
    with Program(tmp_path, "--config", str(site(tmp_path)), data=folder / "data") as program:
        program.comes_in()
        mend = bounded(program) if way == "bounded" else filled(folder)
        goes_on_loudly(program, "input/output" if way == "bounded" else "the disk is full")

        mend()
        until(lambda: program.web.get("/healthz").status_code == 200, "it does not recover")
        switched = program.switch(OUTLET, False)
        assert switched.status_code == 202
        where = switched.headers["location"]
        until(lambda: program.web.get(where).json()["state"] == "done", "it was not done")
        kinds = [(e["kind"], e["place"]) for e in program.rows("events?limit=1000")]
        assert kinds.count(("CommandRefused", OUTLET)) == 2
        assert kinds.count(("CommandIntended", OUTLET)) == 1
        assert kinds.index(("AlarmRaised", "house")) < kinds.index(("AlarmCleared", "house"))
        assert program.stop() == 0
    words = program.err.read_text()
    assert "Traceback" not in words
    if way != "bounded":  # there the log could not be written either
        assert "failing" in words
        assert "writes_again" in words
    holds(program.data)


def test_a_disk_that_became_read_only_is_told_loudly_all_goes_on_and_the_next_start_is_well(
    tmp_path: Path, need_program: Callable[[str], str]
) -> None:
    broken = Broken(tmp_path, need_program("mkfs.ext4"))
    try:
        with Program(tmp_path, "--config", str(site(tmp_path)), data=broken.data) as program:
            program.comes_in()
            shown = program.web.headers["Authorization"]
            broken.gives_up()
            goes_on_loudly(program, "")
            assert program.stop() == 0
        assert "Traceback" not in program.err.read_text()
        assert "failing" in program.err.read_text()
        broken.is_mended()
        with Program(tmp_path, data=broken.data) as program:
            program.web.headers["Authorization"] = shown
            assert program.web.get("/healthz").status_code == 200
            assert program.switch(OUTLET, False).status_code == 202
            assert program.stop() == 0
        holds(broken.data)
    finally:
        broken.let_go()


def gone(data: Path) -> None:
    shutil.rmtree(data)


def moved(data: Path) -> None:
    data.rename(data.with_name("elsewhere"))


def without_database(data: Path) -> None:
    (data / "smartpdu.db").unlink()


def without_lock(data: Path) -> None:
    (data / "smartpdu.lock").unlink()


@pytest.mark.parametrize("way", [gone, moved, without_database, without_lock])
@pytest.mark.requirement("R-12.2-4")
def test_a_data_directory_that_goes_away_under_the_program_is_told_loudly_and_all_goes_on(
    tmp_path: Path, way: Callable[[Path], None]
) -> None:
    with Program(tmp_path, "--config", str(site(tmp_path))) as program:
        program.comes_in()
        way(program.data)
        before = {p.name for p in tmp_path.rglob("smartpdu.*")}
        goes_on_loudly(program, "removed or replaced while in use")
        assert {p.name for p in tmp_path.rglob("smartpdu.*")} == before  # nothing came back
        if way is moved:
            program.data.with_name("elsewhere").rename(program.data)
            until(lambda: program.web.get("/healthz").status_code == 200, "it does not recover")
            assert program.switch(OUTLET, False).status_code == 202
        assert program.stop() == 0
    assert "Traceback" not in program.err.read_text()
    assert "failing" in program.err.read_text()
    if way is moved:
        holds(program.data)


def test_of_two_programs_on_directories_of_one_name_only_that_with_the_lock_switches(
    tmp_path: Path,
) -> None:
    with Program(tmp_path / "first", data=tmp_path / "data") as first:
        first.comes_in()
        moved(first.data)
        with Program(tmp_path / "second", data=tmp_path / "data") as second:
            second.comes_in()
            assert first.switch(OUTLET, False).status_code == 503
            assert second.switch(OUTLET, False).status_code == 202
            assert first.stop() == 0
            assert second.switch(OUTLET, True).status_code == 202
            until(lambda: on(second, OUTLET), "it was not switched")
            assert second.stop() == 0
    holds(tmp_path / "data")
    holds(tmp_path / "elsewhere")
    assert second.err.read_text() == ""


class Broken:
    """A file system of its own that can give up, as a disk does on which a write failed."""

    def __init__(self, room: Path, make: str) -> None:
        if not as_root():
            pytest.skip("only root may mount a file system")
        self._image, self._folder = room / "image", room / "disk"
        self._folder.mkdir()
        with self._image.open("wb") as file:
            file.truncate(16 << 20)
        subprocess.run([make, "-q", "-F", str(self._image)], check=True)
        self.data = self._folder / "data"
        if not self._mounted():
            pytest.skip("no file system can be mounted from a file here")

    def _mounted(self) -> bool:
        command = ["mount", "-o", "loop,errors=remount-ro", str(self._image), str(self._folder)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def gives_up(self) -> None:
        """From now on the kernel takes nothing more."""
        subprocess.run(["mount", "-o", "remount,abort", str(self._folder)], check=True)

    def is_mended(self) -> None:
        """Somebody has looked after it."""
        self.let_go()
        assert self._mounted()

    def let_go(self) -> None:
        """Away with it."""
        subprocess.run(["umount", "-l", str(self._folder)], check=False, capture_output=True)


def site(room: Path) -> Path:
    """The demonstration rack, in which a breaker trips after some seconds."""
    path = room / "site.toml"
    path.write_text((files("smartpdu.app") / "demo.toml").read_text() + FAULT)
    return path


def goes_on_loudly(program: Program, why: str) -> None:
    """The disk is no good: orders are refused, health and an alarm say so, all else goes on."""
    refused = program.switch(OUTLET, False)
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert why in refused.json()["detail"]
    until(lambda: program.web.get("/healthz").status_code == 503, "health is silent")
    until(lambda: standing(program, "recording.failing"), "no alarm says so")
    until(lambda: off(program, "rack1/A/outlet/1"), "measuring does not go on")
    before = program.rows("racks")[0]["readings"]["active_power"]["at"]
    until(
        lambda: program.rows("racks")[0]["readings"]["active_power"]["at"] > before,
        "measuring does not go on",
    )
    until(lambda: standing(program, "breaker.open"), "alarms do not go on")
    assert program.switch(OUTLET, False).status_code == 503
    outlet = program.web.get(f"/api/v1/outlets/{OUTLET}").json()
    assert outlet["readings"]["on"]["value"] is True


def holds(data: Path) -> None:
    """The journal in a data directory is whole."""
    database = open_database(data / "smartpdu.db")
    assert verify(database).ok
    database.close()


def standing(program: Program, rule: str) -> bool:
    return rule in {alarm["rule"] for alarm in program.rows("alarms")}


def off(program: Program, outlet: str) -> bool:
    """Whether nothing flows at an outlet, as behind an open breaker."""
    readings = program.web.get(f"/api/v1/outlets/{outlet}").json()["readings"]
    return bool(readings["current"]["value"] == 0.0)


def on(program: Program, outlet: str) -> bool:
    return bool(program.web.get(f"/api/v1/outlets/{outlet}").json()["readings"]["on"]["value"])


def test_on_a_disk_that_filled_up_the_program_starts_again_and_says_so(
    small: Path, tmp_path: Path
) -> None:
    with Program(tmp_path / "first", data=small / "data") as program:
        program.comes_in()
        token = program.web.headers["Authorization"]
    mend = filled(small)  # it was killed, and meanwhile somebody else filled the disk

    with Program(tmp_path / "second", data=small / "data") as program:
        assert "no login link could be kept: " in program.out.read_text()
        program.web.headers["Authorization"] = token
        until(lambda: program.web.get("/healthz").status_code == 503, "health is silent")
        until(lambda: standing(program, "recording.failing"), "no alarm says so")
        assert program.switch(OUTLET, False).status_code == 503
        mend()
        until(lambda: program.web.get("/healthz").status_code == 200, "it does not recover")
        assert program.switch(OUTLET, False).status_code == 202
        assert program.stop() == 0
    assert "Traceback" not in program.err.read_text()


def test_a_disk_that_takes_nothing_at_the_first_start_is_told_in_words(
    small: Path, tmp_path: Path
) -> None:
    mend = filled(small)
    words = ["--data", str(small / "data"), "--listen", "127.0.0.1:0"]
    command = [sys.executable, "-m", "smartpdu.app", "run", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    mend()

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("smartpdu: ")
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
