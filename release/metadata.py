"""Metadata that hatchling makes at build: the addresses of the project, and README.md for PyPI.

`repository` in pyproject.toml is the one setting of both.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_URLS = {
    "Homepage": "{repository}",
    "Documentation": "{repository}/tree/{tag}/docs",
    "Changelog": "{repository}/blob/{tag}/CHANGELOG.md",
    "Issues": "{repository}/issues",
    "Source": "{repository}/tree/{tag}",
}
# On PyPI a relative link leads nowhere, and there is no checkout to install from.
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^]]*)\]\((?!\w+:)(?P<path>[^)\s]+)\)")
_FROM_CHECKOUT = re.compile(r"(\b(?:pipx|pip) install (?:--include-deps )?)\.(?=\s)")


class ReleaseMetadata(MetadataHookInterface):
    """The hook `custom` of pyproject.toml."""

    def update(self, metadata: dict[str, Any]) -> None:
        places = {"repository": self.config["repository"], "tag": f"v{metadata['version']}"}
        metadata["urls"] = {name: url.format(**places) for name, url in _URLS.items()}
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        text = _FROM_CHECKOUT.sub(rf"\1{metadata['name']}", with_absolute_links(text, **places))
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def with_absolute_links(markdown: str, *, repository: str, tag: str) -> str:
    """Pages and pictures of this tag; a heading of README.md itself is shown in the repository."""

    def absolute(link: re.Match[str]) -> str:
        kind = "raw" if link["image"] else "blob"
        path = f"README.md{link['path']}" if link["path"].startswith("#") else link["path"]
        return f"{link['image']}[{link['text']}]({repository}/{kind}/{tag}/{path})"

    return _LINK.sub(absolute, markdown)
