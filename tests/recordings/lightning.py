"""Lightning: from a satellite (GLM) and from an array of antennas (LMA)."""

import csv
import gzip
import json
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
)

Strikes = list[tuple[int, str, str, str, str]]


def _site(
    out: Path, site: str, network: str, area: tuple[str, str], places: list[Station], zone: str
) -> Path:
    gateway = Gateway(network, places, area[0])
    source = {"id": network, "gateway": network}
    name = (f"Giông sét, {area[1]}", f"Lightning, {area[1]}")
    return write_site(
        out / "site", site, name, zone, [gateway], areas={area[0]: (area[1], area[1])}, sources=[source]
    )


PACIFIC = [
    Station(
        "mazatlan", "Mazatlán", "Mazatlán", "mexico-west", -106.41, 23.25, [("electric_field", "V/m", 1)]
    ),
    Station(
        "guadalajara",
        "Guadalajara",
        "Guadalajara",
        "mexico-west",
        -103.35,
        20.67,
        [("electric_field", "V/m", 1)],
    ),
    Station(
        "culiacan", "Culiacán", "Culiacán", "mexico-west", -107.39, 24.80, [("electric_field", "V/m", 1)]
    ),
]
"""Places to protect; their field mills are declared and stay silent: the recording has none."""


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
    site = _site(out, "mexico", "goes-glm", ("mexico-west", "México"), PACIFIC, "America/Mazatlan")
    file = out / "glm_snapshots.csv"
    counts = {
        "read": len(strikes),
        "written": write_strikes(file, distinct),
        "repeats": len(strikes) - len(distinct),
    }
    return Recording(site, [file], None, counts)


def glm_snapshots_repeated(out: Path) -> Recording:
    """The same as published: a flash comes again in later windows, a case for the key of a strike."""
    strikes = _snapshots()
    site = _site(out, "mexico", "goes-glm", ("mexico-west", "México"), PACIFIC, "America/Mazatlan")
    file = out / "glm_snapshots_repeated.csv"
    return Recording(site, [file], None, {"read": len(strikes), "written": write_strikes(file, strikes)})


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
    place = Station("lubbock", "Lubbock", "Lubbock", "texas", -101.82, 33.61, [("electric_field", "V/m", 1)])
    site = _site(out, "texas", "goes-glm", ("texas", "Texas"), [place], "America/Chicago")
    file = out / "glm_flashes.csv"
    return Recording(site, [file], None, {"written": write_strikes(file, strikes), "flagged": bad})


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
    place = Station("lubbock", "Lubbock", "Lubbock", "texas", -101.82, 33.61, [("electric_field", "V/m", 1)])
    site = _site(out, "texas", "wtlma", ("texas", "Texas"), [place], "America/Chicago")
    file = out / "wtlma.csv"
    return Recording(
        site, [file], None, {"written": write_strikes(file, sorted(strikes)), "files": len(files)}
    )
