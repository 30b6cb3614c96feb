"""Topics, subjects and partitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.observation import topics
from services.observation.topics import Kind, Topic

slugs = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20)


@given(slugs, slugs)
def test_every_uplink_topic_is_taken_apart_as_it_was_put_together(area: str, gateway: str) -> None:
    made = {
        Kind.READINGS: topics.readings(area, gateway),
        Kind.STRIKES: topics.strikes(area, gateway),
        Kind.STATUS: topics.status(area, gateway),
        Kind.RESULT: topics.result(area, gateway),
    }
    for kind, topic in made.items():
        assert topics.parse(topic) == Topic(area, gateway, kind)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "haidang",
        "haidang/v1/a/b",
        "haidang/v2/a/b/readings",
        "haidang/v1/a/b/readings/x",
        "haidang/v1/a/b/commands",
        "haidang/v1/a/b/ack",
        "haidang/v1/A/b/readings",
        "haidang/v1/a//readings",
        "haidang/v1/a/+/readings",
        "haidang/v1/a/b\n/readings",
        "haidang/v1/cầu/b/readings",
        "haidang-alerts/v1/a/flood",
        "/haidang/v1/a/b/readings",
    ],
)
def test_a_topic_that_is_none_of_ours_is_none(topic: str) -> None:
    assert topics.parse(topic) is None


def test_the_uplink_filters_cover_each_kind_and_nothing_that_goes_down() -> None:
    assert topics.UPLINK == (
        "haidang/v1/+/+/readings",
        "haidang/v1/+/+/strikes",
        "haidang/v1/+/+/status",
        "haidang/v1/+/+/commands/result",
    )


def test_what_goes_down_stands_beside_what_comes_up() -> None:
    assert topics.ack("thang-tam", "gw-01") == "haidang/v1/thang-tam/gw-01/ack"
    assert topics.commands("thang-tam", "gw-01") == "haidang/v1/thang-tam/gw-01/commands"
    assert topics.alerts("thang-tam", "flood") == "haidang-alerts/v1/thang-tam/flood"
    assert topics.ack_subject("gw-01", "9f3a", "stored") == "down.gw-01.ack.9f3a.stored"


def test_a_partition_never_moves() -> None:
    """Pinned: streams and snapshots on disk were cut by these numbers."""
    assert topics.partition("vung-tau", "thang-tam") == 13
    assert topics.partition("vung-tau", "rach-dua") == 6
    assert topics.partition("vung-tau", "_") == 3


@given(slugs, slugs)
def test_a_partition_is_one_of_sixteen_and_names_the_subject(site: str, area: str) -> None:
    if area == topics.SITE_SCOPE:
        return
    assert 0 <= topics.partition(site, area) < topics.PARTITIONS
    assert topics.readings_subject(site, area) == f"readings.{topics.partition(site, area)}"


def test_a_station_of_scope_site_goes_where_every_partition_reads() -> None:
    assert topics.readings_subject("vung-tau", "site") == "readings.all"


def test_a_rule_on_scope_site_belongs_to_the_partition_of_the_underscore() -> None:
    assert topics.partition("vung-tau", "site") == topics.partition("vung-tau", "_")


@pytest.mark.parametrize("good", ["vt-flood-001.water_level", "a.b", "1.pm2_5"])
def test_a_sensor_id_is_a_station_a_dot_and_a_property(good: str) -> None:
    assert topics.is_sensor_id(good)


@pytest.mark.parametrize(
    "bad", ["", "a", "a.", ".b", "a.b.c", "a_b.c", "a.b-c", "A.b", "a.B", "a.b\n", "a b.c", "a.pm2,5"]
)
def test_anything_else_is_no_sensor_id(bad: str) -> None:
    assert not topics.is_sensor_id(bad)


@pytest.mark.parametrize("bad", ["", "A", "a_b", "a.b", "a/b", "é", "a\n", "a b"])
def test_a_slug_has_small_letters_digits_and_hyphens(bad: str) -> None:
    assert not topics.is_slug(bad)
    assert topics.is_slug("vt-flood-001")
