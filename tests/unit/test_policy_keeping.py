"""The keeper's part of `alerting.toml`: read, refused with a line, explained."""

import re
import tomllib
from pathlib import Path

import jsonschema_rs
import pytest

from docs.alerting_schema import alerting
from services.alerts.hazards import hazards
from services.alerts.rule import parse_rules
from services.cli.folder import check_files
from services.observation.site import ALERTING, Area
from services.observation.text import Text
from services.policy import keeping
from services.policy.alerting import Policy, read_alerting
from services.policy.keeping import Hours, Keeping
from services.policy.keeping_gaps import uncalled
from services.policy.keeping_table import DEFAULTS, in_circle, names
from tests.support.keeping import site
from tests.support.site_folder import good_site

PAGE = Path(__file__).parents[2] / "docs" / "site-files.md"
EXAMPLE = re.search(r"## alerting.toml.*?```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
assert EXAMPLE is not None
WRITTEN = EXAMPLE[1]
WHY = 'why = { vi = "a", en = "a" }'
INHIBITION = '[[inhibition]]\nid = "a"\n'
ESCALATION = '[[escalation]]\nid = "a"\n'


def read(text: str) -> tuple[Policy | None, list[str]]:
    policy, problems = read_alerting(text.encode(), site(), tuple(hazards()))
    return policy, [str(problem) for problem in problems]


def test_a_site_without_the_file_has_our_defaults() -> None:
    assert read_alerting(None, site(), tuple(hazards())) == (Policy(), [])
    assert read("format = 1")[0] == Policy()


def test_the_example_of_the_page_is_right_for_reader_and_schema() -> None:
    policy, problems = read(WRITTEN)
    assert problems == []
    assert policy is not None
    jsonschema_rs.validate(alerting(), tomllib.loads(WRITTEN))
    kept = policy.keeping
    assert {one.id for one in kept.inhibitions} == {one.id for one in DEFAULTS}
    assert [one.id for one in kept.escalations] == ["emergencies"]
    assert kept.realarm_h("tree", "a", "warning") == 8
    assert kept.realarm_h("lighting", "a", "warning") == 0
    monday = 0
    assert kept.people(["rota:duty", "binh"], monday, 7 * 60) == ["lan", "binh"]
    assert kept.people(["rota:duty"], monday, 2 * 60) == ["minh"]
    assert kept.escalation("flood", "a", "warning", monday, 0) is None


def test_the_page_names_every_key() -> None:
    page = PAGE.read_text("utf-8")
    keys = {
        *keeping.KEYS, *keeping.CHATTERING, *keeping.SHELVING, *keeping.MAINTENANCE, *keeping.INHIBITION,
        *keeping.SHIFT, *keeping.ESCALATION, *keeping.STEP, *keeping.ROTA_KEYS, *keeping.HOURS,
        *keeping.REALARM,
    }  # fmt: skip
    assert {key for key in keys if f"`{key}`" not in page and f"[{key}]" not in page} == set()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('public_safety = ["flod"]', 2, "flod"),
        ("[chattering]\ntimes = 1", 3, "times"),
        ("[chattering]\nfirst_s = 900\nlongest_s = 600", 4, "longest_s"),
        ('[shelving]\ntwo_person_from = "bad"', 3, "two_person_from"),
        (f'{INHIBITION}by = ["x"]\nquiets = ["x"]\n{WHY}', 5, "each other"),
        (f'{INHIBITION}by = []\nquiets = ["x"]\n{WHY}', 4, "by"),
        (f'{INHIBITION}by = ["flood-rise"]\nquiets = ["flood-level"]\n{WHY}', 5, "each"),
        ('[[rota]]\nid = "a"\nshifts = [{ from = "6:00", people = ["lan"] }]', 4, "from"),
        (ESCALATION + 'steps = [{ after_min = 1, to = ["rota:b"] }]', 4, "rota:b"),
        (ESCALATION + 'steps = [{ after_min = 5, to = ["b"] }, { after_min = 1, to = ["b"] }]', 4, "rise"),
        (ESCALATION + 'areas = ["nowhere"]\nsteps = [{ after_min = 5, to = ["b"] }]', 4, "nowhere"),
        ('[[realarm]]\nid = "a"\nleast = "watch"', 2, "after_h"),
        ('[[realarm]]\nid = "a"\nafter_h = 0.01', 4, "without end"),
        ('[[realarm]]\nid = "a"\nhazards = ["flod"]\nafter_h = 1', 4, "flod"),
        (f'{ESCALATION}steps = [{{ after_min = 1, to = ["b"] }}]\n' * 2, 5, "stands twice"),
        ("[keeping]\na = 1", 2, "keeping"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_line(text: str, line: int, said: str) -> None:
    policy, problems = read(f"format = 1\n{text}\n")
    assert policy is None
    assert any(problem.startswith(f"alerting.toml:{line}:") and said in problem for problem in problems), (
        problems
    )


def test_site_check_reads_the_file() -> None:
    checked = check_files({**good_site(), ALERTING: b"format = 1\n[chattering]\ntimes = 0\n"})
    assert any(problem.file == ALERTING for problem in checked.errors)


def test_our_own_table_speaks_of_rules_that_exist_and_has_no_circle() -> None:
    rules = {rule.id for rule in parse_rules(site())[0]} | {"gateway-silent"}
    rules |= {str(rule["id"]) for hazard in hazards().values() for rule in hazard.rules}
    meant = {name for one in DEFAULTS for name in (*one.by, *one.quiets)}
    assert {name for name in meant if not any(names(name, rule) for rule in rules)} == set()
    assert in_circle(DEFAULTS) is None
    assert len(Keeping().inhibitions) == len({one.id for one in DEFAULTS})


@pytest.mark.parametrize(
    ("weekday", "minute", "holds"),
    [(0, 22 * 60, True), (1, 5 * 60 + 59, True), (1, 6 * 60, False), (1, 22 * 60, False), (0, 0, False)],
)
def test_hours_past_midnight_belong_to_the_day_they_began_on(
    weekday: int, minute: int, *, holds: bool
) -> None:
    assert Hours(days=(0,), start=22 * 60, end=6 * 60).hold(weekday, minute) is holds


def test_what_may_cost_lives_comes_back_in_each_shift_by_the_sites_own_list_of_it() -> None:
    default = Keeping()
    assert default.realarm_h("flood", "a", "warning") == 8
    assert default.realarm_h("environment", "a", "warning") == 24
    policy, _ = read('format = 1\npublic_safety = ["environment"]')
    assert policy is not None
    assert policy.keeping.realarm_h("environment", "a", "warning") == 8
    assert policy.keeping.realarm_h("flood", "a", "warning") == 24
    assert policy.keeping.realarm_h("flood", "a", "watch") == 0


CALLS = 'steps = [{ after_min = 1, to = ["b"] }]'
ON_DUTY = 'steps = [{ after_min = 1, to = ["rota:r"] }]'
DAYTIME = '{ days = ["mon", "tue", "wed", "thu", "fri"], from = "06:00", to = "22:00", people = ["lan"] }'
NIGHT = '{ from = "22:00", to = "06:00", people = ["minh"] }'
ONCE = '{ days = ["mon"], from = "22:00", to = "21:59", people = ["minh"] }'


def rota(*shifts: str) -> str:
    return f'[[rota]]\nid = "r"\nshifts = [{", ".join(shifts)}]\n{ESCALATION}{ON_DUTY}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{ESCALATION}hazards = ["flood"]\n{CALLS}', "lightning calls nobody"),
        (f'{ESCALATION}hours = {{ from = "06:00", to = "22:00" }}\n{CALLS}', "nobody on mon 00:00"),
        (f'{ESCALATION}areas = ["_"]\n{CALLS}', "flood (a) calls nobody"),
        (rota(NIGHT, DAYTIME), "rota r has nobody on duty on sat 06:00"),
        (rota(ONCE), "rota r has nobody on duty on mon 00:00"),
    ],
)
def test_hours_at_which_nobody_would_be_called_are_pointed_out(text: str, said: str) -> None:
    given = site()
    given.areas["a"] = Area("a", Text("a", "a"))
    policy, problems = read_alerting(f"format = 1\n{text}\n".encode(), given, tuple(hazards()))
    assert policy is not None
    assert [one.level for one in problems] == ["warning"], problems
    assert said in str(problems[0])


def test_our_own_table_and_a_rota_without_gaps_are_not_complained_of() -> None:
    day = '{ from = "06:00", to = "22:00", people = ["lan"] }'
    assert read(f"format = 1\n{rota(NIGHT, day)}")[1] == []
    assert uncalled(Keeping(), ["a", "_"]) is None
