"""What rip currents are called at each severity, and what to do. Data, in two languages.

The words of an index that is not calibrated say "possible" and "likely"; only a measured current is told as
one. Emergency numbers: 112 search and rescue, 114 fire and rescue.
"""

from services.alerts.hazard import Cap, Part
from services.alerts.hazards._flood_texts import advice, words
from services.observation.text import Text

NAME = Text("ao xoáy, dòng rip", "rip currents")
WORDS = words(
    ("Có thể có dòng rip", "Rip currents possible"),
    ("Dễ có dòng rip", "Rip currents likely"),
    ("Nguy hiểm dòng rip", "Dangerous rip currents"),
    ("Dòng chảy ra biển rất mạnh", "Very strong seaward current"),
)
ADVICE = advice(
    (
        (
            "Báo đội cứu hộ bãi; rà ao xoáy bằng mắt từ chòi, cắm cờ đen và thả phao quanh chỗ thấy.",
            "Tell the lifeguards; look for rips from the tower, mark those seen with black flags and buoys.",
        ),
        (
            "Chỉ tắm nơi có cứu hộ, trong khu cờ đỏ – vàng; tránh chỗ nước sẫm, lặng giữa hai luồng sóng vỡ.",
            (
                "Swim only where lifeguards are, between the red-and-yellow flags; "
                "keep off darker, flatter water between breakers."
            ),
        ),
    ),
    (
        (
            "Thu hẹp khu tắm, thêm người trực và ca nô; phát loa nhắc khách; thiếu người thì treo cờ đỏ.",
            "Narrow the bathing zone, add guards and a boat, warn by loudspeaker; short of guards, fly red.",
        ),
        (
            (
                "Không xuống nước quá gối; trẻ em và người không biết bơi ở lại trên bờ. "
                "Bị cuốn: thả nổi, giơ tay gọi, bơi ngang rồi mới vào bờ."
            ),
            (
                "No deeper than your knees; children and non-swimmers stay ashore. "
                "If caught: float, wave, swim along the shore, then in."
            ),
        ),
    ),
    (
        (
            "Đề nghị đóng khu tắm; giữ người khỏi mép nước, tuần tra dọc bãi, sẵn sàng cứu người.",
            "Propose to close the water; keep people off the edge, patrol the beach, have rescue ready.",
        ),
        (
            "Không xuống biển. Thấy người bị cuốn: ném phao, gọi cứu hộ hoặc 114; đừng tự lao ra.",
            (
                "Stay out of the sea. If you see someone swept out: throw a float, call lifeguards or 114; "
                "do not go in after them."
            ),
        ),
    ),
    (
        (
            "Đóng bãi ngay; gọi mọi người lên bờ bằng loa, còi; báo 112, ca nô trực ngoài sóng.",
            (
                "Close the beach at once; call everybody out by loudspeaker and whistle; tell 112, "
                "put a boat beyond the breakers."
            ),
        ),
        (
            "Lên bờ ngay và không xuống lại. Bị cuốn: đừng bơi ngược dòng, thả nổi, giơ tay gọi cứu.",
            "Get out of the water now and stay out. If caught: do not fight the current, float and wave.",
        ),
    ),
)
CAP = Cap("Met", Text("Dòng rip (ao xoáy)", "Rip currents"), ("Avoid", "Monitor"))

BY_WAVES = Part(
    text=Text("dòng rip theo sóng (máy đo dòng im lặng)", "rip currents by waves (meter silent)"),
    words=WORDS,
    advice=ADVICE,
    cap=CAP,
)
CHECKLIST = Part(
    text=Text("bảng điểm dòng rip", "rip current checklist"),
    words=words(
        ("Điểm dòng rip trung bình", "Rip checklist: moderate"),
        ("Điểm dòng rip cao", "Rip checklist: high"),
        ("Điểm dòng rip rất cao", "Rip checklist: extreme"),
        ("Điểm dòng rip cao nhất", "Rip checklist: highest"),
    ),
    advice=ADVICE,
    cap=CAP,
)

METER_BACK = Text(
    "máy đo dòng có số liệu trở lại. Cảnh báo theo sóng kết thúc vì thế, không phải vì biển đã lặng: "
    "cảnh báo riêng của bãi (quy tắc rip-current) nói thay, nếu còn.",
    "the current meter is heard again. The alert by waves ends for that, not for a calmer sea: "
    "the beach's own alert (rule rip-current) speaks for it, if one stands.",
)
"""Why `rip-waves` ended, where it did not end by the waves."""
BLIND = Text(
    "Nếu là máy đo dòng im lặng thì cảnh báo theo sóng (quy tắc rip-waves) nói thay cho bãi trong lúc đó, "
    "chừng nào còn số liệu sóng.",
    "Where it is the current meter that fell silent, the alert by waves (rule rip-waves) speaks for "
    "the beach meanwhile, as long as waves are heard.",
)
"""Said when the index of a beach goes blind; a beach without a meter is judged by waves anyway."""

FLAGS = (
    Text("cờ xanh", "green flag"),
    Text("cờ vàng", "yellow flag"),
    Text("cờ đỏ", "red flag"),
    Text("đóng khu tắm (hai cờ đỏ)", "closing the water (double red)"),
)
"""What `rip_flag` recommends, 0 to 3."""

FLAG_SET = {
    "none": -1,
    "green": 0,
    "yellow": 1,
    "red": 2,
    "double_red": 3,
    "closed": 3,
    "black": 4,
    "purple": 5,
    "red_yellow": 6,
}
"""What the lifeguard has flown: a fact of its own. 4: ao xoáy marked (Vũng Tàu); 5: dangerous marine life;
6: supervised bathing zone."""

TAKEN = {
    4: Text("Thiếu số liệu sóng: chỉ xét dòng chảy đo được.", "Missing: waves; judged by the current alone."),
    1: Text(
        "Thiếu hướng sóng: tính như sóng lệch 60°.",
        "Missing: wave direction; waves 60° off the normal are assumed.",
    ),
    2: Text(
        "Thiếu mực nước triều (hoặc trạm triều đứng yên): tính ở mực nước trung bình.",
        "Missing: tide (or a gauge that is stuck); mean water is assumed.",
    ),
}
GIVEN = {
    8: Text("hướng sóng", "wave direction"),
    16: Text("mực nước triều", "tide"),
}
"""What is said of the bits of `rip_missing` (`_rip_beach`): what was taken, what the beach gave."""
