"""Sentences that every report has, whichever form it takes. Pure."""

from services.observation.text import Text
from services.report.axes import local
from services.report.paper import Lang, Paper, say
from services.report.writing import instant, number

BANNER = {
    "Exercise": Text("DIỄN TẬP – KHÔNG PHẢI SỰ VIỆC THẬT", "EXERCISE – NOT A REAL EVENT"),
    "Test": Text("THỬ NGHIỆM – KHÔNG PHẢI SỰ VIỆC THẬT", "TEST – NOT A REAL EVENT"),
}
NO_ALERTS = Text("Không có cảnh báo nào.", "No alerts.")
WHOLE_SITE = Text("toàn địa bàn", "the whole site")
PAGE = Text("trang", "page")


def spanning(paper: Paper, lang: Lang) -> str:
    """From when to when, and of where; by whose clock stands at the foot."""
    scope = say(paper.scope or WHOLE_SITE, lang)
    revision = say(Text("bản sửa", "revision"), lang)
    tail = f" · {revision} {paper.revision}" if paper.revision > 1 else ""
    return f"{_span(paper, lang)} · {scope}{tail}"


def _span(paper: Paper, lang: Lang) -> str:
    """Whole days by their dates, part of a day with its date once."""
    first, last = local(paper.first, paper.zone), local(paper.last, paper.zone)
    day = "%d/%m/%Y" if lang == "vi" else "%Y-%m-%d"
    if f"{first:%H%M%S}{last:%H%M%S}" == "0" * 12 and last > first:
        through = local(paper.last - 1, paper.zone)
        return f"{first:{day}}" if through.date() == first.date() else f"{first:{day}} – {through:{day}}"
    if first.date() == last.date():
        return f"{first:%H:%M} – {last:%H:%M}, {first:{day}}"
    return f"{instant(paper.first, paper.zone, lang)} – {instant(paper.last, paper.zone, lang)}"


def made(paper: Paper, lang: Lang) -> str:
    """When it was put together, and that times are local."""
    at = instant(paper.made_at, paper.zone, lang)
    return say(
        Text(
            f"Biết đến lúc {at}. Giờ địa phương ({paper.zone}). “–”: không có hoặc không biết, khác 0.",
            f"As known at {at}. Local times ({paper.zone}). “–”: none or not known, which is not 0.",
        ),
        lang,
    )


def more(rows: int, lang: Lang) -> str:
    """Rows that are not shown."""
    count = number(rows, 0, lang)
    return say(Text(f"… và {count} dòng nữa.", f"… and {count} more rows."), lang)


def signers(paper: Paper) -> tuple[Text, Text]:
    """Who signs it on paper."""
    if paper.kind == "shift":
        return Text("Người giao ca", "Handed over by"), Text("Người nhận ca", "Taken over by")
    return Text("Người lập", "Drawn up by"), Text("Người duyệt", "Approved by")
