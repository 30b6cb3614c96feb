"""Numbers of stations that the environment hazard reads, and which of them are impossible."""

from services.alerts.hazard import Attribute
from services.alerts.hazards._env_hours import GAS_REFERENCE
from services.alerts.hazards._env_noise import ZONE
from services.alerts.hazards._env_water import CLASS, FRESH
from services.observation.text import Text

ATTRIBUTES = {
    ZONE: Attribute(
        Text("khu vực theo QCVN 26: 1 đặc biệt, 2 thông thường", "area of QCVN 26: 1 special, 2 ordinary"),
        "", 1, 2, whole=True,
    ),
    CLASS: Attribute(
        Text("mức nước cần giữ: 1 là A … 4 là D", "class the water is to keep: 1 is A … 4 is D"), "", 1, 4,
        whole=True,
    ),
    # Its being there is what counts: 0 would switch nothing off.
    FRESH: Attribute(Text("1: nước ngọt", "1: water that is to be fresh"), "", 1, 1, whole=True),
    GAS_REFERENCE: Attribute(
        Text("nhiệt độ quy chiếu của nồng độ khí", "temperature to which gases refer"), "°C", -50.0, 60.0
    ),
}  # fmt: skip
