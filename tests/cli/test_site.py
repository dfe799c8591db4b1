"""`make docs`: the site is complete, loads nothing from elsewhere, and a faulty page fails it."""

import re
import shutil
import subprocess
import sys

import pytest
from lxml import html
from typer.main import get_command

from provisioner.advice import explain
from provisioner.cli.app import COMMANDS, HIDDEN, app_with
from provisioner.lint.rule import rule_pages
from provisioner.providers.all_providers import PROVIDERS
from tests.support.paths import ROOT

OPTIONS = re.search(r"sphinx-build (.*) docs docs/_build/html", (ROOT / "Makefile").read_text())
SOURCES = ("docs", "examples", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md")
ELSEWHERE = re.compile(r"^(https?:)?//")

# A page that has each of them, and what the build says of it.
FAULTS = {
    "[page](missing.md)": "missing.md",
    "[anchor](pushing.md#missing)": "'missing'",
    "[here](#missing-here)": "'missing-here'",
    "[file](../../pyproject.toml)": "pyproject.toml",
    "![picture](missing.svg)": "image file not readable: how-to/missing.svg",
    "```{unknown}\n```": "Unknown directive type: 'unknown'",
}
ORPHAN = "orphan.md: WARNING: document isn't included in any toctree"


def build(root):
    """As the Makefile does."""
    options = OPTIONS[1].replace("--fresh-env", "").split()
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *options, "docs", "docs/_build/html"],
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The sources of the site, and what a strict build of them makes."""
    root = tmp_path_factory.mktemp("site")
    for name in SOURCES:
        (root / name).parent.mkdir(exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("_build"))
        else:
            shutil.copy(ROOT / name, root / name)
    built = build(root)
    assert (built.returncode, built.stdout) == (0, "")
    return root


@pytest.fixture(scope="module")
def site(copy):
    return copy / "docs" / "_build" / "html"


def test_the_reference_has_each_command_rule_and_provider(site):
    assert "make docs" not in text(site, "commands"), "that is for readers of the file"
    assert titles(site, "commands") == [name for name in COMMANDS if name not in HIDDEN]
    assert titles(site, "rules") == [page.rule for page in rule_pages()]
    for provider in PROVIDERS:
        assert f"{provider.title} ({provider.name})" in text(site, "providers")


def test_the_reference_has_each_option(site):
    page = html.parse(site / "reference" / "commands.html")
    commands = get_command(app_with()).commands
    for name in titles(site, "commands"):
        terms = page.xpath(f"//section[@id='{name}']//dt//code")
        shown = {word for term in terms for word in re.split("[ ,]+", term.text_content())}
        options = (each for each in commands[name].params if each.param_type_name == "option")
        assert {name for option in options for name in option.opts} <= shown


def test_the_reference_has_each_error_with_its_remedy(site):
    shown = html.parse(site / "reference" / "errors.html").findall(".//section/section//dt")
    assert len(shown) > len(explain.rows()), "and those of hosts"
    page = text(site, "errors")
    for row in explain.rows():
        for parts in row.code:
            assert " ".join(parts) in page


@pytest.mark.parametrize(
    ("page", "schema"),
    [("server-file", "email-server"), ("project-file", "project"), ("host-document",) * 2],
)
def test_the_reference_has_each_key_of_a_schema(site, page, schema):
    source = (ROOT / "schemas" / f"{schema}.schema.json").read_text(encoding="utf-8")
    keys = {*re.findall(r'"(\w+)": \{\s*"title":', source.partition('"$defs"')[0])}
    keys -= {"properties", "additionalProperties", "items"}
    shown = html.parse(site / "reference" / f"{page}.html").xpath("//dt//code")
    assert len(keys) > 8
    assert keys <= {code.text_content().rpartition(".")[2] for code in shown}


def test_no_page_needs_anything_from_elsewhere(site):
    references = [(page.name, url) for page in site.rglob("*.html") for url in needed(page)]
    assert len(references) > 100
    assert [each for each in references if ELSEWHERE.match(each[1])] == []
    assert not (site / "_downloads").exists()
    for sheet in site.rglob("*.css"):
        urls = re.findall(r"(?:url\(|@import )[\"']?([^\"')]+)", sheet.read_text(encoding="utf-8"))
        assert [url for url in urls if ELSEWHERE.match(url)] == [], sheet.name


def test_a_fault_in_a_page_fails_the_build(copy):
    page, orphan = copy / "docs" / "how-to" / "pushing.md", copy / "docs" / "orphan.md"
    before = page.read_text(encoding="utf-8")
    page.write_text("\n\n".join([before, *FAULTS]), encoding="utf-8")
    orphan.write_text("# Orphan\n")
    built = build(copy)
    page.write_text(before, encoding="utf-8")
    orphan.unlink()
    assert built.returncode == 1
    for fault in (*FAULTS.values(), ORPHAN):
        assert fault in built.stdout


def test_an_unknown_generated_part_fails_the_build(copy):
    page = copy / "docs" / "reference" / "rules.md"
    before = page.read_text(encoding="utf-8")
    page.write_text(before.replace("generated: rules", "generated: rulez"), encoding="utf-8")
    built = build(copy)
    page.write_text(before, encoding="utf-8")
    assert built.returncode != 0
    assert "rulez" in built.stdout


def titles(site, page):
    found = html.parse(site / "reference" / f"{page}.html").findall(".//section/section/h2")
    return [title.text for title in found]


def text(site, page):
    root = html.parse(site / "reference" / f"{page}.html").getroot()
    return " ".join(root.text_content().split())


def needed(page):
    """Addresses that a browser loads to show the page."""
    root = html.parse(page).getroot()
    for path in ("//script/@src", "//img/@src", "//iframe/@src", "//source/@src", "//object/@data"):
        yield from root.xpath(path)
    for link in root.iter("link"):
        if link.get("rel") not in ("canonical", "next", "prev", "author", "search", "index"):
            yield link.get("href")
