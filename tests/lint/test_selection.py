"""`--select` and `--ignore` choose among what is advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.errors import UsageError
from provisioner.lint.selection import asked_for
from provisioner.lint.verdict import reach_verdict
from tests.loading import documents_at

TEXT = (
    "server_name: Reports\r\nhost: mail.example.edu\r\nsmtp_security_level: login\r\n"
    "use_tls: false\r\nuser_name: reports\r\npassword: secret\r\nprot: 25\r\n---\r\n"
    "server_name: reports\r\nhost: mail.example.edu\r\nsmtp_security_level: none\r\n"
    "# provisioner: ignore[http-endpoint] none here\r\n"
)
ALL = {
    "cleartext-login",
    "duplicate-server-name",
    "line-ends",
    "plaintext-secret",
    "unknown-key",
    "unused-ignore",
}
ALWAYS = {"duplicate-server-name", "unknown-key"}


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        ([], [], ALL),
        ([], ["line-ends", "plaintext-secret"], ALL - {"line-ends", "plaintext-secret"}),
        (["cleartext-login"], [], {"cleartext-login"} | ALWAYS),
        (
            ["cleartext-login", "plaintext-secret"],
            ["cleartext-login"],
            {"plaintext-secret"} | ALWAYS,
        ),
        (["unused-ignore"], [], {*ALWAYS}),
        (["unused-ignore", "http-endpoint"], [], {"unused-ignore"} | ALWAYS),
    ],
)
def test_what_is_asked_for_is_told(
    select: list[str],
    ignore: list[str],
    expected: set[str],
    tmp_path: Path,
) -> None:
    (tmp_path / "a.yml").write_text(TEXT, newline="")
    verdict = reach_verdict(documents_at([str(tmp_path)]), asked=asked_for(select, ignore))
    assert {finding.rule for finding in verdict.findings} == expected


@pytest.mark.parametrize(
    ("select", "ignore", "message", "remedy"),
    [
        (["clear-text-login"], [], "there is no rule 'clear-text-login'", "mean cleartext-login?"),
        ([], ["nonsense"], "there is no rule 'nonsense'", "provisioner rules"),
        ([], ["syntax"], "syntax cannot be ignored", "mend what it finds"),
        ([], ["providers-differ"], "providers-differ cannot be ignored", "mend"),
        ([], ["endpoint-hosts-differ"], "endpoint-hosts-differ cannot be ignored", "mend"),
        ([], ["refresh-host-differs"], "refresh-host-differs cannot be ignored", "mend"),
        ([], ["duplicate-server-name"], "duplicate-server-name cannot be ignored", "mend"),
    ],
)
def test_what_cannot_be_chosen(
    select: list[str], ignore: list[str], message: str, remedy: str
) -> None:
    with pytest.raises(UsageError) as raised:
        asked_for(select, ignore)
    assert message in raised.value.message
    assert remedy in raised.value.remedy
