"""The database's tables: numbered SQL files, what the server can do, and how the one meets the other."""

from services.schema.migrate import (
    LATEST,
    Outcome,
    Probe,
    SchemaTooNew,
    applied_version,
    migrate,
    probe,
)
from services.schema.retention import forget

__all__ = ["LATEST", "Outcome", "Probe", "SchemaTooNew", "applied_version", "forget", "migrate", "probe"]
