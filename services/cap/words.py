"""What a public message says beside its reason: words, and the default mapping to CAP's. Pure.

The mapping is that of domain.md 7.1 [design default]: our four steps are its levels 1 to 4.
"""

import unicodedata

from services.observation.event import SEVERITIES
from services.observation.text import Text

STEPS: dict[str, Text] = {
    "advisory": Text("Lưu ý", "Advisory"),
    "watch": Text("Theo dõi", "Watch"),
    "warning": Text("Cảnh báo", "Warning"),
    "emergency": Text("Khẩn cấp", "Emergency"),
}
MARKS: dict[str, Text] = {
    "Actual": Text("", ""),
    "Exercise": Text("[DIỄN TẬP] ", "[EXERCISE] "),
    "Test": Text("[THỬ NGHIỆM] ", "[TEST] "),
}
NOTES: dict[str, str] = {
    "Exercise": "DIỄN TẬP, không có sự việc thật. EXERCISE, nothing of this is real.",
    "Test": "THỬ NGHIỆM, không có sự việc thật. TEST, nothing of this is real.",
}
OVER = Text("Hết cảnh báo", "All clear")
CANCELLED = Text("Hủy bản tin", "Cancelled")
OVER_TEXT = Text(
    "Điều kiện gây cảnh báo không còn. Bản tin trước hết hiệu lực.",
    "What led to the alert is over. The earlier message no longer holds.",
)
CANCEL_TEXT = {
    "false": Text(
        "Bản tin trước phát do báo nhầm, nay hủy.", "The earlier message was a false alarm and is withdrawn."
    ),
    "test": Text(
        "Bản tin trước phát do thử nghiệm, nay hủy.", "The earlier message came of a test and is withdrawn."
    ),
}
BACK = Text(
    "Nơi nào còn cảnh báo khác thì vẫn làm theo; tiếp tục theo dõi thông báo.",
    "Where another warning still holds, keep to it; keep following announcements.",
)
"""One alert is over, others of the same place may not be: it does not say that all is well."""
DISREGARD = Text("Không làm theo bản tin trước.", "Disregard the earlier message.")

ELSEWHERE = Text(
    "Nội dung chi tiết hiện chỉ có bằng tiếng Anh.", "For now the details are given in Vietnamese only."
)
"""In a language that nobody wrote the details in."""
_OF_VIETNAMESE = 2
"""Of a Vietnamese text every second word has a letter that English has not; of English about here fewer."""


def language_of(text: str) -> str:
    """`vi` or `en`, by its letters; for texts that came without a word of it."""
    spelt = unicodedata.normalize("NFD", text.lower())
    marked = [any(unicodedata.combining(sign) or sign == "đ" for sign in word) for word in spelt.split()]
    return "vi" if sum(marked) * _OF_VIETNAMESE >= len(marked) else "en"


CAP_SEVERITY = {"advisory": "Minor", "watch": "Moderate", "warning": "Severe", "emergency": "Extreme"}
OURS = {
    "Minor": "advisory",
    "Moderate": "watch",
    "Severe": "warning",
    "Extreme": "emergency",
    "Unknown": "advisory",
}
"""Of the words of others; what they do not know is the lowest step."""
SOON_MIN = 30.0
"""A threshold reached sooner is Immediate at level 3."""
_FORECAST = ("_eta", "_eta_low", "_eta_high", "rip_probability", "rip_flag")
_STRONG = ("Evacuate", "Execute", "Shelter")
_FROM_WARNING = SEVERITIES.index("warning")


def forecast(sensor: str | None) -> bool:
    """Whether what an alert rests on says what will be, not what is."""
    return (sensor or "").rsplit(".", 1)[-1].endswith(_FORECAST)


def urgency(severity: str, *, expected: bool, minutes: float | None) -> str:
    """CAP's urgency; `minutes` until it comes, where a forecast says so."""
    rank = SEVERITIES.index(severity)
    if rank == 0:
        return "Future" if expected else "Expected"
    if rank > _FROM_WARNING:
        return "Immediate"
    if rank == _FROM_WARNING:
        soon = not expected or (minutes is not None and minutes < SOON_MIN)
        return "Immediate" if soon else "Expected"
    return "Expected"


def certainty(severity: str, *, expected: bool) -> str:
    """CAP's certainty."""
    if not expected:
        return "Observed"
    return "Possible" if severity == SEVERITIES[0] else "Likely"


def responses(given: tuple[str, ...], severity: str) -> tuple[str, ...]:
    """What people should do: nothing drastic below a warning, and never `Assess`, which is not for them."""
    strong = SEVERITIES.index(severity) >= _FROM_WARNING
    found = tuple(one for one in given if one != "Assess" and (strong or one not in _STRONG))
    return found or ("Monitor",)
