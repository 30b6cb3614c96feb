"""The profile that what we publish is held to, beyond CAP itself (docs/cap.md). Pure.

One `info` per language, alike in everything but the words (domain.md 7.1, as MET Norway's profile); an area,
an end of validity, a headline and a description in each; exercises and tests say so in `note`.
"""

from collections.abc import Iterator

from services.cap.message import Info, Message
from services.cap.values import time_of
from services.cap.violation import Violation, prose

_ALIKE = (
    "category",
    "urgency",
    "severity",
    "certainty",
    "response_type",
    "effective",
    "onset",
    "expires",
    "event_code",
)


def profile(message: Message) -> Iterator[Violation]:
    """What a message of ours breaks beyond the rules of CAP."""
    if not message.info:
        yield prose("info", "alert/info", "không có info", "has no info")
        return
    languages = [info.language or "en-US" for info in message.info]
    if len(set(languages)) != len(languages):
        yield prose(
            "languages", "alert/info", "mỗi ngôn ngữ chỉ một info", "has more than one info of a language"
        )
    if message.msg_type == "Alert" and (message.references or "").strip():
        yield prose(
            "references", "alert/references", "Alert không có references", "an Alert has no references"
        )
    if message.status in ("Exercise", "Test") and not (message.note or "").strip():
        yield prose(
            "note",
            "alert/note",
            "diễn tập, thử nghiệm phải ghi ở note",
            "an exercise or test must say so in note",
        )
    for nth, info in enumerate(message.info, 1):
        yield from _info(info, message, f"alert/info[{nth}]")


def _info(info: Info, message: Message, path: str) -> Iterator[Violation]:
    first, sent = message.info[0], time_of(message.sent)
    if any(getattr(info, field) != getattr(first, field) for field in _ALIKE):
        yield prose(
            "languages",
            path,
            "khác info thứ nhất ngoài câu chữ",
            "differs from the first info in more than words",
        )
    expires = None if info.expires is None else time_of(info.expires)
    if expires is None or sent is None or expires <= sent:
        yield prose("expires", f"{path}/expires", "phải sau sent", "must be after sent")
    if not info.area:
        yield prose("area", f"{path}/area", "không có area", "has no area")
    for tag in ("headline", "description"):
        if not (getattr(info, tag) or "").strip():
            yield prose("empty", f"{path}/{tag}", f"thiếu {tag}", f"{tag} is missing")
    if "Assess" in info.response_type:
        yield prose(
            "response",
            f"{path}/responseType",
            "Assess không dùng cho công chúng",
            "Assess is not for the public",
        )
