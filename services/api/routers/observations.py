"""Manual observations: a caretaker at a staff gauge, a citizen's call."""

import secrets
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header
from nats.errors import Error as NatsError
from nats.js.errors import APIError, NotFoundError
from starlette.responses import Response

from services.api.context import Context, Here
from services.api.errors import Problem, away, invalid, not_found
from services.api.identity import Who, demand
from services.api.responses import answer
from services.api.shapes.observations import Accepted, ManualReading
from services.observation import event as events
from services.observation import reported, topics, units
from services.observation.command import identity
from services.observation.instants import SECOND, iso, micros
from services.observation.reported import Reported
from services.observation.sensor import MANUAL_GATEWAY, Sensor
from services.observation.text import Text
from services.observation.topics import SITE_AREA, SITE_SCOPE
from services.runtime.principal import OPERATOR, VIEWER, Principal
from services.runtime.streams import ALERTS

router = APIRouter(tags=["sensors"])
OLDEST_US = 7 * 86_400 * SECOND
AHEAD_US = 300 * SECOND
TOPIC = topics.readings(MANUAL_GATEWAY, MANUAL_GATEWAY)
TIMEOUT_S = 2.0
WRONG_LAST = 10071
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=100,
        description="The same key again is the same reading · Gửi lại cùng khóa không tạo số đo thứ hai",
    ),
]
_AWAY = Text(
    "chưa ghi được số đo; hãy gửi lại với cùng Idempotency-Key",
    "the reading could not be written; send it again with the same Idempotency-Key",
)
_CONFLICT = Text(
    "Idempotency-Key này đã dùng cho một số đo khác",
    "this Idempotency-Key was used for another reading; a new one needs a new key",
)


@router.post("/observations", response_model=Accepted, summary="A manual reading · Số đo đọc bằng tay")
async def report_observation(here: Here, who: Who, asked: ManualReading, key: Key = None) -> Response:
    """Hand in what was read at an instrument or told by telephone: checked, sent on the way of every reading.

    The answer says that it was accepted, not that it is stored: quality control and rules see it like any
    reading, and its time and sensor are its key. It is no sign of life of the station's gateway. The stream
    of events has it as `observation.reported`, with who told it.

    Số đo đọc tại thước, hoặc người dân báo qua điện thoại. Trả lời chỉ nói rằng đã nhận; số đo vẫn qua kiểm
    tra chất lượng và quy tắc như mọi số đo khác.
    """
    demand(who, VIEWER)
    sensor, area = _sensor(here, who, asked.sensor)
    demand(who, OPERATOR, area)
    told = _checked(here, asked, sensor, area, who)
    name = identity(here.site.site.id, "observation", who.subject, key or secrets.token_hex(16))
    data = msgspec.structs.replace(told, observation_id=name)
    kept, repeated = await _record(here, data)
    pack = [{"n": kept.sensor, "u": kept.unit, "t": micros(kept.time) / 1e6, "v": kept.value}]
    if here.send is None or not await here.send(TOPIC, msgspec.json.encode(pack)):
        raise away(_AWAY, retry_s=1, code="mqtt-away")
    shown = {field: getattr(kept, field) for field in ("observation_id", "sensor", "value", "unit", "time")}
    return answer({**shown, "accepted": True, "repeated": repeated})


def _sensor(here: Context, who: Principal, name: str) -> tuple[Sensor, str]:
    """The sensor and the area of its station.

    Raises:
        Problem: 404 there is none, or not for who asks; 422 it is computed.
    """
    found = here.site.sensors.get(name)
    area = "" if found is None else here.site.site.stations[found.station].area
    if found is None or not who.sees(area):
        raise not_found(Text(f"không có cảm biến {name[:80]!r}", f"there is no sensor {name[:80]!r}"))
    if found.derived:
        raise invalid(Text("đại lượng do hệ thống tính", "is computed, not read"), "sensor")
    return found, area


def _checked(here: Context, asked: ManualReading, sensor: Sensor, area: str, who: Principal) -> Reported:
    """What was asked as it will be recorded.

    Raises:
        Problem: 422 the unit, the value or the time can't be.
    """
    unit = asked.unit or sensor.unit
    factor = units.converter(unit, sensor.unit)
    if factor is None:
        said = Text(
            f"đơn vị {unit!r}; cần {sensor.unit!r}", f"{unit!r}; expected {sensor.unit!r} or the like"
        )
        raise invalid(said, "unit")
    value = asked.value * factor[0] + factor[1]
    low, high = sensor.fail_min, sensor.fail_max
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = f"{'…' if low is None else low} – {'…' if high is None else high} {sensor.unit}"
        raise invalid(Text(f"ngoài khoảng {bounds}", f"outside of {bounds}"), "value")
    now = here.clock()
    time = now if asked.time is None else asked.time
    if not now - OLDEST_US <= time <= now + AHEAD_US:
        said = Text("phải trong 7 ngày qua", "expected within the last 7 days, and not in the future")
        raise invalid(said, "time")
    wish = msgspec.json.encode([asked.sensor, asked.value, unit, asked.time, asked.way, asked.note])
    return Reported(
        observation_id="",
        sensor=sensor.id,
        station=sensor.station,
        area=SITE_AREA if area == SITE_SCOPE else area,
        property=sensor.property,
        value=asked.value,
        unit=unit,
        time=iso(time),
        by=who.subject,
        way=asked.way,
        request=identity(wish.decode()),
        note=asked.note,
    )


async def _record(here: Context, data: Reported) -> tuple[Reported, bool]:
    """Write the record, and whether it was there before. First of all: what is sent can be told of.

    Raises:
        Problem: 409 another reading has that key; 503 the stream is away.
    """
    site = here.site.site.id
    event = reported.make(site, data, here.clock())
    subject = events.subject(site, data.area, data.observation_id)
    headers = {"Nats-Msg-Id": event.id, "Nats-Expected-Last-Subject-Sequence": "0"}
    try:
        await here.js.publish(
            subject, reported.encode(event), timeout=TIMEOUT_S, headers=headers, stream=ALERTS
        )
    except (NatsError, APIError, TimeoutError, OSError) as error:
        if getattr(error, "err_code", None) != WRONG_LAST:
            raise away(_AWAY, retry_s=1, code="alerts-away") from error
    else:
        return data, False
    try:
        there = await here.js.get_last_msg(ALERTS, subject)
        kept = reported.decode(there.data or b"").data
    except (NatsError, NotFoundError, TimeoutError, msgspec.MsgspecError) as error:
        raise away(_AWAY, retry_s=1, code="alerts-away") from error
    if kept.request != data.request:
        raise Problem(409, "idempotency-conflict", _CONFLICT)
    return kept, True
