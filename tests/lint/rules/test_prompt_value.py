"""prompt-value, and that no-offline-access does not say the same again."""

from __future__ import annotations

import pytest

from tests.lint.oauth2_servers import GOOGLE, MICROSOFT, UNKNOWN, found


@pytest.mark.parametrize(
    ("prompt", "wrong_at"),
    [
        ("consent", ""),
        ("select_account", "google by no-offline-access"),
        ("create", "google"),
        ("login", "google"),
        ("consent select_account", "microsoft"),
        ("none", "microsoft google unknown"),
        ("consent none", "microsoft google unknown"),
        ("constent", "microsoft google unknown"),
        ("Select_Account", "microsoft google unknown"),
        ("select account", "microsoft google unknown"),
        ("offline_access", "microsoft google unknown"),
        ("enroll", "microsoft google"),
    ],
)
def test_prompts(prompt: str, wrong_at: str) -> None:
    for name, server in (("microsoft", MICROSOFT), ("google", GOOGLE), ("unknown", UNKNOWN)):
        rule = "no-offline-access" if f"{name} by no-offline-access" in wrong_at else "prompt-value"
        expected = {(rule, "/oauth2/prompt")} if name in wrong_at else set()
        assert found(server, prompt=prompt) == expected, name
