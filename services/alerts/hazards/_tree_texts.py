"""What a tree that moves is called at each step, and what to do. Data, in two languages."""

from services.alerts.hazard import Advice, Cap, Part
from services.alerts.hazards._flood_texts import words
from services.observation.event import SEVERITIES
from services.observation.text import Text

WORDS = words(
    ("Cây cần theo dõi", "Tree to be watched"),
    ("Cây nghiêng", "Leaning tree"),
    ("Cây có nguy cơ đổ", "Tree may fall"),
    ("Cây sắp đổ", "Tree about to fall"),
)
_NOTICE = Advice(
    Text(
        "Ghi vào lịch kiểm tra trong tuần: xem gốc, rễ, vết nứt đất, tán lệch; so ảnh với lần trước.",
        "Put it on this week's round: look at collar, roots, cracks in the soil, crown; compare photographs.",
    ),
    Text(
        "Thấy đất nứt hoặc rễ bật quanh gốc cây, báo 1022 hoặc phường.",
        "If you see cracked soil or lifted roots around the tree, tell 1022 or the ward.",
    ),
)
_WARNING = Advice(
    Text(
        "Cử người kiểm tra trong ngày; chuẩn bị chống đỡ, cắt tỉa; không đỗ xe, họp chợ dưới tán.",
        "Send someone today; be ready to prop or prune; no parking and no stalls under the crown.",
    ),
    Text(
        "Đừng đỗ xe, ngồi hoặc trú mưa dưới cây này.",
        "Do not park, sit or shelter under this tree.",
    ),
)
_URGENT = Advice(
    Text(
        "Rào chắn ngay quanh gốc trong bán kính hơn chiều cao cây, phía nghiêng trước; dừng xe qua lại; "
        "gọi đội cây xanh, báo điện lực nếu có dây trong tầm đổ.",
        "Cordon it off at once, wider than the tree is tall, the side it leans to first; stop the traffic; "
        "call the tree crew, and the power company if lines are within reach.",
    ),
    Text(
        "Tránh xa hơn chiều cao cây, không qua phía cây nghiêng; cây đổ chạm dây điện: đứng xa, gọi 114.",
        "Stay further away than the tree is tall, never on the side it leans to; "
        "if it falls on power lines, keep off and call 114.",
    ),
)
ADVICE = dict(zip(SEVERITIES, (_NOTICE, _WARNING, _WARNING, _URGENT), strict=True))
CAP = Cap("Safety", Text("Cây xanh có nguy cơ đổ", "Tree in danger of falling"), ("Avoid", "Assess"))

_DRY = Advice(
    Text(
        "Xếp lịch tưới khu này; cây mới trồng và cây non tưới trước.",
        "Schedule watering here; newly planted and young trees first.",
    ),
    Text(
        "Có thể tưới giúp cây trước nhà vào sáng sớm, chiều mát.",
        "You may water the tree at your door, morning or evening.",
    ),
)
DRY = Part(
    text=Text("đất khô quanh rễ", "dry soil at the roots"),
    words=words(
        ("Đất thiếu nước", "Soil short of water"),
        ("Đất khô", "Dry soil"),
        ("Đất rất khô", "Very dry soil"),
        ("Đất kiệt nước", "Soil at its wilting point"),
    ),
    advice=dict.fromkeys(SEVERITIES, _DRY),
    cap=Cap("Env", Text("Đất khô", "Dry soil"), ("Monitor",)),
)

BEARINGS = (
    Text("bắc", "north"),
    Text("đông bắc", "north-east"),
    Text("đông", "east"),
    Text("đông nam", "south-east"),
    Text("nam", "south"),
    Text("tây nam", "south-west"),
    Text("tây", "west"),
    Text("tây bắc", "north-west"),
)
