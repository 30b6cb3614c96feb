"""The database's tables: numbered SQL files, what the server can do, and how the one meets the other."""

from services.schema.migrate import (
    LATEST,
    Outcome,
    Probe,
    SchemaTooNew,
    applied_version,
    downgrade,
    migrate,
    probe,
)
from services.schema.retention import forget
from services.schema.tables import TABLES, set_counters

__all__ = [
    "LATEST",
    "TABLES",
    "Outcome",
    "Probe",
    "SchemaTooNew",
    "applied_version",
    "downgrade",
    "forget",
    "migrate",
    "probe",
    "set_counters",
]
