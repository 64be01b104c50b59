"""Sphinx settings."""

project = "Firstlight"
author = "The Firstlight contributors"
project_copyright = "the Firstlight contributors, Apache-2.0"
extensions = ["myst_parser"]
html_theme = "furo"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
