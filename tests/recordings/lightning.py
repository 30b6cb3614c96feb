"""Lightning: from a satellite (GLM) and from an array of antennas (LMA)."""

import csv
import gzip
import json
import math
from datetime import datetime
from pathlib import Path

from tests.recordings.writing import (
    GMT,
    Gateway,
    Recording,
    Station,
    data,
    local,
    micros,
    write_site,
    write_strikes,
    write_truth,
)

Strikes = list[tuple[int, str, str, str, str]]


def _site(out: Path, site: str, network: str, text: str, places: list[Station], zone: str) -> Path:
    gateway = Gateway(network, places)
    source = {"id": network, "gateway": network}
    areas = {place.area: (place.vi, place.en) for place in places}
    name = (f"Giông sét, {text}", f"Lightning, {text}")
    return write_site(out / "site", site, name, zone, [gateway], areas=areas, sources=[source])


def distance_km(lat: float, lon: float, place: Station) -> float:
    """Great circle from a strike to a place."""
    a, b = math.radians(lat), math.radians(place.lat)
    half = math.sin((a - b) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(lon - place.lon) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))


def _truth(out: Path, strikes: Strikes, places: list[Station]) -> tuple[Path, int]:
    """Episodes: from the first strike within a ring until half an hour passes without one."""
    rows: list[tuple[int, int, str, str, str]] = []
    for place in places:
        near = sorted((t, distance_km(float(lat), float(lon), place)) for t, _, lat, lon, _ in strikes)
        for severity, ring in RINGS_KM.items():
            episodes: list[list[int]] = []
            for time in [t for t, km in near if km <= ring]:
                if episodes and time - episodes[-1][1] < DWELL_S * 1_000_000:
                    episodes[-1][1] = time
                else:
                    episodes.append([time, time])
            rows += [(start, end, place.area, "lightning", severity) for start, end in episodes]
    return write_truth(out / "truth.csv", rows), len(rows)


def _place(name: str, text: str, area: str, lon: float, lat: float) -> Station:
    """A place to protect; no mill stands there."""
    return Station(name, text, text, area, lon, lat, [], {"lightning_place": 1.0})


PACIFIC = [
    _place("mazatlan", "Mazatlán", "mazatlan", -106.41, 23.25),
    _place("guadalajara", "Guadalajara", "guadalajara", -103.35, 20.67),
    _place("culiacan", "Culiacán", "culiacan", -107.39, 24.80),
]
LUBBOCK = _place("lubbock", "Lubbock", "lubbock", -101.82, 33.61)
RINGS_KM = {"advisory": 20.0, "watch": 16.0, "warning": 10.0, "emergency": 8.0}
"""Of the default phases; 10 km, the target area, is the 30-30 rule's, the others are design defaults."""
TARGET_KM, MONITORED_KM, DWELL_S = RINGS_KM["warning"], RINGS_KM["advisory"], 1800
"""What the standard calls target and monitored area; what ends an episode."""
_EARTH_KM = 6371.0


def _snapshots() -> list[tuple[int, str, str, str, str]]:
    strikes: Strikes = []
    with gzip.open(
        data() / "lightning/goes_glm_flash_snapshots_20260808.jsonl.gz", "rt", encoding="utf-8"
    ) as stream:
        for line in stream:
            document = json.loads(line)
            strikes += [
                (flash["time"] * 1_000_000, "goes-glm", str(flash["lat"]), str(flash["lon"]), "")
                for flash in document["strikes"]
            ]
    return strikes


def glm_snapshots(out: Path) -> Recording:
    """GOES GLM flashes of 2026-08-08, 30 overlapping windows: each flash once, in order of time.

    Times are the start of the 20-s product, so many flashes share one. No type: GLM cannot tell.
    """
    strikes = _snapshots()
    distinct = sorted(set(strikes))
    site = _site(out, "mexico", "goes-glm", "México", PACIFIC, "America/Mazatlan")
    file = out / "glm_snapshots.csv"
    counts = {
        "read": len(strikes),
        "written": write_strikes(file, distinct),
        "repeats": len(strikes) - len(distinct),
    }
    truth, counts["truth_rows"] = _truth(out, distinct, PACIFIC)
    return Recording(site, [file], truth, counts)


def glm_snapshots_repeated(out: Path) -> Recording:
    """The same as published: a flash comes again in later windows, a case for the key of a strike."""
    strikes = _snapshots()
    site = _site(out, "mexico", "goes-glm", "México", PACIFIC, "America/Mazatlan")
    file = out / "glm_snapshots_repeated.csv"
    counts = {"read": len(strikes), "written": write_strikes(file, strikes)}
    return Recording(site, [file], _truth(out, sorted(set(strikes)), PACIFIC)[0], counts)


def glm_flashes(out: Path) -> Recording:
    """GOES-16 GLM L2, 20 s of 2023-12-24, 212 flashes to the ms; flagged ones are left out."""
    strikes: Strikes = []
    bad = 0
    with (data() / "lightning/glm_l2_lcfa_20231224/flashes_extracted.csv").open(
        encoding="utf-8", newline=""
    ) as stream:
        for line in csv.DictReader(stream):
            if line["flash_quality_flag"] != "0":
                bad += 1
                continue
            time = micros(datetime.fromisoformat(line["first_event_time_utc"]))
            strikes.append((time, "goes-glm", line["flash_lat"], line["flash_lon"], ""))
    strikes.sort()
    site = _site(out, "texas", "goes-glm", "Texas", [LUBBOCK], "America/Chicago")
    file = out / "glm_flashes.csv"
    truth, rows = _truth(out, strikes, [LUBBOCK])
    counts = {"written": write_strikes(file, strikes), "flagged": bad, "truth_rows": rows}
    return Recording(site, [file], truth, counts)


def wtlma(out: Path) -> Recording:
    """West Texas LMA, one minute of 2023-12-24, 21,084 VHF sources; a flash is many of them.

    They are sources of radio noise, not strikes: the type says `vhf`. Seconds of the day have no date
    of their own; the file's start time gives it.
    """
    strikes: Strikes = []
    files = sorted((data() / "lightning/wtlma_20231224").glob("*.dat.gz"))
    for file in files:
        with gzip.open(file, "rt", encoding="ascii") as stream:
            lines = stream.read().splitlines()
        begun = next(line for line in lines if line.startswith("Data start time:")).split(": ", 1)[1]
        midnight = local(begun.split()[0], "%m/%d/%y", GMT)
        for line in lines[lines.index("*** data ***") + 1 :]:
            second, lat, lon, *_ = line.split()
            strikes.append((midnight + round(float(second) * 1e6), "wtlma", lat, lon, "vhf"))
    site = _site(out, "texas", "wtlma", "Texas", [LUBBOCK], "America/Chicago")
    file = out / "wtlma.csv"
    return Recording(
        site, [file], None, {"written": write_strikes(file, sorted(strikes)), "files": len(files)}
    )
