"""What people and the keeper do to alerts: the part of `events.md` about acts, and the page `lifecycle.md`.

Drawn from the tables of the code. A verb, a field, a label or an act that nobody describes is a KeyError.
"""

from collections.abc import Callable, Iterable
from typing import Any, get_args, get_type_hints

import msgspec

from services.alerts.lifecycle import ACTS, STATED_ACTS, TABLES, Label, Machine
from services.alerts.lifecycle.words import REFUSALS
from services.observation import event as events
from services.observation.act import Act, KeeperVerb, PersonVerb, Quiet, QuietKind
from services.observation.text import Text

Rows = Callable[[tuple[str, ...], Iterable[tuple[Any, ...]]], str]
Prose = Callable[..., str]

PEOPLE = {
    PersonVerb.ACKNOWLEDGED: Text(
        "xác nhận: đã có người biết và xử lý", "a person has seen it and takes care"
    ),
    PersonVerb.UNACKNOWLEDGED: Text("bỏ xác nhận", "the acknowledgement is taken back"),
    PersonVerb.SHELVE_ASKED: Text(
        "đề nghị tạm gác, chờ người thứ hai", "shelving is asked for; it takes two"
    ),
    PersonVerb.SHELVED: Text("tạm gác: im đến `act.until`", "quiet until `act.until`"),
    PersonVerb.UNSHELVED: Text(
        "bỏ tạm gác: do người, hoặc `keeper` khi hết hạn", "no longer: by a person, or by `keeper` in time"
    ),
    PersonVerb.ASSIGNED: Text("giao cho `act.assignee`", "given to `act.assignee`"),
    PersonVerb.UNASSIGNED: Text("bỏ giao việc", "given to nobody"),
    PersonVerb.COMMENTED: Text("ghi chú `act.text`", "`act.text` was said about it"),
    PersonVerb.CLOSED: Text("đóng với nguyên nhân `act.cause`", "closed: it was `act.cause`"),
    PersonVerb.REOPENED: Text("mở lại", "the closing is taken back"),
}
KEEPERS = {
    KeeperVerb.INHIBITED: Text("im vì một cảnh báo khác đã nói lên nó", "quiet: another alert says it"),
    KeeperVerb.UNINHIBITED: Text("cảnh báo kia đã hết", "that other one is over"),
    KeeperVerb.SUPPRESSED: Text(
        "im vì bảo trì, thử nghiệm, báo lặp", "quiet: maintenance, a test, chattering"
    ),
    KeeperVerb.UNSUPPRESSED: Text("lý do ấy đã hết", "that reason is over"),
    KeeperVerb.OVERDUE: Text(
        "chưa ai xác nhận: báo bậc `act.step`, cho `act.to`",
        "nobody acknowledged: step `act.step`, to `act.to`",
    ),
    KeeperVerb.REALARMED: Text(
        "xác nhận đã lâu mà vẫn còn: cần xem lại, báo tiếp từ đầu",
        "acknowledged long ago, and it still holds: to be looked at again, and calling begins anew",
    ),
}
FIELDS = {
    "until": Text("tạm gác đến khi nào", "of shelving: until when"),
    "why": Text("lý do, bằng lời của người đó", "in the person's own words"),
    "assignee": Text("người được giao", "who it is given to"),
    "text": Text("nội dung ghi chú", "of a comment"),
    "cause": Text("nguyên nhân khi đóng", "of closing: what it was"),
    "undoes": Text("mã sự kiện bị rút lại", "id of the event that it takes back"),
    "quiet": Text("lý do im lặng bắt đầu hoặc hết", "the reason to be quiet that begins or ends"),
    "step": Text("bậc báo tiếp, từ 1", "of overdue: which step, from 1"),
    "to": Text("báo cho ai: tài khoản, hoặc `role:…`", "who is told: accounts, or `role:…`"),
    "request": Text(
        "dấu của yêu cầu, để nhận ra khóa dùng lại", "tells whether a key came again with another wish"
    ),
}
QUIET = {
    "kind": Text("loại lý do", f"one of {', '.join(get_args(QuietKind))}"),
    "what": Text("cảnh báo, lịch bảo trì hay quy tắc nào", "the alert, the window or the rule"),
    "until": Text(
        "muộn nhất đến khi nào", "until when at the latest; null only where an alert's end ends it"
    ),
    "why": Text("câu giải thích", "the sentence, in `vi` and `en`"),
}
LABELS: dict[str, Text] = {
    "normal": Text("đã hết, không ai còn phải xem", "over, and nobody owes it a look"),
    "unacknowledged": Text("còn, chưa ai xác nhận", "it holds, and nobody has acknowledged"),
    "acknowledged": Text("còn, đã có người nhận", "it holds, and a person takes care"),
    "rtn-unacknowledged": Text("đã hết nhưng chưa ai xác nhận", "over, and nobody has acknowledged"),
    "shelved": Text("người trực tạm gác", "a person shelved it"),
    "suppressed-by-design": Text("im theo thiết kế", "quiet: inhibition, its gateway, chattering"),
    "out-of-service": Text("trạm đang bảo trì hoặc thử", "quiet: its station is in maintenance or test"),
    "closed": Text("đã đóng với một nguyên nhân", "closed with a cause; not a state of the standard"),
}
NOUNS: dict[str, tuple[Text, str]] = {
    "situation": (Text("các cảnh báo thuộc cùng một diễn biến", "alerts that are one thing"), "below"),
    "maintenance": (Text("lịch bảo trì, thử nghiệm", "windows of work and tests"), "[keeper.md](keeper.md)"),
    "bulletin": (Text("bản tin cho công chúng", "messages to the public"), "[cap.md](cap.md)"),
    "observation": (Text("số đo do người nhập", "readings taken by hand"), "[people.md](people.md)"),
    "road": (Text("đường gửi thông báo", "roads to people and programs"), "[roads.md](roads.md)"),
    "report": (Text("báo cáo đã lập", "reports that were made"), "[reports.md](reports.md)"),
    "exercise": (Text("diễn tập", "exercises"), "[exercises.md](exercises.md)"),
    "link": (Text("liên kết giữa các địa bàn", "links between sites"), "[links.md](links.md)"),
}
DOES: dict[str, Text] = {
    "acknowledge": Text("xác nhận", "`acknowledged`"),
    "unacknowledge": Text("bỏ xác nhận", "`unacknowledged`"),
    "shelve": Text(
        "tạm gác, có lý do và thời hạn", "`shelved` with `until` and `why`; `shelve-asked` where it takes two"
    ),
    "unshelve": Text("bỏ tạm gác hoặc rút đề nghị", "`unshelved`, also of one that only waits"),
    "assign": Text("giao việc, hoặc tự nhận", "`assigned`, without a name to oneself"),
    "unassign": Text("bỏ giao việc", "`unassigned`"),
    "comment": Text("ghi chú", "`commented`; it stays"),
    "close": Text(
        "đóng với nguyên nhân",
        "`closed` with `cause`; `real` once over; what takes two to shelve: only shelved, while it holds",
    ),
    "reopen": Text("mở lại", "`reopened`"),
    "escalate": Text("nâng mức cảnh báo nhập tay", "`escalated`, of origin `manual` only"),
    "ease": Text("hạ mức cảnh báo nhập tay", "`eased`, of origin `manual` only"),
    "end": Text("kết thúc cảnh báo nhập tay", "`cleared`, of origin `manual` only"),
}


def section(rows: Rows, prose: Prose, kind_of: Callable[[Any], str]) -> str:
    """Markdown for `events.md`; `rows` makes a table, `prose` a paragraph, `kind_of` names a type."""
    return (
        "\n## What people and the keeper do\n\n"
        + prose(
            "Their events stand beside the engine's, on the same alert, and never move its condition.",
            "`data` is",
            "the alert as it stood, with `by` (an account, or `keeper`), `seen` (the version they acted",
            "on) and",
            "`act`. [lifecycle.md](lifecycle.md) says what follows from each.",
        )
        + rows(
            ("verb", "type", "means", "nghĩa"),
            (
                (f"`{verb}`", f"`{events.type_of(verb)}`", text.en, text.vi)
                for verb, text in [
                    *((verb, PEOPLE[verb]) for verb in PersonVerb),
                    *((verb, KEEPERS[verb]) for verb in KeeperVerb),
                ]
            ),
        )
        + "\n### `data.act`\n\nA field that an act has no use for is left out.\n\n"
        + rows(("field", "type", "means", "nghĩa"), _fields(Act, FIELDS, kind_of))
        + "\n### `data.act.quiet`\n\n"
        + rows(("field", "type", "means", "nghĩa"), _fields(Quiet, QUIET, kind_of))
        + "\n### Alerts that no sensor raised\n\n"
        + prose(
            "`data.origin` is left out for what sensors say. `manual`: a person stated it;",
            "`official_bulletin`:",
            "an authority did. Their `raised`, `escalated`, `eased` and `cleared` have `by`, and",
            "`until`: when the",
            "keeper ends them if nobody did before.",
        )
        + "### Other nouns\n\n"
        + prose(
            "The stream also tells of things that are no alerts: `vn.haidang.<noun>.<verb>.v1`, each on a",
            "subject of its own. On the stream of events their name is `<noun>.<verb>`, as in",
            "`situation.opened`. Pass over a noun or a verb that you do not know.",
        )
        + rows(
            ("noun", "tells of", "nói về", "page"),
            ((f"`{noun}`", text.en, text.vi, page) for noun, (text, page) in NOUNS.items()),
        )
    )


def _fields(
    shape: type[msgspec.Struct], told: dict[str, Text], kind_of: Callable[[Any], str]
) -> Iterable[tuple[str, str, str, str]]:
    hints = get_type_hints(shape)
    for field in msgspec.structs.fields(shape):
        text = told[field.name]
        yield f"`{field.name}`", kind_of(hints[field.name]), text.en, text.vi


def _diagram(machine: Machine) -> str:
    """A state diagram; verbs that lead the same way share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, verb), after in machine.moves.items():
        word = f"{verb} *" if (state, verb) in machine.only_if else str(verb)
        arrows.setdefault((state, after), []).append(word)
    lines = ["stateDiagram-v2", f"    [*] --> {machine.start}"]
    lines += [f"    {state} --> {after}: {', '.join(words)}" for (state, after), words in arrows.items()]
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def machine_part(machine: Machine, rows: Rows, heads: tuple[str, ...] = ("state", "verb", "then")) -> str:
    """Markdown for one machine: its diagram and its table."""
    notes = "".join(
        f"\n\\* `{verb}` from `{state}`: {text.en} · {text.vi}.\n"
        for (state, verb), text in machine.only_if.items()
    )
    table = rows(
        heads,
        ((f"`{state}`", f"`{verb}`", f"`{after}`") for (state, verb), after in machine.moves.items()),
    )
    return f"\n### {machine.text.en} · {machine.text.vi}\n\n{_diagram(machine)}\n{table}{notes}"


def lifecycle_page(rows: Rows, prose: Prose) -> str:
    """Describe the life of an alert: machines, labels, acts, conflicts."""
    return (
        "# The life of an alert · Vòng đời của cảnh báo\n\n"
        + prose(
            "An alert is the fold of its events. Four write them: the engine moves the condition, people",
            "act, the",
            "keeper keeps quiet and calls the next in line, and whoever stated an alert by hand moves",
            "that one. None",
            "of them overwrites another: each writes behind the last event of the alert that it knows,",
            "and decides",
            "again when another was first. [events.md](events.md) has every event and field.",
            "*Tiếng Việt: [vi/lifecycle.md](vi/lifecycle.md).*",
        )
        + "## Three small machines\n\n"
        + prose("What no row names changes nothing. Drawn from the tables of the code.").rstrip("\n")
        + "\n"
        + "".join(machine_part(machine, rows) for machine in TABLES)
        + "\n## What it is called\n\n"
        + prose("ISA-18.2's names are computed from the three states, and from what keeps an alert quiet.")
        + rows(
            ("label", "means", "nghĩa"),
            ((f"`{label}`", LABELS[label].en, LABELS[label].vi) for label in get_args(Label)),
        )
        + "\n"
        + prose(
            "`attention` is what still needs a person: `unacknowledged`, `rtn-unacknowledged`, or a",
            "shelving that",
            "waits for a second one; `GET /api/v1/alerts?state=attention` lists it. `state=open` is",
            "every alert whose",
            "condition holds, whatever people did to it: nothing vanishes by being handled. `silent` is",
            "shelved, kept",
            "quiet or closed: no sound and no message to people, and it stays listed.",
        )
        + prose(
            "An alert that ends while it is kept quiet is `normal`: nobody was called, and nobody owes",
            "it a look. Its",
            "end ends every reason to be quiet; the next rise is another alert. What gets worse than it",
            "was when it",
            "was shelved is shelved no longer, and what gets worse after it was closed is open again.",
        )
        + prose(
            "A person's word keeps nothing quiet for ever. A shelving ends at its time, and what was",
            "closed while its",
            "condition holds is reopened after the longest time it could have been shelved. Both come",
            "back",
            "`unacknowledged`, with a sound: who acknowledged it may have gone home. Nor does an",
            "acknowledgement count for ever: what holds for longer than its `[[realarm]]` allows is",
            "`realarmed` ([keeper.md](keeper.md)).",
        )
        + "## Acts of people\n\n"
        + prose(
            "`POST /api/v1/alerts/{id}/<act>` with an `Idempotency-Key` and `seen`, the `version` of the",
            "alert that the",
            "person saw. It answers when the act stands on the stream and is folded. The same key again",
            "is answered",
            "as it was. An operator of the alert's area may act; each act says who.",
        )
        + rows(
            ("act", "does", "việc"),
            ((f"`{act}`", DOES[act].en, DOES[act].vi) for act in ACTS),
        )
        + "\n"
        + prose(
            "**409** `alert-changed`, with the alert as it is: since `seen` another person acted on it,",
            "or it got",
            "worse. That it eased, went blind, cleared, or that the keeper did something takes nothing",
            "from anybody's",
            "word. A comment conflicts with nothing. **403**: not theirs to do. **422**: one of these:",
        )
        + rows(
            ("code", "says", "nói"),
            ((f"`{code}`", text.en.format("…"), text.vi.format("…")) for code, text in REFUSALS.items()),
        )
        + "\n## By hand\n\n"
        + prose(
            "`POST /api/v1/alerts` raises an alert of origin `manual`, which ends by itself at `until`,",
            "at most seven",
            f"days ahead; {', '.join(f'`{act}`' for act in STATED_ACTS)} and `close` move and end it.",
            "`POST /api/v1/situations/{id}/acknowledge` acknowledges every open member, and tells of each.",
            "An act on an alert of a linked site is a request: 202, and that site decides.",
        ).rstrip("\n")
        + "\n"
    )
