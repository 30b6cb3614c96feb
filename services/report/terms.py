"""Words of reports of alerts, in both languages: states, reasons of quiet, causes, priorities. Pure."""

from services.observation.act import Cause
from services.observation.instants import micros
from services.observation.text import Text
from services.report.axes import duration
from services.report.words import SEVERITY

CAUSES: dict[Cause, Text] = {
    "real": Text("Có thật", "Real"),
    "false": Text("Báo sai", "False"),
    "test": Text("Thử nghiệm", "Test"),
    "maintenance": Text("Bảo trì", "Maintenance"),
}
STATUS = {"Exercise": Text("diễn tập", "exercises"), "Test": Text("thử nghiệm", "tests")}
PRIORITIES = {
    "low": Text("Phần mức thấp (chú ý)", "Share of low priority (advisory)"),
    "medium": Text("Phần mức vừa (theo dõi)", "Share of medium priority (watch)"),
    "high": Text("Phần mức cao (cảnh báo, khẩn cấp)", "Share of high priority (warning, emergency)"),
}
_LABELS = {
    "normal": Text("bình thường", "normal"),
    "unacknowledged": Text("chưa xác nhận", "unacknowledged"),
    "acknowledged": Text("đã xác nhận", "acknowledged"),
    "rtn-unacknowledged": Text("đã hết, chưa xác nhận", "returned, unacknowledged"),
    "shelved": Text("gác lại", "shelved"),
    "suppressed-by-design": Text("giữ im theo thiết kế", "suppressed by design"),
    "out-of-service": Text("ngừng phục vụ", "out of service"),
    "closed": Text("đã đóng", "closed"),
}
_QUIET = {
    "shelved": Text("gác lại", "shelved"),
    "inhibition": Text("cảnh báo lớn hơn", "a greater alert"),
    "gateway": Text("gateway mất tín hiệu", "its gateway is silent"),
    "maintenance": Text("bảo trì", "maintenance"),
    "test": Text("thử nghiệm", "test"),
    "chattering": Text("báo lặp", "chattering"),
}
VERBS = {
    "acknowledged": Text("xác nhận", "acknowledged"),
    "unacknowledged": Text("rút xác nhận", "took the acknowledgement back"),
    "shelve-asked": Text("xin gác lại", "asked to shelve"),
    "shelved": Text("gác lại", "shelved"),
    "unshelved": Text("bỏ gác lại", "unshelved"),
    "assigned": Text("giao việc", "assigned"),
    "unassigned": Text("rút việc", "unassigned"),
    "commented": Text("ghi chú", "commented"),
    "closed": Text("đóng", "closed"),
    "reopened": Text("mở lại", "reopened"),
    "overdue": Text("quá hạn, báo người kế tiếp", "overdue, told the next in line"),
    "realarmed": Text("xác nhận đã lâu mà vẫn còn, báo lại", "acknowledged long ago, came back"),
}
AFFAIRS = {
    "planned": Text("lên lịch", "planned"),
    "changed": Text("đổi", "changed"),
    "cancelled": Text("huỷ", "cancelled"),
    "ended": Text("kết thúc", "ended"),
    "started": Text("bắt đầu", "started"),
    "failed": Text("hỏng", "failed"),
    "healed": Text("đã thông", "healed"),
    "tested": Text("đã thử", "tested"),
    "dead": Text("không gửi được", "not delivered"),
    "proposed": Text("đề xuất", "proposed"),
    "issued": Text("đã phát", "issued"),
    "rejected": Text("bị từ chối", "rejected"),
    "reported": Text("báo về", "reported"),
    "up": Text("thông", "up"),
    "down": Text("đứt", "down"),
}
NOUNS = {
    "maintenance": Text("bảo trì", "maintenance"),
    "bulletin": Text("bản tin", "bulletin"),
    "exercise": Text("diễn tập", "exercise"),
    "observation": Text("quan sát của người", "a person's observation"),
    "road": Text("đường gửi", "road out"),
    "link": Text("liên kết", "link"),
}


def label(name: str) -> Text:
    """A state as ISA-18.2 has it."""
    return _LABELS.get(name, Text(name, name))


def quiet(kind: str) -> Text:
    """What keeps an alert quiet."""
    return _QUIET.get(kind, Text(kind, kind))


def words(said: str | None) -> Text:
    """What a person said; a cause that was chosen from the list is said in the reader's language."""
    for cause, text in CAUSES.items():
        if said == cause:
            return Text(text.vi.lower(), text.en.lower())
    return Text(said or "", said or "")


def severity(word: str) -> Text:
    """A rung of the ladder."""
    return SEVERITY.get(word, Text(word, word))


def capital(text: Text) -> Text:
    """As the head of a column."""
    return Text(text.vi[:1].upper() + text.vi[1:], text.en[:1].upper() + text.en[1:])


def span(seconds: float) -> Text:
    """A stretch of time."""
    return duration(seconds, fine=True)


def tag(text: str) -> str:
    """How sure a mark is, in Vietnamese."""
    for en, vi in (("verified", "đã kiểm chứng"), ("recalled", "theo trí nhớ, cần kiểm lại")):
        if text.startswith(en):
            return vi
    return text


def text_of(given: object) -> Text:
    """A text in two languages as an event carries it; an empty one of anything else."""
    if isinstance(given, dict):
        vi, en = given.get("vi"), given.get("en")
        if isinstance(vi, str) and isinstance(en, str):
            return Text(vi, en)
    return Text(given, given) if isinstance(given, str) else Text("", "")


def micros_of(given: object) -> int | None:
    """An instant as an event carries it, µs UTC; None of anything else."""
    try:
        return micros(given) if isinstance(given, str) else None
    except (ValueError, OverflowError):
        return None
