"""A site's folder: reading its files and saying what is wrong with them."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from services.cli.words import complain, counted, of_the_world, say
from services.observation.site import ALERTING, EVERY_FILE, FILES, LIGHTING, Problem, Site
from services.observation.text import Text

if TYPE_CHECKING:
    from services.alerts.rule import Rule
    from services.lighting.programme import Lighting
    from services.observation.quantity import Property


class Refused(Exception):  # noqa: N818  the words were said already; what is left is the exit code
    """The folder can't be used. All problems have been written to stderr."""

    code = 2


class Checked(NamedTuple):
    """What a folder holds. `site` is None where an error stands in the way."""

    files: dict[str, bytes]
    site: Site | None
    problems: list[Problem]

    @property
    def errors(self) -> list[Problem]:
        """What must be mended before the site can run."""
        return [problem for problem in self.problems if problem.level == "error"]


def read_site_folder(path: str | Path) -> dict[str, bytes]:
    """The site's files as they are on disk; those that are missing are missing here too.

    Raises:
        Refused: no such folder, or a file of it can't be read.
    """
    folder = Path(path)
    if not folder.is_dir():
        complain(
            f"--site {folder}: there is no such folder → name a folder with {', '.join(FILES)}",
            f"--site {folder}: không có thư mục này → chỉ ra thư mục chứa {', '.join(FILES)}",
        )
        raise Refused
    files: dict[str, bytes] = {}
    for name in EVERY_FILE:
        try:
            files[name] = (folder / name).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            complain(*of_the_world(error))
            raise Refused from error
    return files


def check_site(path: str | Path) -> Checked:
    """Read a folder and find every problem in it, those of the rules too where the engine is installed.

    Raises:
        Refused: the folder can't be read at all.
    """
    return check_files(read_site_folder(path))


def check_files(files: dict[str, bytes]) -> Checked:
    """Find every problem in a site's files."""
    from services.observation.site_files import parse

    site, problems = parse(files, _extra_properties())
    if site is not None:
        problems += [*_rule_problems(site), *_lighting_problems(files, site)]
        problems += _alerting_problems(files, site)
    return Checked(files, site, problems)


def load_site(path: str | Path) -> Site:
    """The site of a folder; its problems go to stderr, warnings too.

    Raises:
        Refused: something must be mended first.
    """
    checked = check_site(path)
    for problem in checked.problems:
        say(f"{problem.level}: {problem}")
    if checked.site is None or checked.errors:
        complain(
            f"--site {path}: {counted(len(checked.errors), 'error')} → mend what is listed above",
            f"--site {path}: {len(checked.errors)} lỗi → sửa các mục nêu trên",
        )
        raise Refused
    return checked.site


def rules_of(site: Site) -> "tuple[list[Rule], list[Problem]]":
    """The rules in force at a site, the hazards' default ones included, and what is wrong with its own."""
    from services.alerts.rule import parse_rules

    return parse_rules(site)


def _rule_problems(site: Site) -> list[Problem]:
    try:
        from services.alerts.hazards import hazards
        from services.alerts.reach import never_met
        from services.alerts.rule.attributes import attribute_faults

        rules, problems = rules_of(site)
        return [*attribute_faults(site, hazards().values()), *problems, *never_met(site, rules)]
    except ImportError as error:
        # An edge gateway replays and sends; rules are judged where the engine is installed.
        return [_not_judged("rules.toml", error)]


def lighting_of(files: dict[str, bytes], site: Site) -> "tuple[Lighting | None, list[Problem]]":
    """What a site says of its street lighting, and what is wrong with it."""
    from services.alerts.hazards import hazards
    from services.lighting.site_lighting import read_lighting

    return read_lighting(files.get(LIGHTING), site, tuple(hazards()))


def tonight(checked: Checked, now: int) -> list[str]:
    """What each group of lamps does from the noon before `now` (µs UTC) to the next, a line each."""
    if checked.site is None or LIGHTING not in checked.files:
        return []
    try:
        from services.lighting import telling

        lighting, _ = lighting_of(checked.files, checked.site)
    except ImportError:  # told as a problem of the file already
        return []
    return [] if lighting is None else telling.tonight(lighting, now)


def _lighting_problems(files: dict[str, bytes], site: Site) -> list[Problem]:
    if LIGHTING not in files:
        return []
    try:
        return lighting_of(files, site)[1]
    except ImportError as error:
        return [_not_judged(LIGHTING, error)]


def _alerting_problems(files: dict[str, bytes], site: Site) -> list[Problem]:
    if ALERTING not in files:
        return []
    try:
        from services.alerts.hazards import hazards
        from services.policy.alerting import read_alerting
    except ImportError as error:
        return [_not_judged(ALERTING, error)]
    return read_alerting(files[ALERTING], site, tuple(hazards()))[1]


def _extra_properties() -> "dict[str, Property]":
    try:
        from services.alerts.hazards import extra_properties
    except ImportError:
        return {}
    return extra_properties()


def _not_judged(file: str, error: ImportError) -> Problem:
    what = Text(f"chưa kiểm tra được tệp này: {error}", f"the file was not judged: {error}")
    remedy = Text('chạy pip install "haidang[site]"', 'pip install "haidang[site]"')
    return Problem(file, 1, what, remedy, "warning")
