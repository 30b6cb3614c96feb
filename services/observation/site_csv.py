"""Reading a CSV file of a site line by line, as spreadsheets write it."""

import csv
import io
from collections.abc import Iterator

from services.observation.site_problems import Findings


def rows(findings: Findings, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each line with its cells by column; what is no CSV is noted where it begins.

    The first column must be there, the others may; a line with too many cells is an error.
    """
    # strict: a quotation mark left open would else swallow the rest of the file into one cell
    reader = csv.reader(io.StringIO(findings.text, newline=""), strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            if header is None:
                header = _header(findings, columns, [cell.strip() for cell in cells], line)
                if header is None:
                    return
            elif len(cells) > len(header):
                findings.error(
                    line,
                    (
                        f"{len(cells)} ô, chỉ có {len(header)} cột",
                        f"{len(cells)} cells under {len(header)} columns",
                    ),
                    (
                        "dùng dấu chấm thập phân, không dùng dấu phẩy",
                        "use a decimal point, not a comma, and one cell per column",
                    ),
                )
            elif any(cells):
                yield line, {key: cell.strip() for key, cell in zip(header, cells, strict=False)}
            line = reader.line_num + 1
    except csv.Error as error:
        findings.error(
            line,
            (f"không đọc được CSV: {error}", f"not valid CSV: {error}"),
            ("tìm dấu ngoặc kép không đóng ở dòng này", "look for a quotation mark left open on this line"),
        )
        return
    if header is None:
        _header(findings, columns, [], 1)


def _header(findings: Findings, allowed: tuple[str, ...], columns: list[str], line: int) -> list[str] | None:
    """Column names; None when no line can be read under them."""
    expected = ",".join(allowed)
    if len(columns) == 1 and columns[0].startswith((f"{allowed[0]};", f"{allowed[0]}\t")):
        findings.error(
            line,
            ("các ô không ngăn cách bằng dấu phẩy", "the cells are not separated by commas"),
            ("lưu lại dạng CSV với dấu phẩy", "save it as CSV separated by commas"),
        )
        return None
    for nth, column in enumerate(columns):
        if column not in allowed or column in columns[:nth]:
            findings.error(
                line,
                (f"cột lạ hoặc bị trùng {column!r}", f"unknown column {column!r}, or it stands twice"),
                (f"dùng: {expected}", f"use: {expected}"),
            )
    if allowed[0] in columns:
        return columns
    findings.error(
        line,
        (f"thiếu cột {allowed[0]}", f"no column {allowed[0]}"),
        (f"dòng đầu: {expected}", f"first line: {expected}"),
    )
    return None
