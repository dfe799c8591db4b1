"""tests/examples/values: what one value makes of a server that nothing is wrong with.

A row is [server, {key: value}, finding...], with a finding as "rule /pointer". null takes a key
away; `oauth2` is laid over the one that is there; `providers` is that of the project.
"""

import json

import pytest
import yaml

from provisioner.lint.result import lint
from tests.support.loading import documents_at
from tests.support.paths import EXAMPLES

VALUES = EXAMPLES / "values"
SERVERS = yaml.safe_load((VALUES / "servers.yml").read_text("utf-8"))


def tables():
    for path in sorted(VALUES.glob("*.yml")):
        if path.name != "servers.yml":
            for title, rows in yaml.safe_load(path.read_text(encoding="utf-8")).items():
                yield f"{path.stem}: {title}", rows


def changed(server, changes):
    whole = server | changes
    if isinstance(changes.get("oauth2"), dict) and "oauth2" in server:
        whole["oauth2"] = changed(server["oauth2"], changes["oauth2"])
    return {key: value for key, value in whole.items() if value is not None}


def findings_of(server, changes, folder):
    value = changed(SERVERS[server], changes)
    facts = {"providers": value.pop("providers", {})}
    (folder / "servers").mkdir(exist_ok=True)
    (folder / "servers/server.json").write_text(json.dumps(value))
    (folder / "provisioner.yml").write_text(json.dumps(facts))
    result = lint(documents_at([str(folder)]))
    assert (result.crashed, result.servers) == ((), 1)
    return sorted(f"{finding.rule} {finding.pointer}".strip() for finding in result.findings)


@pytest.mark.parametrize("server", SERVERS)
def test_the_servers_have_no_finding(server, tmp_path):
    assert findings_of(server, {}, tmp_path) == []


@pytest.mark.parametrize("rows", dict(tables()).values(), ids=dict(tables()))
def test_a_value_has_these_findings(rows, tmp_path):
    found = [[server, value, *findings_of(server, value, tmp_path)] for server, value, *_ in rows]
    assert found == rows
