"""What a person is told whose act is refused, and the sentences of what people state. Pure."""

from services.alerts.lifecycle.life import Touch
from services.observation.instants import iso
from services.observation.text import Text

REFUSALS = {
    "no-such-act": Text("không có thao tác này", "there is no such act"),
    "closed": Text(
        "cảnh báo đã đóng; mở lại trước khi thao tác", "the alert is closed; reopen it before acting on it"
    ),
    "already-acknowledged": Text("cảnh báo đã được xác nhận", "the alert is acknowledged already"),
    "not-acknowledged": Text("cảnh báo chưa được xác nhận", "the alert is not acknowledged"),
    "nothing-to-shelve": Text(
        "cảnh báo đã hết; không còn gì để tạm gác", "the alert is over; there is nothing left to shelve"
    ),
    "why-missing": Text("cần nêu lý do (why)", "a reason is needed (why)"),
    "until-missing": Text(
        "cần thời điểm kết thúc (until), ở tương lai", "an end is needed (until), in the future"
    ),
    "too-long": Text("chỉ được tạm gác tối đa {} giờ", "it may be shelved for {} hours at most"),
    "second-person": Text(
        "cần người thứ hai đồng ý tạm gác cảnh báo này",
        "a second person must agree to shelve this alert",
    ),
    "asked-otherwise": Text(
        "đề nghị tạm gác đang chờ có thời hạn khác; đồng ý đúng như đã đề nghị, hoặc bỏ tạm gác trước",
        "the shelving that waits asks for another end; agree to it as it was asked, or unshelve first",
    ),
    "not-shelved": Text("cảnh báo không bị tạm gác", "the alert is not shelved"),
    "assignee-missing": Text("cần tên người nhận (assignee)", "the name of a person is needed (assignee)"),
    "already-assigned": Text("người này đang phụ trách cảnh báo", "the alert is assigned to them already"),
    "not-assigned": Text("cảnh báo chưa giao cho ai", "the alert is assigned to nobody"),
    "text-missing": Text("cần nội dung ghi chú (text)", "a comment needs words (text)"),
    "cause-missing": Text(
        "cần nguyên nhân (cause): real, false, test hoặc maintenance",
        "a cause is needed (cause): real, false, test or maintenance",
    ),
    "not-over": Text(
        "điều kiện còn; chỉ đóng với nguyên nhân real khi cảnh báo đã hết",
        "its condition holds; it can be closed as real once it is over",
    ),
    "two-to-close": Text(
        "điều kiện còn và cảnh báo này cần hai người mới được làm im: hãy tạm gác với người thứ hai rồi đóng,"
        " hoặc lập khoảng bảo trì cho trạm",
        "its condition holds and it takes two to silence it: shelve it with a second person, then close it,"
        " or plan maintenance of its station",
    ),
    "not-closed": Text("cảnh báo chưa đóng", "the alert is not closed"),
    "not-stated": Text(
        "chỉ cảnh báo do người nhập mới đổi mức hoặc kết thúc bằng tay được",
        "only an alert that a person stated can be moved or ended by hand",
    ),
    "over": Text("cảnh báo đã hết", "the alert is over"),
    "severity-missing": Text(
        "cần mức độ (severity): advisory, watch, warning hoặc emergency",
        "a severity is needed: advisory, watch, warning or emergency",
    ),
    "not-higher": Text("mức mới phải cao hơn mức hiện tại", "the new severity must be above the present one"),
    "not-lower": Text("mức mới phải thấp hơn mức hiện tại", "the new severity must be below the present one"),
}
CLEARED_BY = Text("{} kết thúc cảnh báo", "{} ended the alert")
_DID = {
    "raised": Text("cảnh báo lại xuất hiện", "it was raised anew"),
    "escalated": Text("cảnh báo đã tăng mức", "it escalated"),
    "acknowledged": Text("đã xác nhận", "acknowledged it"),
    "unacknowledged": Text("đã bỏ xác nhận", "took the acknowledgement back"),
    "shelve-asked": Text("đã đề nghị tạm gác", "asked to shelve it"),
    "shelved": Text("đã tạm gác", "shelved it"),
    "unshelved": Text("đã bỏ tạm gác", "unshelved it"),
    "assigned": Text("đã giao việc", "assigned it"),
    "unassigned": Text("đã bỏ giao việc", "took the assignment back"),
    "closed": Text("đã đóng", "closed it"),
    "reopened": Text("đã mở lại", "reopened it"),
    "eased": Text("đã hạ mức", "lowered its severity"),
    "cleared": Text("đã kết thúc", "ended it"),
}
_SOMETHING = Text("đã thao tác", "acted on it")


def changed(touch: Touch) -> Text:
    """What a person is told who acts on a version that is not the last: who did what, and when."""
    did, when = _DID.get(touch.verb, _SOMETHING), iso(touch.at)
    who = touch.by
    if who is None:
        return Text(f"từ khi bạn xem, {did.vi} ({when})", f"since you looked, {did.en} ({when})")
    return Text(f"từ khi bạn xem, {who} {did.vi} ({when})", f"since you looked, {who} {did.en} ({when})")
