"""Events as a provincial integration platform takes them: one flat record each. Pure.

No schema of such a platform is published for warnings; what is assumed stands in docs/links.md. Keys are
Vietnamese without marks, as such platforms name their fields; no value is nested; what does not apply is
null, never left out.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from services.observation.event import SEVERITIES, noun_and_verb

VERSION = "1.0"
_HANOI = timezone(timedelta(hours=7))
FIELDS: dict[str, str] = {
    "maSuKien": "id of the event; the same event is the same record, however often it comes",
    "maCanhBao": "id of the alert, situation or bulletin it is about",
    "loaiDoiTuong": "canhBao, tinhHuong, banTin, baoTri or khac",
    "loaiSuKien": "what happened: our verb",
    "maDiaBan": "id of the site it is of",
    "maKhuVuc": "id of the area; empty: the whole site",
    "linhVuc": "hazard",
    "mucDo": "1 to 4; 0 where there is none",
    "tenMucDo": "the level in Vietnamese",
    "tinhChat": "thuc, dienTap or kiemThu",
    "nguon": "camBien, heThong, thuCong or banTinChinhThuc",
    "maTram": "station",
    "maCamBien": "sensor",
    "giaTri": "value",
    "donVi": "unit of value and threshold",
    "nguong": "threshold",
    "noiDung": "in Vietnamese",
    "noiDungTiengAnh": "in English",
    "nguoiThucHien": "who did it, of an act",
    "thoiGian": "of the event, at +07:00",
    "token": "place in our stream, for `after`",
}
"""Each field and its meaning."""
_LEVELS = ("", "Chú ý", "Theo dõi", "Cảnh báo", "Khẩn cấp")
_NATURE = {"Actual": "thuc", "Exercise": "dienTap", "Test": "kiemThu"}
_NOUNS = {"alert": "canhBao", "situation": "tinhHuong", "bulletin": "banTin", "maintenance": "baoTri"}
_ORIGINS = {"manual": "thuCong", "official_bulletin": "banTinChinhThuc", "self": "heThong"}


def record(event: Mapping[str, Any]) -> dict[str, Any]:
    """One event, as the api hands it out (with `sequence` and `epoch`), as a flat record.

    Total: what another release wrote and we do not know is null or `khac`.
    """
    given = event.get("data")
    data: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    noun, verb = noun_and_verb(event.get("type")) or ("", "")
    severity = data.get("severity")
    level = SEVERITIES.index(severity) + 1 if severity in SEVERITIES else 0
    words = data.get("reason") or data.get("headline") or {}
    words = words if isinstance(words, Mapping) else {}
    origin = "self" if data.get("hazard") == "system" else str(data.get("origin"))
    area = data.get("area")
    # A person, or an official message, may have said it in Vietnamese alone: that is no English.
    english = None if data.get("language") == "vi" else words.get("en")
    found = {
        "maSuKien": event.get("id"),
        "maCanhBao": event.get("subject"),
        "loaiDoiTuong": _NOUNS.get(noun, "khac"),
        "loaiSuKien": verb or None,
        "maDiaBan": str(event.get("source", "")).removeprefix("/sites/") or None,
        "maKhuVuc": "" if area in ("_", "site", None) else area,
        "linhVuc": data.get("hazard"),
        "mucDo": level,
        "tenMucDo": _LEVELS[level],
        "tinhChat": _NATURE.get(str(data.get("status", "Actual")), "kiemThu"),
        "nguon": _ORIGINS.get(origin, "camBien"),
        "maTram": data.get("station"),
        "maCamBien": data.get("sensor"),
        "giaTri": data.get("value"),
        "donVi": data.get("unit"),
        "nguong": data.get("threshold"),
        "noiDung": words.get("vi"),
        "noiDungTiengAnh": english,
        "nguoiThucHien": data.get("by"),
        "thoiGian": _local(event.get("time")),
        "token": _token(event),
    }
    return {name: _flat(value) for name, value in found.items()}


def batch(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Several events as the body of one push; a receiver takes each `maSuKien` once."""
    records = [record(event) for event in events]
    return {"phienBan": VERSION, "soLuong": len(records), "duLieu": records}


def _flat(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _token(event: Mapping[str, Any]) -> str | None:
    epoch, sequence = event.get("epoch"), event.get("sequence")
    return f"{epoch}.{sequence}" if epoch and sequence else None


def _local(time: object) -> str | None:
    if not isinstance(time, str):
        return None
    try:
        found = datetime.fromisoformat(time)
    except ValueError:
        return None
    return None if found.tzinfo is None else found.astimezone(_HANOI).isoformat(timespec="seconds")
