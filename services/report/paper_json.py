"""A report as data: every figure with its real value, texts in one language. Pure."""

from typing import Any

import msgspec

from services.observation.instants import iso
from services.observation.text import Text
from services.report.paper import Bars, Cell, Lang, Note, Paper, Part, Share, Table, Tile, cell_of, say


def plain(paper: Paper, lang: Lang) -> dict[str, Any]:
    """What JSON holds: instants as ISO 8601 UTC, spans as seconds, shares as part and whole."""
    return {
        "kind": paper.kind,
        "lang": lang,
        "title": say(paper.title, lang),
        "site": say(paper.site, lang),
        "zone": paper.zone,
        "start": iso(paper.first),
        "end": iso(paper.last),
        "made_at": iso(paper.made_at),
        "revision": paper.revision,
        "status": paper.status,
        "scope": None if paper.scope is None else say(paper.scope, lang),
        "parts": [_part(part, lang) for part in paper.parts],
    }


def encode(paper: Paper, lang: Lang) -> bytes:
    """The same, as bytes."""
    return msgspec.json.encode(plain(paper, lang))


def _part(part: Part, lang: Lang) -> dict[str, Any]:
    return {
        "title": say(part.title, lang),
        "figures": [_tile(tile, lang) for tile in part.tiles],
        "tables": [_table(block, lang) for block in part.blocks if isinstance(block, Table)],
        "charts": [
            {"name": say(block.name, lang), "labels": block.labels, "series": block.series}
            for block in part.blocks
            if isinstance(block, Bars)
        ],
        "notes": [
            {"kind": block.kind, "text": say(block.text, lang)}
            for block in part.blocks
            if isinstance(block, Note)
        ],
    }


def _tile(tile: Tile, lang: Lang) -> dict[str, Any]:
    return {
        "label": say(tile.label, lang),
        "value": _value(Cell(tile.value, tile.kind), lang),
        "kind": tile.kind,
        "note": None if tile.note is None else say(tile.note, lang),
        "over": tile.over,
    }


def _table(table: Table, lang: Lang) -> dict[str, Any]:
    return {
        "name": say(table.name, lang),
        "columns": [
            {"title": say(column.title, lang), "kind": column.kind, "unit": column.unit or None}
            for column in table.columns
        ],
        "rows": [
            [_value(cell_of(value, column), lang) for value, column in zip(row, table.columns, strict=True)]
            for row in table.rows
        ],
        "more": table.more,
        "note": None if table.note is None else say(table.note, lang),
    }


def _value(cell: Cell, lang: Lang) -> Any:
    value = cell.value
    if isinstance(value, Text):
        return say(value, lang)
    if isinstance(value, Share):
        return {"part": value.part, "whole": value.whole, "share": value.ratio}
    if cell.kind == "time" and isinstance(value, int):
        return iso(value)
    return value
