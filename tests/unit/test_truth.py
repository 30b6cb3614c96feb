"""A truth that would be counted wrongly is refused, with the place and what to write."""

from pathlib import Path

import pytest

from services.cli import main
from services.cli.backtest.truth import TruthError, read_truth
from tests.support.site_folder import good_site, parsed

HEAD = "start,end,area,hazard,severity\n"
GOOD = "2025-11-20T01:00:00Z,2025-11-20T02:00:00Z,thang-tam,flood,warning\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "truth.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_rows_of_an_area_and_of_the_whole_site_are_read(tmp_path: Path) -> None:
    rows = read_truth(written(tmp_path, HEAD + GOOD + GOOD.replace("thang-tam", "site")), parsed())
    assert [(row.area, row.hazard, row.severity) for row in rows] == [
        ("thang-tam", "flood", "warning"),
        ("site", "flood", "warning"),
    ]


WRONG = [
    ("thang-tam", "nowhere", "no area 'nowhere' → use one of: thang-tam, rach-dua, site", "không có khu vực"),
    ("thang-tam", "thang-tan", "no area 'thang-tan' → did you mean thang-tam?", "dùng thang-tam"),
    ("flood", "flod", "no hazard 'flod' → did you mean flood?", "không có loại thiên tai, sự cố 'flod'"),
    ("flood", "system", "no hazard 'system' → use one of: environment, flood", "dùng một trong"),
    ("warning", "alarm", "no severity 'alarm' → use one of: advisory, watch", "không có mức 'alarm'"),
    ("T02:00:00Z", "T00:00:00Z", "is before its start", "trước start"),
    ("T02:00:00Z", "T02:00:00", "→ write ISO 8601 with a zone", "viết ISO 8601 kèm múi giờ"),
    (",thang-tam,flood,warning", "", "no area None", "không có khu vực"),
    (",thang-tam,flood,warning", ",thang-tam", "no hazard None", "không có loại thiên tai"),
]


@pytest.mark.parametrize(("was", "now", "en", "vi"), WRONG, ids=[now or "short" for _, now, *_ in WRONG])
def test_a_row_that_could_only_be_a_miss_is_refused(
    tmp_path: Path, was: str, now: str, en: str, vi: str
) -> None:
    file = written(tmp_path, HEAD + GOOD + GOOD.replace(was, now))
    with pytest.raises(TruthError) as caught:
        read_truth(file, parsed())
    assert caught.value.said.en.startswith(f"{file}:3: ")
    assert en in caught.value.said.en
    assert caught.value.said.vi.startswith(f"{file}:3: ")
    assert vi in caught.value.said.vi


def test_other_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TruthError, match=r"truth\.csv:1: .* → use start,end,area,hazard,severity"):
        read_truth(written(tmp_path, "start,end,area\n"), parsed())


def test_a_backtest_stops_at_it_in_both_languages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in good_site().items():
        (tmp_path / name).write_bytes(content)
    file = written(tmp_path, HEAD + GOOD.replace("flood", "flod"))
    assert main(["backtest", "--site", str(tmp_path), "no-such.csv", "--truth", str(file)]) == 2
    said = capsys.readouterr().err
    assert f"{file}:2: no hazard 'flod' → did you mean flood?" in said
    assert f"{file}:2: không có loại thiên tai, sự cố 'flod' → dùng flood" in said
