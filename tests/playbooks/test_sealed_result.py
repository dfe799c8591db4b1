from __future__ import annotations

import pytest

from provisioner.mail.conversation import host_code

opened = host_code("maps_sealed").opened


def test_ansible_s_masking_does_not_reach_it(sealed):
    from ansible.module_utils.common.parameters import remove_values

    facts = {"server": "maps-reports", "code": 235, "words": "ünchanged"}
    through = remove_values({"maps_sealed": sealed(facts)}, ["maps", "235", "a", "2"])
    assert opened(through["maps_sealed"]) == facts
    assert through["maps_sealed"] == host_code("maps_sealed").sealed(facts)


@pytest.mark.parametrize("text", ["", "********", "\ue07b********", "{}"])
def test_anything_else_is_not_opened(text):
    with pytest.raises(ValueError, match=r".*"):
        opened(text)
