"""The shapes of a manual observation, as OpenAPI tells them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.params import Instant
from services.api.schemas import Time

Id = Annotated[str, Field(min_length=1, max_length=200)]


class ManualReading(BaseModel):
    """What somebody read at an instrument, or was told."""

    model_config = ConfigDict(extra="forbid")

    sensor: Id
    value: Annotated[float, Field(ge=-1e12, le=1e12)]
    unit: Annotated[str, Field(min_length=1, max_length=20)] | None = Field(
        None, description="The sensor's own if absent · Mặc định là đơn vị của cảm biến"
    )
    time: Instant | None = Field(
        None, description="When it was read; now if absent, at most 7 days ago · Lúc đọc; mặc định bây giờ"
    )
    way: Literal["gauge", "call", "other"] = "gauge"
    note: Annotated[str, Field(min_length=1, max_length=400)] | None = Field(
        None, description="Who told it and how; it is kept · Ghi chú; được lưu lại"
    )


class Accepted(BaseModel):
    """It was accepted and sent on the way of every reading; `stored` is what the history says later.

    `repeated`: the same `Idempotency-Key` had come before.
    """

    model_config = ConfigDict(extra="allow")

    observation_id: str
    accepted: bool
    repeated: bool
    sensor: str
    value: float
    unit: str
    time: Time


OBSERVATION_EXAMPLES: dict[str, Any] = {
    "report_observation": {
        "observation_id": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "accepted": True,
        "repeated": False,
        "sensor": "vt-flood-001.water_level",
        "value": 231.0,
        "unit": "cm",
        "time": "2026-10-20T01:10:00Z",
    }
}
