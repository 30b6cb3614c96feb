"""Why something could not be used: the closed table of reasons, each with its remedy. Pure."""

from enum import StrEnum
from typing import NamedTuple

from services.observation.text import Text


class Reason(StrEnum):
    """Why a message or one of its records could not be used; also the last token of the subject."""

    BAD_TOPIC = "bad_topic"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_CBOR = "not_cbor"
    TRUNCATED = "truncated"
    TOO_DEEP = "too_deep"
    EMPTY_PACK = "empty_pack"
    BAD_ENVELOPE = "bad_envelope"
    BAD_RECORD = "bad_record"
    BAD_STATUS = "bad_status"
    NO_NAME = "no_name"
    NO_VALUE = "no_value"
    NOT_FINITE = "not_finite"
    UNKNOWN_GATEWAY = "unknown_gateway"
    AREA_MISMATCH = "area_mismatch"
    UNKNOWN_STATION = "unknown_station"
    FOREIGN_STATION = "foreign_station"
    UNKNOWN_SENSOR = "unknown_sensor"
    DERIVED_SENSOR = "derived_sensor"
    UNKNOWN_SOURCE = "unknown_source"
    UNKNOWN_UNIT = "unknown_unit"
    WRONG_DIMENSION = "wrong_dimension"
    UNKNOWN_TEXT = "unknown_text"
    TIME_MISSING = "time_missing"
    TIME_RELATIVE = "time_relative"
    TIME_TOO_OLD = "time_too_old"
    TIME_IN_FUTURE = "time_in_future"
    TIME_IN_MILLISECONDS = "time_in_milliseconds"
    BAD_POSITION = "bad_position"
    BAD_RESULT = "bad_result"
    UNKNOWN_COMMAND = "unknown_command"


class Entry(NamedTuple):
    """A row of the table: what happened, and what a field engineer does next."""

    text: Text
    remedy: Text


def _entry(vi: str, en: str, remedy_vi: str, remedy_en: str) -> Entry:
    return Entry(Text(vi, en), Text(remedy_vi, remedy_en))


_SENML_VI, _SENML_EN = "gửi mảng SenML (RFC 8428)", "send a SenML array (RFC 8428)"
_DECLARE_VI, _DECLARE_EN = (
    "khai báo trong site.toml rồi chạy `haidang site push`",
    "declare it in site.toml and run `haidang site push`",
)
_CLOCK_VI, _CLOCK_EN = "kiểm tra đồng hồ của thiết bị (NTP)", "check the device's clock (NTP)"

TABLE: dict[Reason, Entry] = {
    Reason.BAD_TOPIC: _entry(
        "chủ đề MQTT không đúng dạng",
        "the MQTT topic is not one of ours",
        "dùng haidang/v1/{area}/{gateway}/readings",
        "use haidang/v1/{area}/{gateway}/readings",
    ),
    Reason.TOO_LARGE: _entry(
        "gói lớn hơn 1 MB hoặc có hơn 10.000 bản ghi",
        "the pack is over 1 MB or 10,000 records",
        "chia nhỏ gói trước khi gửi",
        "split packs before sending",
    ),
    Reason.NOT_UTF8: _entry(
        "nội dung không phải UTF-8",
        "the payload is not UTF-8",
        "mã hóa văn bản bằng UTF-8",
        "encode text as UTF-8",
    ),
    Reason.NOT_JSON: _entry(
        "nội dung không phải JSON",
        "the payload is not JSON",
        _SENML_VI,
        _SENML_EN,
    ),
    Reason.NOT_CBOR: _entry(
        "nội dung không phải CBOR",
        "the payload is not CBOR",
        _SENML_VI,
        _SENML_EN,
    ),
    Reason.TRUNCATED: _entry(
        "nội dung bị cắt cụt",
        "the payload is cut short",
        "kiểm tra bộ đệm của thiết bị và giới hạn kích thước gói",
        "check the device's buffer and packet size limit",
    ),
    Reason.TOO_DEEP: _entry(
        "nội dung lồng quá sâu",
        "the payload is nested too deep",
        _SENML_VI,
        _SENML_EN,
    ),
    Reason.EMPTY_PACK: _entry(
        "gói không có bản ghi nào",
        "the pack holds no record",
        "chỉ gửi khi có số đo",
        "send only when there are readings",
    ),
    Reason.BAD_ENVELOPE: _entry(
        "phong bì của gói sai dạng",
        "the envelope around the pack is malformed",
        "sửa các trường v, buf, seq, prev, lane, first, lost, records",
        "correct v, buf, seq, prev, lane, first, lost, records",
    ),
    Reason.BAD_RECORD: _entry(
        "bản ghi sai kiểu dữ liệu",
        "a record has a field of the wrong type",
        "t và v là số, n và u là chuỗi",
        "t and v are numbers, n and u are texts",
    ),
    Reason.BAD_STATUS: _entry(
        "trạng thái không phải online hay offline",
        "the status is neither online nor offline",
        "gửi đúng chữ online hoặc offline",
        "send the bare text online or offline",
    ),
    Reason.NO_NAME: _entry(
        "bản ghi không có tên cảm biến",
        "a record names no sensor",
        "đặt n là <trạm>.<đại lượng>, có thể sau bn",
        "set n to <station>.<property>, bn may hold its beginning",
    ),
    Reason.NO_VALUE: _entry(
        "bản ghi không có giá trị",
        "a record has no value",
        "đặt một trong v, vb, vs",
        "set one of v, vb, vs",
    ),
    Reason.NOT_FINITE: _entry(
        "giá trị không hữu hạn (NaN, vô cùng)",
        "the value is not finite (NaN, infinity)",
        "không gửi bản ghi khi cảm biến không đo được",
        "leave the record out when the sensor has no value",
    ),
    Reason.UNKNOWN_GATEWAY: _entry(
        "gateway chưa được khai báo",
        "the gateway is not declared",
        _DECLARE_VI,
        _DECLARE_EN,
    ),
    Reason.AREA_MISMATCH: _entry(
        "gateway được khai báo ở khu vực khác với chủ đề",
        "the gateway is declared under another area than its topic says",
        "sửa chủ đề ở gateway hoặc area trong site.toml",
        "correct the topic at the gateway or its area in site.toml",
    ),
    Reason.UNKNOWN_STATION: _entry(
        "trạm chưa được khai báo",
        "the station is not declared",
        "thêm trạm vào stations.geojson",
        "add it to stations.geojson",
    ),
    Reason.FOREIGN_STATION: _entry(
        "trạm không thuộc gateway này",
        "the station is not listed under this gateway",
        "thêm trạm vào danh sách stations của gateway trong site.toml",
        "list it in the gateway's stations in site.toml",
    ),
    Reason.UNKNOWN_SENSOR: _entry(
        "cảm biến chưa được khai báo",
        "the sensor is not declared",
        "thêm cảm biến vào sensors.csv",
        "add it to sensors.csv",
    ),
    Reason.DERIVED_SENSOR: _entry(
        "đại lượng này do hệ thống tính",
        "this property is computed by the service",
        "không gửi nó từ gateway",
        "do not send it from a gateway",
    ),
    Reason.UNKNOWN_SOURCE: _entry(
        "nguồn sét chưa được khai báo",
        "the strike source is not declared",
        "khai báo [[source]] hoặc [[gateway]] trong site.toml",
        "declare a [[source]] or [[gateway]] in site.toml",
    ),
    Reason.UNKNOWN_UNIT: _entry(
        "không biết đơn vị đo này",
        "the unit is not known",
        "dùng đơn vị SenML, hoặc đơn vị trong sensors.csv",
        "use a SenML unit, or the one in sensors.csv",
    ),
    Reason.WRONG_DIMENSION: _entry(
        "đơn vị không hợp với đại lượng",
        "the unit does not fit the property",
        "sửa u ở thiết bị hoặc đại lượng trong tên",
        "correct u at the device or the property in the name",
    ),
    Reason.UNKNOWN_TEXT: _entry(
        "giá trị chữ không có trong bảng của đại lượng",
        "the text value is not in the property's table",
        "gửi số, hoặc một chữ có trong bảng",
        "send a number, or a text of the table",
    ),
    Reason.TIME_MISSING: _entry(
        "bản ghi không có thời gian đo",
        "a record has no time",
        "gửi t, hoặc đặt clock = received trong sensors.csv",
        "send t, or set clock = received in sensors.csv",
    ),
    Reason.TIME_RELATIVE: _entry(
        "thời gian tính từ hiện tại, hoặc từ năm 1970",
        "the time is relative to now, or in the 1970s",
        "gửi giây kể từ 1970 UTC; " + _CLOCK_VI,
        "send seconds since 1970 UTC; " + _CLOCK_EN,
    ),
    Reason.TIME_TOO_OLD: _entry(
        "thời gian trước năm 2000",
        "the time is before 2000",
        _CLOCK_VI,
        _CLOCK_EN,
    ),
    Reason.TIME_IN_FUTURE: _entry(
        "thời gian quá 5 phút trong tương lai",
        "the time is more than 5 minutes ahead",
        _CLOCK_VI,
        _CLOCK_EN,
    ),
    Reason.TIME_IN_MILLISECONDS: _entry(
        "thời gian tính bằng mili giây",
        "the time is in milliseconds",
        "chia cho 1000: SenML dùng giây",
        "divide by 1000: SenML counts seconds",
    ),
    Reason.BAD_POSITION: _entry(
        "tọa độ sét ngoài khoảng cho phép",
        "the strike's position is out of range",
        "lat từ -90 đến 90, lon từ -180 đến 180",
        "lat within -90 to 90, lon within -180 to 180",
    ),
    Reason.BAD_RESULT: _entry(
        "kết quả của lệnh sai dạng",
        "the result of a command is malformed",
        "gửi v = 1, id, state (accepted, done, refused hoặc failed) và at tính bằng µs UTC",
        "send v = 1, id, state (accepted, done, refused or failed) and at in µs UTC",
    ),
    Reason.UNKNOWN_COMMAND: _entry(
        "không có lệnh nào đang chờ kết quả này",
        "no command waits for this result",
        "kiểm tra mã lệnh mà gateway trả lời",
        "check which command the gateway answers",
    ),
}
