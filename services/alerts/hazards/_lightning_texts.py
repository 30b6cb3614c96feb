"""What the phases of lightning are called, and what to do in each. Data, in two languages.

Phases and actions: design default (10 km and 30 min are of the 30-30 rule). None of
these texts names a disaster-risk level.
"""

from services.alerts.hazard import Cap, Part
from services.alerts.hazards._flood_texts import advice, words
from services.observation.text import Text

WORDS = words(
    ("Theo dõi dông sét", "Lightning: monitor"),
    ("Chuẩn bị tránh sét", "Lightning: prepare"),
    ("Cảnh báo sét", "Lightning warning"),
    ("Nguy hiểm sét", "Lightning danger"),
)

PHASES = {"advisory": "monitor", "watch": "prepare", "warning": "warning", "emergency": "danger"}
"""English names of the phases within a sentence."""

ADVICE = advice(
    (
        (
            "Theo dõi hướng dông; báo cứu hộ bãi biển và các công trường biết.",
            "Watch where the storm goes; tell lifeguards and building sites.",
        ),
        (
            "Có dông ở xa. Xem trời, hoãn việc đi thuyền, leo cao.",
            "A storm is about. Watch the sky; put off boats and climbs.",
        ),
    ),
    (
        (
            "Cho người rời mép nước; dừng cẩu, cáp treo, thang nâng; chuẩn bị loa.",
            "Clear the water's edge; stop cranes, cable cars and lifts; ready the loudspeakers.",
        ),
        (
            "Lên bờ, rời bãi trống; biết trước chỗ trú gần nhất: nhà kiên cố hoặc ô tô kín.",
            "Leave the water and open ground; know your shelter: a solid house or a closed car.",
        ),
    ),
    (
        (
            "Phát loa cho mọi người vào nhà; dừng mọi việc ngoài trời, trên cao, dưới nước.",
            "Call everybody inside; stop all work outdoors, at height and in the water.",
        ),
        (
            "Vào nhà kiên cố hoặc ô tô kín ngay. Không trú dưới cây, lều, chòi. Chỉ ra khi có báo an toàn.",
            "Go into a solid house or a closed car now. No trees, tents or huts. Stay until the all-clear.",
        ),
    ),
    (
        (
            "Không ai ở ngoài trời, kể cả lực lượng trực; cấp cứu người bị sét đánh: gọi 115.",
            "Nobody outdoors, your own crews included; somebody struck: call 115.",
        ),
        (
            "Ở yên trong nhà, xa cửa sổ, vòi nước, ổ điện. Thấy người bị sét đánh: gọi 115, ép tim ngay.",
            "Stay in, off windows, taps and plugs. Somebody struck is safe to touch: call 115, start CPR.",
        ),
    ),
)

CAP = Cap("Met", Text("Dông sét", "Lightning"), ("Monitor", "Prepare", "Shelter"))

FIELD = Part(
    text=Text("điện trường khí quyển", "atmospheric electric field"),
    words=words(
        ("Điện trường tăng", "The field rises"),
        ("Điện trường mạnh", "Strong electric field"),
        ("Điện trường rất mạnh", "Very strong electric field"),
        ("Điện trường nguy hiểm", "Dangerous electric field"),
    ),
    advice=ADVICE,
    cap=CAP,
)

JUMP = Part(
    text=Text("sét tăng vọt", "lightning jump"),
    words=words(
        ("Sét tăng vọt", "Lightning jump"),
        ("Sét tăng vọt mạnh", "Strong lightning jump"),
        ("Sét tăng vọt rất mạnh", "Very strong lightning jump"),
        ("Sét tăng vọt dữ dội", "Extreme lightning jump"),
    ),
    advice=advice(
        *[
            (
                (
                    "Dông đang mạnh lên: đề phòng gió giật, mưa đá, mưa xối; kiểm tra cây, biển quảng cáo.",
                    "The storm grows: expect gusts, hail, heavy rain; look to trees and billboards.",
                ),
                (
                    "Dông có thể kèm gió giật, mưa đá: vào nhà, tránh cây và biển quảng cáo.",
                    "Gusts or hail may come: go inside, keep from trees and billboards.",
                ),
            )
        ]
        * 4
    ),
    cap=Cap("Met", Text("Dông mạnh", "Severe thunderstorm"), ("Prepare", "Shelter")),
)

COMPASS = (
    Text("bắc", "north"),
    Text("đông bắc", "north-east"),
    Text("đông", "east"),
    Text("đông nam", "south-east"),
    Text("nam", "south"),
    Text("tây nam", "south-west"),
    Text("tây", "west"),
    Text("tây bắc", "north-west"),
)


def compass(degrees: float) -> Text:
    """The eighth of the compass that a direction lies in."""
    return COMPASS[round(degrees / 45) % 8]
