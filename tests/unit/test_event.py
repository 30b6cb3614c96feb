"""Alert events and their ids."""

import msgspec
import pytest

from services.observation import event as events
from services.observation.event import Alert
from services.observation.text import Text

PARTS = {
    "site": "vung-tau",
    "rule": "bridge-a",
    "rule_version": "0123456789ab",
    "subject": "vt-flood-001.water_level",
    "start": 1_763_600_400_000_000,
    "transition": "raised:advisory",
    "time": 1_763_600_460_000_000,
}
ID = "35100af7660e19606f4f2d6059c38e86"


def alert(**changed: object) -> Alert:
    given = {
        "alert_id": ID,
        "hazard": "flood",
        "area": "thang-tam",
        "severity": "advisory",
        "rule": "bridge-a",
        "rule_version": "0123456789ab",
        "time": "2025-11-20T01:01:00Z",
        "detected_at": "2025-11-20T01:01:02Z",
        "reason": Text("nước cao", "water high"),
        **changed,
    }
    return msgspec.convert(given, Alert, from_attributes=True)


def test_an_event_id_never_changes() -> None:
    """Pinned: alerts on disk, and those an IOC has seen, are known by it."""
    assert events.event_id(**PARTS) == ID  # type: ignore[arg-type]  # one dict for all parts


@pytest.mark.parametrize("part", PARTS)
def test_an_event_id_differs_in_each_part(part: str) -> None:
    value = PARTS[part]
    other = {**PARTS, part: value + 1 if isinstance(value, int) else f"{value}x"}
    assert events.event_id(**other) != ID  # type: ignore[arg-type]


def test_parts_do_not_run_into_each_other() -> None:
    one = {**PARTS, "site": "a", "rule": "bc"}
    other = {**PARTS, "site": "ab", "rule": "c"}
    assert events.event_id(**one) != events.event_id(**other)  # type: ignore[arg-type]


def test_an_event_is_a_cloudevent() -> None:
    made = events.make(site="vung-tau", verb="raised", event=ID, time=1_763_600_460_000_000, alert=alert())
    raw = msgspec.json.decode(events.encode(made))
    assert {key: value for key, value in raw.items() if key != "data"} == {
        "id": ID,
        "source": "/sites/vung-tau",
        "type": "vn.haidang.alert.raised.v1",
        "subject": ID,
        "time": "2025-11-20T01:01:00Z",
        "specversion": "1.0",
        "datacontenttype": "application/json",
    }
    assert events.decode(events.encode(made)) == made


def test_the_data_of_an_event_holds_all_that_is_promised() -> None:
    raw = msgspec.json.decode(msgspec.json.encode(alert()))
    promised = (
        "alert_id previous hazard area station sensor severity value unit threshold rule rule_version time "
        "detected_at late flag reason status"
    )
    assert set(promised.split()) <= raw.keys()
    assert raw["reason"] == {"vi": "nước cao", "en": "water high"}
    assert raw["status"] == "Actual"


def test_a_field_of_a_newer_release_is_passed_over() -> None:
    made = events.make(site="s", verb="raised", event=ID, time=0, alert=alert())
    raw = msgspec.json.decode(events.encode(made))
    raw["data"]["colour"] = "red"
    assert events.decode(msgspec.json.encode(raw)) == made


@pytest.mark.parametrize("verb", [*events.Verb, "acknowledged", "unshelved"])
def test_a_verb_is_found_in_its_type(verb: str) -> None:
    assert events.verb_of(events.type_of(verb)) == verb


@pytest.mark.parametrize(
    "text", ["", "vn.haidang.alert.raised", "vn.haidang.alert.raised.v2", "com.example.raised.v1"]
)
def test_a_type_that_is_not_ours_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="not an alert event"):
        events.verb_of(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("vn.haidang.alert.shelve-asked.v1", ("alert", "shelve-asked")),
        ("vn.haidang.maintenance.planned.v1", ("maintenance", "planned")),
        ("vn.haidang.alert.raised.v2", None),
        ("vn.haidang..raised.v1", None),
        ("com.example.alert.raised.v1", None),
        (7, None),
        (None, None),
    ],
)
def test_a_type_tells_its_noun_and_its_verb(text: object, found: tuple[str, str] | None) -> None:
    assert events.noun_and_verb(text) == found


def test_the_subject_names_site_area_and_alert() -> None:
    assert events.subject("vung-tau", "_", ID) == f"alerts.vung-tau._.{ID}"
