"""Expected texts are files beside the tests; `pytest tests/cli/frozen --update` rewrites them."""

import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def frozen(request):
    """Compare texts with the files of a folder below expected/, by their names; no file is left."""

    def compare(folder, texts):
        expected = HERE / "expected" / folder
        if request.config.getoption("update"):
            shutil.rmtree(expected, ignore_errors=True)
            expected.mkdir(parents=True)
            for name, text in texts.items():
                (expected / name).write_text(text, encoding="utf-8", newline="")
        assert sorted(texts) == sorted(file.name for file in expected.iterdir())
        for name, text in texts.items():
            read = (expected / name).read_bytes().decode()
            assert text == read, f"{expected / name}: where this is meant, rewrite it (--update)"

    return compare


@pytest.fixture
def clean(tmp_path):
    """A project without a finding."""
    return shutil.copytree(HERE / "clean", tmp_path / "clean")


@pytest.fixture
def broken(tmp_path):
    """A project with errors and warnings."""
    return shutil.copytree(HERE / "broken", tmp_path / "broken")
