"""A day of a city, promised in under 30 s of one core for 5,000 sensors of all kinds: at three times that."""

import sys
from pathlib import Path

from bench.city_day import DAY_S, SENSORS, judged, lay_out, written

PROMISED_S = 30.0
_SENSORS, _HOURS_S = 2_000, 7_200


def test_a_city_is_backtested_within_three_times_what_is_promised(tmp_path: Path) -> None:
    """Two hours of 2,000 sensors, with a thunderstorm; in proportion to a day of 5,000."""
    site = lay_out(tmp_path / "site", _SENSORS)
    readings, strikes = written(site, tmp_path / "day.csv", _HOURS_S)
    found = judged(site, tmp_path)
    share = found["sensors"] / SENSORS * _HOURS_S / DAY_S
    promised = share * PROMISED_S
    took = f"{found['total_s']:.2f} s; promised {promised:.2f} s"
    sys.stdout.write(f"{readings:,} readings, {strikes:,} strikes: {took}\n")
    assert found["readings"] == readings
    assert found["total_s"] < 3 * promised
