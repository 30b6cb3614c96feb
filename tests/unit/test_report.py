"""The page of a backtest: no peak is lost, no gap is hidden, nothing comes from elsewhere."""

import re

import numpy as np
import pytest

from services.alerts.scoring.load import load_of_alerts
from services.observation.text import Text
from services.report.axes import instants, values
from services.report.chart import caption, draw
from services.report.decimate import gaps, pieces
from services.report.model import Band, Chart, Report, Threshold, Truth
from services.report.page import render

MINUTE, HOUR = 60_000_000, 3_600_000_000


def chart(n: int = 600, **more: object) -> Chart:
    time = np.arange(n, dtype=np.int64) * MINUTE
    value = np.sin(time / 3.6e9)
    flag = np.ones(n, np.uint8)
    found = Chart(
        "a.x", Text("Trạm <A>", "Station <A>"), Text("mực nước", "water level"), "m", time, value, flag, HOUR
    )
    for name, one in more.items():
        setattr(found, name, one)
    return found


def report(*charts: Chart) -> Report:
    load = load_of_alerts([], 0, 10 * HOUR)
    last = max(int(one.time[-1]) for one in charts)
    return Report(Text("Thử", "Test"), "v1", "Asia/Ho_Chi_Minh", 0, last, 600, 0, 1, "nguồn <b>", {}, load,
                  list(charts), [], [], [], [], {})  # fmt: skip


def test_a_million_readings_keep_their_single_peak_and_become_two_points_a_column() -> None:
    time = np.arange(1_000_000, dtype=np.int64) * 1_000_000
    value = np.random.default_rng(1).normal(0, 0.1, len(time))
    value[123_456], value[654_321] = 9.0, -9.0
    (line,) = pieces(time, value, 0, int(time[-1]), 900, HOUR)
    assert (line.value.max(), line.value.min()) == (9.0, -9.0)
    assert line.time[line.value.argmax()] == time[123_456]
    assert len(line.time) <= 1802
    assert (np.diff(line.time) > 0).all()


def test_a_line_breaks_where_nothing_was_measured() -> None:
    time = np.array([0, 1, 2, 50, 51], np.int64) * MINUTE
    found = pieces(time, np.arange(5.0), 0, int(time[-1]), 900, 5 * MINUTE)
    assert [len(line.time) for line in found] == [3, 2]
    assert gaps(time, 0, 60 * MINUTE, 5 * MINUTE) == [(2 * MINUTE, 50 * MINUTE), (51 * MINUTE, 60 * MINUTE)]


def test_what_is_no_number_is_passed_over() -> None:
    time = np.arange(4, dtype=np.int64)
    (line,) = pieces(time, np.array([1.0, np.nan, np.inf, 2.0]), 0, 4, 900, HOUR)
    assert line.value.tolist() == [1.0, 2.0]
    assert pieces(time[:0], np.array([]), 0, 4, 900, HOUR) == []


def test_a_picture_has_thresholds_by_name_alerts_truth_and_marks() -> None:
    one = chart(thresholds=[Threshold(0.5, "watch", "r"), Threshold(99.0, "emergency", "r")])
    one.bands, one.truths = [Band(HOUR, 2 * HOUR, "watch")], [Truth(HOUR, 3 * HOUR, "watch")]
    one.flag[10], one.flag[20] = 3, 4
    svg = draw(one, 0, int(one.time[-1]), "Asia/Ho_Chi_Minh")
    assert 'class="level watch"' in svg
    assert "theo dõi 0.5" in svg
    assert "↑ khẩn cấp 99" in svg  # out of sight, and said so
    assert 'class="band watch"' in svg
    assert 'class="step truth watch"' in svg
    assert 'class="mark suspect"' in svg
    assert 'class="mark fail"' in svg
    assert "1 nghi ngờ" in caption(one)


def test_a_page_of_a_million_readings_is_below_a_megabyte() -> None:
    big = [chart(100_000) for _ in range(10)]
    for one in big:
        one.value = np.random.default_rng(2).normal(0, 1, 100_000)
    assert len(render(report(*big)).encode()) < 1_000_000


def test_a_page_names_nothing_elsewhere_and_escapes_names() -> None:
    page = render(report(chart()))
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "@import" not in page
    assert "url(" not in page
    assert "<A>" not in page
    assert "nguồn &lt;b&gt;" in page
    assert re.findall(r"https?://[^ \"']+", page) == ["http://www.w3.org/2000/svg"]  # a name, not a place


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render(report(chart())) == render(report(chart()))


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(0, 4, [0, 1, 2, 3, 4]), (0.0, 0.35, [0, 0.1, 0.2, 0.3]), (153, 159, [154, 156, 158])],
)
def test_an_axis_has_round_values(low: float, high: float, shown: list[float]) -> None:
    assert values(low, high) == pytest.approx(shown)


def test_days_of_an_axis_are_days_of_the_wall_clock() -> None:
    start = 1_700_000_000_000_000  # 15 November 2023, 05:13 in Việt Nam
    found = instants(start, start + 30 * 24 * HOUR, "Asia/Ho_Chi_Minh")
    assert all((at + 7 * HOUR) % (24 * HOUR) == 0 for at, _ in found)
    assert [label for _, label in found][:2] == ["18/11", "21/11"]
