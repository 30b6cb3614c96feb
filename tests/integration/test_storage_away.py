"""Alerting does not depend on storage."""

from pathlib import Path

from tests.support.outage import alerts_keep_coming_without_the_database


def test_with_the_database_stopped_for_20_s_alerts_keep_coming_and_no_reading_is_missing(
    tmp_path: Path,
) -> None:
    alerts_keep_coming_without_the_database(tmp_path, 20)
