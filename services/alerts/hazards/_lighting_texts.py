"""What each fault of street lighting is called, what to do about it, and why it was told. In two languages.

A current that leaks and a cabinet that stands open can kill, most of all in a flood: their advice says so.
"""

from services.alerts.hazard import Advice, Cap, Part
from services.observation.event import SEVERITIES
from services.observation.text import Text

_NOTHING = Text("Không cần hành động.", "No action needed.")
_DARK_PUBLIC = Text(
    "Đường tối: đi chậm, bật đèn xe; báo đèn hỏng cho đơn vị chiếu sáng.",
    "The street is dark: go slowly with lights on; report dark lamps to the lighting office.",
)


def _same(operator: Text, public: Text = _NOTHING) -> dict[str, Advice]:
    return {severity: Advice(operator, public) for severity in SEVERITIES}


def _words(vi: str, en: str) -> dict[str, Text]:
    return {severity: Text(vi, en) for severity in SEVERITIES}


_CAP = Cap("Infra", Text("Sự cố chiếu sáng công cộng", "Street lighting fault"), ("Monitor",))
_DARK_CAP = Cap("Infra", Text("Đường mất chiếu sáng", "Street without light"), ("Avoid", "Monitor"))
SHOCK_CAP = Cap("Infra", Text("Nguy cơ điện giật", "Danger of electric shock"), ("Avoid",))

FAILURE = Part(
    text=Text("đèn không sáng", "lamps dark"),
    words={
        "advisory": Text("Đèn không sáng", "Lamp dark"),
        "watch": Text("Nhiều đèn không sáng", "Many lamps dark"),
        "warning": Text("Cả tuyến không sáng", "Whole line dark"),
        "emergency": Text("Cả tuyến không sáng", "Whole line dark"),
    },
    advice={
        "advisory": Advice(
            Text("Đưa vào danh sách thay bóng, bộ nguồn.", "Put it on the list of lamps to replace."),
            _NOTHING,
        ),
        **{
            severity: Advice(
                Text(
                    "Một nguyên nhân chung: kiểm tra lộ ra, aptomat, cáp của tủ trước khi thay từng đèn; "
                    "báo công an giao thông nếu là nút giao.",
                    "One cause for all: check the feeder, its breaker and cable before any single lamp; "
                    "tell the traffic police where it is a junction.",
                ),
                _DARK_PUBLIC,
            )
            for severity in SEVERITIES[1:]
        },
    },
    cap=_DARK_CAP,
)  # fmt: skip
UNEXPECTED = Part(
    text=Text("đèn sáng ngoài lệnh", "lamps on unexpectedly"),
    words=_words("Đèn sáng ngoài lệnh", "Lamp on unexpectedly"),
    advice=_same(
        Text(
            "Hỏi đội sửa chữa có đang thử đèn không; nếu không: kiểm tra công tắc tơ dính, chế độ tay, "
            "đồng hồ của tủ. Điện đang bị đốt phí.",
            "Ask whether a crew is testing lamps; if not, check for a welded contactor, manual mode, a wrong "
            "clock. Power burns for nothing.",
        )
    ),
    cap=_CAP,
)
POWER_HIGH = Part(
    text=Text("đèn quá công suất", "lamps above their power"),
    words=_words("Đèn quá công suất", "Lamp power too high"),
    advice=_same(
        Text("Kiểm tra bộ nguồn, loại đèn khai báo.", "Check the driver, and the wattage that is declared.")
    ),
    cap=_CAP,
)
POWER_LOW = Part(
    text=Text("đèn thiếu công suất", "lamps below their power"),
    words=_words("Đèn thiếu công suất", "Lamp power too low"),
    advice=_same(
        Text(
            "Mô-đun LED hỏng một phần hoặc bộ nguồn yếu: kiểm tra khi tới tuyến.",
            "A part of the LED module is gone or the driver is weak: look at it on the next round.",
        )
    ),
    cap=_CAP,
)
DIMMING = Part(
    text=Text("đèn không giảm sáng", "lamps that don't dim"),
    words=_words("Đèn không giảm sáng", "Dimming failure"),
    advice=_same(
        Text("Kiểm tra dây DALI, 0–10 V và bộ nguồn.", "Check the DALI or 0–10 V line and the driver.")
    ),
    cap=_CAP,
)
FACTOR = Part(
    text=Text("hệ số công suất thấp", "low power factor"),
    words=_words("Hệ số công suất thấp", "Power factor too low"),
    advice=_same(Text("Kiểm tra tụ bù, bộ nguồn.", "Check the capacitor and the driver.")),
    cap=_CAP,
)
CYCLING = Part(
    text=Text("đèn chập chờn", "lamps that cycle"),
    words=_words("Đèn chập chờn", "Lamp cycling"),
    advice=_same(
        Text(
            "Bóng cuối tuổi thọ hoặc tiếp xúc lỏng: thay, siết lại.",
            "Lamp at its end or a loose contact: replace, tighten.",
        )
    ),
    cap=_CAP,
)  # fmt: skip
GEAR = Part(
    text=Text("bộ nguồn đèn báo lỗi", "control gear at fault"),
    words=_words("Bộ nguồn đèn báo lỗi", "Control gear failure"),
    advice=_same(Text("Đọc trạng thái DALI, thay bộ nguồn.", "Read the DALI status; replace the gear.")),
    cap=_CAP,
)
_VOLTAGE = _same(
    Text(
        "Kiểm tra cầu chì, aptomat từng pha của tủ, rồi báo điện lực; điện áp sai làm hỏng "
        "bộ nguồn hàng loạt.",
        "Check fuse and breaker of each phase, then tell the power company; a wrong voltage destroys drivers "
        "by the street.",
    )
)
HIGH = Part(
    text=Text("điện áp cao", "high supply voltage"),
    words=_words("Điện áp cấp quá cao", "Supply voltage too high"),
    advice=_VOLTAGE,
    cap=_CAP,
)
LOW = Part(
    text=Text("điện áp thấp", "low supply voltage"),
    words=_words("Điện áp thấp hoặc mất pha", "Low voltage or phase lost"),
    advice=_VOLTAGE,
    cap=_CAP,
)
LOSS = Part(
    text=Text("mất điện tủ", "cabinet without supply"),
    words=_words("Tủ chiếu sáng mất điện", "Cabinet without supply"),
    advice=_same(
        Text(
            "Hỏi điện lực; kiểm tra aptomat tổng. Khi đang ngập: không mở tủ, không đóng lại cho tới khi "
            "nước rút.",
            "Ask the power company; check the main breaker. In a flood: do not open the cabinet and do not "
            "switch it on again until the water is gone.",
        ),
        _DARK_PUBLIC,
    ),
    cap=_DARK_CAP,
)
LEAKAGE = Part(
    text=Text("rò điện", "leakage current"),
    words=_words("Rò điện", "Leakage current"),
    advice=_same(
        Text(
            "Nguy hiểm chết người, nhất là khi ngập: cắt lộ ra từ xa, rào quanh cột và tủ, cử thợ điện; "
            "chỉ đóng lại khi đã đo cách điện.",
            "Danger of death, most of all in a flood: switch the feeder off, fence off poles and cabinet, "
            "send an electrician; switch on again only after the insulation was measured.",
        ),
        Text(
            "Không chạm cột đèn, tủ điện, không lội nước gần đó. Thấy người bị điện giật: đừng chạm vào, gọi "
            "114, 115.",
            "Do not touch lamp posts or cabinets, do not wade near them. If somebody gets a shock: do not "
            "touch them, call 114 or 115.",
        ),
    ),
    cap=SHOCK_CAP,
)
DOOR = Part(
    text=Text("cửa tủ mở", "cabinet door open"),
    words=_words("Cửa tủ điện mở", "Cabinet door open"),
    advice=_same(
        Text(
            "Hỏi đội sửa chữa có đang làm ở tủ không; nếu không, cử người đóng ngay: bên trong có điện, "
            "khi ngập hay mưa là nguy hiểm chết người.",
            "Ask whether a crew is at work there; if not, send somebody to close it now: what is inside is "
            "live, and in rain or a flood it can kill.",
        ),
        Text(
            "Không chạm tủ điện đang mở, giữ trẻ em tránh xa; báo đơn vị chiếu sáng.",
            "Do not touch an open cabinet, keep children away; tell the lighting office.",
        ),
    ),
    cap=SHOCK_CAP,
)

OF_PROPERTY = {
    "lamp_failure": FAILURE,
    "lamp_unexpected_on": UNEXPECTED,
    "lamp_power_high": POWER_HIGH,
    "lamp_power_low": POWER_LOW,
    "dimming_failure": DIMMING,
    "power_factor_low": FACTOR,
    "lamp_cycling": CYCLING,
    "gear_failure": GEAR,
    "voltage_highest": HIGH,
    "voltage_lowest": LOW,
    "supply_loss": LOSS,
    "leakage_current": LEAKAGE,
    "door": DOOR,
}
