"""What really happened, as a file: reading it, and refusing a row that could only be counted wrongly."""

import csv
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from services.observation.event import SEVERITIES
from services.observation.instants import micros
from services.observation.text import Text
from services.observation.topics import SITE_SCOPE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from services.alerts.scoring.score import Happened
    from services.observation.site import Site

TRUTH_COLUMNS = ["start", "end", "area", "hazard", "severity"]
_OURSELVES = "system"


class TruthError(ValueError):
    """A truth that cannot be used: `file:line: what → remedy`; as text English, `said` in both languages."""

    def __init__(self, file: Path, line: int, what: Text, remedy: Text) -> None:
        """Say where, what, and what to do."""
        self.said = Text(f"{file}:{line}: {what.vi} → {remedy.vi}", f"{file}:{line}: {what.en} → {remedy.en}")
        super().__init__(self.said.en)


def read_truth(file: Path, site: "Site") -> "list[Happened]":
    """Read what really happened at a site.

    Raises:
        TruthError: a row that cannot be read, or that names no area, hazard or severity there is.
        OSError: the file cannot be opened.
    """
    from services.alerts.hazards import hazards

    areas = (*site.areas, SITE_SCOPE)
    known = tuple(name for name in hazards() if name != _OURSELVES)  # what is about ourselves is not scored
    rows = []
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if reader.fieldnames is None or [name.strip() for name in reader.fieldnames] != TRUTH_COLUMNS:
            columns = ",".join(TRUTH_COLUMNS)
            raise TruthError(
                file, 1,
                Text(f"các cột là {reader.fieldnames}", f"columns {reader.fieldnames}"),
                Text(f"dùng {columns}", f"use {columns}"),
            )  # fmt: skip
        reader.fieldnames = TRUTH_COLUMNS
        for row in reader:
            try:
                rows.append(_happened(row, areas, known))
            except _Wrong as wrong:
                raise TruthError(file, reader.line_num, *wrong.args) from wrong
    return rows


class _Wrong(Exception):  # noqa: N818  what is wrong with a row, and the remedy
    pass


def _happened(row: "Mapping[str, str]", areas: "Collection[str]", known: "Collection[str]") -> "Happened":
    from services.alerts.scoring.score import Happened

    try:
        start, end = micros(row["start"]), micros(row["end"])
    except (ValueError, TypeError, AttributeError) as error:
        raise _Wrong(
            Text(f"không đọc được thời gian: {error}", f"{error}"),
            Text("viết ISO 8601 kèm múi giờ", "write ISO 8601 with a zone"),
        ) from error
    if end < start:
        raise _Wrong(
            Text(f"end {row['end']} trước start {row['start']}", f"end {row['end']} is before its start"),
            Text("đổi chỗ hai thời điểm", "put them the other way round"),
        )
    _one_of("area", "khu vực", row["area"], areas)
    _one_of("hazard", "loại thiên tai, sự cố", row["hazard"], known)
    _one_of("severity", "mức", row["severity"], SEVERITIES)
    return Happened(start, end, row["area"], row["hazard"], row["severity"])


def _one_of(column: str, vi: str, value: str | None, allowed: "Collection[str]") -> None:
    if value in allowed:
        return
    near = get_close_matches(value or "", allowed, n=1)
    listed = ", ".join(near or allowed)
    raise _Wrong(
        Text(f"không có {vi} {value!r}", f"no {column} {value!r}"),
        Text(f"dùng {listed}", f"did you mean {listed}?") if near else
        Text(f"dùng một trong: {listed}", f"use one of: {listed}"),
    )  # fmt: skip
