"""Messages of devices as their network servers publish them: JSON lines of MQTT messages.

The documents are the makers' own; topics are those the network servers use. Devices repeat each
other's identifiers (the publisher anonymised them), so the folder's name stands for the application.
"""

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from tests.recordings.writing import Gateway, Recording, Station, data, micros, write_site

CHIRPSTACK, TTS = "chirpstack", "tts"
LINE = ("t", "topic", "payload")


class Message(NamedTuple):
    """One MQTT message; seconds since 1970."""

    t: float
    topic: str
    payload: bytes


SENSORS: dict[str, list[tuple[str, str, float]]] = {
    "milesight_em500-udl": [("distance", "m", 600)],
    "milesight_em310-tilt": [("tilt_x", "deg", 600), ("tilt_y", "deg", 600)],
    "milesight_ws302": [("sound_level", "dB", 60)],
    "decentlab_dl-mbx": [("distance", "m", 600), ("battery_voltage", "V", 3600)],
    "decentlab_dl-tbrg": [("rainfall", "mm", 600), ("battery_voltage", "V", 3600)],
    "decentlab_dl-pm": [("pm2_5", "ug/m3", 600), ("pm10", "ug/m3", 600), ("air_temperature", "Cel", 600)],
    "decentlab_dl-atm41": [("rainfall", "mm", 600), ("wind_speed", "m/s", 600), ("wind_gust", "m/s", 600)],
    "decentlab_dl-isd": [("battery_voltage", "V", 3600)],
    "sensecap_s2120": [("air_temperature", "Cel", 600), ("humidity", "%RH", 600), ("wind_speed", "m/s", 600)],
    "sparkplug_b": [("water_level", "m", 600)],
    "nas_ul20xx": [("dimming", "%", 900), ("active_power", "W", 900), ("supply_voltage", "V", 900)],
}
"""What the devices measure, as far as the vocabulary has it."""


def _chirpstack(folder: str, document: dict[str, Any]) -> Message | None:
    if "deviceInfo" in document:  # v4
        device = document["deviceInfo"]["devEui"]
        time = micros(datetime.fromisoformat(document["time"])) / 1e6
    else:  # v3; its devEUI is base64
        device = base64.b64decode(document["devEUI"]).hex()
        times = [gateway.get("time") for gateway in document["rxInfo"] if gateway.get("time")]
        if not times:
            return None
        time = micros(datetime.fromisoformat(times[0])) / 1e6
    return Message(time, f"application/{folder}/device/{device}/event/up", json.dumps(document).encode())


def _tts(folder: str, document: dict[str, Any]) -> Message:
    document = document.get("data", document)  # the console wraps what MQTT carries
    device = document["end_device_ids"]["device_id"]
    time = micros(datetime.fromisoformat(document["received_at"])) / 1e6
    return Message(time, f"v3/{folder}@ttn/devices/{device}/up", json.dumps(document).encode())


def _documents() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Folder, network, document of every message that a network server would publish over MQTT."""
    networks = {"ChirpStack": CHIRPSTACK, "ThingsStackCommunity": TTS, "ThingsStackIndustries": TTS}
    for file in sorted((data() / "payloads").glob("*/*/*.json")):
        network = networks.get(file.parent.name)
        if network is not None and not file.name.startswith("result"):
            yield file.parent.parent.name, network, json.loads(file.read_text("utf-8"))


def payloads(out: Path) -> Recording:
    """LoRaWAN uplinks as ChirpStack (v4, and v3 where the file is) and The Things Stack v3 publish them.

    LORIOT, ThingPark and HTTP documents do not travel over MQTT and are left out.
    """
    messages: list[Message] = []
    untimed = 0
    for folder, network, document in _documents():
        message = _chirpstack(folder, document) if network == CHIRPSTACK else _tts(folder, document)
        if message is None:
            untimed += 1
        else:
            messages.append(message)
    folders = [name for name in SENSORS if name not in ("sparkplug_b", "nas_ul20xx")]
    return _write(out, "payloads", folders, messages, {"untimed": untimed})


def sparkplug(out: Path) -> Recording:
    """One Sparkplug B payload (a library's test vector) as DDATA of a device."""
    document = json.loads((data() / "payloads/sparkplug_b/spb_payload_sample.json").read_text("utf-8"))
    message = Message(
        document["payload_timestamp_ms"] / 1000,
        "spBv1.0/haidang/DDATA/edge-1/device-1",
        base64.b64decode(document["payload_base64"]),
    )
    return _write(out, "sparkplug", ["sparkplug_b"], [message], {})


def streetlight(out: Path) -> Recording:
    """NAS luminaire controllers: one genuine ChirpStack v3 message, 18 frames of the maker's tests.

    The frames are bytes only; we put each into a ChirpStack v4 event with the maker's decoding as
    `object`, a minute apart from 2024-07-01T14:00:00Z, which is made up.
    """
    genuine = json.loads((data() / "streetlight/nas_ul20xx_chirpstack_v3_uplink.json").read_text("utf-8"))
    message = _chirpstack("nas-v3", genuine["payload"])
    messages = [message] if message is not None else []
    frames = json.loads((data() / "streetlight/nas_ul20xx_fw1.1_uplink_samples.json").read_text("utf-8"))
    begun = micros(datetime.fromisoformat("2024-07-01T14:00:00Z"))
    for nth, frame in enumerate(frames):
        time = begun + nth * 60_000_000
        document = {
            "time": datetime.fromtimestamp(
                time / 1e6, tz=datetime.fromisoformat("2024-07-01T14:00:00Z").tzinfo
            ).isoformat(),
            "deviceInfo": {
                "devEui": "70b3d5b020000001",
                "deviceName": "nas-ul20xx",
                "applicationName": "nas",
            },
            "fPort": frame["fPort"],
            "data": base64.b64encode(bytes.fromhex(frame["data_hex"])).decode(),
            "object": frame["expected"].get("data"),
        }
        message = _chirpstack("nas_ul20xx", document)
        if message is not None:
            messages.append(message)
    return _write(out, "streetlight", ["nas_ul20xx"], messages, {"frames": len(frames)})


def _write(
    out: Path, name: str, folders: list[str], messages: list[Message], counts: dict[str, int]
) -> Recording:
    stations = [
        Station(folder.replace("_", "-"), folder, folder, "field", 107.08, 10.34 + nth / 100, SENSORS[folder])
        for nth, folder in enumerate(folders)
    ]
    site = write_site(
        out / "site",
        name,
        ("Thiết bị hiện trường", "Devices in the field"),
        "Asia/Ho_Chi_Minh",
        [Gateway("network-server", stations)],
        areas={"field": ("Hiện trường", "The field")},
    )
    file = out / f"{name}.jsonl"
    messages.sort(key=lambda message: message.t)
    with file.open("w", encoding="utf-8") as stream:
        for message in messages:
            try:
                line = {"t": message.t, "topic": message.topic, "payload": message.payload.decode()}
            except UnicodeDecodeError:
                line = {
                    "t": message.t,
                    "topic": message.topic,
                    "payload_b64": base64.b64encode(message.payload).decode(),
                }
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
    return Recording(site, [file], None, {"written": len(messages), **counts})
