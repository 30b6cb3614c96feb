"""Shapes in which weather and rescue services send CAP: invented messages, each as one of them writes it."""

import copy
import re

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from services.cap.build import build, element_of
from services.cap.check import check
from services.cap.geometry import inside
from services.cap.message import DSIG, V11, V12, Area, Message, Named, Resource
from services.cap.reaching import areas_of, hazard_of
from services.cap.read import parse, read
from services.cap.sign import Keys, new_keys, sign
from services.cap.values import circle_of, points_of, ring_of
from services.cap.verify import verify
from services.cap.violation import Refused
from services.observation.text import Text
from services.policy.trusted import Trusted
from tests.support.cap import NOW
from tests.support.site_folder import parsed
from tests.unit.test_cap_messages import keys, message

BODY = """<identifier>x.1</identifier><sender>agency@example.org</sender>
<sent>2026-10-20T08:00:00+07:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><category>Met</category><event>Flood</event><urgency>Expected</urgency><severity>Severe</severity>
<certainty>Likely</certainty><expires>2026-10-20T14:00:00+07:00</expires><headline>Tiếng nước</headline>
<area><areaDesc>Coast</areaDesc><polygon>10.3,107.0 10.3,107.1 10.4,107.1 10.3,107.0</polygon></area>
</info>"""
SAID = f'<alert xmlns="{V12}">{BODY}</alert>'


def good(document: str | bytes) -> Message:
    """The message of a document that is taken."""
    reading = read(document.encode() if isinstance(document, str) else document)
    assert reading.violations == ()
    assert reading.message is not None
    assert check(reading.message) == []
    return reading.message


def area_of(inner: str) -> Area:
    return good(re.sub("(?s)<area>.*</area>", f"<area>{inner}</area>", SAID)).info[0].area[0]


def test_comments_a_style_sheet_and_quotes_of_either_kind_change_nothing() -> None:
    older = f"""<?xml version = '1.0' encoding = 'UTF-8' standalone = 'yes'?>
<?xml-stylesheet href='cap.xsl' type='text/xsl'?>
<!-- an index --><alert xmlns = '{V11}'><!-- http-date = Mon -->{BODY}</alert><!-- end -->"""
    assert good(older) == good(SAID)
    assert good(SAID.replace("<event>Flood", "<event>Fl<!-- a -->o<![CDATA[od]]>")) == good(SAID)


def test_the_prefix_is_the_senders_choice_and_a_declaration_too() -> None:
    prefixed = re.sub("<(/?)([a-zA-Z])", r"<\1cap:\2", SAID.replace("xmlns=", "xmlns:cap="))
    assert good(prefixed) == good(SAID)
    assert good(f'\n\n  <?xml version="1.0"?>{SAID}') == good(SAID), "a line before it, as programs leave one"


@pytest.mark.parametrize(
    "document",
    [
        b"\xef\xbb\xbf" + SAID.encode(),
        SAID.encode("utf-16"),
        f'<?xml version="1.0" encoding="UTF-16"?>{SAID}'.encode("utf-16"),
        b"\xfe\xff" + f'<?xml version="1.0" encoding="utf-16"?>{SAID}'.encode("utf-16-be"),
        f'<?xml version="1.0" encoding="utf-16"?>{SAID}'.encode(),
        f'<?xml version="1.0" encoding="utf8"?>{SAID}'.encode(),
    ],
    ids=["mark", "wide", "wide-said", "wide-big-endian", "narrow-said-wide", "no-hyphen"],
)
def test_the_same_words_in_any_encoding_are_the_same_message(document: bytes) -> None:
    assert good(document) == good(SAID)


@pytest.mark.parametrize(
    ("encoding", "word"), [("gb18030", "暴雨"), ("iso-8859-2", "Povodeň"), ("big5", "豪雨")]
)
def test_words_of_other_scripts_come_through_their_own_encoding(encoding: str, word: str) -> None:
    document = f'<?xml version="1.0" encoding="{encoding}"?>{SAID.replace("Tiếng nước", word)}'
    assert good(document.encode(encoding)).info[0].headline == word


def test_a_place_that_is_named_by_codes_may_have_an_empty_outline() -> None:
    """The US weather service sends an empty polygon with each warning for a zone."""
    code = "<geocode><valueName>UGC</valueName><value>MNZ020</value></geocode>"
    found = area_of(f"<areaDesc>Cook</areaDesc><polygon></polygon><circle/>{code}")
    assert points_of(found.polygon[0]) == []
    assert area_of(f"<areaDesc></areaDesc>{code}").area_desc == ""


def test_an_area_that_is_neither_named_nor_placed_is_refused() -> None:
    nowhere = read(re.sub("(?s)<area>.*</area>", "<area><areaDesc/><polygon/></area>", SAID).encode()).message
    assert nowhere is not None
    assert [(one.code, one.path) for one in check(nowhere)] == [("empty", "alert/info[1]/area[1]/areaDesc")]


@pytest.mark.parametrize(
    "polygon", ["10., 107 10.3,107.1\n10.4,1.071E2 10.,107", "+10,107 1.03e1,107.1 10.4,107.1\t\n+10,107"]
)
def test_a_number_may_be_written_as_programs_write_numbers(polygon: str) -> None:
    found = area_of(f"<areaDesc>x</areaDesc><polygon>{polygon}</polygon><circle>10.3, 107.0 2.</circle>")
    assert points_of(found.polygon[0]) is not None
    assert circle_of(found.circle[0]) == (10.3, 107.0, 2.0)


def test_an_outline_that_lacks_its_last_point_is_closed() -> None:
    found = area_of("<areaDesc>x</areaDesc><polygon>10.3,107 10.3,107.1 10.4,107.1</polygon>")
    ring = ring_of(found.polygon[0])
    assert ring is not None
    assert ring[0] == ring[-1]
    info = msgspec.structs.replace(message().info[0], area=(found,))
    own = check(msgspec.structs.replace(message(), info=(info,)), own=True)
    assert ("polygon", "alert/info[1]/area[1]/polygon[1]") in [(one.code, one.path) for one in own]


def test_lines_around_a_word_are_not_part_of_it() -> None:
    def apart(tag: str, text: str) -> str:
        return SAID.replace(f"<{tag}>{text}<", f"<{tag}>\n  {text}\n<")

    assert good(apart("identifier", "x.1")).identifier == "x.1"
    assert good(apart("sender", "agency@example.org")).sender == "agency@example.org"
    area = Area(area_desc="x", geocode=(Named("VN-ADM-2025", "\n26506\n"),))
    code = Named("\nhaidang:hazard ", " lightning\n")
    info = msgspec.structs.replace(message().info[0], area=(area,), event_code=(code,))
    given = msgspec.structs.replace(message(), info=(info,))
    assert areas_of(given, parsed()) == ["thang-tam"]
    assert hazard_of(given, Trusted(id="x", sender="x", name=Text("", ""))) == "lightning"


def test_an_outline_that_crosses_itself_leaves_nobody_out_whom_it_goes_around() -> None:
    """People draw them so; refusing the warning for it would leave everybody out."""
    square = ((0.0, 0.0), (0.0, 4.0), (4.0, 4.0), (4.0, 0.0), (0.0, 0.0))
    assert inside((1.0, 1.0), square + square[1:]), "drawn twice"
    overlapping = ((0, 0), (0, 4), (3, 4), (3, 1), (1, 1), (1, 5), (2, 5), (2, 0), (0, 0))
    assert inside((1.5, 3.0), [(float(a), float(b)) for a, b in overlapping])
    assert not inside((5.0, 5.0), square)


def test_what_is_wrong_with_a_picture_keeps_no_warning_out() -> None:
    odd = Resource(resource_desc="", mime_type="jpg", size="-1", digest="sha256:00")
    info = msgspec.structs.replace(message().info[0], resource=(odd,))
    given = msgspec.structs.replace(message(), info=(info,))
    assert check(given) == []
    codes = {one.code for one in check(given, own=True)}
    assert {"size", "mime-type", "empty", "digest"} <= codes, "what we publish has to be better"


def test_the_older_version_has_times_of_its_own_and_files_without_a_type() -> None:
    older = SAID.replace(V12, V11).replace("Alert</msgType>", "Update</msgType>")
    older = older.replace("08:00:00+07:00", "01:00:00.123Z").replace("14:00:00+07:00", "14:00:00.5+07:00")
    older = older.replace("Public</scope>", "Public</scope><references>a,b,2026-10-20T00:00:00Z</references>")
    older = older.replace("<area>", "<resource><resourceDesc>map</resourceDesc></resource><area>")
    found = good(older)
    assert (found.sent, found.info[0].expires) == ("2026-10-20T01:00:00-00:00", "2026-10-20T14:00:00+07:00")
    assert found.references == "a,b,2026-10-20T00:00:00-00:00"
    assert good(build(found)) == found, "and can be told on in the newer one"
    newer = read(older.replace(V11, V12).encode())
    assert {(one.code, one.path) for one in newer.violations} == {
        ("missing", "alert/info[1]/resource[1]/mimeType")
    }
    for local in ("2026-10-20T01:00:00", "2026-10-20"):
        reading = read(older.replace("2026-10-20T01:00:00.123Z", local).encode())
        assert reading.message is not None
        assert [one.path for one in check(reading.message)] == ["alert/sent"], "without a zone it is no time"


EDXL = "urn:oasis:names:tc:emergency:EDXL:DE:1.0"


def envelope(*inner: str, status: str = "Actual", name: str = "EDXLDistribution") -> str:
    held = "".join(
        f"<e:contentObject><e:xmlContent><e:embeddedXMLContent>{one}</e:embeddedXMLContent></e:xmlContent>"
        "</e:contentObject>"
        for one in inner
    )
    return (
        f'<e:{name} xmlns:e="{EDXL}"><e:distributionStatus>{status}</e:distributionStatus>{held}</e:{name}>'
    )


def test_a_message_is_taken_out_of_its_envelope_with_its_signature() -> None:
    assert good(envelope(SAID)) == good(SAID)
    document = sign(message(), keys()).decode().split("?>", 1)[1]
    reading = read(envelope(document).encode())
    assert reading.message == message()
    assert verify(reading.root, {"ioc": keys().certificate.decode()}).state == "valid"


@pytest.mark.parametrize(
    "document",
    [
        envelope(SAID, SAID),
        envelope(SAID, status="Exercise"),
        envelope(SAID, name="Other"),
        f"<alerts>{SAID}</alerts>",
        f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{SAID}</entry></feed>',
    ],
    ids=["two", "another-status", "not-edxl", "list", "feed"],
)
def test_what_holds_a_message_in_another_way_is_refused_with_a_word(document: str) -> None:
    with pytest.raises(Refused) as refused:
        read(document.encode())
    assert refused.value.code == "envelope"


def test_of_several_signatures_each_is_looked_at_alone() -> None:
    """A network that passes warnings on puts its own beside the author's."""
    network = new_keys("network.example.org", NOW)
    both = parse(sign(message(), keys()))
    other = parse(sign(message(), network)).find(f"{{{DSIG}}}Signature")
    assert other is not None
    remark = etree.SubElement(etree.SubElement(other, f"{{{DSIG}}}Object"), f"{{{DSIG}}}SignatureProperties")
    holder = etree.SubElement(remark, f"{{{DSIG}}}SignatureProperty", Id="NET", Target="https://example.org")
    etree.SubElement(holder, "{urn:x}value")
    both.append(other)
    both = parse(etree.tostring(both))
    author = {"ioc": keys().certificate.decode()}
    assert verify(both, author)[:2] == ("valid", "ioc")
    assert verify(both, {"net": network.certificate.decode()})[:2] == ("valid", "net")
    assert verify(both, {}).state == "unchecked"
    changed = parse(etree.tostring(both).replace(b"Ba Cu", b"Ba Ca"))
    assert verify(changed, author).state == "unchecked", "never valid"
    crowd = copy.deepcopy(both)
    crowd.extend([copy.deepcopy(other) for _ in range(3)])
    assert verify(crowd, author).state == "wrong"


def signed_with(pair: Keys, *, old: bool = False, key_info: str = "value") -> etree._Element:
    """Signed by a key that comes without its certificate."""

    class Signer(XMLSigner):
        def check_deprecated_methods(self) -> None:
            """SHA-1, as some still send it."""

    sha = (SignatureMethod.ECDSA_SHA1, DigestAlgorithm.SHA1) if old else (
        SignatureMethod.ECDSA_SHA256, DigestAlgorithm.SHA256
    )  # fmt: skip
    private = serialization.load_pem_private_key(pair.key, None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    root = Signer(signature_algorithm=sha[0], digest_algorithm=sha[1]).sign(
        element_of(message()), key=private, always_add_key_value=True
    )
    if key_info == "name":
        held = root.find(f".//{{{DSIG}}}KeyInfo")
        assert held is not None
        for one in list(held):
            held.remove(one)
        etree.SubElement(held, f"{{{DSIG}}}KeyName").text = "agency"
    return parse(etree.tostring(root))


def test_a_key_without_a_certificate_is_known_by_the_one_we_have() -> None:
    known = {"ioc": keys().certificate.decode()}
    for kind in ("value", "name"):
        assert verify(signed_with(keys(), key_info=kind), known)[:2] == ("valid", "ioc")
    stranger = new_keys("stranger", NOW)
    assert verify(signed_with(stranger), known).state == "unknown"
    assert verify(signed_with(stranger, key_info="name"), known).state == "unchecked"
    assert (
        verify(parse(etree.tostring(signed_with(stranger)).replace(b"Ba Cu", b"Ba Ca")), {}).state == "wrong"
    )


def test_a_signature_of_old_kind_proves_nothing_whoever_made_it() -> None:
    found = verify(signed_with(keys(), old=True), {"ioc": keys().certificate.decode()})
    assert found.state == "unchecked"
    assert found.why is not None
    assert "SHA-1" in found.why.en


def test_a_recording_inside_of_the_message_is_no_reason_to_refuse_it() -> None:
    sound = "A" * 76 + "\n"
    held = (
        "<resource><resourceDesc>Sound</resourceDesc><mimeType>audio/x-ipaws-audio-mp3</mimeType>"
        f"<derefUri>{sound * 6_000}</derefUri></resource>"
    )
    assert len(good(SAID.replace("<area>", f"{held}<area>")).info[0].resource[0].deref_uri or "") > 400_000
