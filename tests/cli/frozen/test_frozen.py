"""What users and their programs see, word for word: it changes knowingly or not at all.

These tests run the command line; only `results.py` builds what a renderer needs.
"""

import json
import re

import pytest

from tests.cli.frozen.program import provisioner
from tests.cli.frozen.results import rendered_sign_ins
from tests.support.paths import ROOT

FINDING_FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab")
SCHEMAS = ("email-server", "project", "host-document", "plan", "run-events")
# Words for people, and names that references carry.
PROSE = {"$comment", "$id", "$schema", "description", "examples", "title"}
PROSE |= {"patternErrorMessage"}


def test_help(frozen, tmp_path):
    def help_of(*command):
        return provisioner(*command, "--help", folder=tmp_path).stdout

    whole = help_of()
    commands = re.findall(r"^│ ([a-z][a-z-]*) ", whole.partition("Commands")[2], re.MULTILINE)
    assert commands
    texts = {"provisioner": whole, **{name: help_of(name) for name in commands}}
    texts = {f"{name}.txt": text for name, text in texts.items()}
    frozen("help", {name: tidied(text) for name, text in texts.items()})


def tidied(text):
    """Without blanks at the ends of lines, which editors take away, and blank lines in a row.

    Python 3.13 takes the indentation out of docstrings, so their last line is another one.
    """
    lines = "\n".join(line.rstrip() for line in text.splitlines()).strip()
    return re.sub(r"\n{3,}", "\n\n", lines) + "\n"


# What each command line ends with; 2, 3, 4 and 5 need hosts, and have tests that have some.
EXIT_CODES = {
    0: "validate|--version|history|rules wrong-port|schema project|worksheet Reports",
    1: "validate missing.yml|validate ../broken|status --project ../broken",
    6: "status|refresh|test-email Reports|worksheet --reveal --yes Alerts",
    64: "|no-such|validate --no-such|validate --format no-such|status No-such|rules no-such|"
    "schema no-such|history no-such|worksheet --accept-destination Reports",
}


def test_exit_codes(clean, broken):
    wanted = {each: code for code, lines in EXIT_CODES.items() for each in lines.split("|")}
    secrets = {"ALERTS_PASSWORD": "correct horse", "REPORTS_CLIENT_SECRET": "battery staple"}

    def exit_code(command):
        return provisioner(*command.split(), folder=clean, **secrets).returncode

    assert {command: exit_code(command) for command in wanted} == wanted


@pytest.mark.parametrize(("fault", "code"), [("bug", 70), ("interrupt", 130)])
def test_exit_code_of_what_nobody_asked_for(clean, tmp_path, fault, code):
    assert provisioner("status", folder=clean, fault=tmp_path, FAULT=fault).returncode == code


def test_published_exit_codes():
    page = (ROOT / "docs" / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    codes = re.findall(r"^\| (\d+) \|", page, re.MULTILINE)
    assert codes == ["0", "1", "2", "3", "4", "5", "6", "64", "70", "130"]


def test_schemas(frozen, tmp_path):
    """A line a demand, whatever its words and its place in the file."""
    texts = {}
    for name in SCHEMAS:
        schema = json.loads(provisioner("schema", name, folder=tmp_path).stdout)
        texts[f"{name}.txt"] = "".join(f"{line}\n" for line in sorted(demands(schema)))
    frozen("schemas", texts)


def demands(schema, pointer=""):
    if isinstance(schema, dict) and schema:
        names = pointer.endswith(("/properties", "/$defs"))
        for key, value in schema.items():
            if names or key not in PROSE:
                yield from demands(value, f"{pointer}/{key}")
    elif isinstance(schema, list) and schema and isinstance(schema[0], dict):
        for number, item in enumerate(schema):
            yield from demands(item, f"{pointer}/{number}")
    else:
        yield f"{pointer} = {json.dumps(schema, ensure_ascii=False)}"


def test_rules(frozen, tmp_path):
    """Every id with the severity that its example has, and its sentence."""
    examples = str(ROOT / "tests" / "examples" / "invalid")
    (tmp_path / "servers").mkdir()
    severities = {}
    for path in (examples, "servers", "missing.yml"):
        report = provisioner("validate", "--format", "json", path, folder=tmp_path).stdout
        for finding in json.loads(report)["findings"]:
            severities.setdefault(finding["rule"], set()).add(finding["severity"])
    lines = []
    for line in provisioner("rules", folder=tmp_path).stdout.splitlines():
        rule, _, sentence = line.partition(" ")
        severity = ", ".join(sorted(severities[rule]))
        lines.append(f"{rule:<24}{severity:<9}{sentence.strip()}\n")
    frozen("rules", {"rules.txt": "".join(lines)})


def test_findings(frozen, broken):
    texts = {}
    for name in FINDING_FORMATS:
        ended = provisioner("validate", "--format", name, folder=broken)
        assert ended.returncode == 1
        texts[name] = ended.stdout
    frozen("findings", texts | {"sarif": without_pages(texts["sarif"])})


def without_pages(sarif):
    """Nor the version: all but these is the report's own."""
    log = json.loads(sarif)
    driver = log["runs"][0]["tool"]["driver"]
    driver["rules"] = [{"id": rule["id"]} for rule in driver["rules"]]
    for key in driver.keys() & {"version", "semanticVersion"}:
        driver[key] = "VERSION"
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def test_projects(frozen, clean):
    """What is told of a project that nobody has signed in to yet."""
    commands = {
        "validate.txt": "validate",
        "status.txt": "status",
        "status.json": "status --format json",
        "card.txt": "authenticate Reports --card",
        "worksheet.txt": "worksheet",
        "worksheet.md": "worksheet --format markdown",
        "worksheet.html": "worksheet --format html",
    }
    outputs = {n: provisioner(*c.split(), folder=clean).stdout for n, c in commands.items()}
    assert all(outputs.values())
    frozen("projects", outputs)


def test_sign_ins(frozen, monkeypatch):
    frozen("results", rendered_sign_ins(monkeypatch))
