"""The way of the data: a folder imports only from those before it.

`import_order_exceptions.txt` names what does not yet; it only shrinks. After a merge, write it
anew with `pytest tests/unit/test_import_order.py --update`, and look at what came to it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PACKAGE = ROOT / "provisioner"
EXCEPTIONS = Path(__file__).with_name("import_order_exceptions.txt")

# Names in one line may import each other. Old folders are beside those that replace them.
ORDER = (
    (
        "errors",
        "secret",
        "text",
        "private_file",
        "git",
        "resources",
        "user_config",
        "ca_file",
        "state_dir",
        "security_level",
    ),
    ("providers",),
    ("config",),
    ("lint",),
    ("project", "model"),
    ("advice",),
    ("credentials",),
    ("smtp",),
    ("oauth",),
    ("ansible",),
    ("deploy",),
    ("worksheet",),
    ("reports",),
    ("cli", "demo", "__main__"),
)
PLACES = {name: place for place, names in enumerate(ORDER) for name in names}


def test_a_folder_imports_only_from_those_before_it(request: pytest.FixtureRequest) -> None:
    modules = {module_name(file): file for file in PACKAGE.rglob("*.py")}
    assert {folder(name) for name in modules} <= {*PLACES, ""}, "a folder without a place in ORDER"
    wrong = {
        f"{name} -> {imported}"
        for name, file in modules.items()
        for imported in imported_modules(file, modules)
        if imported in modules and PLACES.get(folder(imported), -1) > PLACES.get(folder(name), -1)
    }
    if request.config.getoption("update"):
        EXCEPTIONS.write_text("".join(f"{line}\n" for line in sorted(wrong)), encoding="utf-8")
    exceptions = set(EXCEPTIONS.read_text(encoding="utf-8").splitlines())
    assert sorted(wrong - exceptions) == [], "imports from a folder that comes later"
    assert sorted(exceptions - wrong) == [], "exceptions that nothing needs any more: remove them"


def module_name(file: Path) -> str:
    path = file.relative_to(PACKAGE.parent).with_suffix("")
    return ".".join(path.parts).removesuffix(".__init__")


def folder(module: str) -> str:
    """The folder or file of the package that a module lies in; the package itself has none."""
    return module.partition(".")[2].partition(".")[0]


def imported_modules(file: Path, modules: dict[str, Path]) -> Iterator[str]:
    """What is imported, wherever in the file; modules where they are ours, not names in them."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: relative import"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in modules else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
