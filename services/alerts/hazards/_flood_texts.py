"""What each kind of flood is called at each severity, and what to do about it. Data, in two languages.

Advice to the public speaks of what people see and can do; advice to the operator of whom to tell and what to
move. The street classes are design defaults (10 cm: criterion of Hồ Chí Minh City's daily lists; 25 and
35 cm: cars; 30 and 50 cm: limits H1 and H2 of AIDR 7-3). None of these texts names a disaster-risk level.

Over 250 lines: six kinds, four severities, two readers, two languages.
"""

from services.alerts.hazard import Advice, Cap, Part
from services.observation.event import SEVERITIES
from services.observation.text import Text

Line = tuple[str, str]


def words(*rungs: Line) -> dict[str, Text]:
    """Names of the severities, from the lowest."""
    return {severity: Text(*rung) for severity, rung in zip(SEVERITIES, rungs, strict=True)}


def advice(*rungs: tuple[Line, Line]) -> dict[str, Advice]:
    """What to do at each severity, from the lowest: the operator, the public."""
    return {
        severity: Advice(Text(*operator), Text(*public))
        for severity, (operator, public) in zip(SEVERITIES, rungs, strict=True)
    }


RIVER_WORDS = words(
    ("Báo động 1", "Alert level 1 (BĐ1)"),
    ("Báo động 2", "Alert level 2 (BĐ2)"),
    ("Báo động 3", "Alert level 3 (BĐ3)"),
    ("Vượt lũ lịch sử", "Above the historic flood"),
)
RIVER_ADVICE = advice(
    (
        (
            "Theo dõi mực nước, kiểm tra lực lượng trực và cửa cống.",
            "Watch the stage; check duty crews and sluices.",
        ),
        (
            "Người dân ven sông, bãi thấp chú ý theo dõi.",
            "People on river banks and low ground: stay informed.",
        ),
    ),
    (
        (
            "Thông báo xã, phường; chuẩn bị phương tiện, điểm sơ tán.",
            "Inform the communes; make vehicles and shelters ready.",
        ),
        (
            "Đưa tài sản, gia súc lên cao; không qua ngầm, tràn.",
            "Move goods and animals up; do not cross fords.",
        ),
    ),
    (
        (
            "Đóng đường ngập, sơ tán vùng trũng, trực 24/24.",
            "Close flooded roads, evacuate low areas, staff 24/24.",
        ),
        (
            "Rời vùng trũng ngay theo hướng dẫn của chính quyền.",
            "Leave low areas now as the authorities direct.",
        ),
    ),
    (
        (
            "Sơ tán toàn bộ vùng ngập; yêu cầu cấp trên chi viện.",
            "Evacuate the whole flood area; ask for support.",
        ),
        ("Đến nơi cao, an toàn ngay lập tức.", "Go to high, safe ground at once."),
    ),
)

STREET = Part(
    text=Text("ngập đường phố", "street flooding"),
    words=words(
        ("Ngập nhẹ", "Light street flooding"),
        ("Ngập vừa", "Moderate street flooding"),
        ("Ngập sâu", "Deep street flooding"),
        ("Ngập rất sâu", "Very deep street flooding"),
    ),
    advice=advice(
        (
            ("Kiểm tra miệng thu nước và trạm bơm gần đó.", "Check the nearby inlets and pumps."),
            ("Đi chậm; xe máy cẩn thận.", "Drive slowly; motorcycles take care."),
        ),
        (
            (
                "Cử người phân luồng; chạy trạm bơm, vớt rác miệng cống.",
                "Send people to direct traffic; run the pumps, clear the inlets.",
            ),
            (
                "Xe máy, ô tô gầm thấp tìm đường khác; ô tô con không vào chỗ sâu quá 25 cm.",
                "Motorcycles and low cars take another road; no car beyond 25 cm of water.",
            ),
        ),
        (
            (
                "Cấm ô tô con, xe máy; đặt rào; kiểm tra nhà trũng, tủ điện.",
                "Close to cars and motorcycles; put up barriers; check low houses and cabinets.",
            ),
            (
                "Không lái xe vào; không lội qua chỗ nước chảy; giữ trẻ em tránh xa miệng cống.",
                "Do not drive in; do not wade through moving water; keep children from inlets.",
            ),
        ),
        (
            (
                "Cấm đường; cắt điện khu ngập; đưa người ở tầng trệt thấp đi nơi khác.",
                "Close the road; cut the power of the flooded blocks; move people out of low ground floors.",
            ),
            (
                "Rời tầng trệt thấp; ngắt cầu dao nếu tay khô; gọi 112, 114 khi cần cứu.",
                "Leave low ground floors; cut the mains if your hands are dry; call 112 or 114 for rescue.",
            ),
        ),
    ),
    cap=Cap("Met", Text("Ngập đường phố", "Street flooding"), ("Avoid", "Execute")),
)

TIDE = Part(
    text=Text("triều cường", "high tide"),
    words=words(
        ("Triều cao", "High tide"),
        ("Triều cường", "Very high tide"),
        ("Triều cường rất cao", "Exceptional tide"),
        ("Triều cường đặc biệt cao", "Extreme tide"),
    ),
    advice=advice(
        (
            ("Đóng van một chiều, cửa ngăn triều.", "Close tide gates and flap valves."),
            ("Ven biển, ven kênh: để ý nước lên.", "On the shore and canals: watch the water."),
        ),
        (
            (
                "Trực cống ngăn triều; kiểm tra bờ bao xung yếu, trạm bơm.",
                "Staff the tide gates; check weak dikes and pumps.",
            ),
            (
                "Kê cao đồ đạc; không đỗ xe ở tuyến đường ven biển thấp.",
                "Raise your goods; do not park on low shore roads.",
            ),
        ),
        (
            (
                "Gia cố bờ bao; phân luồng đường ven biển; báo bến, cảng.",
                "Strengthen dikes; divert shore roads; inform quays and ports.",
            ),
            (
                "Không ra bờ kè, mép nước; chằng buộc tàu thuyền.",
                "Keep off the sea wall; moor boats well.",
            ),
        ),
        (
            (
                "Sơ tán dải ven biển thấp; sẵn sàng xử lý vỡ bờ bao.",
                "Evacuate the low shore; be ready for a dike breach.",
            ),
            ("Rời vùng trũng ven biển ngay.", "Leave the low shore at once."),
        ),
    ),
    cap=Cap("Met", Text("Triều cường", "High tide"), ("Avoid", "Prepare")),
)
SURGE = Part(
    text=Text("nước dâng", "surge"),
    words=words(
        ("Nước dâng", "Surge"),
        ("Nước dâng mạnh", "Strong surge"),
        ("Nước dâng rất mạnh", "Very strong surge"),
        ("Nước dâng đặc biệt mạnh", "Extreme surge"),
    ),
    advice=TIDE.advice,
    cap=Cap("Met", Text("Nước dâng", "Storm surge"), ("Avoid", "Prepare")),
)

_RESERVOIR_ADVICE = advice(
    (
        (
            "Liên hệ chủ hồ về kế hoạch vận hành; theo dõi trạm hạ lưu.",
            "Ask the operator of the dam for its plan; watch the gauges downstream.",
        ),
        ("Vùng hạ du chú ý thông báo xả lũ.", "Downstream: listen for notices of release."),
    ),
    (
        (
            "Báo xã, phường hạ du; kiểm tra còi báo xả.",
            "Inform the communes downstream; check the release sirens.",
        ),
        (
            "Không xuống lòng sông, bãi bồi; đưa thuyền, lồng bè vào nơi an toàn.",
            "Keep out of the river bed; bring boats and fish cages in.",
        ),
    ),
    (
        (
            "Sơ tán ven sông hạ du theo phương án; trực cùng chủ hồ.",
            "Evacuate the banks downstream by the plan; stay in touch with the dam.",
        ),
        ("Rời bờ sông, vùng trũng hạ du ngay.", "Leave the banks and low ground downstream now."),
    ),
    (
        (
            "Kích hoạt phương án ứng phó tình huống khẩn cấp của đập.",
            "Start the emergency plan of the dam.",
        ),
        ("Đến nơi cao ngay lập tức.", "Go to high ground at once."),
    ),
)
RESERVOIR = Part(
    text=Text("hồ chứa", "reservoir"),
    words=words(
        ("Hồ vượt mực nước dâng bình thường", "Reservoir above its normal level"),
        ("Hồ trữ lũ", "Reservoir storing a flood"),
        ("Hồ vượt mực nước gia cường", "Reservoir above its surcharge level"),
        ("Nước tới đỉnh đập", "Water at the crest of the dam"),
    ),
    advice=_RESERVOIR_ADVICE,
    cap=Cap("Met", Text("Hồ chứa đầy", "Reservoir level"), ("Prepare", "Monitor")),
)
RELEASE = Part(
    text=Text("xả lũ", "release"),
    words=words(
        ("Xả nước", "Release"),
        ("Xả lớn", "Large release"),
        ("Xả rất lớn", "Very large release"),
        ("Xả khẩn cấp", "Emergency release"),
    ),
    advice=_RESERVOIR_ADVICE,
    cap=Cap("Met", Text("Xả lũ hồ chứa", "Reservoir release"), ("Prepare", "Evacuate")),
)
BACKFLOW = Part(
    text=Text("nước triều dâng ngược từ cống", "sewers backing up"),
    words=words(
        ("Cống trào ngược", "Sewer backs up"),
        ("Cống trào ngược, ngập vừa", "Sewer backs up, moderate flooding"),
        ("Cống trào ngược, ngập sâu", "Sewer backs up, deep flooding"),
        ("Cống trào ngược, ngập rất sâu", "Sewer backs up, very deep flooding"),
    ),
    advice={
        severity: Advice(
            Text(
                "Đóng van một chiều, cửa ngăn triều của tuyến cống; bơm cưỡng bức, đừng chờ tiêu tự chảy.",
                "Close the flap valves and tide gates of the sewer; pump, do not wait for gravity.",
            ),
            Text(
                "Nước trên đường là nước mặn từ cống: rửa xe sau khi qua; trẻ em không nghịch nước.",
                "The water on the street is salt and comes from the sewer: rinse vehicles; "
                "keep children out of it.",
            ),
        )
        for severity in SEVERITIES
    },
    cap=Cap("Met", Text("Nước triều dâng ngược từ cống", "Sewers backing up"), ("Avoid",)),
)
LOCKED = Part(
    text=Text("cửa xả bị khóa", "outfalls locked by the tide"),
    words=words(
        ("Cửa xả bị khóa", "Outfalls locked"),
        ("Cửa xả bị khóa, dễ ngập hơn một cấp", "Outfalls locked: flooding a class worse"),
        ("Cửa xả bị khóa, ngập sâu hơn một cấp", "Outfalls locked: deep flooding"),
        ("Cửa xả bị khóa, ngập rất sâu", "Outfalls locked: very deep flooding"),
    ),
    advice={
        severity: Advice(
            Text(
                "Nước mưa không tự thoát được cho tới khi triều xuống: chạy bơm, phân luồng sớm một cấp.",
                "Rain cannot drain until the tide falls: run the pumps, direct traffic a class early.",
            ),
            Text(
                "Tránh các tuyến hay ngập cho tới khi triều xuống; ngập sẽ sâu và lâu hơn thường lệ.",
                "Keep off streets known to flood until the tide falls; "
                "water will be deeper and stay longer than usual.",
            ),
        )
        for severity in SEVERITIES
    },
    cap=Cap("Met", Text("Mưa lớn gặp triều cường", "Heavy rain at high tide"), ("Avoid", "Prepare")),
)
