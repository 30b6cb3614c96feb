"""Gateways while the history is away: what the alerts and the stream itself tell of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.observation import event as events
from services.observation import messages
from services.observation.event import Alert
from services.observation.instants import SECOND, iso
from services.observation.messages import HEADER, GatewayState, Tick
from services.observation.text import Text
from services.runtime.nats import Connection
from tests.support.api_rig import SITE, T0, Rig, rig
from tests.support.waiting import until

PATH = "/api/v1/gateways"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("api")) as made:
        yield made


def gateway(machine: Rig, name: str = "gw-01") -> dict[str, Any]:
    listed = {item["id"]: item for item in machine.get(PATH)[1]["items"]}
    found: dict[str, Any] = machine.get(f"{PATH}/{name}")[1]
    assert listed[name] == {key: found[key] for key in listed[name]} | {"heard_s": listed[name]["heard_s"]}
    return found


def silent(
    verb: str, *, name: str = "gw-01", site: str = SITE, rule: str = "gateway-silent"
) -> tuple[str, bytes]:
    """An event of the alert that a gateway is silent, as the engine writes it."""
    data = Alert(
        alert_id=f"{site}-{rule}",
        hazard="system",
        area="thang-tam",
        gateway=name,
        severity="advisory",
        rule=rule,
        rule_version="0123456789ab",
        time=iso(T0),
        detected_at=iso(T0),
        reason=Text("mất tín hiệu", "is silent"),
    )
    event = events.make(site=site, verb=verb, event=f"{site}-{rule}-{verb}", time=T0, alert=data)
    return events.subject(site, "thang-tam", data.alert_id), events.encode(event)


def say(machine: Rig, *told: Tick | GatewayState) -> None:
    """Put messages on READINGS as ingest does."""

    async def work(connection: Connection) -> None:
        for message in told:
            kind = messages.TICK if isinstance(message, Tick) else messages.GATEWAY
            await connection.js.publish("readings.all", messages.encode(message), headers={HEADER: kind})

    machine.nats(work)


def test_a_gateway_is_silent_while_the_alert_about_it_is_open(machine: Rig) -> None:
    assert (gateway(machine)["silent"], gateway(machine, "gw-02")["silent"]) == (False, False)
    machine.tell(silent("raised", name="gw-02", site="a-child"), silent("raised", name="gw-02", rule="other"))
    machine.tell(silent("raised"))
    until(lambda: gateway(machine)["silent"], 5, "the silence to show")
    assert gateway(machine, "gw-02")["silent"] is False
    assert machine.get(PATH)[1]["history"] == "away"
    machine.tell(silent("cleared"))
    until(lambda: gateway(machine)["silent"] is False, 5, "its end to show")


def test_status_and_last_word_of_a_gateway_are_known_without_the_history(machine: Rig) -> None:
    before = gateway(machine, "gw-02")
    assert (before["status"], before["last_received_at"], before["clock"]) == ("unknown", None, None)
    say(
        machine,
        GatewayState(t=T0, gateway="gw-02", status="online"),
        Tick(t=T0 + 9 * SECOND, dt=SECOND, sources=["broker"], clocks={"gw-02": T0 + 5 * SECOND}),
        Tick(t=T0 + 10 * SECOND, dt=SECOND, sources=["broker"], clocks={}),
        GatewayState(t=T0 + 11 * SECOND, gateway="gw-02", buf="aa", first=1, lost=[(1, 2)]),
    )
    until(lambda: gateway(machine, "gw-02")["clock"], 5, "the clock to show")
    found = gateway(machine, "gw-02")
    assert (found["status"], found["status_at"]) == ("online", iso(T0))
    assert (found["last_received_at"], found["clock"]) == (iso(T0 + 9 * SECOND), iso(T0 + 5 * SECOND))
    assert found["heard_s"] > 0
    assert found["account"] is None
    say(machine, GatewayState(t=T0 + 12 * SECOND, gateway="gw-02", status="offline"))
    until(lambda: gateway(machine, "gw-02")["status"] == "offline", 5, "that it left")
    assert gateway(machine, "gw-02")["last_received_at"] == iso(T0 + 9 * SECOND)


def test_after_a_restart_what_was_said_lately_is_known_again(tmp_path: Path) -> None:
    with rig(tmp_path, start=False) as machine:
        say(
            machine,
            GatewayState(t=T0, gateway="gw-01", status="online"),
            Tick(t=T0 + SECOND, dt=SECOND, sources=["broker"], clocks={"gw-01": T0}),
        )
        machine.start()
        until(lambda: gateway(machine)["clock"], 5, "the clock to show")
        assert gateway(machine)["status"] == "online"
        assert gateway(machine, "gw-02")["status"] == "unknown"
