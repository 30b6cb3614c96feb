"""Orders that nobody gives: plans sent ahead, and streets that alerts brighten."""

import msgspec
import pytest

from services.lighting import brighten
from services.lighting.brighten import Alerts
from services.lighting.desired import Order, Plans, of_group, programmes
from services.lighting.ledger import Ledger
from services.lighting.loop import Patience, decide
from services.lighting.programme import Brighten, Fallback, Group, Lighting
from services.observation import command as nouns
from services.observation import event as events
from services.observation.event import Alert, CloudEvent
from services.observation.instants import SECOND, iso, micros
from services.observation.text import Text
from simulators.controllers import Controller
from tests.support.streets import SITE

NIGHT = micros("2026-10-20T13:00:00Z")  # 20:00 in Vũng Tàu
HOUR, DAY = 3600 * SECOND, 86_400 * SECOND
_PATIENCE = Patience()
AREAS = {"cab-1": "thang-tam", "cab-2": "rach-dua"}


def lighting(*, lease_s: float = 3600, default_level: float = 40, **more: object) -> Lighting:
    group = Group(
        id="thuy-van",
        name=Text("Thùy Vân", "Thuy Van"),
        lamps={"cab-1": ("lamp-1", "lamp-2"), "cab-2": ("lamp-3",)},
        areas=("thang-tam",),
        lat=10.346,
        lon=107.084,
        default_level=default_level,
    )
    rule = Brighten("flood-light", "flood", "warning", lease_s=lease_s, **more)  # type: ignore[arg-type]
    return Lighting("Asia/Ho_Chi_Minh", {}, {}, {"thuy-van": group}, (rule,), Fallback(), "v1")


def told(
    verb: str, severity: str = "warning", *, alert: str = "a1", area: str = "thang-tam", at: int = NIGHT
) -> CloudEvent:
    data = Alert(
        alert_id=alert,
        hazard="flood",
        area=area,
        severity=severity,
        rule="r",
        rule_version="v",
        time=iso(at),
        detected_at=iso(at),
        reason=Text("x", "x"),
    )
    return events.make(site=SITE, verb=verb, event=f"{alert}-{verb}-{at}", time=at, alert=data)


def alerts(*happened: CloudEvent) -> Alerts:
    made = Alerts()
    for event in happened:
        made.apply(event)
    return made


def ordered(site: Lighting, ledger: Ledger, open_ones: Alerts, now: int) -> list[Order]:
    found = brighten.orders(SITE, site, ledger, open_ones.open.values(), AREAS, now)
    for order in found:
        ledger.apply(len(ledger) + 1, order.event(SITE, now))
    return found


def written(plans: Plans, ledger: Ledger, now: int) -> list[Order]:
    found = programmes(SITE, plans, ledger, AREAS, now)
    for order in found:
        ledger.apply(len(ledger) + 1, order.event(SITE, now))
    return found


def test_every_controller_is_sent_its_plan_for_days_ahead_once() -> None:
    plans, ledger = Plans(lighting()), Ledger()
    found = written(plans, ledger, NIGHT)
    assert [order.gateway for order in found] == ["cab-1", "cab-2"]
    body = ledger.get(found[0].command.id)
    assert body is not None
    assert body.programme is not None
    assert body.programme.end - NIGHT > 48 * HOUR
    assert found[0].command.targets == ["lamp-1", "lamp-2"]
    assert written(plans, ledger, NIGHT + HOUR) == []


def test_the_plan_is_renewed_each_noon_two_nights_before_its_end() -> None:
    plans, ledger = Plans(lighting()), Ledger()
    first = written(plans, ledger, NIGHT)[0]
    renewed = written(plans, ledger, NIGHT + DAY)
    assert len(renewed) == 2
    assert first.command.expires_at - renewed[0].command.issued_at >= 24 * HOUR
    assert {act.verb for act in decide(ledger, NIGHT + DAY, {}, _PATIENCE)} == {"superseded", "sent"}


def test_a_file_changed_and_changed_back_is_told_both_times() -> None:
    ledger = Ledger()
    one, two, three = (
        written(Plans(lighting(default_level=level)), ledger, NIGHT + at)[0].command.id
        for at, level in enumerate((40, 60, 40))
    )
    assert len({one, two, three}) == 3


def test_the_same_ledger_gives_the_same_orders_after_a_restart() -> None:
    a = programmes(SITE, Plans(lighting()), Ledger(), AREAS, NIGHT)
    b = programmes(SITE, Plans(lighting()), Ledger(), AREAS, NIGHT + SECOND)
    assert [order.command.id for order in a] == [order.command.id for order in b]


@pytest.mark.parametrize(
    ("happened", "count"),
    [
        ([told("raised")], 2),
        ([told("raised", "watch")], 0),
        ([told("raised", "watch"), told("escalated", "emergency")], 2),
        ([told("raised", area="rach-dua")], 0),
        ([told("raised", area="_")], 2),
        ([told("raised"), told("cleared")], 0),
        ([told("raised"), told("acknowledged", "advisory")], 2),
        ([told("raised"), told("eased", "advisory")], 0),
    ],
)
def test_an_open_alert_of_that_hazard_severe_enough_brightens_the_streets_of_its_area(
    happened: list[CloudEvent], count: int
) -> None:
    assert len(ordered(lighting(), Ledger(), alerts(*happened), NIGHT)) == count


def test_the_lease_is_renewed_before_its_end_and_not_once_the_alert_is_over() -> None:
    ledger, raised = Ledger(), alerts(told("raised"))
    assert len(ordered(lighting(), ledger, raised, NIGHT)) == 2
    assert ordered(lighting(), ledger, raised, NIGHT + HOUR // 2) == []
    assert len(ordered(lighting(), ledger, raised, NIGHT + 45 * 60 * SECOND)) == 2
    over = alerts(told("raised"), told("cleared", at=NIGHT + HOUR))
    assert ordered(lighting(), ledger, over, NIGHT + 90 * 60 * SECOND) == []


def test_a_renewed_lease_supersedes_the_one_before() -> None:
    ledger, raised = Ledger(), alerts(told("raised"))
    ordered(lighting(), ledger, raised, NIGHT)
    ordered(lighting(), ledger, raised, NIGHT + 45 * 60 * SECOND)
    acts = decide(ledger, NIGHT + 45 * 60 * SECOND, {}, _PATIENCE)
    assert sorted(act.verb for act in acts) == ["sent", "sent", "superseded", "superseded"]


def test_a_street_is_bright_in_the_dark_while_the_alert_holds_and_dims_when_the_lease_is_over() -> None:
    site, ledger = lighting(), Ledger()
    plans = Plans(site)
    controller = Controller("cab-1", ["lamp-1", "lamp-2"])
    for order in (*written(plans, ledger, NIGHT), *ordered(site, ledger, alerts(told("raised")), NIGHT)):
        if order.gateway == "cab-1":
            controller.do(nouns.encode(order.command), NIGHT)
    at = [NIGHT + minutes * 60 * SECOND for minutes in (1, 59, 61)]
    assert [controller.level("lamp-1", t) for t in at] == [100, 100, 40]
    assert [of_group(plans, "thuy-van", ledger, t).level for t in at[:2]] == [100, 100]
    assert of_group(plans, "thuy-van", ledger, at[0]).origin == "brighten"


def test_a_gateway_that_the_site_no_longer_has_is_ordered_nothing() -> None:
    assert programmes(SITE, Plans(lighting()), Ledger(), {}, NIGHT) == []


def test_a_persons_later_word_holds_against_every_renewal_until_the_alert_gets_worse() -> None:
    site, ledger, raised = lighting(), Ledger(), alerts(told("raised"))
    plans = Plans(site)
    controller = Controller("cab-1", ["lamp-1", "lamp-2"])

    def hear(orders: list[Order], now: int) -> None:
        for order in orders:
            if order.gateway == "cab-1":
                controller.do(nouns.encode(order.command), now)

    hear([*written(plans, ledger, NIGHT), *ordered(site, ledger, raised, NIGHT)], NIGHT)
    after = NIGHT + 600 * SECOND
    body = nouns.Override(ordered=after, level=None, start=after, until=after + DAY)
    release = nouns.Command(
        id="release",
        kind="release",
        targets=["lamp-1", "lamp-2"],
        issued_at=after,
        expires_at=after + DAY,
        body=msgspec.to_builtins(body),
    )
    controller.do(nouns.encode(release), after)
    renewed = NIGHT + 45 * 60 * SECOND
    hear(ordered(site, ledger, raised, renewed), renewed)
    assert controller.level("lamp-1", renewed + SECOND) == 40
    worse = renewed + 60 * SECOND
    raised.apply(told("escalated", "emergency", at=worse))
    hear(ordered(site, ledger, raised, worse), worse)
    assert controller.level("lamp-1", worse + SECOND) == 100
