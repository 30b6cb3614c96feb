"""How a value is written for a reader of Vietnamese or of English. Pure."""

from services.observation.text import Text
from services.report.axes import duration, local
from services.report.paper import Cell, Lang, Share, Tile, say
from services.report.words import SEVERITY

DASH = "–"


def number(value: float, digits: int, lang: Lang) -> str:
    """`1.234,5` in Vietnamese, `1,234.5` in English."""
    text = f"{value:,.{digits}f}"
    return text.translate(_SWAP) if lang == "vi" else text


def counted(value: int, vi: str, en: str) -> Text:
    """A number and what is counted, in both languages: `1.304 lần`, `1,304 times`."""
    return Text(f"{number(value, 0, 'vi')} {vi}".strip(), f"{number(value, 0, 'en')} {en}".strip())


_SWAP = str.maketrans({",": ".", ".": ","})


def instant(us: int, zone: str, lang: Lang) -> str:
    """`22/11/2026 06:00`, or `2026-11-22 06:00`: on the wall clock of the site."""
    at = local(us, zone)
    return f"{at:%d/%m/%Y %H:%M}" if lang == "vi" else f"{at:%Y-%m-%d %H:%M}"


def span(seconds: float, lang: Lang) -> str:
    """A stretch of time in words."""
    return say(duration(seconds, fine=True), lang)


def share(value: Share, digits: int, lang: Lang) -> str:
    """`93,2 % (1.200 / 1.288)`: with what it is a share of."""
    ratio = value.ratio
    if ratio is None:
        return DASH
    part, whole = (
        number(one, 0 if float(one).is_integer() else 1, lang) for one in (value.part, value.whole)
    )
    return f"{number(ratio * 100, digits, lang)} % ({part} / {whole})"


def figure(tile: Tile, zone: str, lang: Lang) -> tuple[str, str | None]:
    """A tile's figure, and the line under its label: a share stands there with what it is a share of."""
    note = None if tile.note is None else say(tile.note, lang)
    text = write(Cell(tile.value, tile.kind, tile.digits), zone, lang)
    if isinstance(tile.value, Share) and tile.value.ratio is not None:
        large, _, parts = text.partition(" (")
        return large, " · ".join([parts.removesuffix(")"), *([note] if note else [])])
    return text, note


def severity(word: str, lang: Lang) -> str:
    """A rung of the ladder; another release's word as it is."""
    known = SEVERITY.get(word)
    return word if known is None else say(known, lang)


def write(cell: Cell, zone: str, lang: Lang) -> str:  # noqa: PLR0911  one for each kind
    """A cell as text; what is not known is a dash."""
    value, kind = cell.value, cell.kind
    if value is None:
        return DASH
    if isinstance(value, Text):
        return say(value, lang)
    if isinstance(value, Share):
        return share(value, 1 if cell.digits is None else cell.digits, lang)
    if isinstance(value, str):
        return severity(value, lang) if kind == "severity" else value
    if kind == "time":
        return instant(int(value), zone, lang)
    if kind == "span":
        return span(value, lang)
    return number(value, cell.digits or 0, lang)
