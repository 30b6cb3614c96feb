"""What is shipped for installing and watching: every command, name and metric in it is one we have."""

import importlib
import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services import cli
from services.api.metric_table import TABLE, family_of
from services.cli import COMMANDS
from services.runtime import embedded
from services.runtime.accounts import SERVICES
from services.runtime.addresses import is_nats, is_postgres
from services.runtime.nats_config import MAX_PAYLOAD, Ports, write_config
from services.runtime.settings import NAMES, PREFIX, Settings
from tests.support.up import PROGRAM

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("haidang*.*"))
RULES = DEPLOY / "prometheus" / "alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "dashboard.json"
COMPOSE = ROOT / "docker-compose.yml"
ENTRY = "/opt/haidang/.venv/bin/haidang"
SCRIPT = "/opt/haidang/deploy/cluster.py"
METRIC = re.compile(r"\bhaidang_[a-z0-9_]+")


def parsed(words: list[str]) -> Any:
    """Options of one of our commands, as it would read them; the test fails if it would refuse them."""
    command = COMMANDS[words[0]]
    module = importlib.import_module(f"services.cli.{command.module}")
    return cli._parser(command, module).parse_args(words)


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))
    return found


def ours() -> dict[str, dict[str, Any]]:
    """The services of the compose file that run our image."""
    return {name: one for name, one in compose()["services"].items() if one["image"].startswith("haidang:")}


def environment(service: dict[str, Any]) -> dict[str, str]:
    """Its settings, with what stands in for unset variables."""
    given = service.get("environment") or {}
    return {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value)) for name, value in given.items()}


def steps(words: list[str]) -> Any:
    """Options of a step of the script."""
    spec = importlib.util.spec_from_file_location("cluster", DEPLOY / "cluster.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module._parser().parse_args(words)


# docker-compose.yml


@pytest.mark.parametrize("name", sorted(ours()))
def test_every_command_of_the_compose_file_is_one_we_have(name: str) -> None:
    service = ours()[name]
    words = [str(word) for word in service["command"]]
    if "entrypoint" in service:
        assert service["entrypoint"][-1] == SCRIPT
        steps(words)
    else:
        parsed(words)


@pytest.mark.parametrize("name", sorted(ours()))
def test_every_setting_of_the_compose_file_is_one_we_have(name: str) -> None:
    given = environment(ours()[name])
    assert given.keys() <= {PREFIX + setting.upper() for setting in NAMES}
    readable = {key: value for key, value in given.items() if key != "HAIDANG_CREDENTIALS"}
    settings = Settings.load({}, readable)
    if readable:
        assert settings.nats == "nats://nats:4222"
        assert (settings.mqtt_host, settings.mqtt_port) == ("nats", 1883)
    who = given.get("HAIDANG_CREDENTIALS")
    if who is not None:
        assert Path(who).stem in (*SERVICES, "up")
        assert Path(who).stem == (name if name in SERVICES else "up")


def test_all_services_are_in_the_compose_file_with_health_restart_and_bounded_logs() -> None:
    services = compose()["services"]
    assert set(SERVICES) | {"nats", "timescaledb", "simulator"} <= services.keys()
    for name, service in services.items():
        assert ":" in service["image"], name
        assert not service["image"].endswith(":latest"), name
        assert service["logging"]["options"]["max-size"], name
        once = name in ("config", "setup")
        assert service["restart"] == ("no" if once else "unless-stopped"), name
        assert "healthcheck" in service or name == "api", f"{name}: the image's own is for HTTP"
        assert set(service.get("depends_on") or {}) <= services.keys()
    for name in SERVICES:
        if name != "api":
            assert services[name]["healthcheck"]["test"][-2:] == ["healthy", name]


def test_everyone_waits_for_streams_and_these_for_a_server_with_its_configuration() -> None:
    services = compose()["services"]
    for name in SERVICES:
        assert services[name]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}
    assert services["setup"]["depends_on"] == {"nats": {"condition": "service_healthy"}}
    assert services["nats"]["depends_on"] == {"config": {"condition": "service_completed_successfully"}}


def test_nothing_is_open_to_other_machines_unless_it_is_asked_for() -> None:
    services = compose()["services"]
    published = {name: port for name, one in services.items() for port in one.get("ports", [])}
    assert published.keys() == {"nats", "api"}
    assert all(port.startswith("${BIND:-127.0.0.1}:") for port in published.values())
    assert published["nats"].endswith(":1883")
    assert published["api"].endswith(":8080")
    assert environment(services["api"])["HAIDANG_HTTP"].endswith(":8080")


def test_volumes_and_networks_of_the_compose_file_are_declared() -> None:
    found = compose()
    for name, service in found["services"].items():
        named = {volume.partition(":")[0] for volume in service.get("volumes", [])}
        assert {volume for volume in named if not volume.startswith("$")} <= found["volumes"].keys(), name
        assert set(service["networks"]) <= found["networks"].keys(), name


def test_no_password_stands_in_a_file_that_is_shipped() -> None:
    for file in [COMPOSE, ROOT / "Dockerfile", *DEPLOY.rglob("*")]:
        # Bytecode comes and goes, under names of its own, while other workers import.
        if "__pycache__" not in file.parts and file.is_file():
            text = file.read_text("utf-8")
            assert not re.search(
                r"(?i)password:\s*\S+|://[^\s/@]+:[^\s/@]+@", text.replace("POSTGRES_PASSWORD_FILE", "")
            )


# nats-server


def test_the_cluster_has_the_same_server_limits_as_up_and_the_server_takes_them(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    made = subprocess.run(
        [PROGRAM[0], DEPLOY / "cluster.py", "config", folder, "--store", tmp_path / "store"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    config = json.loads((folder / "nats.conf").read_text("utf-8"))
    from services.runtime.accounts import Credentials

    kept = Credentials.keep(folder / "credentials.json")
    file = write_config(tmp_path / "up", Ports(4222, "0.0.0.0", 1883), kept, strict=False)
    embedded_one = json.loads(file.read_text("utf-8"))
    differ = {key for key in config if config[key] != embedded_one.get(key)}
    assert differ == {"host", "http", "jetstream"}
    assert config["max_payload"] == MAX_PAYLOAD
    assert config["jetstream"]["sync_interval"] == embedded_one["jetstream"]["sync_interval"]
    assert config["jetstream"]["store_dir"] == str(tmp_path / "store")
    assert config["http"].startswith("127.0.0.1:")
    tried = subprocess.run(
        [embedded.nats_server().path, "-t", "-c", folder / "nats.conf"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "is valid" in tried.stderr
    for user in ("up", *SERVICES):
        said = json.loads((folder / f"{user}.json").read_text("utf-8"))
        assert said == {"user": user, "password": kept.nats[user]}
    assert {entry.stat().st_mode & 0o077 for entry in folder.iterdir()} == {0}
    health = " ".join(compose()["services"]["nats"]["healthcheck"]["test"])
    assert config["http"].rpartition(":")[2] in health


# Dockerfile


def test_the_image_is_small_pinned_and_nobody_is_root_in_it() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert len(bases) == 2
    assert all(re.search(r":\d+\.\d+\.\d+-slim", base) for base in bases)
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1].split(":")[0].isdecimal()
    assert any(line.startswith("HEALTHCHECK ") for line in lines)
    assert any(line == 'ENTRYPOINT ["haidang"]' for line in lines)


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")
    }
    for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source
                assert source in kept, f"{source} is not let through by .dockerignore"


# systemd


def fields(unit: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("unit", [u for u in UNITS if u.suffix == ".service"], ids=lambda unit: unit.name)
def test_every_command_of_a_unit_is_one_we_have(unit: Path) -> None:
    for line in fields(unit, "ExecStart"):
        words = line.replace("${BACKUP_KEEP}", "14").split()
        if words[0] == ENTRY:
            parsed(words[1:])
        else:
            assert words[1] == SCRIPT
            steps(words[2:])
    for line in fields(unit, "Environment"):
        names = {word.partition("=")[0] for word in line.split()}
        assert names <= {PREFIX + name.upper() for name in NAMES}
    assert fields(unit, "User") == ["haidang"]


@pytest.mark.parametrize("name", ["haidang.env", "cluster.env"])
def test_the_settings_beside_the_units_are_read(name: str) -> None:
    lines = (DEPLOY / "systemd" / name).read_text("utf-8").splitlines()
    given = dict(line.lstrip("# ").split("=", 1) for line in lines if re.match(r"(# )?HAIDANG_\w+=", line))
    Settings.load({}, given)
    assert is_nats(given.get("HAIDANG_NATS", "nats://a:1"))
    assert is_postgres(given.get("HAIDANG_DATABASE", "postgresql://a/b"))


def test_systemd_takes_every_unit(tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in UNITS:
        # What is installed here stands in for what will be installed there.
        text = (
            unit.read_text("utf-8")
            .replace(ENTRY, "/bin/true")
            .replace("/opt/haidang/.venv/bin/python", "/bin/true")
        )
        (tmp_path / unit.name.replace("@.", "@0-7.")).write_text(text)
    units = [str(unit) for unit in tmp_path.iterdir() if unit.suffix != ".env"]
    done = subprocess.run([tool, "verify", *units], capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert (done.returncode, told) == (0, [])


# Prometheus and Grafana


def promtool(*words: str | Path) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    done = subprocess.run([tool, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def rules() -> list[dict[str, Any]]:
    found = yaml.safe_load(RULES.read_text("utf-8"))
    return [rule for group in found["groups"] for rule in group["rules"]]


def test_prometheus_takes_the_rules_and_the_example() -> None:
    promtool("check", "rules", RULES)
    promtool("check", "config", DEPLOY / "prometheus" / "prometheus.yml")


def test_the_rules_fire_when_they_should_and_not_before() -> None:
    promtool("test", "rules", DEPLOY / "prometheus" / "alerts.test.yml")


def anchors() -> set[str]:
    return {
        heading.lower()
        for heading in re.findall(r"^## (\w+)$", (DEPLOY / "runbook.md").read_text("utf-8"), re.MULTILINE)
    }


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_says_in_two_languages_what_it_means_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("warning", "critical")
    for name in ("summary", "description"):
        vietnamese, _, english = rule["annotations"][name].partition(" / ")
        assert vietnamese
        assert english
    file, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert file == "deploy/runbook.md"
    assert anchor in anchors()


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return found


def queries() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel.get("targets", [])]


def test_every_metric_that_is_watched_is_one_we_have() -> None:
    for expression in [*queries(), *(rule["expr"] for rule in rules())]:
        for name in METRIC.findall(expression):
            assert family_of(name) in TABLE, f"{name} in {expression}"


def test_every_query_of_the_dashboard_is_promql(tmp_path: Path) -> None:
    plain = [text.replace("$__rate_interval", "5m").replace('"$instance"', '".*"') for text in queries()]
    groups = {"name": "x", "rules": [{"record": f"x:{n}", "expr": text} for n, text in enumerate(plain)]}
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [groups]}, allow_unicode=True))
    promtool("check", "rules", file)


def test_the_dashboard_is_one_that_grafana_shows_whole() -> None:
    found = json.loads(DASHBOARD.read_text("utf-8"))
    assert found["id"] is None
    assert {"title", "uid", "schemaVersion", "templating", "time", "panels"} <= found.keys()
    variables = {variable["name"]: variable for variable in found["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    ids = [panel["id"] for panel in found["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in found["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["datasource"]["uid"] == "${datasource}"
        assert " / " in panel["description"], panel["title"]
        assert [target["refId"] for target in panel["targets"]] == [
            chr(65 + n) for n in range(len(panel["targets"]))
        ]
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            assert set(re.findall(r"\$(\w+)", target["expr"])) <= {
                "instance",
                "__rate_interval",
            }
