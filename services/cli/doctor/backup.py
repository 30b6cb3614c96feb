"""The last backup: when it was made. Its record is the time of one file in the data folder."""

from pathlib import Path

from services.api.measured import last_backup_us
from services.cli.doctor.finding import Finding, Level, lasting, ok, wrong
from services.observation.text import Text

OLD_S = 2 * 86_400.0


def look(data: Path, now_s: float) -> Finding:
    """How old the last backup is."""
    made = last_backup_us(data)
    remedy = Text(
        f"haidang backup THƯ_MỤC --data {data}; hằng đêm: deploy/systemd/haidang-backup.timer",
        f"haidang backup DIR --data {data}; every night: deploy/systemd/haidang-backup.timer",
    )
    if not made:
        what = Text("chưa có bản sao lưu nào được ghi nhận", "no backup is on record")
        return wrong(Level.WARN, "disk", "backup", what, remedy)
    age_s = now_s - made / 1e6
    span = lasting(max(0.0, age_s))
    what = Text(f"sao lưu cách đây {span.vi}", f"the last backup is {span.en} old")
    if age_s > OLD_S:
        return wrong(Level.WARN, "disk", "backup", what, remedy, made, {"age_s": age_s})
    return ok("disk", "backup", what.vi, what.en, {"age_s": age_s})
