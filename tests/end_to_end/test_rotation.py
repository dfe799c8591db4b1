"""Many refreshes at once, at a real provider that ends a refresh token with its first use."""

import pytest

from tests.end_to_end.project import succeeded
from tests.end_to_end.test_main_job import kept_tokens

pytestmark = pytest.mark.long

RUNS = 8


@pytest.fixture
def signed_in(project, user, rotating_provider, mail, chromium):
    """oidc-provider ends the whole grant if a used refresh token comes again."""
    project.declare("Reports", rotating_provider, mail.trusting(rotating_provider), user=user)
    succeeded(project.authenticate("Reports", chromium.person(user)))
    return project


def kept(project, kind):
    return kept_tokens(project)[f"{kind}_token"]


def test_eight_refreshes_at_once_end_with_a_live_token(signed_in, rotating_provider):
    first = kept(signed_in, "refresh")
    runs = [signed_in.start("refresh", "Reports") for _ in range(RUNS)]
    ended = [(run.communicate(timeout=180), run.returncode) for run in runs]
    assert [code for _, code in ended] == [0] * RUNS, ended
    assert kept(signed_in, "refresh") != first, "the provider rotates"
    assert rotating_provider.introspect(kept(signed_in, "access"))["active"] is True
    succeeded(signed_in.run("refresh", "Reports"))
    assert rotating_provider.introspect(kept(signed_in, "access"))["active"] is True
