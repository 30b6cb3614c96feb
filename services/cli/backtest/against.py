"""What other rules would have changed, in words."""

from collections.abc import Iterator

from services.alerts.scoring.against import Differences, Pair, Single
from services.observation.instants import iso

_MOST = 100


def lines(found: Differences, name: str) -> Iterator[str]:
    """Lines for a terminal: only here, only there, changed; at most a hundred of each."""
    yield f"\nagainst / so với {name}:"
    yield (
        f"  {found.same} the same / như nhau, {len(found.changed)} changed / khác, "
        f"{len(found.only_here)} only by these rules / chỉ bộ quy tắc này, "
        f"{len(found.only_there)} only by those / chỉ bộ quy tắc kia"
    )
    groups = (("-", found.only_here), ("+", found.only_there))
    for sign, singles in groups:
        for one in singles[:_MOST]:
            yield f"  {sign} {single_line(one)}"
    for pair in found.changed[:_MOST]:
        yield f"  ~ {single_line(pair.here)}: {', '.join(changes(pair))}"


def single_line(one: Single) -> str:
    """An alert in one line."""
    end = "…" if one.end is None else iso(one.end)
    return f"{iso(one.start)} – {end} {one.severity:<9} {one.rule} {one.sensor or one.area}"


def changes(pair: Pair) -> Iterator[str]:
    """What is different about an alert that both tell."""
    moved = {word: s for word, s in pair.by_severity.items() if s}
    if not moved and pair.earlier_s:
        moved = {"raised": pair.earlier_s}
    for word, s in moved.items():
        yield f"{word} {span(abs(s))} {'earlier / sớm hơn' if s > 0 else 'later / muộn hơn'}"
    if pair.here.severity != pair.there.severity:
        yield f"reaches {pair.there.severity} / đạt mức {pair.there.severity}"
    if pair.longer_s:
        word = "longer / lâu hơn" if pair.longer_s > 0 else "shorter / ngắn hơn"
        yield f"{span(abs(pair.longer_s))} {word}"
    if pair.there.rule != pair.here.rule:
        yield f"by / theo {pair.there.rule}"


def span(seconds: float) -> str:
    """A span as a person says it: `45 s`, `20 min`, `3 h 05 min`, `2 d 4 h`."""
    total = round(seconds)
    if total < 60:  # noqa: PLR2004
        return f"{total} s"
    minutes, hours = total // 60, total // 3600
    if hours < 1:
        return f"{minutes} min"
    if hours < 48:  # noqa: PLR2004
        return f"{hours} h {minutes % 60:02d} min"
    return f"{hours // 24} d {hours % 24} h"
