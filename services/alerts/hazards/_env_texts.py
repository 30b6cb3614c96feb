"""What air, noise and water alerts are called, and what to do: data, in two languages.

Advice on air follows what the classes of Decision 1459/QĐ-TCMT mean for people in general and for the
sensitive (children, the elderly, pregnant women, people with diseases of heart or lung); in our own words.
None of these texts is a verdict of an authority.
"""

from services.alerts.hazard import Advice, Cap, Part
from services.alerts.hazards._env_aqi import CLASSES
from services.observation.event import SEVERITIES
from services.observation.text import Text

Line = tuple[str, str]


def words(*rungs: Line) -> dict[str, Text]:
    """Names of the severities, from the lowest."""
    return {severity: Text(*rung) for severity, rung in zip(SEVERITIES, rungs, strict=False)}


def advice(*rungs: tuple[Line, Line]) -> dict[str, Advice]:
    """What to do at each severity, from the lowest: the operator, the public."""
    return {
        severity: Advice(Text(*operator), Text(*public))
        for severity, (operator, public) in zip(SEVERITIES, rungs, strict=False)
    }


# Good and Moderate are no alerts: the four rungs are the four classes above them.
AQI_WORDS = {
    severity: Text(f"Không khí {one.text.vi.lower()}", f"Air: {one.text.en.lower()}")
    for severity, one in zip(SEVERITIES, CLASSES[2:], strict=True)
}

HEALTH: dict[int, Text] = {
    0: Text("Không khí tốt: tự do sinh hoạt ngoài trời.", "Good air: enjoy the outdoors."),
    51: Text(
        "Chấp nhận được; người rất nhạy cảm nên giảm vận động mạnh kéo dài ngoài trời.",
        "Acceptable; people who are unusually sensitive should cut down long exertion outdoors.",
    ),
    101: Text(
        "Trẻ em, người già, phụ nữ mang thai, người có bệnh tim phổi: giảm vận động mạnh, đeo "
        "khẩu trang lọc bụi.",
        "Children, the elderly, pregnant women, people with heart or lung disease: less exertion outdoors, "
        "wear a filtering mask.",
    ),
    151: Text(
        "Mọi người hạn chế vận động mạnh ngoài trời; nhóm nhạy cảm ở trong nhà, đóng cửa, đeo "
        "khẩu trang lọc bụi.",
        "Everybody: avoid exertion outdoors. The sensitive: stay in, windows shut, wear a "
        "filtering mask outside.",
    ),
    201: Text(
        "Mọi người tránh ở lâu ngoài trời; nhóm nhạy cảm không ra ngoài; đóng cửa, lọc không khí nếu có.",
        "Everybody: avoid long stays outdoors. The sensitive: do not go out; shut windows, "
        "filter the air if you can.",
    ),
    301: Text(
        "Mọi người ở trong nhà, đóng kín cửa; chỉ ra ngoài khi thật cần, đeo khẩu trang lọc bụi; "
        "khó thở gọi 115.",
        "Everybody: stay indoors with windows shut; go out only if you must, with a filtering mask; "
        "if breathing is hard call 115.",
    ),
}
"""Advice to the public by the lowest index of each class: for consoles and boards, all six."""

_OPERATOR = (
    Text(
        "Kiểm tra trạm lân cận và hướng gió; nhắc công trường, xe chở vật liệu che chắn, tưới đường.",
        "Compare stations nearby and the wind; have building sites and lorries covered, streets sprayed.",
    ),
    Text(
        "Báo Sở Nông nghiệp và Môi trường, y tế, trường học; kiểm tra đốt hở, nguồn thải lớn đầu gió.",
        "Tell environment, health and schools; look upwind for open burning and big stacks.",
    ),
    Text(
        "Đề nghị hoãn hoạt động ngoài trời, thể dục ở trường; tưới rửa đường; hạn chế xe tải, công trường.",
        "Advise putting off outdoor events, school sports; wash streets; limit lorries, building sites.",
    ),
    Text(
        "Trình phương án khẩn cấp: cho học sinh nghỉ, dừng công trường, nguồn thải lớn; y tế trực cấp cứu.",
        "Propose the emergency plan: close schools, stop building sites and big emitters; hospitals ready.",
    ),
)
AQI_ADVICE = {
    severity: Advice(operator, HEALTH[one.least])
    for severity, operator, one in zip(SEVERITIES, _OPERATOR, CLASSES[2:], strict=True)
}

LIMIT = Part(
    text=Text("vượt giới hạn chất lượng không khí", "air above its limit"),
    words=words(("Vượt giới hạn không khí", "Air above the limit")),
    advice=advice(
        (
            (
                "Ghi nhận để báo cáo; đối chiếu hiệu chuẩn trạm; tìm nguồn thải theo hướng gió.",
                "Record it for the report; check the station's calibration; look upwind for the source.",
            ),
            (
                "Xem chỉ số AQI của giờ hiện tại để biết nên làm gì.",
                "Look at the AQI of this hour for what to do.",
            ),
        )
    ),
    cap=Cap("Env", Text("Vượt giới hạn chất lượng không khí", "Air quality limit exceeded")),
)
NOISE = Part(
    text=Text("tiếng ồn", "noise"),
    words=words(
        ("Ồn vượt giới hạn", "Noise above the limit"), ("Ồn vượt xa giới hạn", "Noise far above the limit")
    ),
    advice=advice(
        (
            (
                "Báo phường, xã kiểm tra nguồn ồn; số đo này không dùng để xử phạt.",
                "Ask the commune to find the source; this number is no basis for a fine.",
            ),
            (
                "Giảm âm lượng, nhất là sau 21 giờ; phản ánh tiếng ồn tới phường, xã.",
                "Turn it down, above all after 21:00; report noise to the commune.",
            ),
        ),
        (
            (
                "Cử người tới hiện trường ngay; mời đơn vị đo có thiết bị kiểm định nếu kéo dài.",
                "Send somebody now; call in a team with a verified meter if it goes on.",
            ),
            (
                "Tránh ở gần nguồn ồn lâu; che tai cho trẻ nhỏ.",
                "Do not stay long near the source; protect small children's ears.",
            ),
        ),
    ),
    cap=Cap("Env", Text("Tiếng ồn", "Noise")),
)
WATER = Part(
    text=Text("chất lượng nước mặt", "surface water quality"),
    words=words(
        ("Nước kém hơn mục tiêu", "Water worse than its goal"),
        ("Nước ô nhiễm", "Polluted water"),
        ("Nước ô nhiễm nặng", "Heavily polluted water"),
    ),
    advice=advice(
        (
            (
                "Kiểm tra đầu dò (bám bẩn, hiệu chuẩn); lấy mẫu đối chứng nếu kéo dài.",
                "Check the probe (fouling, calibration); take a sample if it goes on.",
            ),
            (
                "Không dùng nước sông, kênh chưa xử lý để ăn uống.",
                "Do not drink or cook with untreated river or canal water.",
            ),
        ),
        (
            (
                "Lấy mẫu ngay; tìm nguồn xả phía trên; báo nhà máy nước, hộ nuôi thủy sản hạ lưu.",
                "Sample now; look upstream for a discharge; tell waterworks and fish farms downstream.",
            ),
            (
                "Không tắm, không lấy nước; hộ nuôi cá chạy quạt nước, tạm ngừng lấy nước.",
                "Do not bathe or draw water; fish farms: run aerators, stop intakes.",
            ),
        ),
        (
            (
                "Cá có thể chết hàng loạt: phối hợp xử lý, dừng nguồn xả; ngừng cấp nước thô nếu cần.",
                "Fish may die in numbers: stop discharges; cut raw-water intakes if needed.",
            ),
            (
                "Tránh xa nước; không vớt, không ăn cá chết.",
                "Keep away from the water; do not collect or eat dead fish.",
            ),
        ),
    ),
    cap=Cap("Env", Text("Ô nhiễm nước mặt", "Surface water pollution"), ("Monitor", "Avoid")),
)


def _like_water(text: Line, *rungs: Line) -> Part:
    """Other names for the same advice."""
    return Part(text=Text(*text), words=words(*rungs), advice=WATER.advice, cap=WATER.cap)


SUBSTANCE = _like_water(
    ("chất độc hại trong nước mặt", "harmful substances in surface water"),
    ("Nước vượt giới hạn sức khỏe", "Water above a limit for health"),
)
OXYGEN = _like_water(
    ("oxy hòa tan trong nước", "dissolved oxygen"),
    ("Nước bớt oxy", "Less oxygen in the water"),
    ("Nước thiếu oxy", "Water short of oxygen"),
    ("Nước thiếu oxy nghiêm trọng", "Water very short of oxygen"),
)
PROBE = _like_water(
    ("nước mặt thay đổi bất thường", "sudden change of surface water"),
    ("Nước thay đổi bất thường", "Unusual change of the water"),
    ("Nước có dấu hiệu ô nhiễm", "Signs of pollution in the water"),
)
