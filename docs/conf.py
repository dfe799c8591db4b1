"""The documentation site: `make docs`. The pages are Markdown; reference_pages.py adds to some."""

from __future__ import annotations

import sys
from pathlib import Path

import provisioner

sys.path.insert(0, str(Path(__file__).parent))

from reference_pages import with_parts

project = "maps-provisioner"
author = "the authors of maps-provisioner"
copyright = author
release = provisioner.__version__

extensions = ["myst_parser"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True
smartquotes = False  # they would make one dash of --
highlight_language = "text"

html_theme = "furo"
html_title = f"maps-provisioner {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}


def setup(app):
    app.connect("source-read", _add_parts)


def _add_parts(_app, _name, source):
    source[0] = with_parts(source[0])
