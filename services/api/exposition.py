"""One page of metrics for all services: ours, and what the others say in their heartbeats. Pure."""

from collections.abc import Callable, Mapping

from services.observation.heartbeat import Heartbeat


def exposition(own: bytes, beats: Mapping[str, Heartbeat], age_s: Callable[[str], float | None]) -> bytes:
    """Prometheus' text format; a foreign figure gets the label `service`."""
    families: dict[str, list[str]] = {}
    for name, beat in sorted(beats.items()):
        label = f'service="{_escaped(name)}"'
        families.setdefault("haidang_heartbeat_age_seconds", []).append(f"{{{label}}} {age_s(name) or 0.0}")
        families.setdefault("haidang_ready", []).append(f"{{{label}}} {int(beat.ready)}")
        families.setdefault("haidang_complaints", []).append(f"{{{label}}} {len(beat.complaints)}")
        for figure, value in sorted(beat.figures.items()) if name != "api" else ():
            plain, brace, rest = figure.partition("{")
            inner = rest.removesuffix("}") if brace else ""
            labels = f"{inner},{label}" if inner else label
            families.setdefault(_metric(plain), []).append(f"{{{labels}}} {value}")
    # A family that we have too must not be declared a second time.
    ours = {line.split(b" ")[2].decode() for line in own.splitlines() if line.startswith(b"# TYPE ")}
    lines = []
    for family, samples in families.items():
        if family not in ours:
            lines.append(f"# TYPE {family} untyped")
        lines += [f"{family}{sample}" for sample in samples]
    return own + "\n".join([*lines, ""]).encode()


def _metric(name: str) -> str:
    """A name that Prometheus takes, under our namespace."""
    clean = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name)
    return clean if clean.startswith("haidang_") else f"haidang_{clean}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
