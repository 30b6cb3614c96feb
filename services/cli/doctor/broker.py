"""The broker's log: whom it cut off and what it forbade. The one place where these can be seen.

A message above `max_payload` closes the connection, and the client comes back with it for ever. A forbidden
publish is acknowledged and dropped. Ingest hears of neither.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from services.cli.doctor.finding import Finding, Level, lasting, named, ok, size, wrong
from services.observation.text import Text, in_vietnamese
from services.runtime.child_lines import LOG_FILES

LATELY_S, NOW_S = 86_400.0, 3_600.0
_LINE = re.compile(r"^\[\d+\] (\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)\.\d+ \[(?:ERR|WRN|FTL)\] (.*)$")
_CLIENT = re.compile(r'^(\S+) - [a-z]+:\d+ - (?:"((?:[^"\\]|\\.)*)" - )?(.*)$')
_SUBJECT = re.compile(
    r"(Publish|Subscription) Violation - (?:User \S+, )?(?:Nkey \S+, )?Subject \"([^\"]+)\""
)
_OVERSIZE = re.compile(r"maximum payload (?:violation|exceeded): (\d+) vs (\d+)")
_TOPIC = re.compile(r"^haidang\.v1\.[a-z0-9-]+\.([a-z0-9-]+)\.")


class Trouble(NamedTuple):
    """One line of the log that is about a client. `kind` is a key of `_WORDS`."""

    at_s: float
    kind: str
    who: str
    detail: str = ""


def look(logs: Path, gateways: Callable[[str], bool], now_s: float) -> list[Finding]:
    """What the log of our own server says of the last day."""
    files = [logs / "nats-server.log", *(logs / f"nats-server.log.{n}" for n in range(1, LOG_FILES + 1))]
    troubles: list[Trouble] = []
    for file in files:
        try:
            text = file.read_text("utf-8", "replace")
        except OSError:
            continue
        troubles += read(text.splitlines())
    return list(judge([t for t in troubles if now_s - t.at_s < LATELY_S], gateways, now_s))


def read(lines: Iterable[str]) -> Iterator[Trouble]:
    """Lines about clients. The server writes its local time."""
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        at = datetime.strptime(match[1], "%Y/%m/%d %H:%M:%S").astimezone().timestamp()
        client = _CLIENT.match(match[2])
        address, name, said = (client[1], client[2], client[3]) if client else ("", None, match[2])
        who = name or address.rpartition(":")[0] or "?"
        if (over := _OVERSIZE.search(said)) is not None:
            yield Trouble(at, "oversize", who, over[1])
        elif (forbidden := _SUBJECT.search(said)) is not None:
            topic = _TOPIC.match(forbidden[2])
            subject = forbidden[2].replace(".", "/")
            yield Trouble(at, forbidden[1].lower(), topic[1] if topic and not name else who, subject)
        elif "same client ID" in said:
            yield Trouble(at, "twins", who)
        elif "authentication error" in said.lower() or "authorization violation" in said.lower():
            yield Trouble(at, "login", who)
        elif "critical write error" in said.lower():
            yield Trouble(at, "store", "nats-server", said[:120])


_WORDS: dict[str, tuple[Text, Text]] = {
    "oversize": (
        Text("bị broker ngắt vì bản tin lớn hơn 8 MB", "cut off by the broker, for a message above 8 MB"),
        Text(
            "chia nhỏ gói ở gateway (dưới 1 MB); nó sẽ gửi lại mãi và không gói nào qua được",
            "split packs at the gateway (below 1 MB): it comes back with the same one for ever",
        ),
    ),
    "publish": (
        Text("gửi vào chủ đề bị cấm, broker nhận rồi bỏ", "forbidden publish, acknowledged and dropped"),
        Text(
            "sửa chủ đề ở gateway: haidang/v1/<khu vực>/<gateway>/readings",
            "correct the topic at the gateway: haidang/v1/<area>/<gateway>/readings",
        ),
    ),
    "subscription": (
        Text("đăng ký chủ đề bị cấm", "forbidden subscription"),
        Text(
            "chỉ đăng ký haidang/v1/<khu vực>/<gateway>/ack và …/commands",
            "subscribe to haidang/v1/<area>/<gateway>/ack and …/commands only",
        ),
    ),
    "twins": (
        Text(
            "hai thiết bị dùng chung một client id, làm nhau mất kết nối",
            "two devices share a client id and push each other out",
        ),
        Text("đặt client id riêng cho mỗi thiết bị", "give each device a client id of its own"),
    ),
    "login": (
        Text("bị từ chối vì sai tên hoặc mật khẩu", "refused, for a wrong user or password"),
        Text("kiểm tra tài khoản của gateway", "look at the gateway's credentials"),
    ),
    "store": (
        Text("kho thông điệp không ghi được", "the message store can't be written"),
        Text("kiểm tra đĩa; khởi động lại haidang", "look at the disk; start haidang again"),
    ),
}
_BAD = frozenset({"oversize", "store"})


def judge(troubles: Iterable[Trouble], gateways: Callable[[str], bool], now_s: float) -> Iterator[Finding]:
    """One finding for each kind of trouble, with who and how often."""
    by_kind: dict[str, list[Trouble]] = defaultdict(list)
    for trouble in troubles:
        by_kind[trouble.kind].append(trouble)
    for kind, found in by_kind.items():
        text, remedy = _WORDS[kind]
        last = max(trouble.at_s for trouble in found)
        who = sorted({trouble.who for trouble in found}, key=lambda name: (not gateways(name), name))
        shown = [name if gateways(name) or kind == "store" else f'"{name}"' for name in who]
        ago = lasting(max(0.0, now_s - last))
        detail = _detail(kind, found)
        detail_vi = in_vietnamese(detail) if kind == "oversize" else detail
        yield wrong(
            Level.BAD if kind in _BAD and now_s - last < NOW_S else Level.WARN,
            "broker",
            kind,
            Text(
                f"{text.vi}: {named(shown)}{detail_vi}; {len(found)} lần, lần cuối {ago.vi} trước",
                f"{text.en}: {named(shown)}{detail}; {len(found)}×, last {ago.en} ago",
            ),
            remedy,
            int(min(trouble.at_s for trouble in found) * 1e6),
            figures={"count": len(found)},
        )
    if not by_kind:
        yield ok(
            "broker",
            "log",
            "không ngắt hay từ chối ai trong một ngày qua",
            "cut off and refused nobody within a day",
        )


def _detail(kind: str, found: list[Trouble]) -> str:
    details = sorted({trouble.detail for trouble in found if trouble.detail})
    if kind == "oversize":
        return f" ({size(max(map(int, details)))})"
    return f" ({named(details, 3)})" if details else ""
