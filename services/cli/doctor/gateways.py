"""Gateways: who is not heard and why, what was lost, what came with two values. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from services.cli.doctor.finding import Finding, Level, lasting, named, ok, wrong
from services.observation.instants import micros
from services.observation.text import Text


def gateways(listed: Sequence[Mapping[str, Any]], ahead: Mapping[str, int], now_us: int) -> Iterator[Finding]:
    """Gateways that are silent or gone, by the likeliest reason."""
    by_reason: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for gateway in listed:
        reason = why(gateway, ahead)
        if reason:
            by_reason[reason].append(gateway)
    for reason, (text, remedy, level) in _REASONS.items():
        found = by_reason.get(reason, [])
        if not found:
            continue
        since = [micros(g["last_received_at"]) for g in found if g.get("last_received_at")]
        if reason == "offline":
            since = [micros(g["status_at"]) for g in found if g.get("status_at")]
        shown = named(_with_since(found, reason, now_us))
        yield wrong(
            level,
            "gateway",
            reason,
            Text(f"{shown}: {text.vi}", f"{shown}: {text.en}"),
            remedy,
            min(since, default=None),
            {"count": len(found)},
        )
    well = len(listed) - sum(map(len, by_reason.values()))
    if well:
        yield ok(
            "gateway",
            "heard",
            f"{well} / {len(listed)} gateway có tín hiệu",
            f"{well} of {len(listed)} are heard",
        )


def why(gateway: Mapping[str, Any], ahead: Mapping[str, int]) -> str | None:
    """Why a gateway is not heard; None for one that is."""
    silent, status = gateway.get("silent"), gateway.get("status")
    if status == "offline":
        return "offline"
    if silent and gateway["id"] in ahead:
        return "clock_wrong"
    if gateway.get("last_received_at") is None:
        return "mute" if status == "online" else "never"
    if not silent:
        return None
    return "connected_silent" if status == "online" else "silent"


_REASONS: dict[str, tuple[Text, Text, Level]] = {
    "offline": (
        Text("mất kết nối (broker báo offline)", "offline: the broker told its will"),
        Text("kiểm tra nguồn và mạng tại chỗ", "look at its power and network"),
        Level.WARN,
    ),
    "connected_silent": (
        Text("có kết nối nhưng không gửi số đo", "connected, but sends no readings"),
        Text("kiểm tra cảm biến và phần mềm của gateway", "look at the gateway's sensors and program"),
        Level.WARN,
    ),
    "clock_wrong": (
        Text(
            "gửi, nhưng giờ sai nên số đo bị loại", "sends, but its clock is wrong and readings are rejected"
        ),
        Text("kiểm tra NTP ở gateway", "look at the gateway's NTP"),
        Level.WARN,
    ),
    "silent": (
        Text("mất tín hiệu", "silent"),
        Text("kiểm tra nguồn, mạng và nhật ký của gateway", "look at its power, network and log"),
        Level.WARN,
    ),
    "mute": (
        Text("có kết nối nhưng chưa từng gửi số đo", "connected, but has never sent a reading"),
        Text(
            "kiểm tra chủ đề và tên cảm biến; xem mục số đo bị loại",
            "look at its topic and names; see rejects",
        ),
        Level.WARN,
    ),
    "never": (
        Text("chưa từng kết nối", "never connected"),
        Text(
            "kiểm tra địa chỉ, tài khoản và tên gateway; hoặc bỏ khỏi site.toml",
            "look at its address, credentials and id; or take it out of site.toml",
        ),
        Level.WARN,
    ),
}


def _with_since(found: Iterable[Mapping[str, Any]], reason: str, now_us: int) -> Iterator[str]:
    for gateway in sorted(found, key=lambda one: str(one["id"])):
        at = gateway.get("status_at" if reason == "offline" else "last_received_at")
        ago = f" ({lasting(max(0.0, (now_us - micros(at)) / 1e6)).en})" if at else ""
        yield f"{gateway['id']}{ago}"


def accounts(listed: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """What was lost, and what came twice with two values."""
    known = {str(g["id"]): g["account"] for g in listed if g.get("account")}
    for names, code, text, remedy in _ACCOUNTS:
        counts = {gateway: sum(int(a.get(n) or 0) for n in names) for gateway, a in known.items()}
        counts = {gateway: count for gateway, count in counts.items() if count}
        if counts:
            worst = sorted(counts, key=lambda gateway: -counts[gateway])
            shown = named(f"{gateway} {counts[gateway]}" for gateway in worst)
            yield wrong(
                Level.WARN,
                "reading",
                code,
                Text(f"{text.vi}: {shown}", f"{text.en}: {shown}"),
                remedy,
                figures={"count": sum(counts.values())},
            )
    if known:
        repeated = sum(int(a.get("duplicates") or 0) for a in known.values())
        total = sum(int(a.get("readings") or 0) for a in known.values())
        yield ok(
            "reading",
            "stored",
            f"đã lưu {total} số đo, {repeated} bản lặp vô hại",
            f"{total} readings stored, {repeated} harmless repeats",
            {"readings": total, "duplicates": repeated},
        )


_ACCOUNTS = (
    (
        ("conflicts",),
        "conflicts",
        Text("cùng cảm biến, cùng lúc, hai giá trị khác nhau", "one sensor, one time, two values"),
        Text(
            "giá trị đầu được giữ; kiểm tra hai thiết bị trùng tên hoặc đồng hồ gateway",
            "the first is kept; two devices of one name, or a gateway's clock that jumps",
        ),
    ),
    (
        ("holes", "discarded"),
        "lost",
        Text("gói mất trước khi lưu", "packs lost before they were stored"),
        Text("xem lưu trữ và dung lượng luồng", "see the archive and the size of the stream"),
    ),
    (
        ("lost_agent",),
        "lost_agent",
        Text("gói bị bộ đệm đầy của gateway bỏ đi", "packs dropped by the gateway's full buffer"),
        Text(
            "gateway mất mạng quá lâu; tăng bộ đệm của nó",
            "it was cut off for too long; give it a larger buffer",
        ),
    ),
)
