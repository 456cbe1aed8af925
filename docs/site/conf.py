"""Sphinx's settings for the documentation's site, which tools/make-docs builds.

Sphinx, since it is kept by many, checks every link inside the site, and searches offline; Breathe reads what Doxygen finds
in the headers; Furo's pages fit a phone and follow the reader's dark mode. Pages are the Markdown files as they lie in the
tree."""
import os
import re
from pathlib import Path

project = "Embark"
version = release = os.environ["EMBARK_VERSION"]
copyright = "the authors of Embark, MIT License"

extensions = ["breathe", "myst_parser"]
breathe_projects = {"Embark": os.environ["EMBARK_XML"]}
breathe_default_project = "Embark"
breathe_default_members = ("members",)
breathe_show_include = False
myst_heading_anchors = 3
primary_domain = highlight_language = "cpp"
# Code with an ellipsis in it; the page of each header opens the namespace.
suppress_warnings = ["misc.highlighting_failure", "duplicate_declaration.cpp"]

html_theme = "furo"
html_title = f"Embark {version}"
html_copy_source = False
# Pages and no server: links end with .html, and search's index is a script.
html_theme_options = {"source_view_link": "", "top_of_page_buttons": []}

FOLDER_LINK = re.compile(r"(\[[^\]]+\])\(((?:\.\./)?[\w-]+(?:/[\w-]+)*)/?\)")


def link_folders(app, docname, source):
    """A link to a folder of the tree leads to its README where there is one, and else is its text alone."""
    here = Path(app.env.doc2path(docname)).parent

    def page_of(found):
        folder = here / found[2]
        if not folder.is_dir():
            return found[0]
        return f"{found[1]}({found[2]}/README.md)" if (folder / "README.md").is_file() else found[1][1:-1]

    source[0] = FOLDER_LINK.sub(page_of, source[0])


def setup(app):
    app.connect("source-read", link_folders)
