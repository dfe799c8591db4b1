"""The folder of a run is private, and gone afterwards."""

import json
import stat

import pytest

from provisioner.fleet.run_folder import run_folder, write_private_json


def test_it_is_readable_by_its_owner_only_and_gone_after_an_error():
    with pytest.raises(KeyError), run_folder() as folder:  # noqa: PT012
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "artifacts").mkdir()
        raise KeyError
    assert not folder.exists()


def test_a_private_file_is_0600_from_the_start_and_never_written_over(tmp_path):
    path = tmp_path / "delivery.json"
    write_private_json(path, {"servers": ["Bücher"]})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text(encoding="utf-8")) == {"servers": ["Bücher"]}
    with pytest.raises(FileExistsError):
        write_private_json(path, {})


def test_a_private_file_is_not_written_through_a_symlink(tmp_path):
    (tmp_path / "delivery.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(FileExistsError):
        write_private_json(tmp_path / "delivery.json", {})
    assert not (tmp_path / "elsewhere.json").exists()
