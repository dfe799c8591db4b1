"""The folders of provisioner/, as the page on architecture orders them, and what imports what."""

import ast
import re
from collections import Counter
from graphlib import TopologicalSorter

import pytest

from tests.support.paths import ROOT

PACKAGE = ROOT / "provisioner"
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
LEVELS = {name: int(level) for level, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", PAGE, re.M)}

# Imports in a function that would be a cycle at the top of the file, and why they are there.
LATER = {
    ("oauth.token_endpoint", "oauth.https_post"): "requests is slow to import",
}

# Public names of two modules, and why that misleads no reader. Those of demo/ are its own.
COMMAND = "a command, and the function that does it"
TWINS = {
    **dict.fromkeys(("plan", "push", "rollback", "rekey"), COMMAND),
    "render": "one per report format: the registry calls them by this name",
    "run": "of a command line; of a program on a host",
    "parse": "of the two files of a host, always written with their module",
    "decoded": "of the files of a run folder, always written with their module",
    "summary": "the last line of a report: of findings; of a run",
    "exit_code": "of findings; of a run",
    "Output": "the standard streams; what Ansible prints",
}

MOST_FILES = 20
ALIKE = {"cli/commands", "lint/checks", "lint/pages", "reports/findings"}  # one per X


def module(path):
    """Its name without `provisioner.`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


TREES = {module(path): ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}


def nodes(tree):
    """What is done when a module is imported: no functions, nothing for type checkers alone."""
    for node in ast.iter_child_nodes(tree):
        is_for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not is_for_types and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from nodes(node)


def imports(within):
    """Our modules that are imported: where a name is taken of one, that one."""
    found = set()
    for node in within:
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import: {ast.unparse(node)}"
            names = [(f"{node.module}.{one.name}", str(node.module)) for one in node.names]
        else:
            names = [(one.name, "") for one in node.names] if isinstance(node, ast.Import) else []
        for name, otherwise in names:
            ours = name.removeprefix("provisioner.")
            found.add(ours if ours in TREES else otherwise.removeprefix("provisioner."))
    return found & {*TREES}


AT_IMPORT = {name: imports(nodes(tree)) for name, tree in TREES.items()}
IN_FUNCTIONS = {
    name: imports(
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
    )
    for name, tree in TREES.items()
}


def folder(name):
    return name.partition(".")[0]


def test_the_page_names_each_folder_and_nothing_else():
    assert {*LEVELS} == {folder(name) for name in TREES} - {""}
    assert list(LEVELS.values()) == sorted(LEVELS.values())


def test_a_file_imports_only_from_its_own_level_and_those_above():
    wrong = [
        f"{name} imports {imported}"
        for name, tree in TREES.items()
        for imported in imports(ast.walk(tree))
        if LEVELS.get(folder(imported), 0) > LEVELS.get(folder(name), 0)
    ]
    assert wrong == []


def test_no_module_imports_itself_by_way_of_others():
    TopologicalSorter(AT_IMPORT).prepare()  # CycleError names the modules


def test_an_import_in_a_function_hides_no_cycle():
    needs = {}
    for name in TopologicalSorter(AT_IMPORT).static_order():
        needs[name] = AT_IMPORT[name].union(*(needs[one] for one in AT_IMPORT[name]))
    hidden = {
        (name, later)
        for name in TREES
        for later in IN_FUNCTIONS[name] - AT_IMPORT[name]
        if name in needs[later]
    }
    assert hidden == {*LATER}


def test_a_public_name_is_one_thing():
    defined = Counter(
        node.name
        for name, tree in TREES.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and folder(name) != "demo"
    )
    twins = {name for name, count in defined.items() if count > 1 and not name.startswith("_")}
    assert sorted(twins - {*TWINS}) == [], "two modules define these: rename one"
    assert sorted({*TWINS} - twins) == [], "exceptions that nothing needs any more"


@pytest.mark.parametrize(
    "path", sorted({path.parent for path in PACKAGE.rglob("*.py")}), ids=lambda path: path.name
)
def test_a_folder_has_at_most_twenty_unlike_files(path):
    name = path.relative_to(PACKAGE).as_posix()
    files = [file for file in path.glob("*.py") if file.name != "__init__.py"]
    assert name in ALIKE or len(files) <= MOST_FILES
