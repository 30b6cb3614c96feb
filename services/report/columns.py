"""Columns that the tables of reports share, and lists that are cut where they get too long to read. Pure."""

from collections.abc import Sequence

from services.observation.text import Text
from services.report.paper import Cell, Column, Table, Value

LISTED = 200
"""Rows of a list in a report that is printed; the rest is counted."""

SEVERITY = Column(Text("Mức", "Severity"), "severity")
PLACE = Column(Text("Nơi", "Where"), wide=1.2)
AREA = Column(Text("Khu vực", "Area"), wide=0.9)
HAZARD = Column(Text("Loại", "Hazard"), wide=0.8)
REASON = Column(Text("Vì sao", "Why"), wide=2.6)


def count(title: Text, unit: str = "") -> Column:
    """A column of whole numbers."""
    return Column(title, "number", unit=unit)


def when(title: Text) -> Column:
    """A column of instants."""
    return Column(title, "time")


def lasting(title: Text) -> Column:
    """A column of stretches of time."""
    return Column(title, "span")


def listed(
    name: Text,
    columns: Sequence[Column],
    rows: list[list[Cell | Value]],
    most: int = LISTED,
    **more: Text | None,
) -> Table:
    """A list that is cut where it gets too long to be read."""
    table = Table(name, columns, rows[:most], more=max(len(rows) - most, 0))
    table.empty = more.get("empty") or table.empty
    table.note = more.get("note")
    return table
