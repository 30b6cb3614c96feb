"""How a report was made, in words. Pure."""
# ruff: noqa: E501  sentences

from services.observation.text import Text

BASE = Text(
    "Số đo đã ghi được đưa qua đúng bộ kiểm tra chất lượng và bộ máy cảnh báo đang vận hành, theo thứ tự thời gian; "
    "không dùng thông tin đến sau. Kết quả lặp lại được: cùng tệp, cùng quy tắc, cùng cảnh báo.",
    "Recorded readings went through the very quality control and engine that run live, in order of time; nothing "
    "was used before it was measured. It can be repeated: same files, same rules, same alerts.",
)
SCORES = Text(
    "Một cảnh báo là đúng nếu gặp một sự kiện cùng khu vực, cùng loại, từ 6 giờ trước khi bắt đầu đến khi kết thúc, và "
    "đạt mức đó; mỗi sự kiện tính một lần; cảnh báo khác đạt mức đó là sai. Khoảng trong ngoặc là khoảng tin cậy 95 % "
    "(Wilson): ít sự kiện thì khoảng rộng. Báo trước = bắt đầu sự kiện − lúc đạt mức; âm là muộn. Z: các khoảng 6 giờ "
    "của khu vực không có sự kiện và không có cảnh báo.",
    "An alert is a hit if it meets an event of the same area and hazard, from 6 h before its start to its end, and "
    "reached that severity; one hit per event; other alerts that reached it are false. In brackets: Wilson's 95 % "
    "interval, wide where cases are few. Lead = start of the event − first time that severity was reached; negative "
    "is late. Z: windows of 6 h of an area without event and without alert.",
)
LOAD = Text(
    "Giới hạn tải theo ISA-18.2 / IEC 62682: khoảng 6 lần báo mỗi giờ trực; cảnh báo dồn dập bắt đầu khi quá 10 lần trong "
    "10 phút, kết thúc khi dưới 5. Chú ý = thấp, theo dõi = vừa, cảnh báo và khẩn cấp = cao.",
    "Limits of load after ISA-18.2 / IEC 62682: about 6 annunciations per operator-hour; a flood begins above 10 in "
    "10 min and ends below 5. Advisory counts as low, watch as medium, warning and emergency as high.",
)
PICTURES = Text(
    "Trong hình, mỗi cột giữ giá trị thấp nhất và cao nhất: không đỉnh nào bị mất. Nét đứt đoạn là chỗ không có số đo "
    "quá ba chu kỳ. Bậc càng cao, mức cảnh báo càng cao.",
    "In the pictures each column keeps its lowest and highest value: no peak is lost. The line breaks where nothing "
    "was measured for over three intervals. The taller the step, the higher the severity.",
)
