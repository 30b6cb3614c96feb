"""What `alerting.toml` says of the public: read, checked, and looked up."""

import pytest

from services.alerts.hazards import hazards
from services.policy.alerting import Policy, read_alerting
from services.policy.publication import Publication
from tests.support.site_folder import SITE, parsed

TOP = """\
format = 1

[publication]
sender = "ioc.example.vn"
name = { vi = "Trung tâm điều hành", en = "Operations centre" }
contact = "0254 000 000"
web = "https://ioc.example.vn"
min_interval_s = 60

[[publish]]
hazards = ["flood"]
from = "watch"
approvals = { watch = 0, warning = 1, emergency = 2 }
expires_min = 90

[[publish]]
rules = ["strike-near"]
origins = ["manual"]

[[trusted]]
id = "nchmf"
sender = "nchmf.example.vn"
name = { vi = "Trung tâm dự báo", en = "Forecast centre" }
unsigned = true
hazards = { "SAME:FFA" = "flood" }
"""


def policy_of(text: str) -> tuple[Policy | None, list[str]]:
    policy, problems = read_alerting(text.encode(), parsed(), tuple(hazards()))
    return policy, [f"{one.line}: {one.what.en}" for one in problems]


def publication() -> Publication:
    found, problems = policy_of(TOP)
    assert problems == []
    assert found is not None
    return found.publication


def test_the_first_entry_that_fits_says_how_an_alert_is_published() -> None:
    found = publication().rule_for(hazard="flood", rule="bridge-a", severity="warning", origin="sensor")
    assert found is not None
    assert [found.needed(one) for one in ("watch", "warning", "emergency")] == [0, 1, 2]
    assert found.expires_s == 5400
    assert publication().rule_for(hazard="flood", rule="x", severity="advisory", origin="sensor") is None
    assert publication().rule_for(hazard="tree", rule="x", severity="emergency", origin="sensor") is None
    by_rule = publication().rule_for(
        hazard="lightning", rule="strike-near", severity="warning", origin="manual"
    )
    assert by_rule is not None
    assert by_rule.needed("emergency") == 1, "a person approves unless the file says otherwise"


def test_without_the_part_nothing_is_published() -> None:
    assert Publication().rule_for(hazard="flood", rule="x", severity="emergency", origin="sensor") is None


def test_the_feed_is_open_to_all_only_where_the_site_says_so() -> None:
    assert not publication().public
    found, problems = policy_of(TOP.replace("min_interval_s = 60", "public = true"))
    assert problems == []
    assert found is not None
    assert found.publication.public
    _, problems = policy_of(TOP.replace('web = "https://ioc.example.vn"', "public = true"))
    assert problems == ["7: public = true without web"]


def test_an_area_that_a_message_could_only_name_is_told_of() -> None:
    area = '[[area]]\nid = "bare"\nname = { vi = "Trống", en = "Bare" }\n\n[[gateway]]'
    site = parsed(site_toml=SITE.replace("[[gateway]]", area, 1))
    _, problems = read_alerting(TOP.encode(), site, tuple(hazards()))
    (problem,) = problems
    assert (problem.level, problem.line) == ("warning", 3)
    assert problem.what.en == "areas with neither a polygon nor a station: bare; a message can only name them"


def test_an_official_bulletin_is_never_published_again() -> None:
    assert (
        publication().rule_for(hazard="flood", rule="x", severity="emergency", origin="official_bulletin")
        is None
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('sender = "ioc.example.vn"', 'sender = "a b"', "can't be a sender"),
        ('sender = "ioc.example.vn"', 'sender = "2.49.0.1.704"', "WMO"),
        ("approvals = {", "approvals = { advisory = 3,", "approvals"),
        ('hazards = ["flood"]', 'hazards = ["floods"]', "no hazard 'floods'"),
        ("expires_min = 90", "expires_min = 1", "expires_min"),
        ("unsigned = true\n", "certificates = ['-----BEGIN CERTIFICATE-----']\n", "not one in PEM"),
        ("unsigned = true\n", "", "needs sender and certificates"),
        ('{ "SAME:FFA" = "flood" }', '{ "SAME:FFA" = "water" }', "hazards"),
        ("min_interval_s = 60", "minimum = 60", "unknown key"),
        ("[publication]", "[public]", "unknown key"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old: str, new: str, said: str) -> None:
    found, problems = policy_of(TOP.replace(old, new, 1))
    assert found is None
    assert any(said in one for one in problems), problems
