"""Settings: one door, unknown names refused, secrets not shown."""

import json
from pathlib import Path

import pytest

from services.runtime.settings import Settings, SettingsError, address, child_environment, is_loopback


def test_the_command_line_goes_before_the_environment() -> None:
    env = {"HAIDANG_HTTP": "127.0.0.1:1", "HAIDANG_DATA": "/there"}
    settings = Settings.load({"http": "127.0.0.1:2", "data": None}, env)
    assert settings.http == "127.0.0.1:2"
    assert settings.data == Path("/there")


def test_an_empty_setting_is_as_good_as_none() -> None:
    assert Settings.load({}, {"HAIDANG_DATABASE": ""}).database is None


@pytest.mark.parametrize(
    ("overrides", "env", "word"),
    [
        ({}, {"HAIDANG_DATABSE": "x"}, "HAIDANG_DATABSE"),
        ({"databse": "x"}, {}, "databse"),
        ({}, {"HAIDANG_STRICT": "maybe"}, "HAIDANG_STRICT"),
        ({}, {"HAIDANG_LOG": "xml"}, "HAIDANG_LOG"),
        ({}, {"HAIDANG_HTTP": "8080"}, "HOST:PORT"),
        ({}, {"HAIDANG_MQTT": "host:70000"}, "HOST:PORT"),
        ({}, {"HAIDANG_MQTT": "http://host"}, "mqtt"),
        ({}, {"HAIDANG_PARTITIONS": "3-16"}, "PARTITIONS"),
        ({}, {"HAIDANG_PARTITIONS": "a"}, "PARTITIONS"),
        ({}, {"HAIDANG_KEEP_DAYS": "0"}, "KEEP_DAYS"),
        ({"credentials": "/no/such/file"}, {}, "/no/such/file"),
        ({"database": "nonsense"}, {}, "--database 'nonsense' is not"),
        ({"database": "mysql://host/db"}, {}, "--database"),
        ({"database": "postgresql://"}, {}, "--database"),
        ({"database": "postgresql://host:port/db"}, {}, "--database"),
        ({}, {"HAIDANG_DATABASE": "postgresql://host:99999/db"}, "--database"),
        ({"nats": "nonsense"}, {}, "--nats 'nonsense' is not"),
        ({"nats": "nats://"}, {}, "--nats"),
        ({"nats": "http://host:4222"}, {}, "--nats"),
        ({"nats": "nats://host:many"}, {}, "--nats"),
    ],
)
def test_what_can_not_be_used_is_refused_by_name(
    overrides: dict[str, str | None], env: dict[str, str], word: str
) -> None:
    with pytest.raises(SettingsError, match=word):
        Settings.load(overrides, env)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:p@host/db",
        "postgres://host",
        "postgresql://u@h1:5432,h2:5433/db?target_session_attrs=read-write",
        "postgresql:///db?host=/run/postgresql",
        "postgresql://[::1]:5432/db",
        "host=127.0.0.1 port=5432 dbname=x",
    ],
)
def test_every_form_of_address_that_postgresql_takes_is_taken(text: str) -> None:
    assert Settings.load({"database": text}, {}).database == text


@pytest.mark.parametrize("text", ["nats://host", "tls://u:p@host:4222", "nats://[::1]:4222", "wss://h:443"])
def test_every_form_of_address_that_nats_takes_is_taken(text: str) -> None:
    assert Settings.load({"nats": text}, {}).nats == text


@pytest.mark.parametrize(("name", "text"), [("nats", "u:hush@host:x"), ("database", "pg://u:hush@host/db")])
def test_a_refused_address_does_not_tell_its_password(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"--{name} ") as refused:
        Settings.load({name: text}, {})
    assert "hush" not in str(refused.value)


def test_other_variables_of_the_environment_are_none_of_our_business() -> None:
    assert Settings.load({}, {"PATH": "/bin", "HAIDANGER": "1"}) == Settings()


def test_an_mqtt_address_may_carry_who_we_are() -> None:
    settings = Settings.load({"mqtt": "mqtts://gw%40a:p%3Aw@broker.example"}, {})
    assert (settings.mqtt_host, settings.mqtt_port) == ("broker.example", 8883)
    assert (settings.mqtt_user, settings.mqtt_password, settings.mqtt_tls) == ("gw@a", "p:w", True)


def test_one_credentials_file_serves_nats_and_mqtt(tmp_path: Path) -> None:
    file = tmp_path / "who.json"
    file.write_text(json.dumps({"user": "u", "password": "p"}))
    settings = Settings.load({"nats": "nats://host:4222", "credentials": str(file)}, {})
    assert settings.nats == "nats://u:p@host:4222"
    assert (settings.mqtt_user, settings.mqtt_password) == ("u", "p")


def test_passwords_do_not_show_when_settings_are_printed(tmp_path: Path) -> None:
    (tmp_path / "admin-token").write_text("hush-token\n")
    settings = Settings.load(
        {
            "nats": "nats://u:hush-nats@h:1",
            "mqtt": "mqtt://u:hush-mqtt@h:1",
            "database": "postgresql://u:hush-db@h/d",
            "data": str(tmp_path),
        },
        {},
    )
    assert settings.admin_token == "hush-token"
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "expected"), [("0-3", (0, 1, 2, 3)), ("3,7", (3, 7)), ("1-2,2-3,15", (1, 2, 3, 15)), ("5", (5,))]
)
def test_partitions_are_spans_and_numbers(text: str, expected: tuple[int, ...]) -> None:
    assert Settings.load({"partitions": text}, {}).partitions == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("h:80", ("h", 80)), ("[::1]:0", ("::1", 0)), ("127.0.0.1:65535", ("127.0.0.1", 65535))],
)
def test_addresses(text: str, expected: tuple[str, int]) -> None:
    assert address(text, "http") == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("10.0.0.1", False)],
)
def test_loopback_is_what_only_this_machine_can_reach(host: str, *, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_a_child_gets_exactly_the_settings_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAIDANG_HTTP", "127.0.0.1:1")
    monkeypatch.setenv("SOMETHING", "else")
    environment = child_environment({"nats": "nats://x"})
    assert environment["HAIDANG_NATS"] == "nats://x"
    assert "HAIDANG_HTTP" not in environment
    assert environment["SOMETHING"] == "else"
