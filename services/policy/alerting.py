"""Reading `alerting.toml`, the optional file of a site that says how its alerts are handled.

Each part of it is read by the module of its name, where the defaults stand too.
"""

from collections.abc import Collection

import msgspec

from services.observation.site import ALERTING, FORMAT, Problem, Site
from services.observation.site_problems import Findings
from services.observation.site_toml import load
from services.policy import keeping, links, publication, reporting, roads
from services.policy.given import Given
from services.policy.keeping import Keeping
from services.policy.links import Links
from services.policy.publication import Publication
from services.policy.reporting import Reporting
from services.policy.road_nouns import Roads

FILE = ALERTING
PARTS = (keeping, roads, publication, links, reporting)


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How a site's alerts are handled; every part has defaults."""

    keeping: Keeping = Keeping()
    roads: Roads = Roads()
    publication: Publication = Publication()
    links: Links = Links()
    reporting: Reporting = Reporting()


def read_alerting(
    content: bytes | None, site: Site, hazards: Collection[str]
) -> tuple[Policy | None, list[Problem]]:
    """Read the file against its site.

    Args:
        content: of `alerting.toml`; None where a site has none: the defaults.
        site: that it belongs to.
        hazards: names of hazards that it may speak of.

    Returns:
        What it says (None with an error in it), and every problem found, each with its line.
    """
    if content is None:
        return Policy(), []
    findings = Findings(FILE, content)
    table = load(findings, content)
    if table is None:
        return None, findings.problems
    findings.unknown_keys(table, ("format", *(key for part in PARTS for key in part.KEYS)), 1)
    if table.get("format") != FORMAT:
        findings.error(
            findings.line_of_key("format", 1),
            (f"format phải là {FORMAT}", f"format must be {FORMAT}"),
            (f"viết `format = {FORMAT}`", f"write `format = {FORMAT}`"),
        )
    given = Given(findings, table, site, hazards)
    policy = Policy(
        keeping=keeping.read(given),
        roads=roads.read(given),
        publication=publication.read(given),
        links=links.read(given),
        reporting=reporting.read(given),
    )
    if any(problem.level == "error" for problem in findings.problems):
        return None, findings.problems
    return policy, findings.problems
