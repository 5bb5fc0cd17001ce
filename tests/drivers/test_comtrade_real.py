"""Recordings of real recorders are read as another reads them, and written and read again."""

from pathlib import Path

import numpy as np
import pytest
from comtrade import Comtrade

from smartpdu.drivers.comtrade_written import written
from smartpdu.drivers.recording_names import pairs
from smartpdu.drivers.recordings import read_recording

FILES = ["keating_1999.CFG", "oita_60hz_2013f32.cfg", "real_1999_bin.cfg", "wisp_3.cfg"]
quiet = pytest.mark.filterwarnings("ignore:Unsupported datetime objects with nanoseconds")


@quiet
@pytest.mark.parametrize("file", FILES)
def test_a_real_recording_is_read_as_another_reads_it(data: Path, file: str) -> None:
    path = data / "waveforms" / file
    peer = Comtrade(use_numpy_arrays=True, use_double_precision=True)
    peer.load(str(path))
    found = read_recording(path)
    assert found.samples.shape == (peer.total_samples, peer.analog_count)
    for n, channel in enumerate(found.channels):
        scale = np.abs(peer.analog[n]).max()
        np.testing.assert_allclose(found.samples[:, n], peer.analog[n], rtol=0, atol=scale * 6e-8)
        assert channel.name == peer.analog_channel_ids[n]
        assert channel.phase == peer.analog_phases[n]
    for n, name in enumerate(found.digital):
        assert found.state(n).tolist() == peer.status[n].tolist()
        assert name == peer.status_channel_ids[n]
    np.testing.assert_allclose(found.times, peer.time, atol=1e-9)
    assert found.nominal_frequency == peer.frequency
    assert found.start is not None
    assert found.start.replace(tzinfo=None) == peer.start_timestamp
    assert found.trigger == pytest.approx(peer.trigger_time, abs=1e-6)
    assert found.marks == ()


@pytest.mark.parametrize(
    ("file", "rate", "found"),
    [
        ("keating_1999.CFG", 30707.244140625, "U1:I1 U2:I2 U3:I3 U4:I4"),
        ("oita_60hz_2013f32.cfg", 1200, "HV Bus VR:HV IR HV Bus VS:HV IS HV Bus VT:HV IT"),
        ("real_1999_bin.cfg", 7999 / 4.995215, "J2 -VA:J1 -IA J2 -VB:J1 -IB J2 -VC:J1 -IC"),
        ("wisp_3.cfg", 1359 / 1.698295, "F5-VA:F1-IA F6-VB:F2-IB F7-VC:F3-IC"),
    ],
)
def test_rate_and_pairs_of_a_real_recording_are_found(
    data: Path, file: str, rate: float, found: str
) -> None:
    recording = read_recording(data / "waveforms" / file)
    names = [c.name for c in recording.channels]
    told = [f"{names[pair.voltage]}:{names[pair.current]}" for pair in pairs(recording)]
    assert " ".join(told) == found
    assert recording.rate == pytest.approx(rate, rel=1e-12)
    assert len(recording.stretches) == 1


@quiet
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("form", ["FLOAT32", "BINARY32", "ASCII"])
def test_a_real_recording_is_written_and_read_back(
    data: Path, tmp_path: Path, file: str, form: str
) -> None:
    before = read_recording(data / "waveforms" / file)
    written(before, tmp_path / "r.cff", form)
    found = read_recording(tmp_path / "r.cff")
    scale = np.abs(before.samples).max(axis=0)
    step = {
        "FLOAT32": 6e-8 * (before.samples.dtype == np.float64),
        "BINARY32": 2.0**-31,
        "ASCII": 0,
    }
    assert (np.abs(found.samples - before.samples) <= step[form] * scale).all()
    assert found.times.tolist() == pytest.approx(before.times.tolist(), abs=1e-9)
    assert [(c.name, c.kind, c.ratio) for c in found.channels] == [
        (c.name, c.kind, pytest.approx(c.ratio)) for c in before.channels
    ]
    assert found.start == before.start
    assert np.array_equal(found.states, before.states)
    assert found.marks == ()
