"""CAP messages for tests: the genuine and the faulty ones, and any that hypothesis can think of."""

from datetime import UTC, datetime, timedelta, timezone
from functools import cache

import pytest
from hypothesis import strategies as st
from lxml import etree

from services.cap import message as cap
from services.cap.message import Area, Info, Message, Named, Resource
from tests.recordings.writing import data

SAMPLES = data() / "cap"
SCHEMA_HERE = (SAMPLES / "cap12.xsd").exists()


def sample(name: str) -> bytes:
    """A message of the public collection; the test is skipped where that is not at hand."""
    file = SAMPLES / name
    if not file.exists():
        pytest.skip(f"{name} of the public CAP samples is not here")
    return file.read_bytes()


@cache
def schema() -> etree.XMLSchema:
    """The schema of OASIS."""
    return etree.XMLSchema(etree.fromstring(sample("cap12.xsd")))


def valid(data: bytes) -> bool:
    """Whether the schema of OASIS takes a document."""
    return schema().validate(etree.fromstring(data))


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"),
    max_size=30,
)
filled = texts.filter(str.strip)
names = st.text(st.sampled_from("abcXYZ019.-_:/@"), min_size=1, max_size=20)


@st.composite
def times(draw: st.DrawFn) -> str:
    """A time as CAP wants it."""
    zone = timezone(timedelta(minutes=draw(st.integers(-14 * 4, 14 * 4)) * 15))
    moment = draw(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001  the zone comes next
    return moment.replace(microsecond=0, tzinfo=zone).isoformat()


named = st.builds(Named, texts, texts)
degrees = st.floats(-90, 90).map(lambda number: f"{number:.4f}")


@st.composite
def rings(draw: st.DrawFn) -> str:
    """A closed polygon."""
    points = draw(st.lists(st.tuples(degrees, degrees), min_size=3, max_size=6))
    return " ".join(f"{lat},{lon}" for lat, lon in [*points, points[0]])


def several(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    """None to three of them."""
    return st.lists(strategy, max_size=3).map(tuple)


areas = st.builds(
    Area,
    area_desc=filled,
    polygon=several(rings()),
    circle=several(st.tuples(degrees, degrees, st.integers(0, 99)).map(lambda c: f"{c[0]},{c[1]} {c[2]}")),
    geocode=several(named),
    altitude=st.just("12.5"),
    ceiling=st.none() | st.just("300"),
)
resources = st.builds(
    Resource,
    resource_desc=filled,
    mime_type=st.just("image/png"),
    size=st.none() | st.integers(0, 10**9).map(str),
    uri=st.none() | st.just("https://example.vn/map.png"),
    deref_uri=st.none() | st.just("aGFpIGRhbmc="),
    digest=st.none() | st.just("0123456789abcdef0123456789abcdef01234567"),
)
maybe = st.none() | texts
infos = st.builds(
    Info,
    category=st.lists(st.sampled_from(cap.CATEGORIES), min_size=1, max_size=3).map(tuple),
    event=filled,
    urgency=st.sampled_from(cap.URGENCIES),
    severity=st.sampled_from(cap.SEVERITIES),
    certainty=st.sampled_from(cap.CERTAINTIES),
    language=st.none() | st.sampled_from(("vi-VN", "en-US", "fr")),
    response_type=several(st.sampled_from(cap.RESPONSES)),
    audience=maybe,
    event_code=several(named),
    effective=st.none() | times(),
    onset=st.none() | times(),
    expires=st.none() | times(),
    sender_name=maybe,
    headline=maybe,
    description=maybe,
    instruction=maybe,
    web=st.none() | st.just("https://example.vn/"),
    contact=maybe,
    parameter=several(named),
    resource=several(resources),
    area=several(areas),
)
references = st.lists(st.tuples(names, names, times()), min_size=1, max_size=3).map(
    lambda found: " ".join(",".join(one) for one in found)
)
messages = st.builds(
    Message,
    identifier=names,
    sender=names,
    sent=times(),
    status=st.sampled_from(cap.STATUSES),
    msg_type=st.sampled_from(cap.TYPES),
    scope=st.sampled_from(cap.SCOPES),
    source=maybe,
    restriction=filled,
    addresses=filled,
    code=several(texts),
    note=maybe,
    references=references,
    incidents=maybe,
    info=several(infos),
)
NOW = datetime(2026, 10, 20, 1, tzinfo=UTC)
