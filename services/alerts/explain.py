"""Why, and why not: what the rules on a sensor say at an instant, read from a running engine. Pure."""

from services.alerts.core import Core
from services.alerts.engine import Engine


def core_of(engine: Engine) -> Core:
    """The layout and state of an engine, to be read and never written."""
    core: Core = engine._core  # noqa: SLF001  the one place that looks in
    return core
