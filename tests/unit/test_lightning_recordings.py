"""Lightning on real recordings: what satellites and antennas saw, scored as IEC 62793 does.

The GLM snapshots hold some three minutes of each 22 to 121, at the time of the 20-s product. So a first
strike within 10 km is often the first of all, no lead can be had, and cells are seen in pieces too short to
have a velocity; a pause of the sample looks like a pause of the storm. What the scores show is that nothing
that was seen went without an alarm, and how long alarms stood.
"""

import csv
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

from services.alerts.engine import Engine
from services.alerts.hazards._lightning_flashes import flashes
from services.alerts.hazards._lightning_geo import distance
from services.alerts.hazards.lightning import HAZARD
from services.alerts.scoring.lightning import alarms_of, score
from services.observation.event import CloudEvent
from services.observation.instants import micros
from services.observation.messages import Strike, StrikeBatch, Tick
from services.observation.site import BROKER, SourceDecl
from tests.recordings import available, lightning
from tests.support import phases
from tests.support.engine_world import city, rules_of, sensor

pytestmark = pytest.mark.skipif(not available(), reason="no folder ../shared/data with the real recordings")

MINUTE = 60_000_000
PLACES = {"mazatlan": (23.25, -106.41), "guadalajara": (20.67, -103.35), "culiacan": (24.80, -107.39)}
RULE = [{"hazard": "lightning", **next(rule for rule in HAZARD.rules if rule["id"] == "lightning")}]
Columns = tuple[np.ndarray, np.ndarray, np.ndarray]
Told = dict[str, list[phases.Reading]]


def _columns(file: Path) -> Columns:
    with file.open(encoding="utf-8", newline="") as stream:
        rows = sorted(
            (micros(row["time"]), float(row["lat"]), float(row["lon"])) for row in csv.DictReader(stream)
        )
    time, lat, lon = zip(*rows, strict=True)
    return np.array(time, np.int64), np.array(lat), np.array(lon)


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Columns:
    return _columns(lightning.glm_snapshots(tmp_path_factory.mktemp("glm")).files[0])


@pytest.fixture(scope="module")
def told(snapshots: Columns) -> Told:
    """Phases of each place in the hours in which there was lightning within 40 km of one."""
    found: Told = {}
    for name, place in PLACES.items():
        km = distance(np.array(place[0]), np.array(place[1]), snapshots[1], snapshots[2])
        around = snapshots[0][km <= 40]
        # Cells further off matter as well: all strikes of the half hours about these.
        hours = np.unique(around // (30 * MINUTE))
        near = np.isin(snapshots[0] // (30 * MINUTE), np.concatenate([hours - 1, hours]))
        near &= km <= 150
        found[name] = phases.readings(snapshots[0][near], snapshots[1][near], snapshots[2][near], [place])[0]
    return found


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%H:%M")


@pytest.mark.parametrize(
    ("place", "within", "onset", "last"),
    [
        ("mazatlan", 486, "09:42", "14:47"),
        ("guadalajara", 206, "02:32", "23:35"),
        ("culiacan", 74, "13:59", "17:16"),
    ],
)
def test_the_geofences_hold_what_the_recording_says(
    snapshots: Columns, place: str, within: int, onset: str, last: str
) -> None:
    lat, lon = PLACES[place]
    km = distance(np.array(lat), np.array(lon), snapshots[1], snapshots[2])
    around = snapshots[0][km <= 40]
    assert (len(around), _clock(around.min()), _clock(around.max())) == (within, onset, last)


@pytest.mark.parametrize(
    ("place", "strikes", "effective", "pod_10_min"),
    [("mazatlan", 103, 2, 1 / 3), ("guadalajara", 13, 3, 0.0), ("culiacan", 1, 1, 0.0)],
)
def test_no_strike_in_the_target_is_without_a_warning_but_hardly_one_has_ten_minutes(
    snapshots: Columns, told: Told, place: str, strikes: int, effective: int, pod_10_min: float
) -> None:
    """Warning against 10 km: by the very strike, so POD 1 and FAR 0 mean little; ten minutes are honest."""
    lat, lon = PLACES[place]
    km = distance(np.array(lat), np.array(lon), snapshots[1], snapshots[2])
    span = int(snapshots[0][0]), int(snapshots[0][-1]) + 45 * MINUTE
    alarms = phases.alarms(told[place], "warning")
    found = score(alarms, snapshots[0], km, target_km=10, monitored_km=20, span=span)
    assert (found.strikes, found.ea, found.fa, found.ftw, found.unwarned) == (strikes, effective, 0, 0, 0)
    assert found.lead_s == [0.0] * effective
    assert found.dwell_s == [1800.0] * effective
    needed = score(alarms, snapshots[0], km, target_km=10, monitored_km=20, span=span, needed_s=600)
    assert needed.pod == pytest.approx(pod_10_min)


def test_mazatlan_is_told_by_the_clock(told: Told) -> None:
    """The all-clear is half an hour after the last strike within 10 km, not after the last one seen."""
    warned = [(_clock(start), _clock(end)) for start, end in phases.alarms(told["mazatlan"], "warning")]
    assert warned == [("10:53", "11:25"), ("11:33", "12:31")]
    watched = [(_clock(start), _clock(end)) for start, end in phases.alarms(told["mazatlan"], "advisory")]
    assert watched == [("10:14", "10:46"), ("10:53", "11:25"), ("11:33", "12:31"), ("13:08", "13:38")]


def test_a_satellites_flashes_stay_flashes(tmp_path: Path) -> None:
    """GLM has grouped them already: of 207 within 20 s two come so close that they count as one."""
    found = flashes(*_columns(lightning.glm_flashes(tmp_path).files[0]))
    assert (len(found), len(np.unique(found))) == (207, 206)


def test_bursts_of_radio_sources_become_flashes(tmp_path: Path) -> None:
    """21,084 sources of a minute: 57 flashes of ten sources or more, which is what arrays count."""
    found = flashes(*_columns(lightning.wtlma(tmp_path).files[0]))
    size = np.bincount(found)
    assert (len(found), (size >= 10).sum()) == (21_084, 57)
    assert size[size >= 10].sum() / len(found) > 0.98


def test_the_engine_tells_the_alarms_that_the_plain_ladder_tells(snapshots: Columns, told: Told) -> None:
    """Mazatlán from 10:00 to 14:00 UTC: a message of strikes and a tick every minute."""
    lat, lon = PLACES["mazatlan"]
    site = city([sensor("mazatlan.current_speed")], RULE, attributes={"mazatlan": {"lightning_place": 1}})
    station = msgspec.structs.replace(site.stations["mazatlan"], lat=lat, lon=lon)
    site = msgspec.structs.replace(site, stations={"mazatlan": station}, sources=(SourceDecl(id="goes"),))
    first, last = micros("2026-08-08T10:00:00Z"), micros("2026-08-08T14:00:00Z")
    engine = Engine(site, rules_of(site), None, first)
    time, lats, lons = snapshots
    close = distance(np.array(lat), np.array(lon), lats, lons) <= 150
    events: list[CloudEvent] = []
    for now in range(first, last, MINUTE):
        at = np.flatnonzero(close & (time >= now - MINUTE) & (time < now)).tolist()
        found = [Strike(source="goes", time=int(time[i]), lat=float(lats[i]), lon=float(lons[i])) for i in at]
        events += engine.apply([StrikeBatch([], found), Tick(now, 0, [BROKER, "goes"], {"goes": now})])
    for severity in ("advisory", "watch", "warning", "emergency"):
        plain = [(start, end) for start, end in phases.alarms(told["mazatlan"], severity) if start < last]
        assert alarms_of(events, "mazatlan", severity) == plain
