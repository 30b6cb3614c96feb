"""The digest of ALERTS, from which services start: whether there is one, how old, and what fails."""

from collections.abc import Iterator, Mapping

from services.cli.doctor.finding import Finding, Level, lasting, ok, wrong
from services.observation.heartbeat import Heartbeat
from services.observation.text import Text

KEEPER = "keeper"
WRITTEN_FROM = 2_000
"""So many events behind, and the keeper writes another within the hour."""
SLOW = 20_000
"""Events that a start should not have to read: some seconds in which nobody is told."""


def judge(beats: Mapping[str, Heartbeat], now_us: int) -> Iterator[Finding]:
    """What the keeper says of it; nothing in its first half minute."""
    beat = beats.get(KEEPER)
    figures = {} if beat is None else beat.figures
    if "digest_behind" not in figures:
        return
    behind, failures = int(figures["digest_behind"]), int(figures.get("digest_failures", 0))
    latest = figures.get("digest_latest")
    shown = {"behind": behind, "failures": failures}
    if behind >= SLOW or (failures and behind >= WRITTEN_FROM):
        times = (
            Text(f", {failures} lần ghi hỏng", f", {failures} could not be written")
            if failures
            else Text("", "")
        )
        yield wrong(
            Level.WARN,
            "stream",
            "digest",
            Text(
                f"mỗi lần khởi động phải đọc {behind} sự kiện cảnh báo ngoài bản tóm lược{times.vi}",
                f"a start reads {behind} events of ALERTS besides the digest{times.en}",
            ),
            Text(
                "vài phút nữa keeper ghi bản mới; nếu không, xem dòng digest_ trong logs/keeper.log",
                "the keeper writes another within minutes; if not, see lines digest_ in logs/keeper.log",
            ),
            figures=shown,
        )
    elif latest is None:
        yield ok(
            "stream",
            "digest",
            f"chưa cần bản tóm lược cảnh báo ({behind} sự kiện)",
            f"no digest of ALERTS is needed yet ({behind} events)",
            shown,
        )
    else:
        age = lasting(max(0.0, now_us / 1e6 - latest))
        yield ok(
            "stream",
            "digest",
            f"bản tóm lược cảnh báo: đến {age.vi} trước, {behind} sự kiện sau đó",
            f"digest of ALERTS: up to {age.en} ago, {behind} events since",
            shown,
        )
