"""Sphinx configuration of the documentation site."""

import accelsim

project = "accelsim"
author = "The accelsim authors"
project_copyright = "the accelsim authors"
release = version = accelsim.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "**/*_introduction.md"]  # introductions are parts of generated pages
html_theme = "furo"
html_title = "accelsim"
autodoc_typehints = "none"  # the numpy-style docstrings give types, shapes and units
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
