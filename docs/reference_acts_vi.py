"""`vi/lifecycle.md`: the Vietnamese of `lifecycle.md`, drawn from the same tables."""

from typing import get_args

from docs.reference_acts import DOES, LABELS, Prose, Rows, machine_part
from services.alerts.lifecycle import ACTS, STATED_ACTS, TABLES, Label
from services.alerts.lifecycle.words import REFUSALS


def lifecycle_page_vi(rows: Rows, prose: Prose) -> str:
    """Describe the life of an alert in Vietnamese, part by part as the English page does."""
    return (
        "# Vòng đời của cảnh báo\n\n"
        + prose(
            "Một cảnh báo được dựng lại từ các sự kiện của nó. Bốn bên cùng ghi: bộ máy cảnh báo",
            "(engine) đổi điều kiện,",
            "người trực thao tác, keeper giữ cho im và gọi người tiếp theo, và ai nhập cảnh báo bằng",
            "tay thì tự đổi",
            "cảnh báo ấy. Không ai ghi đè ai: mỗi bên chỉ ghi sau sự kiện cuối cùng mà mình đã biết; có",
            "bên khác ghi",
            "trước thì quyết định lại. Mọi sự kiện và trường nằm ở [events.md](../events.md).",
            "*English: [../lifecycle.md](../lifecycle.md).*",
        )
        + "## Ba bảng trạng thái nhỏ\n\n"
        + prose("Điều gì không có dòng nào nêu thì không đổi gì. Vẽ từ chính các bảng trong mã.").rstrip("\n")
        + "\n"
        + "".join(machine_part(machine, rows, ("trạng thái", "động từ", "thành")) for machine in TABLES)
        + "\n## Tên gọi\n\n"
        + prose("Tên theo ISA-18.2 được tính từ ba trạng thái trên và từ những gì đang giữ cho cảnh báo im.")
        + rows(
            ("nhãn", "nghĩa", "tiếng Anh"),
            ((f"`{label}`", LABELS[label].vi, LABELS[label].en) for label in get_args(Label)),
        )
        + "\n"
        + prose(
            "`attention` là những gì còn cần người xử lý: `unacknowledged`, `rtn-unacknowledged`, hoặc",
            "đề nghị tạm gác",
            "đang chờ người thứ hai; xem bằng `GET /api/v1/alerts?state=attention`. `state=open` là mọi",
            "cảnh báo mà",
            "điều kiện còn, dù ai đã làm gì: không cảnh báo nào biến mất vì đã được xử lý. `silent` là",
            "bị tạm gác, được",
            "giữ im hoặc đã đóng: không kêu, không gửi tin cho ai, nhưng vẫn nằm trong danh sách.",
        )
        + prose(
            "Cảnh báo kết thúc trong lúc được giữ im thì là `normal`: không ai bị gọi nên không ai còn",
            "nợ một lần xem.",
            "Khi nó kết thúc thì mọi lý do giữ im cũng hết; lần sau là một cảnh báo khác. Nặng hơn lúc",
            "được tạm gác",
            "thì hết tạm gác; nặng hơn sau khi đóng thì mở lại.",
        )
        + prose(
            "Lời của một người không làm im mãi mãi. Tạm gác thì hết vào giờ đã hẹn; cảnh báo đóng khi",
            "điều kiện còn thì",
            "được mở lại sau thời gian tạm gác dài nhất. Cả hai trở lại là `unacknowledged`, có tiếng báo:",
            "người đã xác",
            "nhận có thể đã hết ca. Xác nhận cũng không có giá trị mãi: cảnh báo còn lâu hơn `[[realarm]]`",
            "của nó thì được `realarmed` ([keeper.md](keeper.md)).",
        )
        + "## Thao tác của người trực\n\n"
        + prose(
            "`POST /api/v1/alerts/{id}/<act>` kèm `Idempotency-Key` và `seen`, tức `version` của cảnh",
            "báo mà người đó đã",
            "thấy. Câu trả lời đến khi thao tác đã nằm trên luồng. Gửi lại cùng khóa thì được trả lời",
            "như lần đầu. Người",
            "trực vận hành của khu vực được thao tác; thao tác nào cũng ghi ai làm.",
        )
        + rows(("thao tác", "việc", "ghi lại"), ((f"`{act}`", DOES[act].vi, DOES[act].en) for act in ACTS))
        + "\n"
        + prose(
            "**409** `alert-changed`, kèm cảnh báo như hiện tại: từ lúc `seen` đã có người khác thao",
            "tác, hoặc cảnh báo đã",
            "nặng hơn. Giảm mức, mất quan sát, kết thúc, hay keeper làm gì thì không lấy đi lời của ai.",
            "Ghi chú không",
            "xung đột với gì. **403**: không phải việc của người đó. **422**: một trong các lý do sau:",
        )
        + rows(
            ("mã", "nói", "tiếng Anh"),
            ((f"`{code}`", text.vi.format("…"), text.en.format("…")) for code, text in REFUSALS.items()),
        )
        + "\n## Nhập bằng tay\n\n"
        + prose(
            "`POST /api/v1/alerts` tạo cảnh báo nguồn gốc `manual`, tự kết thúc lúc `until`, xa nhất",
            "bảy ngày;",
            f"{', '.join(f'`{act}`' for act in STATED_ACTS)} và `close` đổi mức hoặc kết thúc nó.",
            "`POST /api/v1/situations/{id}/acknowledge` xác nhận mọi thành viên còn mở và cho biết kết",
            "quả từng cái.",
            "Thao tác trên cảnh báo của địa bàn liên kết là một yêu cầu: trả lời 202, và địa bàn đó",
            "quyết định.",
        ).rstrip("\n")
        + "\n"
    )
