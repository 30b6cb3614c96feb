"""Surface water: what of QCVN 08:2023/BTNMT a probe can see, and the early warnings of probes.

Table 1 of the regulation protects health: one limit per substance. Table 2 grades rivers and streams A (good)
to D (poor): a station says in `water_class` (1 = A to 4 = D) which grade its water is to have, and what is
derived is how many grades worse a reading is. Verified against the text of the regulation; cells that were
reconstructed from broken text, DO of A, TOC of C, TSS of B, COD of D, are to be checked.
"""

import numpy as np

from services.alerts.derive import Compute, Computed, Floats, PointCompute, Points, Series
from services.alerts.hazard import Derivation, derived
from services.observation.quantity import Property
from services.observation.text import Text

CLASS, FRESH = "water_class", "fresh_water"
LETTERS = "ABCD"

TABLE_1: dict[str, tuple[float, Text]] = {
    "nitrite": (0.05, Text("nitrit (tính theo N)", "nitrite (as N)")),
    "ammonium": (0.3, Text("amoni (tính theo N)", "ammonium (as N)")),
    "chloride": (250.0, Text("clorua", "chloride")),
    "fluoride": (1.0, Text("florua", "fluoride")),
    "cyanide": (0.01, Text("xyanua", "cyanide")),
    "arsenic": (0.01, Text("asen", "arsenic")),
    "cadmium": (0.005, Text("cadimi", "cadmium")),
    "lead": (0.02, Text("chì", "lead")),
    "chromium_6": (0.01, Text("crom (VI)", "chromium (VI)")),
    "chromium": (0.05, Text("tổng crom", "total chromium")),
    "copper": (0.1, Text("đồng", "copper")),
    "zinc": (0.5, Text("kẽm", "zinc")),
    "nickel": (0.1, Text("niken", "nickel")),
    "manganese": (0.1, Text("mangan", "manganese")),
    "mercury": (0.001, Text("thủy ngân", "mercury")),
    "iron": (0.5, Text("sắt", "iron")),
    "oil_grease": (5.0, Text("tổng dầu, mỡ", "oil and grease")),
    "phenol": (0.005, Text("tổng phenol", "total phenol")),
}
"""Limits for health, mg/l."""

TABLE_2: dict[str, tuple[tuple[float, ...], str, Text]] = {
    "bod5": ((4.0, 6.0, 10.0), "mg/l", Text("BOD₅", "BOD₅")),
    "cod": ((10.0, 15.0, 20.0), "mg/l", Text("COD", "COD")),
    "toc": ((4.0, 6.0, 8.0), "mg/l", Text("TOC", "TOC")),
    "tss": ((25.0, 100.0, 100.0), "mg/l", Text("TSS", "TSS")),
    "total_phosphorus": ((0.1, 0.3, 0.5), "mg/l", Text("tổng phốt pho", "total phosphorus")),
    "total_nitrogen": ((0.6, 1.5, 2.0), "mg/l", Text("tổng nitơ", "total nitrogen")),
    "coliform": ((1000.0, 5000.0, 7500.0), "count", Text("tổng coliform/100 mL", "total coliform/100 mL")),
    "heat_coliform": (
        (200.0, 1000.0, 1500.0),
        "count",
        Text("coliform chịu nhiệt/100 mL", "heat-tolerant coliform/100 mL"),
    ),
}
"""The most that grades A, B, C allow; whatever is above is D. TSS of C and D differ by floating trash."""
OXYGEN = (6.0, 5.0, 4.0, 2.0)
"""The least dissolved oxygen of A, B, C, D, mg/l; below the last it is worse than D."""
PH = ((6.5, 8.5), (6.0, 8.5), (6.0, 8.5))
"""Span of A, B, C; outside it is D."""

GRADED = ("dissolved_oxygen", "ph", *TABLE_2)


def grade(name: str, value: Floats) -> Floats:
    """Grade of a value, 1 = A to 4 = D, 5 = worse than D (only dissolved oxygen can be): (m,)."""
    if name == "dissolved_oxygen":
        return np.asarray(1.0 + sum((value < least).astype(float) for least in OXYGEN))
    if name == "ph":
        return np.asarray(1.0 + sum(((value < low) | (value > high)).astype(float) for low, high in PH))
    return np.asarray(1.0 + sum((value > most).astype(float) for most in TABLE_2[name][0]))


def worse_by(name: str) -> PointCompute:
    """How many grades worse than the station's own, 0 where it is met."""

    def compute(points: Points) -> Computed:
        found = np.maximum(grade(name, points.value) - points.attribute(CLASS, np.nan), 0.0)
        return Computed(np.asarray(found[None]))

    return compute


PH_SPAN = (6.0, 8.5)
"""Outside it a probe warns (design default): grades B and C."""

_WEEK_S, _SLOTS = 7 * 86_400.0, 84
_FEW = 12
"""Slots of two hours that make a median: a day of them."""


def over_median(series: Series) -> Computed:
    """Turbidity against the median of its last seven days: (1, m) ratios; NaN with less than a day known."""
    first = np.searchsorted(series.time, series.new_time - series.window)
    values = np.full((1, len(series.new_time)), np.nan)
    known: dict[tuple[int, int], float] = {}
    for at, place in enumerate(zip(first.tolist(), series.upto.tolist(), strict=True)):
        begin, end = place
        if end - begin < _FEW:
            continue
        if place not in known:
            known[place] = float(np.median(series.value[begin:end]))
        if known[place] > 0:
            values[0, at] = series.new_value[at] / known[place]
    return Computed(values)


def step(series: Series) -> Computed:
    """Change since about an hour ago, %, either way: (1, m); NaN where nothing old enough is known."""
    first = np.searchsorted(series.time, series.new_time - series.window)
    values = np.full((1, len(series.new_time)), np.nan)
    known = np.flatnonzero(first < series.upto)
    base, since = series.value[first[known]], series.time[first[known]]
    old = (series.new_time[known] - since) * 2 >= series.window
    good = old & (base > 0)
    change = np.abs(series.new_value[known] - base) / np.where(good, base, 1.0) * 100.0
    values[0, known] = np.where(good, change, np.nan)
    return Computed(values)


def _step(name: str) -> Derivation:
    compute: Compute = step
    # Of water that is to be fresh: in a tidal creek salt comes and goes by more than that with every tide.
    return Derivation((f"{name}_step",), name, compute, window_s=3_600.0, needs=(FRESH,))


DERIVES = (
    *(Derivation((f"{name}_grades_worse",), name, points=worse_by(name), needs=(CLASS,)) for name in GRADED),
    Derivation(("turbidity_ratio",), "turbidity", over_median, window_s=_WEEK_S, slots=_SLOTS, alike=()),
    _step("conductivity"),
    _step("salinity"),
)

_PROBES = {"dissolved_oxygen": Text("oxy hòa tan", "dissolved oxygen"), "ph": Text("độ pH", "pH")}


def name_of(measured: str) -> Text:
    """Name of a graded or limited parameter."""
    if measured in TABLE_1:
        return TABLE_1[measured][1]
    return TABLE_2[measured][2] if measured in TABLE_2 else _PROBES[measured]


def _measured(name: str, unit: str, text: Text, interval_s: float = 900.0) -> Property:
    return Property(name=name, unit=unit, text=text, interval_s=interval_s, fail_min=0.0)


PROPERTIES = (
    *(_measured(name, "mg/l", text) for name, (_, text) in TABLE_1.items()),
    *(_measured(name, unit, text) for name, (_, unit, text) in TABLE_2.items()),
    _measured("salinity", "[PSU]", Text("độ mặn", "salinity")),
    *(
        derived(
            f"{name}_grades_worse",
            "1",
            f"số mức kém hơn mục tiêu của {name_of(name).vi}",
            f"grades of {name_of(name).en} worse than the goal",
        )
        for name in GRADED
    ),
    derived("turbidity_ratio", "1", "độ đục so với trung vị 7 ngày", "turbidity against its 7-day median"),
    derived("conductivity_step", "%", "độ dẫn điện đổi trong 1 giờ", "change of conductivity in 1 h"),
    derived("salinity_step", "%", "độ mặn đổi trong 1 giờ", "change of salinity in 1 h"),
)
