"""The part of `events.md` about situations: verbs and fields. A field that nobody describes is a KeyError."""

from collections.abc import Callable, Iterable
from typing import Any, get_type_hints

import msgspec

from services.alerts.situation import Left, Member, Situation, type_of
from services.observation.text import Text

Rows = Callable[[tuple[str, ...], Iterable[tuple[Any, ...]]], str]

VERBS = {
    "opened": Text("bắt đầu: các cảnh báo này là một diễn biến", "begun: these alerts are one thing"),
    "updated": Text(
        "thêm hoặc bớt thành viên, hoặc mức độ thay đổi", "a member joined or left, or the severity changed"
    ),
    "ended": Text("kết thúc, hoặc tiếp tục trong một tình huống khác", "over, or told in another situation"),
}
FIELDS = {
    "situation_id": Text("mã của tình huống", "the situation"),
    "kind": Text("loại tình huống", "which kind: see situations.md"),
    "name": Text("tên loại, `vi` và `en`", "its kind in words, `vi` and `en`"),
    "area": Text("khu vực; `_` khi trên cả địa bàn", "the area; `_` for the site as a whole"),
    "areas": Text("mọi khu vực có phần trong đó", "every area that had a part in it"),
    "status": Text("thật, diễn tập hay thử", "for real, an exercise or a test; as its members"),
    "state": Text(
        "đang diễn ra, đã kết thúc, hay đã nhập vào tình huống khác", "`open`, `ended` or `merged`"
    ),
    "severity": Text("mức nặng nhất trong các thành viên đang mở", "of the worst open member"),
    "severity_max": Text("mức nặng nhất từ đầu", "the worst so far"),
    "annunciate": Text("mức vừa tăng: đáng phát âm báo", "the severity rose: worth a sound of its own"),
    "opened_at": Text("bắt đầu lúc nào", "when it began"),
    "time": Text("lúc của sự kiện cảnh báo đã quyết định, hoặc lúc đến hạn", "of the deciding alert, or due"),
    "detected_at": Text("lúc hệ thống có thể biết", "when the service could know"),
    "reason": Text("vì sao thuộc về nhau, điều gì thay đổi", "why they belong together, and what changed"),
    "open_members": Text("số thành viên đang mở", "how many members are open"),
    "members": Text(
        "các thành viên đang mở, nặng nhất trước, tối đa 20", "open members, worst first, at most 20"
    ),
    "joined": Text("thành viên vừa thêm", "members that joined with this event"),
    "left": Text("thành viên vừa rời, và vì sao", "members that left with it, and why"),
    "cause": Text(
        "sự kiện cảnh báo đã quyết định; `clock`: thời gian; `regrouped`: bảng gộp đã đổi",
        "id of the alert's event that decided; `clock`: time did; `regrouped`: another table of kinds",
    ),
    "version": Text("phiên bản của bảng gộp", "of the table of kinds"),
    "ends_at": Text(
        "mọi thành viên đã hết: kết thúc lúc này nếu không có thêm", "all are over: it ends then"
    ),
    "quiet_since": Text("thành viên cuối cùng hết lúc nào", "when the last member was over"),
    "merged_into": Text("tiếp tục trong tình huống nào", "where a merged one goes on"),
    "takes": Text("các tình huống đã nhập vào đây", "situations that went up in this one"),
}


def section(rows: Rows, prose: Callable[..., str], kind_of: Callable[[Any], str]) -> str:
    """Markdown; `rows` makes a table, `prose` a paragraph, `kind_of` names a type."""
    hints = get_type_hints(Situation)
    fields = [(f"`{f.name}`", _type(hints[f.name], kind_of), FIELDS[f.name]) for f in _fields(Situation)]
    parts = ", ".join(f"`{field.name}`" for field in _fields(Member))
    gone = ", ".join(f"`{field.name}`" for field in _fields(Left))
    return (
        "\n## Situations\n\n"
        + prose(
            "Several alerts told as one thing that unfolds ([situations.md](situations.md)). Events of the",
            "same form and on the same roads except MQTT, with a `type` and `data` of their own: `subject`",
            "is the situation. In SSE `event` is `situation.opened` and so on. Alerts stay what they are,",
            "each with its own events.",
        )
        + rows(
            ("verb", "type", "means", "nghĩa"),
            ((f"`{verb}`", f"`{type_of(verb)}`", text.en, text.vi) for verb, text in VERBS.items()),
        )
        + "\n"
        + prose(
            "`data` is the situation as it stands after the event; whoever adds `joined` and takes away",
            "`left` has all its members.",
        )
        + rows(
            ("field", "type", "means", "nghĩa"),
            ((name, kind, text.en, text.vi) for name, kind, text in fields),
        )
        + "\n"
        + prose(
            f"A member has {parts}; `since` is when its condition began, `severity` how bad it was when it",
            "joined, and a `consequence` follows from the others. One that left has",
            f"{gone}: `cleared`, `moved` (to another situation), `regrouped`, "
            "or `aside` (a maintenance or test window).",
        ).rstrip("\n")
        + "\n"
    )


def _fields(struct: type[msgspec.Struct]) -> tuple[Any, ...]:
    return tuple(msgspec.structs.fields(struct))


def _type(hint: Any, kind_of: Callable[[Any], str]) -> str:
    names = {list[Member]: "list of members", list[Left]: "list of those that left", int: "number"}
    return names.get(hint) or kind_of(hint)
