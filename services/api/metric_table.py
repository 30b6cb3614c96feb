"""The metrics of `/metrics`: every name, its type, its labels and what it means. One table, pure.

`docs/metrics.md` is written from `GROUPS`; `exposition` takes types and texts from `TABLE`, and from `figure`
how a figure of a heartbeat is called there. Names follow Prometheus' conventions: base units, `_total` for
what only grows.

Every series of a heartbeat carries the label `service`. Labels have few values: reasons of rejects, streams,
hazards and severities are closed lists, children are those of `up`, roads those of the site (at most 50);
gateways stand one by one up to `measured.NAMED`.

Over 250 lines: one table.
"""

from typing import Literal, NamedTuple

from services.observation.text import Text

Kind = Literal["counter", "gauge", "histogram"]


class Metric(NamedTuple):
    """One family. `figure` is what a heartbeat calls it; `*` in it becomes the value of the first label."""

    name: str
    kind: Kind
    text: Text
    labels: tuple[str, ...] = ()
    figure: str = ""


class Group(NamedTuple):
    """Families that belong together, for the page."""

    title: Text
    metrics: tuple[Metric, ...]


def _metric(name: str, kind: Kind, vi: str, en: str, *labels: str, figure: str = "") -> Metric:
    return Metric(f"haidang_{name}", kind, Text(vi, en), labels, figure)


GROUPS: tuple[Group, ...] = (
    Group(
        Text("Đường đi của số đo", "The path of a reading"),
        (
            _metric("messages_total", "counter", "Bản tin MQTT đã nhận", "MQTT messages taken in",
                    "service", figure="messages"),
            _metric("readings_total", "counter", "Số đo đã vào luồng READINGS", "Readings put on READINGS",
                    "service", figure="readings"),
            _metric("rejects_total", "counter", "Bản tin hoặc bản ghi không dùng được, theo lý do",
                    "Messages and records that could not be used, by reason; see docs/rejects.md",
                    "reason", "service", figure="rejects.*"),
            _metric("rejects_lost_total", "counter", "Dữ liệu bị loại mà không lưu lại được",
                    "Rejects that could not be kept", "service", figure="rejects_lost"),
            _metric("packs_held", "gauge", "Gói đang chờ gói trước đó",
                    "Packs that wait for the one before them", "service", figure="held"),
            _metric("messages_in_hand", "gauge", "Bản tin đã nhận, chưa xác nhận với broker",
                    "Messages received and not yet acknowledged to the broker", "service", figure="in_hand"),
            _metric("canary_age_seconds", "gauge", "Số đo tự kiểm tra mới nhất ở chỗ này đã bao lâu",
                    "Age of the newest test reading of our own at this place: engine or archive", "at"),
        ),
    ),
    Group(
        Text("Độ trễ", "Latency"),
        (
            _metric("ingest_publish_seconds", "histogram", "Ghi một lô lên READINGS mất bao lâu",
                    "Time to put a window of messages on READINGS, until the last confirmation", "service"),
            _metric("evaluated_seconds", "histogram",
                    "Từ READINGS tới lúc được đánh giá và mọi sự kiện đã ghi",
                    "From READINGS to evaluated, with every event that follows confirmed", "service"),
            _metric("stored_seconds", "histogram", "Từ READINGS tới lúc ghi xong vào cơ sở dữ liệu",
                    "From READINGS to committed in the database", "service"),
            _metric("canary_evaluated_seconds", "histogram",
                    "Số đo tự kiểm tra đi từ MQTT tới bộ đánh giá mất bao lâu",
                    "A test reading of our own, from its publication over MQTT to the engine's answer"),
        ),
    ),
    Group(
        Text("Lưu trữ", "The archive"),
        (
            _metric("archive_lag_messages", "gauge", "Bản tin của READINGS chưa lưu",
                    "Messages of READINGS that are not stored yet", "service", figure="lag"),
            _metric("archive_last_commit_timestamp_seconds", "gauge", "Lần ghi cuối vào cơ sở dữ liệu",
                    "When the archive last committed", "service", figure="last_commit"),
            _metric("archive_commit_seconds", "histogram", "Thời gian một giao dịch",
                    "Time of a transaction, from first row to commit", "service"),
            _metric("archive_rows_total", "counter", "Số đo đã lưu", "Observations stored", "service", "way"),
            _metric("archive_strikes_total", "counter", "Tia sét đã lưu", "Strikes stored", "service"),
            _metric("archive_events_total", "counter", "Sự kiện cảnh báo đã lưu", "Alert events stored",
                    "service"),
            _metric("archive_duplicates_total", "counter", "Số đo đã có sẵn, cùng giá trị",
                    "Readings that were stored already, with the same value", "service"),
            _metric("archive_conflicts_total", "counter", "Số đo trùng thời điểm nhưng khác giá trị",
                    "Readings whose key was stored with another value", "service"),
            _metric("archive_refused_total", "counter", "Bản tin bị bỏ qua khi lưu",
                    "Messages passed over: unreadable, or refused by the database", "service"),
            _metric("archive_discarded_total", "counter", "Bản tin luồng đã bỏ trước khi kịp lưu",
                    "Messages a stream discarded before they were stored", "service", "stream"),
            _metric("archive_failures_total", "counter", "Phiên làm việc với cơ sở dữ liệu bị gãy",
                    "Sessions with the database that broke", "code", "service"),
            _metric("database_up", "gauge", "API đọc được lịch sử (1) hay không (0)",
                    "Whether the api can read the history"),
        ),
    ),
    Group(
        Text("Cảnh báo", "Alerts"),
        (
            _metric("alerts_open", "gauge", "Cảnh báo đang mở", "Alerts that are open", "hazard", "severity"),
            _metric("self_alerts_open", "gauge", "Cảnh báo đang mở về chính hệ thống này",
                    "Open alerts about ourselves, as the keeper counts them", "service", figure="open"),
            _metric("situations_open", "gauge", "Tình huống đang mở",
                    "Situations that are open, as the keeper counts them", "service", figure="situations"),
            _metric("alerts_quiet", "gauge", "Cảnh báo đang mở mà được giữ im hoặc gác lại",
                    "Open alerts that are quiet or shelved, as the keeper counts them", "service",
                    figure="alerts_quiet"),
            _metric("keeping_events_total", "counter", "Sự kiện keeper đã ghi về cảnh báo",
                    "Events that the keeper wrote about alerts", "service", figure="kept"),
            _metric("keeping_decided_again_total", "counter", "Quyết định làm lại vì có người ghi trước",
                    "Decisions made again because another wrote first", "service", figure="kept_again"),
            _metric("digest_messages", "gauge", "Số sự kiện trong bản tóm lược để khởi động nhanh",
                    "Events in the digest of ALERTS from which services start", "service",
                    figure="digest_messages"),
            _metric("digest_behind_events", "gauge", "Số sự kiện phải đọc thêm khi khởi động",
                    "Events that a start has to read besides the digest", "service", figure="digest_behind"),
            _metric("digest_latest_timestamp_seconds", "gauge", "Sự kiện mới nhất trong bản tóm lược",
                    "Of the newest event in the digest", "service", figure="digest_latest"),
            _metric("digest_failures_total", "counter", "Số lần không ghi được bản tóm lược",
                    "Digests that could not be written", "service", figure="digest_failures"),
            _metric("link_events_copied_total", "counter", "Sự kiện của cấp dưới đã chép lên đây",
                    "Events of a site below that were copied", "child", "service", figure="link_copied.*"),
            _metric("link_lag_events", "gauge", "Sự kiện của cấp dưới chưa chép kịp",
                    "Events of a site below not copied yet", "child", "service", figure="link_lag.*"),
            _metric("link_children_silent", "gauge", "Địa bàn cấp dưới không liên lạc được",
                    "Sites below that can't be heard", "service", figure="children_silent"),
            _metric("engine_applied_sequence", "gauge", "Bản tin READINGS cuối đã đánh giá",
                    "Sequence of READINGS that is evaluated", "service", figure="applied"),
            _metric("engine_read_sequence", "gauge", "Bản tin READINGS cuối đã đọc",
                    "Sequence of READINGS that is read", "service", figure="read"),
            _metric("engine_events_total", "counter", "Sự kiện bộ đánh giá đã phát",
                    "Events the engine has published", "service", figure="events"),
        ),
    ),
    Group(
        Text("Tải của người trực", "Load on the operators"),
        (
            _metric("load_things", "gauge", "Điều mới cần xem trong khoảng thời gian",
                    "New things to look at, in the last hour or day", "window"),
            _metric("load_annunciations", "gauge", "Lượt báo chưa gộp và giảm trong khoảng thời gian",
                    "Alerts raised or escalated, in the last hour or day", "window"),
            _metric("load_operators", "gauge", "Số người trực cùng lúc, theo cấu hình",
                    "People on duty together, as the site says; load per operator-hour is things by these"),
            _metric("load_flood", "gauge", "Đang có đợt cảnh báo dồn dập (1) hay không (0)",
                    "Whether a flood of alarms goes on: more than 10 in 10 min per operator, until below 5"),
            _metric("load_floods", "gauge", "Số đợt cảnh báo dồn dập trong khoảng thời gian",
                    "Floods of alarms, in the last hour or day", "window"),
            _metric("load_flood_seconds", "gauge", "Thời gian trong đợt cảnh báo dồn dập",
                    "Seconds in floods of alarms, in the last hour or day", "window"),
            _metric("load_chattering", "gauge", "Cảnh báo lặp trong khoảng thời gian",
                    "Alarms that made 3 sounds within a minute, in the last hour or day", "window"),
            _metric("load_stale", "gauge", "Cảnh báo đứng quá 24 giờ",
                    "Alerts that are active for more than 24 hours"),
            _metric("load_unacknowledged", "gauge", "Cảnh báo chờ xác nhận, theo mức",
                    "Alerts that nobody has acknowledged, by severity", "severity"),
            _metric("load_oldest_unacknowledged_seconds", "gauge", "Cảnh báo chờ lâu nhất đã bao lâu",
                    "How long the oldest of them waits; 0 when none does"),
            _metric("load_shelved", "gauge", "Cảnh báo đang gác lại", "Alerts that are shelved"),
            _metric("load_suppressed", "gauge", "Cảnh báo đang giữ im",
                    "Alerts that are suppressed: inhibited, in maintenance or test, chattering"),
            _metric("load_acknowledge_seconds", "gauge", "Thời gian xác nhận trong 24 giờ; có thể vắng",
                    "Time to acknowledge in the last day, median and p90; absent where there was none", "of"),
            _metric("load_priority_alerts", "gauge", "Cảnh báo trong 24 giờ theo ba mức ưu tiên",
                    "Alerts of the last day by priority: low (advisory), medium (watch), high", "priority"),
        ),
    ),
    Group(
        Text("Chiếu sáng", "Street lighting"),
        (
            _metric("commands_kept", "gauge", "Lệnh đang theo dõi", "Commands that are followed",
                    "service", figure="commands"),
            _metric("commands_unconfirmed", "gauge", "Lệnh đã gửi lại đủ số lần mà chưa được xác nhận",
                    "Commands whose repeats ran out without a confirmation", "service", figure="unconfirmed"),
            _metric("lighting_groups", "gauge", "Nhóm đèn của địa bàn", "Groups of lamps of the site",
                    "service", figure="groups"),
        ),
    ),
    Group(
        Text("Gateway", "Gateways"),
        (
            _metric("gateways", "gauge", "Số gateway theo trạng thái",
                    "Declared gateways by state: online, offline, silent (an alert is open), unknown",
                    "state"),
            _metric("gateway_last_heard_timestamp_seconds", "gauge", "Lần nghe cuối của gateway",
                    "When a gateway was last heard; absent while it was not, and for very large sites",
                    "gateway"),
        ),
    ),
    Group(
        Text("Luồng và đĩa", "Streams and disk"),
        (
            _metric("stream_bytes", "gauge", "Dung lượng luồng đang chiếm", "Bytes a stream takes", "stream"),
            _metric("stream_limit_bytes", "gauge", "Giới hạn dung lượng của luồng",
                    "Bytes a stream may take; absent where there is no limit", "stream"),
            _metric("stream_messages", "gauge", "Số bản tin trong luồng", "Messages in a stream", "stream"),
            _metric("stream_last_sequence", "gauge", "Số thứ tự cuối của luồng",
                    "Sequence of a stream's last message", "stream"),
            _metric("disk_free_bytes", "gauge", "Đĩa của thư mục dữ liệu còn trống",
                    "Free bytes on the disk of the data folder", "service", figure="disk_free_bytes"),
            _metric("disk_size_bytes", "gauge", "Kích thước đĩa của thư mục dữ liệu",
                    "Size of the disk of the data folder"),
            _metric("backup_last_success_timestamp_seconds", "gauge",
                    "Lần sao lưu thành công gần nhất; 0 khi chưa có",
                    "When the last backup was made; 0 when there is none"),
        ),
    ),
    Group(
        Text("Dịch vụ", "Services"),
        (
            _metric("ready", "gauge", "Dịch vụ nói rằng nó làm việc (1) hay không (0)",
                    "Whether the service says that it does its work", "service"),
            _metric("heartbeat_age_seconds", "gauge", "Nhịp báo cuối của dịch vụ đã bao lâu",
                    "Seconds since the service's last heartbeat", "service"),
            _metric("complaints", "gauge", "Số điều dịch vụ đang than phiền",
                    "What the service complains about at the moment", "service"),
            _metric("restarts_total", "counter", "Số lần phải khởi động lại một tiến trình con",
                    "How often a child of up had to be started again", "child", "service",
                    figure="restarts_*"),
            _metric("nats_silent_seconds", "gauge", "nats-server không trả lời đã bao lâu",
                    "How long nats-server has not answered", "service", figure="nats_silent_s"),
            _metric("process_resident_memory_bytes", "gauge", "Bộ nhớ tiến trình đang dùng",
                    "Resident memory of the process", "service", figure="process_resident_memory_bytes"),
            _metric("process_cpu_seconds_total", "counter", "Thời gian CPU đã dùng",
                    "Processor time the process has used", "service", figure="process_cpu_seconds_total"),
            _metric("process_open_fds", "gauge", "Số tệp đang mở", "Open files of the process", "service",
                    figure="process_open_fds"),
            _metric("process_max_fds", "gauge", "Giới hạn số tệp mở", "How many files the process may open",
                    "service", figure="process_max_fds"),
            _metric("process_start_time_seconds", "gauge", "Tiến trình bắt đầu lúc nào",
                    "When the process began", "service", figure="process_start_time_seconds"),
            _metric("build_info", "gauge", "Phiên bản đang chạy; giá trị luôn là 1",
                    "What runs here; the value is always 1", "nats_server", "python", "version"),
            _metric("site_info", "gauge", "Phiên bản cấu hình địa bàn đang chạy; giá trị luôn là 1",
                    "The site version that runs; the value is always 1", "site", "version"),
        ),
    ),
    Group(
        Text("Đường gửi", "Roads out"),
        (
            _metric("road_waiting", "gauge", "Thư đang chờ trên đường gửi", "Letters that wait on a road",
                    "road", "service", figure="road_waiting.*"),
            _metric("road_delivered_total", "counter", "Thư đã gửi được", "Letters that were carried",
                    "road", "service", figure="road_delivered.*"),
            _metric("road_failures_total", "counter", "Lần gửi không được", "Attempts that failed",
                    "road", "service", figure="road_failures.*"),
            _metric("road_dead_letters", "gauge", "Thư đã ngừng thử, chưa gửi lại được",
                    "Letters that were given up and not carried since",
                    "road", "service", figure="road_dead.*"),
            _metric("road_failing", "gauge", "1: đường gửi đang không gửi được", "1: the road can't send now",
                    "road", "service", figure="road_failing.*"),
            _metric("bulletins_waiting", "gauge", "Bản tin công khai đang chờ duyệt",
                    "Public messages that wait for approval", "service", figure="bulletins_waiting"),
            _metric("bulletins_issued_total", "counter", "Bản tin công khai đã phát",
                    "Public messages that went out", "service", figure="bulletins_issued"),
        ),
    ),
    Group(
        Text("API", "The API"),
        (
            _metric("api_alerts_open", "gauge", "Cảnh báo đang mở", "Alerts that are open"),
            _metric("api_events_total", "counter", "Sự kiện đã đọc từ ALERTS",
                    "Alert events read from the stream"),
            _metric("api_events_unreadable_total", "counter", "Bản tin trên ALERTS không đọc được",
                    "Messages on ALERTS that are no CloudEvents"),
            _metric("api_stream_clients", "gauge", "Máy khách đang nghe sự kiện",
                    "Clients that listen to events", "road"),
            _metric("api_stream_cut_total", "counter", "Máy khách bị ngắt vì tụt lại",
                    "Clients that were cut because they fell behind", "road"),
            _metric("api_acts_total", "counter", "Thao tác của người đã ghi, theo loại",
                    "Acts of people written to the stream", "verb"),
            _metric("api_acts_decided_again_total", "counter",
                    "Thao tác phải quyết định lại vì có người ghi trước",
                    "Acts decided again because another writer was first"),
            _metric("api_logins_total", "counter", "Lần đăng nhập bằng mật khẩu, theo kết quả",
                    "Tries to log in with a password, by how they ended", "result"),
            _metric("cap_received_total", "counter", "Bản tin CAP nhận từ bên ngoài, theo kết quả",
                    "CAP messages from outside, by what was made of them", "did"),
            _metric("api_requests_total", "counter", "Yêu cầu đã trả lời", "Requests answered",
                    "operation", "status"),
            _metric("api_request_seconds", "histogram", "Tới lúc bắt đầu trả lời", "Until an answer began",
                    "operation"),
        ),
    ),
)  # fmt: skip

TABLE: dict[str, Metric] = {metric.name: metric for group in GROUPS for metric in group.metrics}

RATES = frozenset({"messages_per_s", "readings_per_s", "rows_per_s", "commit_s", "alerts_open"})
"""Figures for a terminal: Prometheus makes them itself from what is counted. Not shown."""

_SUFFIXES = ("_bucket", "_sum", "_count")
_BY_FIGURE = {metric.figure: metric for metric in TABLE.values() if metric.figure}
_WILD = {figure[:-1]: metric for figure, metric in _BY_FIGURE.items() if figure.endswith("*")}


def of_figure(figure: str) -> tuple[Metric, str | None] | None:
    """The metric that a heartbeat's figure is, and the value of its first label; None for unknown ones."""
    metric = _BY_FIGURE.get(figure)
    if metric is not None:
        return metric, None
    for start, wild in _WILD.items():
        if figure.startswith(start):
            return wild, figure.removeprefix(start)
    return None


def family_of(sample: str) -> str:
    """The family a sample belongs to; a histogram's have `_bucket`, `_sum` and `_count` behind its name."""
    for suffix in _SUFFIXES:
        family = sample.removesuffix(suffix)
        if family != sample and (metric := TABLE.get(family)) is not None and metric.kind == "histogram":
            return family
    return sample
