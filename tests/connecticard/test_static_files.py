"""Production refuses a static file that names another that is not there; so does this, sooner."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

ROOT = Path(__file__).parents[2]
STYLESHEETS = sorted((ROOT / "static").rglob("*.css"))
SCRIPTS = sorted((ROOT / "static").rglob("*.js"))


@pytest.mark.parametrize("path", STYLESHEETS, ids=lambda path: path.name)
def test_a_stylesheet_names_only_files_that_are_there(path):
    named = re.findall(r"""url\(["']?([^"')]+)""", path.read_text())

    missing = [name for name in named if not name.startswith("data:") and not (path.parent / name).is_file()]

    assert missing == []


@pytest.mark.parametrize("path", STYLESHEETS + SCRIPTS, ids=lambda path: path.name)
def test_no_file_names_a_source_map(path):
    assert "sourceMappingURL" not in path.read_text()


def test_every_static_file_that_a_template_names_is_there():
    named = {
        name
        for path in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r"""{% static ["']([^"']+)""", path.read_text())
    }

    assert [name for name in sorted(named) if finders.find(name) is None] == []
