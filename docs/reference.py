"""The pages for looking things up that follow from the code: events, kinds of rules, metrics.

A verb, a field or a kind that nobody has described here is a KeyError: say it.
"""

from collections.abc import Iterable
from textwrap import fill
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from docs import reference_acts, reference_situations
from services.alerts.hazard import Hazard, Part
from services.alerts.hazards import hazards
from services.alerts.hazards.system import GATEWAY_SILENT
from services.alerts.rule import Kind
from services.api.metric_table import GROUPS
from services.observation import event as events
from services.observation.event import SEVERITIES, Alert, CloudEvent, Verb
from services.observation.instants import micros
from services.observation.text import Text

VERBS = {
    Verb.RAISED: Text("bắt đầu: một cảnh báo mới", "a new alert"),
    Verb.ESCALATED: Text("tăng mức", "the severity went up"),
    Verb.EASED: Text("giảm mức, vẫn còn", "the severity went down; it is not over"),
    Verb.CLEARED: Text("kết thúc: trở lại bình thường", "over: back to normal"),
    Verb.BLIND: Text(
        "mất quan sát: cảm biến của cảnh báo đang mở ngừng gửi số đo hoặc hỏng; chưa rõ bây giờ thế nào",
        "the sensor of an open alert is silent or fails: the alert stands, and nobody knows how it is now",
    ),
    Verb.SIGHTED: Text(
        "quan sát lại: cảm biến đã có số đo tốt trở lại", "the sensor gives good readings again"
    ),
}

FIELDS = {
    "alert_id": Text("mã của cảnh báo, từ lúc bắt đầu đến lúc kết thúc", "the alert, from raised to cleared"),
    "hazard": Text(
        "loại thiên tai, hoặc system: chính hệ thống này", "which hazard; `system`: the service itself"
    ),
    "area": Text("khu vực; `_` khi thuộc cả địa bàn", "the area; `_` for the site as a whole"),
    "severity": Text(f"mức độ: {', '.join(SEVERITIES)}", f"one of {', '.join(SEVERITIES)}"),
    "rule": Text("quy tắc đã quyết định", "the rule that decided"),
    "rule_version": Text("đúng trạng thái nào của quy tắc", "exactly which state of the rule"),
    "time": Text("lúc đo, hoặc lúc đến hạn", "when it was measured, or due"),
    "detected_at": Text("lúc hệ thống có thể biết", "when the service could know"),
    "reason": Text("câu giải thích, `vi` và `en`", "the sentence, in `vi` and `en`"),
    "previous": Text(
        "cảnh báo trước của cùng quy tắc và cảm biến", "the alert before on the same rule and sensor"
    ),
    "station": Text("trạm", "the station"),
    "sensor": Text("cảm biến", "the sensor"),
    "gateway": Text("gateway gửi số đo", "the gateway that speaks for it"),
    "value": Text("số đo đã quyết định", "the reading that decided"),
    "unit": Text("đơn vị", "its unit"),
    "threshold": Text("ngưỡng đã so", "what it was compared with"),
    "since": Text("điều kiện bắt đầu từ lúc nào", "since when the condition holds"),
    "late": Text("số đo đến muộn", "the reading came late"),
    "flag": Text(
        "cờ chất lượng: 1 tốt, 2 chưa đánh giá, 3 nghi ngờ, 4 hỏng, 9 thiếu",
        "quality: 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing",
    ),
    "blind": Text("đang mất quan sát", "it is blind now"),
    "status": Text("thật, diễn tập hay thử", "for real, an exercise or a test; as in CAP"),
    "readings": Text("thời điểm các số đo làm căn cứ", "times of the readings it rests on"),
    "by": Text("người đã thao tác; `keeper`: hệ thống", "who acted; `keeper`: the service itself"),
    "origin": Text(
        "không có: cảm biến; `manual`: người nhập; `official_bulletin`: bản tin chính thức",
        "left out: sensors say it; `manual`: a person; `official_bulletin`: an authority",
    ),
    "language": Text(
        "người nhập chỉ viết `reason` bằng ngôn ngữ này; nó cũng đứng ở ngôn ngữ kia",
        "the one language a person wrote `reason` in; it stands for the other, too",
    ),
    "seen": Text("phiên bản người đó đã thấy", "the version they saw"),
}

ENVELOPE = {
    "id": Text("mã sự kiện; cùng mã là cùng sự kiện", "the same id is the same event"),
    "source": Text("`/sites/<địa bàn>`", "`/sites/<site>`"),
    "type": Text("`vn.haidang.alert.<động từ>.v1`", "`vn.haidang.alert.<verb>.v1`"),
    "subject": Text("mã của cảnh báo", "the alert"),
    "time": Text("như trong `data`; của thao tác: lúc thao tác", "as in `data`; of an act: when it was done"),
    "data": Text("cảnh báo sau sự kiện này", "the alert as it stands after the event"),
    "specversion": Text("`1.0`", "`1.0`"),
    "datacontenttype": Text("`application/json`", "`application/json`"),
}

KINDS: dict[Kind, tuple[Text, str, str]] = {
    Kind.THRESHOLD: (
        Text("số đo ở trên (hoặc dưới) một ngưỡng", "a value at or beyond a threshold"),
        "`property`, a rung",
        "`direction`, `hysteresis`, delays, `schedule`, `valid_from`, `valid_to`, `late`, `max_late_s`",
    ),
    Kind.RATE: (
        Text("số đo thay đổi nhanh, theo giờ", "a value that changes fast, per hour"),
        "`property`, a rung",
        "`window_s`, `above`, `direction`, `hysteresis`, delays, `schedule`, `valid_from`, `valid_to`",
    ),
    Kind.SILENT: (
        Text("cảm biến không gửi gì trong ba chu kỳ", "nothing from a sensor for three intervals"),
        "–",
        "`property`, `severity`",
    ),
    Kind.STUCK: (
        Text("số đo đứng yên quá lâu", "a value that does not move for too long"),
        "`property`",
        "`window_s`, `tolerance`, `above`, `severity`",
    ),
    Kind.AND: (
        Text("mọi điều kiện cùng đúng trong một khu vực", "every one of some conditions, in one area"),
        "`of`: two conditions or more",
        "`severity`, delays",
    ),
    Kind.OR: (
        Text("một trong các điều kiện đúng", "any one of some conditions, in one area"),
        "`of`: two conditions or more",
        "`severity`, delays",
    ),
    Kind.K_OF_N: (
        Text("k trong n cảm biến của một khu vực", "k of n sensors of an area"),
        "`property`, a rung",
        "`k`, `of`, `direction`, `hysteresis`, delays",
    ),
    Kind.COUNT: (
        Text(
            "nhiều cảm biến của một khu vực (hoặc một tủ, một gateway) cùng vượt giới hạn",
            "many sensors of an area, or of a gateway, beyond a limit",
        ),
        '`property`, `at_least` or `at_most`, a rung: how many, or `"30%"` of the known ones',
        "`per`, `hysteresis` (of a member), delays",
    ),
}  # fmt: skip


def rows(header: Iterable[str], lines: Iterable[Iterable[object]]) -> str:
    """Write a Markdown table."""
    head = list(header)
    body = [head, ["---"] * len(head), *([str(cell).replace("|", "\\|") for cell in line] for line in lines)]
    return "".join(f"| {' | '.join(line)} |\n" for line in body)


_LEFT_OUT = (NoneType, msgspec.UnsetType)


def _type(hint: Any) -> str:
    """A type as JSON has it."""
    if get_origin(hint) in (UnionType, Union):
        said = " or ".join(_type(part) for part in get_args(hint) if part not in _LEFT_OUT)
        return f"{said} or null" if NoneType in get_args(hint) else said
    if get_origin(hint) is Literal:
        return "text"
    names = {str: "text", float: "number", int: "number", bool: "true, false", Text: "`{vi, en}`"}
    return names.get(hint, "list of text" if get_origin(hint) is list else "object")


def _example() -> str:
    alert = Alert(
        alert_id="086793d0bfcefec4f2c575fae6e748b9",
        hazard="flood",
        area="thang-nhi",
        severity="watch",
        rule="flood-level",
        rule_version="be51df35dbb8",
        time="2025-11-20T01:10:00Z",
        detected_at="2025-11-20T01:10:02.125Z",
        reason=Text(
            "Lúc 08:10, mực nước tại cầu Bến Đá là 1,65 m, cao hơn Báo động 2 (1,60 m) là 0,05 m. Lũ lên.",
            "At 08:10 the stage at Bến Đá bridge is 1.65 m, 0.05 m above alert level 2 (BĐ2, 1.60 m). "
            "The flood rises.",
        ),
        station="bd-river-001",
        sensor="bd-river-001.water_level",
        gateway="gw-01",
        value=1.65,
        unit="m",
        threshold=1.6,
        since="2025-11-20T01:05:00Z",
        readings=["2025-11-20T01:10:00Z"],
    )
    at = micros(alert.time)
    name = events.event_id(
        "ben-da", alert.rule, alert.rule_version, str(alert.sensor), micros(str(alert.since)), "watch", at
    )
    made = events.make(site="ben-da", verb=Verb.ESCALATED, event=name, time=at, alert=alert)
    return msgspec.json.format(events.encode(made), indent=2).decode()


def prose(*parts: str) -> str:
    """One paragraph, wrapped as the other pages are."""
    return fill(" ".join(parts), 118, break_long_words=False, break_on_hyphens=False) + "\n\n"


def events_page() -> str:
    """Describe every verb of an event and every field of its data."""
    hints = get_type_hints(Alert)
    told = [(f.name, _type(hints[f.name]), f.required, FIELDS[f.name]) for f in msgspec.structs.fields(Alert)]
    envelope = [(f"`{f.name}`", ENVELOPE[f.name]) for f in msgspec.structs.fields(CloudEvent)]
    place = Text("vị trí trong luồng; ghép lại là mốc", "its place in the stream; together the token")
    return (
        "# Events\n\n"
        + prose(
            "Everything that happens to an alert is an event: CloudEvents 1.0 in JSON. They come over",
            "`/api/v1/events/stream` (SSE), `/api/v1/events/ws` (WebSocket), `/api/v1/events` (JSON) and,",
            "for MQTT clients, on `haidang-alerts/v1/{area}/{hazard}`. [wire.md](wire.md) says how to come",
            "back after a pause without missing one.",
        )
        + "## Verbs\n\n"
        + rows(
            ("verb", "type", "means", "nghĩa"),
            ((f"`{verb}`", f"`{events.type_of(verb)}`", VERBS[verb].en, VERBS[verb].vi) for verb in Verb),
        )
        + "\n"
        + prose(
            "These are the engine's; what people and the keeper do is",
            "[below](#what-people-and-the-keeper-do).",
            "Pass over a verb you do not know.",
        )
        + "## The event\n\n"
        + rows(
            ("field", "means", "nghĩa"),
            ((name, text.en, text.vi) for name, text in [*envelope, ("`epoch`, `sequence`", place)]),
        )
        + "\n## `data`\n\n"
        + prose(
            "The alert as it stands after the event. A field may be added; pass over one you do not know."
        )
        + rows(
            ("field", "type", "always", "means", "nghĩa"),
            ((f"`{name}`", kind, "yes" if needed else "", t.en, t.vi) for name, kind, needed, t in told),
        )
        + "\n## One event\n\n```json\n"
        + _example()
        + "\n```\n"
        + reference_acts.section(rows, prose, _type)
        + reference_situations.section(rows, prose, _type)
    )


def rule_kinds_page() -> str:
    """Describe every kind of rule, and the rules that come with the hazards."""
    return (
        "# Kinds of rules\n\n"
        + prose(
            "What a `[[rule]]` of `rules.toml` can look at. [rules.md](rules.md) explains each by an example."
        )
        + rows(
            ("kind", "fires on", "báo khi", "needs", "may have"),
            ((f"`{kind}`", KINDS[kind][0].en, KINDS[kind][0].vi, *KINDS[kind][1:]) for kind in Kind),
        )
        + "\n"
        + prose(
            "*Delays* are `on_delay_s` and `off_delay_s`. *A rung* is one of",
            ", ".join(f"`{word}`" for word in SEVERITIES) + ".",
            "Every kind may have `areas`, `stations`, `source`, `status` and `enabled`.",
        )
        + "## The rules that come with the hazards\n\n"
        + prose(
            "They apply without being written; a rule of a site with the same `id` replaces one.",
            "`haidang site rules DIR` lists what is in force at a site. `status` says what the numbers",
            "rest on.",
        )
        + rows(
            (
                "id",
                "hazard",
                "kind",
                "watches",
                "rungs",
                "hysteresis",
                "on, off delay s",
                "status",
                "rests on",
            ),
            (
                _default(hazard.name, table)
                for hazard in hazards().values()
                for table in sorted(hazard.rules, key=lambda table: str(table["id"]))
            ),
        )
        + "\n"
        + prose(
            f"`{GATEWAY_SILENT}` is part of the program and has no table: a gateway with two sensors or more",
            "that sends nothing for twice its `reporting_s`.",
        ).rstrip("\n")
        + "\n"
    )


def _default(hazard: str, table: dict[str, Any]) -> tuple[object, ...]:
    rungs = ", ".join(f"{word} {_plain(table[word])}" for word in SEVERITIES if word in table)
    return (
        f"`{table['id']}`",
        hazard,
        table.get("kind", Kind.THRESHOLD),
        table.get("property") or ("every sensor" if "of" not in table else _conditions(table["of"])),
        rungs or table.get("severity", SEVERITIES[0]),
        _plain(table.get("hysteresis", "")),
        f"{_plain(table.get('on_delay_s', 0))}, {_plain(table.get('off_delay_s', 0))}",
        table.get("status", "local"),
        table.get("source", ""),
    )


def _conditions(of: object) -> str:
    if not isinstance(of, list) or not all(isinstance(one, dict) for one in of):
        return str(of)
    return ", ".join(str(one.get("property", "")) for one in of)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items())
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def words_page() -> str:
    """What alerts of each hazard are called at each severity, and what to do."""
    text = "# Words and advice · Tên gọi và khuyến cáo\n\n" + prose(
        "What an alert is called at each severity, and what the service advises: the operator at the",
        "operations centre, and the public. · Tên gọi của cảnh báo ở từng mức, và khuyến cáo cho người trực",
        "và người dân.",
    ).rstrip("\n")
    text += "\n"
    for hazard in hazards().values():
        parts = [
            Part(text=hazard.text, words=hazard.words, advice=hazard.advice),
            *hazard.of_property.values(),
        ]
        shown: list[Part] = []
        for part in parts:
            if part not in shown and (part.words or part.advice):
                shown.append(part)
        for part in shown:
            name = part.text or hazard.text
            text += f"\n## {name.vi} · {name.en}\n\n" + rows(
                ("severity", "tên gọi", "called", "người trực", "the operator", "người dân", "the public"),
                (_advised(severity, part, hazard) for severity in SEVERITIES),
            )
    return text


def _advised(severity: str, part: Part, hazard: Hazard) -> tuple[str, ...]:
    word = part.words.get(severity) or hazard.words.get(severity)
    advice = part.advice.get(severity) or hazard.advice.get(severity)
    said = (advice.operator, advice.public) if advice else (None, None)
    return (
        f"`{severity}`",
        *(getattr(one, language) if one else "" for one in (word, *said) for language in ("vi", "en")),
    )


def metrics_page() -> str:
    """Describe every metric of `/metrics`."""
    text = "# Metrics\n\n" + prose(
        "`GET /metrics` in the form that Prometheus reads. Every name begins with `haidang_`; what only",
        "grows ends in `_total`. Most series carry the label `service`.",
    ).rstrip("\n")
    text += "\n"
    for group in GROUPS:
        text += f"\n## {group.title.en} · {group.title.vi}\n\n" + rows(
            ("metric", "type", "labels", "means", "nghĩa"),
            (
                (f"`{m.name}`", m.kind, ", ".join(f"`{label}`" for label in m.labels), m.text.en, m.text.vi)
                for m in group.metrics
            ),
        )
    return text
