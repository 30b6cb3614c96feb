"""The hazards: one file each, found by looking. The module's name is the hazard's."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from services.alerts.hazard import Derivation, Hazard, StrikeDerivation, ordered
from services.observation.quantity import PROPERTIES, Property


@cache
def hazards() -> dict[str, Hazard]:
    """All hazards by name.

    Raises:
        LookupError: a module without a `HAZARD` of its own name.
    """
    found: dict[str, Hazard] = {}
    for module in sorted(iter_modules(__path__), key=lambda info: info.name):
        if module.name.startswith("_"):
            continue
        hazard = getattr(import_module(f"{__name__}.{module.name}"), "HAZARD", None)
        if not isinstance(hazard, Hazard) or hazard.name != module.name:
            msg = f"hazards/{module.name}.py must define HAZARD = Hazard(name={module.name!r}, …)"
            raise LookupError(msg)
        found[module.name] = hazard
    return found


@cache
def properties() -> dict[str, Property]:
    """Properties of the service and of all hazards, by name."""
    return PROPERTIES | extra_properties()


@cache
def extra_properties() -> dict[str, Property]:
    """The properties that hazards add: what `site_files.parse` takes beside the files."""
    return {name: prop for hazard in hazards().values() for name, prop in hazard.properties.items()}


@cache
def derivations() -> tuple[Derivation, ...]:
    """All derivations, in the order of hazards, but each after all that make what it reads.

    Raises:
        LookupError: some read each other in a circle, or one makes a momentary property of readings.
    """
    found = ordered([derivation for hazard in hazards().values() for derivation in hazard.derives])
    known = properties()
    for name in (name for one in found for name in one.outputs):
        if name in known and known[name].reports == "momentary":
            msg = f"{name} is momentary: only what is made of strikes holds for an instant (`Hazard.strikes`)"
            raise LookupError(msg)
    return tuple(found)


def strike_derivations() -> tuple[StrikeDerivation, ...]:
    """What is made of lightning strikes, in the order of hazards."""
    return tuple(one for hazard in hazards().values() for one in hazard.strikes)
