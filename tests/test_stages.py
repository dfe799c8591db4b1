"""The way of the data: a stage imports only from the stages before it and from the unnumbered."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "provisioner"

UNNUMBERED = (
    *("errors", "secret", "resources", "text", "private_file", "git", "providers", "mail"),
    "secret_sources",
)
STAGES = ("documents", "lint", "model", "tokens", "oauth", "hosts", "ansible", "fleet")
RIM = {"reports": (), "cli": ("reports", "demo"), "demo": ("reports", "cli")}
ENTRANCES = ("__init__", "__main__")


def part_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_parts(module: Path) -> Iterator[tuple[int, str]]:
    """Line and part for each import of our own, wherever in the file it stands."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{module}:{node.lineno}: relative import"
            names = [node.module]
            if node.module == "provisioner":
                names = [f"provisioner.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "provisioner" and rest:
                yield node.lineno, rest.partition(".")[0]


def allowed_for(part: str) -> set[str]:
    if part in UNNUMBERED:
        return {*UNNUMBERED}
    if part in STAGES:
        return {*UNNUMBERED, *STAGES[: STAGES.index(part) + 1]}
    return {*UNNUMBERED, *STAGES, *RIM[part], part}


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if part_of(path) not in ENTRANCES)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_lies_before_it(module: Path) -> None:
    allowed = allowed_for(part_of(module))
    wrong = [
        f"{module.relative_to(PACKAGE)}:{line} imports {part}"
        for line, part in imported_parts(module)
        if part not in allowed
    ]
    assert wrong == []


def test_every_part_of_the_package_has_its_place() -> None:
    parts = {part_of(path) for path in PACKAGE.rglob("*.py")}
    assert parts == {*UNNUMBERED, *STAGES, *RIM, *ENTRANCES}


def test_an_import_against_the_stages_is_seen(tmp_path: Path) -> None:
    module = tmp_path / "m.py"
    module.write_text(
        "def f():\n    from provisioner.lint import x\n    import provisioner.cli.app\n"
    )
    assert list(imported_parts(module)) == [(2, "lint"), (3, "cli")]
    assert "lint" not in allowed_for("documents")
