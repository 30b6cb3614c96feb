"""Two cabinets with lamps, a real nats-server, and the services that command them."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.observation.instants import iso
from services.runtime.settings import child_environment
from simulators.agents import Agents, Commanded, Target
from simulators.controllers import Controllers
from simulators.routes import Route
from tests.support.api_rig import Rig
from tests.support.up import nats_only
from tests.support.waiting import until

AREA = "thang-tam"
LAMPS = {"cab-1": ["lamp-1", "lamp-2"], "cab-2": ["lamp-3"]}
CONFIRM_S, REPEATS = 0.4, 2
_SITE = """\
format = 1
id = "vung-tau"
name = { vi = "Vũng Tàu", en = "Vung Tau" }
zone = "Asia/Ho_Chi_Minh"
languages = ["vi", "en"]

[[area]]
id = "thang-tam"
name = { vi = "Thắng Tam", en = "Thang Tam" }

[[gateway]]
id = "cab-1"
area = "thang-tam"
stations = ["lamp-1", "lamp-2"]

[[gateway]]
id = "cab-2"
area = "thang-tam"
stations = ["lamp-3"]
"""
_LIGHTING = """\
format = 1

[[group]]
id = "thuy-van"
name = { vi = "Đường Thùy Vân", en = "Thuy Van street" }
gateways = ["cab-1"]
default_level = 80

[[group]]
id = "ha-long"
name = { vi = "Đường Hạ Long", en = "Ha Long street" }
gateways = ["cab-2"]
default_level = 80

[[brighten]]
id = "flood-light"
hazard = "flood"
from = "warning"
groups = ["ha-long"]
level = 100
lease_min = 60
"""


def files() -> dict[str, bytes]:
    """The site."""
    features = [
        {
            "type": "Feature",
            "id": lamp,
            "geometry": {"type": "Point", "coordinates": [107.08, 10.35]},
            "properties": {"name_vi": lamp, "name_en": lamp, "area": AREA, "lamp_wattage": 120},
        }
        for lamps in LAMPS.values()
        for lamp in lamps
    ]
    header = (
        "sensor,unit,interval_s,reports,clock,fail_min,fail_max,suspect_min,suspect_max,rate_per_s,spike\n"
    )
    return {
        "site.toml": _SITE.encode(),
        "stations.geojson": json.dumps({"type": "FeatureCollection", "features": features}).encode(),
        "sensors.csv": header.encode(),
        "rules.toml": b"",
        "lighting.toml": _LIGHTING.encode(),
    }


class Streets:
    """The running services; the cabinets are simulated, on real connections."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self.rig, self.folder = rig, folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.commanded = Commanded(Controllers(LAMPS))
        self.controllers = self.commanded.controllers
        self._agents: dict[str, Agents] = {}

    def start(self, name: str) -> None:
        """A service as a process."""
        settings = {
            "nats": self.rig.server.url(name),
            "mqtt": f"mqtt://{name}:{self.rig.server.credentials.nats[name]}@127.0.0.1:{self.rig.server.mqtt[1]}",
            "command_confirm_s": str(CONFIRM_S),
            "command_repeats": str(REPEATS),
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "services.cli", name],
                env=child_environment(settings),
                stdout=log,
                stderr=log,
            )

    def kill(self, name: str) -> None:
        """As a crash."""
        process = self.processes.pop(name)
        process.kill()
        process.wait(40)

    def connect(self, gateway: str) -> None:
        """The gateway comes online; its controller is as `controllers.behaviours` says."""
        agents = Agents(Target(*self.rig.server.mqtt), commanded=self.commanded)
        agents.of(Route(AREA, gateway))
        self._agents[gateway] = agents

    def disconnect(self, gateway: str) -> None:
        """It goes off."""
        self._agents.pop(gateway).close()

    def close(self) -> None:
        """End all."""
        for gateway in list(self._agents):
            self.disconnect(gateway)
        for name in list(self.processes):
            self.kill(name)

    # --- what an operator does ------------------------------------------------------------------

    def post(self, body: dict[str, Any], key: str | None = None, **headers: str) -> tuple[int, Any]:
        """Give an order."""
        request = urllib.request.Request(  # noqa: S310  our own address
            f"{self.rig.http}/api/v1/commands",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {}), **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def order(self, group: str, level: float, lease_s: float = 600) -> str:
        """An override; the id of its only command."""
        until_us = time.time_ns() // 1000 + round(lease_s * 1e6)
        body = {
            "kind": "override",
            "group": group,
            "level": level,
            "until": iso(until_us),
            "reason": "diễn tập",
        }
        status, told = self.post(body)
        assert status == 200, told
        assert len(told["commands"]) == 1
        return str(told["commands"][0]["id"])

    def state(self, command: str) -> str:
        """Where a command stands."""
        return str(self.rig.get(f"/api/v1/commands/{command}")[1]["command"]["state"])

    def wait(self, command: str, state: str, timeout_s: float = 15.0) -> None:
        """Wait until a command stands so."""
        until(lambda: self.state(command) == state, timeout_s, f"{command} to be {state}, {self.folder}")

    def verbs(self, command: str) -> list[str]:
        """What happened to a command."""
        told = self.rig.get(f"/api/v1/commands/{command}")[1]
        return [event["type"].split(".")[3] for event in told["events"]]

    def alerts(self, state: str = "open") -> list[dict[str, Any]]:
        """Alerts about cabinets that do not obey."""
        told = self.rig.get(f"/api/v1/alerts?state={state}")[1]
        return [alert for alert in told["items"] if alert["rule"] == "command-unconfirmed"]

    def programmes(self, state: str) -> list[dict[str, Any]]:
        """Commands that carry a programme."""
        found: list[dict[str, Any]] = self.rig.get(f"/api/v1/commands?kind=programme&state={state}")[1][
            "items"
        ]
        return found


@contextmanager
def streets(folder: Path) -> Iterator[Streets]:
    """Everything running, and both cabinets holding their programmes."""
    with nats_only(folder / "server") as server:
        rig = Rig(server, folder)
        rig.prepare(files())
        made = Streets(rig, folder)
        try:
            for name in ("ingest", "lighting", "keeper"):
                made.start(name)
            rig.start()
            until(lambda: rig.get("/api/v1/lighting")[0] == 200, 20, "the api to know the streets")
            for gateway in LAMPS:
                made.connect(gateway)
            until(lambda: len(made.programmes("confirmed")) == len(LAMPS), 30, f"programmes; see {folder}")
            yield made
        finally:
            made.close()
            rig.stop()
