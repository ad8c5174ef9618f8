"""What hassfest, HACS and the house's own rules ask of the files; none of it needs a running Home Assistant."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
import json
from pathlib import Path
import re
import subprocess
import tomllib
from typing import Any, Final

from packaging.requirements import Requirement
from PIL import Image
import pytest
import yaml

from custom_components.rutan_blora import optional
import homeassistant
from homeassistant.const import Platform

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = ROOT / "custom_components" / "rutan_blora"
HOME_ASSISTANT: Final = Path(homeassistant.__file__).parent

type Json = dict[str, Any]


@cache
def read_json(path: Path) -> Json:
    data: Json = json.loads(path.read_text(encoding="utf-8"))
    return data


@cache
def read_yaml(path: Path) -> Json:
    data: Json = yaml.safe_load(path.read_text(encoding="utf-8"))
    return data


def read_pyproject() -> Json:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


MANIFEST: Final = read_json(PACKAGE / "manifest.json")
ENGLISH: Final = read_json(PACKAGE / "translations" / "en.json")
INDONESIAN: Final = read_json(PACKAGE / "translations" / "id.json")
ICONS: Final = read_json(PACKAGE / "icons.json")


def texts(data: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """Give every text with its path."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from texts(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


# --- manifest, version, HACS ---

MANIFEST_REQUIRED: Final = {"domain", "name", "codeowners", "documentation", "iot_class", "version"}
MANIFEST_OPTIONAL: Final = {
    "after_dependencies",
    "config_flow",
    "dependencies",
    "import_executor",
    "integration_type",
    "issue_tracker",
    "loggers",
    "requirements",
    "single_config_entry",
}


def test_manifest_has_the_keys_hassfest_wants_in_its_order() -> None:
    keys = list(MANIFEST)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert set(keys) >= MANIFEST_REQUIRED
    assert set(keys) <= MANIFEST_REQUIRED | MANIFEST_OPTIONAL


def test_manifest_names_this_integration() -> None:
    assert MANIFEST["domain"] == PACKAGE.name
    assert MANIFEST["codeowners"]
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])
    assert MANIFEST["iot_class"] == "local_push"
    assert MANIFEST["documentation"].startswith("https://")
    assert not MANIFEST["documentation"].startswith("https://www.home-assistant.io/integrations")


@pytest.mark.parametrize("kind", ["dependencies", "after_dependencies"])
def test_manifest_depends_on_integrations_that_exist(kind: str) -> None:
    missing = [d for d in MANIFEST.get(kind, ()) if not (HOME_ASSISTANT / "components" / d / "manifest.json").exists()]
    assert missing == []


def waited_for(domain: str) -> set[str]:
    """Return all that Home Assistant wants to have before an integration: what it needs or comes after, and theirs."""
    found: set[str] = set()
    todo = [domain]
    while todo:
        path = HOME_ASSISTANT / "components" / (name := todo.pop()) / "manifest.json"
        manifest = MANIFEST if name == PACKAGE.name else read_json(path)
        new = {*manifest.get("dependencies", ()), *manifest.get("after_dependencies", ())} - found
        found |= new
        todo += new
    return found


def test_alarm_starts_without_the_video_libraries() -> None:
    """Home Assistant refuses who comes after what cannot be had; its mobile_app imports its cameras, too."""
    assert not waited_for(PACKAGE.name) & {"stream", "camera", "mobile_app"}


def test_requirements_leave_alone_what_home_assistant_pins() -> None:
    """One exact version against another's cannot be installed: the alarm would be gone with the next update."""
    pins = (HOME_ASSISTANT / "package_constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {Requirement(pin).name.lower() for pin in pins if pin and not pin.startswith("#")}
    exact = [line for line in MANIFEST["requirements"] if "==" in line and Requirement(line).name.lower() in pinned]
    assert exact == []


def test_what_is_optional_is_tested_at_the_version_it_is_fetched_at() -> None:
    dev = {Requirement(line) for line in read_pyproject()["dependency-groups"]["dev"]}
    assert {Requirement(line) for line in (optional.POSTGRESQL, optional.QR_CODE, optional.PDF)} <= dev


def test_version_is_the_same_everywhere() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    latest = re.search(r"^## \[(\d[^\]]*)\]", changelog, re.MULTILINE)
    assert latest is not None
    assert MANIFEST["version"] == read_pyproject()["project"]["version"] == latest[1]


def test_hacs_finds_what_it_knows() -> None:
    hacs = read_json(ROOT / "hacs.json")
    assert hacs["name"] == MANIFEST["name"]
    assert set(hacs) <= {"name", "country", "hacs", "homeassistant", "render_readme"}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", hacs[key]) for key in ("hacs", "homeassistant"))


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_what_a_page_leads_to_is_there(page: Path) -> None:
    targets = re.findall(r"\]\((?!\w+:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize(("suffix", "scale"), [("", 1), ("@2x", 2)])
@pytest.mark.parametrize("theme", ["", "dark_"])
def test_brand_images_have_the_sizes_home_assistant_serves(theme: str, suffix: str, scale: int) -> None:
    with Image.open(PACKAGE / "brand" / f"{theme}icon{suffix}.png") as icon:
        assert icon.size == (256 * scale, 256 * scale)
    with Image.open(PACKAGE / "brand" / f"{theme}logo{suffix}.png") as logo:
        assert 128 * scale <= min(logo.size) <= 256 * scale


# --- translations, icons, services ---


def test_both_languages_say_the_same() -> None:
    assert dict(texts(INDONESIAN)).keys() == dict(texts(ENGLISH)).keys()


def test_both_languages_fill_in_the_same() -> None:
    indonesian = dict(texts(INDONESIAN))
    differing = [
        path
        for path, text in texts(ENGLISH)
        if set(re.findall(r"\{\w+\}", text)) != set(re.findall(r"\{\w+\}", indonesian[path]))
    ]
    assert differing == []


@pytest.mark.parametrize("language", [ENGLISH, INDONESIAN], ids=["en", "id"])
@pytest.mark.parametrize(
    "forbidden",
    [r"<[A-Za-z/][^>]*>", r"https?:|www\.", r"'\{\w+\}'", r"^\s|\s$|^$", r"\[%key:"],
    ids=["html", "url", "quoted placeholder", "blank at an end", "reference"],
)
def test_texts_are_free_of(language: Json, forbidden: str) -> None:
    assert [path for path, text in texts(language) if re.search(forbidden, text)] == []


def test_translation_keys_are_slugs() -> None:
    assert [path for path, _ in texts(ENGLISH) if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", path)] == []


def forms(data: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Give every step and section that has fields, with its path."""
    for key, value in data.items():
        if isinstance(value, dict):
            if "data" in value:
                yield f"{path}{key}", value
            yield from forms(value, f"{path}{key}.")


FLOWS: Final = {"config": ENGLISH["config"], "options": ENGLISH.get("options", {}), **ENGLISH["config_subentries"]}


@pytest.mark.parametrize("flow", FLOWS)
def test_every_field_is_explained(flow: str) -> None:
    assert "step" in FLOWS[flow] or flow == "options"
    unlike = [path for path, form in forms(FLOWS[flow]) if set(form["data"]) != set(form.get("data_description", ()))]
    assert unlike == []


@pytest.mark.parametrize("kind", ENGLISH["config_subentries"])
def test_subentries_are_introduced(kind: str) -> None:
    assert ENGLISH["config_subentries"][kind]["entry_type"]
    assert ENGLISH["config_subentries"][kind]["initiate_flow"]["user"]


def test_issues_are_titled_and_described() -> None:
    told = ({"title", "description"}, {"title", "fix_flow"})
    untold = [key for key, issue in ENGLISH.get("issues", {}).items() if set(issue) not in told]
    assert untold == []


def test_errors_say_what_is_wrong() -> None:
    # Home Assistant shows the bare key of one whose text lies anywhere else.
    assert [path for path, _ in texts(ENGLISH["exceptions"]) if not path.endswith(".message")] == []


def raised() -> Iterator[tuple[str, str, set[str]]]:
    """Give every translated error that is made in the code: where, its key, and what its text is filled in with."""
    for path in PACKAGE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(("Error", "NotReady")):
                given = {keyword.arg: keyword.value for keyword in call.keywords}
                filled = given.get("translation_placeholders", ast.Dict(keys=[], values=[]))
                if "translation_key" in given and isinstance(filled, ast.Dict):
                    names = {key.value for key in filled.keys if isinstance(key, ast.Constant)}
                    for key in ast.walk(given["translation_key"]):
                        if isinstance(key, ast.Constant) and key.value in ENGLISH["exceptions"]:
                            yield path.name, str(key.value), {str(name) for name in names}


def test_errors_are_told_what_their_texts_ask_for() -> None:
    told = list(raised())
    assert {"calendar.py", "errors.py"} & {where for where, _, _ in told}
    asked = {key: set(re.findall(r"\{(\w+)\}", error["message"])) for key, error in ENGLISH["exceptions"].items()}
    assert [(where, key) for where, key, names in told if not asked[key] <= names] == []


def test_icons_are_material_design_icons() -> None:
    """The frontend brings the list of all there are."""
    frontend = pytest.importorskip("hass_frontend").where()
    known = json.loads((Path(frontend) / "static" / "mdi" / "iconList.json").read_bytes())
    assert {icon for _, icon in texts(ICONS)} <= {f"mdi:{icon['name']}" for icon in known}


def test_icons_belong_to_translated_entities() -> None:
    for platform, entities in ICONS["entity"].items():
        for key, icon in entities.items():
            states = icon.get("state", {})
            assert key in ENGLISH["entity"][platform]
            assert states.keys() <= ENGLISH["entity"][platform][key].get("state", states).keys()
            assert icon["default"] not in states.values()


def service_fields(service: Json | None) -> list[str]:
    """Give the fields of a service, those in sections too."""
    fields = (service or {}).get("fields", {})
    return [name for key, field in fields.items() for name in (field["fields"] if "fields" in (field or {}) else [key])]


def test_services_are_described_translated_and_have_icons() -> None:
    services = read_yaml(PACKAGE / "services.yaml")
    translated = ENGLISH["services"]
    assert services.keys() == translated.keys() == ICONS["services"].keys()
    for name, service in services.items():
        fields = service_fields(service)
        assert len(fields) == len(set(fields))
        assert set(fields) == set(translated[name].get("fields", ()))
        assert translated[name].keys() >= {"name", "description"}
        assert all(field.keys() == {"name", "description"} for field in translated[name].get("fields", {}).values())


def selects(data: Json) -> Iterator[Json]:
    """Give every select selector whose options are translated."""
    for value in data.values():
        if isinstance(value, dict):
            if "translation_key" in value:
                yield value
            yield from selects(value)


def test_options_of_services_are_translated() -> None:
    for select in selects(read_yaml(PACKAGE / "services.yaml")):
        assert set(select["options"]) == set(ENGLISH["selector"][select["translation_key"]]["options"])


# --- quality scale ---


def test_quality_scale_answers_every_rule() -> None:
    """Home Assistant's own integrations answer them all; hassfest sees to it."""
    rules = read_yaml(PACKAGE / "quality_scale.yaml")["rules"]
    asked = read_yaml(HOME_ASSISTANT / "components" / "ntfy" / "quality_scale.yaml")["rules"]
    assert rules.keys() == asked.keys()


def test_quality_scale_gives_reasons() -> None:
    for answer in read_yaml(PACKAGE / "quality_scale.yaml")["rules"].values():
        assert answer in ("done", "todo") or answer["status"] in ("done", "todo", "exempt")
        assert answer in ("done", "todo") or answer["comment"]


# --- the house: who may know whom ---

# From the ground up: a room knows the rows below its own, nobody beside it.
FLOORS: Final[tuple[tuple[str, ...], ...]] = (
    ("const",),
    ("actor", "issues", "lamps", "lettering", "listeners", "optional", "pictures", "reloads"),
    ("journal",),
    ("codes", "copying", "police", "video"),
    ("alarm", "cctv", "patrol"),
    ("reports", "word"),
    ("kept", "flows", "parts"),
    ("facility",),
    ("entity", "errors", "supervision", "feedback", "perimeter", "rounds", "reporting", "config_flow"),
    (
        *Platform,
        "services",
        "views",
        "visit_view",
        "trigger",
        "condition",
        "diagnostics",
        "repairs",
        "system_health",
        "logbook",
        "media_source",
    ),
    ("__init__",),
)
FLOOR: Final = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
PURE: Final[list[str]] = read_pyproject()["tool"]["rutan-blora"]["pure-modules"]


def module_name(file: Path) -> str:
    """Return the dotted name of a file within the package; `__init__` for the package itself."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


FILES: Final = {module_name(file): file for file in sorted(PACKAGE.rglob("*.py"))}


def imported(name: str) -> Iterator[str]:
    """Give what a module imports, under TYPE_CHECKING too: ours by its name in the package, else as it is."""
    ours = f"custom_components.{PACKAGE.name}"
    package = [] if name == "__init__" else name.split(".")
    if FILES[name].name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = [ours, *package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            targets = [".".join(filter(None, (*base, alias.name))) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            targets = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for target in targets:
            yield _module_of(target.removeprefix(ours).lstrip(".")) if target.startswith(ours) else target


def _module_of(target: str) -> str:
    """Return the module of ours a name is found in."""
    while target and target not in FILES:
        target = target.rpartition(".")[0]
    return target or "__init__"


GRAPH: Final = {name: {target for target in imported(name) if target in FILES} for name in FILES}


def room(name: str) -> str:
    """Return the room a module is in."""
    return name.partition(".")[0]


def test_every_room_has_its_floor() -> None:
    assert {room(name) for name in FILES} <= FLOOR.keys()


@pytest.mark.parametrize("name", FILES)
def test_imports_run_downwards(name: str) -> None:
    others = {room(target) for target in GRAPH[name]} - {room(name)}
    assert [other for other in others if FLOOR[other] >= FLOOR[room(name)]] == []


def test_imports_run_in_no_circle() -> None:
    TopologicalSorter({name: targets - {name} for name, targets in GRAPH.items()}).prepare()


def test_only_platforms_services_and_the_entry_know_the_facility() -> None:
    knowing = {room(name) for name, targets in GRAPH.items() if "facility" in targets}
    assert knowing <= {
        *Platform,
        "services",
        "views",
        "visit_view",
        "entity",
        "supervision",
        "feedback",
        "media_source",
        "perimeter",
        "reporting",
        "rounds",
        "diagnostics",
        "repairs",
        "system_health",
        "__init__",
    }


@pytest.mark.parametrize("file", PURE)
def test_pure_modules_know_no_home_assistant(file: str) -> None:
    todo, reached = [module_name(PACKAGE / file)], set()
    while todo:
        name = todo.pop()
        for target in imported(name):
            assert not target.startswith("homeassistant"), f"{name} imports {target}"
            if target in FILES and target not in reached:
                reached.add(target)
                todo.append(target)


# --- nothing of the workshop is left in the product ---

WORKSHOP: Final = re.compile(
    r"(?<![\w.}/])/(?:root|work|workspace|home/\w+|Users/\w+)(?:/|\b)"
    r"|\b(?:pypi|pythonhosted|debian|npmjs)\.(?:org|com)\b"
)


def test_no_path_or_mirror_of_the_workshop_in_the_files() -> None:
    git = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if git.returncode:
        pytest.skip("not a git work tree")
    files = [ROOT / name for name in git.stdout.split("\0") if name and (ROOT / name).is_file()]
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in files
        for match in WORKSHOP.finditer(file.read_bytes().decode(errors="ignore"))
    ]
    assert found == []
