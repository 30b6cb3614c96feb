"""The page of metrics: valid, complete, bounded, well named; and log lines without passwords."""

import io
import json
import logging as stdlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.parser import text_string_to_metric_families

from services.api.exposition import FOREIGN, Sample, exposition
from services.api.metric_table import GROUPS, RATES, TABLE, family_of, of_figure
from services.observation.heartbeat import Heartbeat
from services.observation.reasons import Reason
from services.runtime import logging, metrics

ROOT = Path(__file__).parents[2]
SERVICES = sorted((ROOT / "services").rglob("*.py"))
SECRET = "s3cr@t-PW"


def page(figures: dict[str, float], *measured: Sample, own: bytes = b"", service: str = "ingest") -> str:
    beats = {service: Heartbeat(service, 1, 0, ready=True, figures=figures)}
    return exposition(own, beats, lambda _: 2.5, measured).decode()


def test_a_page_of_everything_is_read_back_with_types_and_texts() -> None:
    own = b"# TYPE haidang_api_events_total counter\nhaidang_api_events_total 3.0\n"
    figures = {
        "readings": 94.0,
        "rejects.not_json": 2.0,
        "rejects.no_name": 1.0,
        "restarts_nats-server": 4.0,
        'haidang_stored_seconds_bucket{le="0.5"}': 3.0,
        'haidang_stored_seconds_bucket{le="+Inf"}': 4.0,
        "haidang_stored_seconds_sum": 1.5,
        "haidang_stored_seconds_count": 4.0,
    }
    text = page(figures, Sample("haidang_stream_bytes", (("stream", 'a"b'),), 7), own=own)
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["haidang_readings"].type == "counter"
    assert families["haidang_readings"].documentation == TABLE["haidang_readings_total"].text.en
    rejected = {s.labels["reason"]: s.value for s in families["haidang_rejects"].samples}
    assert rejected == {"not_json": 2, "no_name": 1}
    assert families["haidang_restarts"].samples[0].labels == {"child": "nats-server", "service": "ingest"}
    assert families["haidang_stored_seconds"].type == "histogram"
    assert len(families["haidang_stored_seconds"].samples) == 4
    assert families["haidang_stream_bytes"].samples[0].labels == {"stream": 'a"b'}
    assert re.findall(r"# TYPE (\S+)", text) == list(dict.fromkeys(re.findall(r"# TYPE (\S+)", text)))


def test_each_series_stands_there_once_and_the_first_word_counts() -> None:
    figures = {"lag": 5.0, "haidang_archive_lag_messages": 5.0}
    assert page(figures).count("haidang_archive_lag_messages{") == 1
    measured = Sample("haidang_disk_free_bytes", (("service", "ingest"),), 1)
    assert 'haidang_disk_free_bytes{service="ingest"} 1\n' in page({"disk_free_bytes": 2.0}, measured)


def test_a_figure_of_another_release_is_shown_without_a_type() -> None:
    text = page({"brand new": 1.0, "readings_per_s": 7.0})
    assert '# TYPE haidang_brand_new untyped\nhaidang_brand_new{service="ingest"} 1.0' in text
    assert "per_s" not in text


def test_a_service_that_goes_mad_does_not_flood_the_page() -> None:
    assert page({f"x{n}": 1.0 for n in range(5_000)}).count("haidang_x") <= 2 * FOREIGN


def test_our_own_process_is_among_the_processes_but_nothing_else_of_us_comes_twice() -> None:
    text = page({"process_open_fds": 9.0, "haidang_api_events_total": 3.0}, service="api")
    assert 'haidang_process_open_fds{service="api"} 9.0' in text
    assert "haidang_api_events_total" not in text


def test_every_name_says_its_unit_and_its_kind() -> None:
    units = ("_seconds", "_bytes", "_info", "_messages", "_sequence", "_fds")
    for metric in TABLE.values():
        assert re.fullmatch(r"haidang_[a-z][a-z0-9_]*", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert not re.search(r"_(ms|us|kb|mb|percent|per_s)(_|$)", metric.name), metric.name
        if metric.kind == "histogram":
            assert metric.name.endswith(units), metric.name
        assert metric.text.vi
        assert metric.text.en
        assert metric.text.vi != metric.text.en, metric.name
    assert len(TABLE) == sum(len(group.metrics) for group in GROUPS)


def test_everything_that_is_counted_anywhere_is_in_the_table() -> None:
    declared = re.compile(r"metrics\.(counter|gauge|histogram)\(\s*\"([a-z0-9_]+)\"")
    for file in SERVICES:
        for kind, name in declared.findall(file.read_text("utf-8")):
            metric = TABLE.get(f"haidang_{name}")
            assert metric is not None, f"{file.name}: {name} is not in metric_table"
            assert metric.kind == kind, f"{file.name}: {name}"


def test_every_figure_of_a_heartbeat_has_a_name_of_its_own() -> None:
    figure = re.compile(r"\.figure\(\s*f?\"([^\"]+)\"")
    for file in SERVICES:
        for name in figure.findall(file.read_text("utf-8")):
            plain = re.sub(r"\{[^}]*\}", "x", name)
            assert plain in RATES or of_figure(plain) is not None, (
                f"{file.name}: {name} is not in metric_table"
            )


def test_a_label_that_is_open_ended_is_in_no_heartbeat() -> None:
    assert {label for metric in TABLE.values() if metric.figure for label in metric.labels} <= {
        "service", "reason", "child", "road",
    }  # fmt: skip
    assert len(Reason) < 40


def test_a_histogram_of_the_table_owns_its_parts_and_others_own_their_names() -> None:
    assert family_of("haidang_stored_seconds_bucket") == "haidang_stored_seconds"
    assert family_of("haidang_odd_count") == "haidang_odd_count"


def test_a_heartbeat_carries_whole_families_and_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = CollectorRegistry()
    monkeypatch.setattr(metrics, "registry", registry)
    small = Histogram("small_seconds", "x", registry=registry, buckets=(0.1, 1.0))
    large = Histogram("large_seconds", "x", ["operation"], registry=registry)
    small.observe(0.5)
    for number in range(20):
        large.labels(f"o{number}").observe(1)
    found = metrics.samples()
    assert found['small_seconds_bucket{le="+Inf"}'] == 1
    assert {"small_seconds_sum", "small_seconds_count"} <= found.keys()
    assert not any(name.startswith("large") for name in found)
    assert len(found) <= metrics.PER_HEARTBEAT


# Logs


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = stdlib.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    logging.configure(stream=stream)
    yield stream
    logging.configure()
    root.handlers, root.level = handlers, level


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        f"connecting to nats://ingest:{SECRET}@10.0.0.1:4222 failed",
        f"postgresql://haidang:{SECRET}@db/haidang?sslmode=require",
        f"host=db user=haidang password={SECRET} dbname=x",
        f"host=db password='{SECRET}' dbname=x",
        f"Authorization: Bearer {SECRET}",
        f"mqtts://gw:{SECRET}@broker:8883",
    ],
)
def test_no_password_reaches_the_log(lines: io.StringIO, text: str, *, as_json: bool) -> None:
    logging.configure(as_json=as_json, stream=lines)
    logging.get("x").error("failed", error=text, cause=ValueError(text), password=SECRET)
    stdlib.getLogger("library").error("it said %s", text)
    logging.get("x").crash("crashed", ValueError(text))
    written = lines.getvalue()
    assert written.count("\n") == 3
    for part in (SECRET, SECRET.partition("@")[0], SECRET.partition("@")[2]):
        assert part not in written


def test_what_is_no_password_stays_as_it_is() -> None:
    for text in ("token=ac95097f.35", "a@b.vn wrote", "nats://127.0.0.1:4222/x?a=b", "http://h/a@b"):
        assert logging.scrubbed(text) == text


def test_a_crash_is_one_line_with_its_traceback(lines: io.StringIO) -> None:
    logging.configure(as_json=True, stream=lines)
    with pytest.raises(KeyError) as caught:
        json.loads("{}")["gw-01"]
    logging.get("ingest").crash("crashed", caught.value)
    record = json.loads(lines.getvalue())
    assert record["event"] == "crashed"
    assert "test_metrics.py" in record["traceback"]


def test_under_json_every_line_is_an_object_whoever_wrote_it(lines: io.StringIO) -> None:
    assert logging.child_line("postgres", "LOG:  ready") == "postgres: LOG:  ready"
    assert logging.person_line("ready") == "ready"
    logging.configure(as_json=True, stream=lines)
    own = '{"t": "x", "component": "ingest"}'
    assert logging.child_line("ingest", own) == own
    foreign = json.loads(logging.child_line("postgres", f"LOG:  postgresql://u:{SECRET}@h"))
    assert (foreign["component"], foreign["text"]) == ("postgres", "LOG:  postgresql://h")
    assert json.loads(logging.person_line("site published"))["text"] == "site published"
