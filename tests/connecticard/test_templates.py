"""What holds for every template."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

TEMPLATES = settings.BASE_DIR / "templates"
BLOCK = re.compile(r"{% block (\w+) %}(.*?){% endblock", re.DOTALL)
SET = re.compile(r"{% \w+ [^%]* as (\w+) %}")


def addresses_lost(source: str) -> Iterator[str]:
    """Yield what a block uses and another one alone has set: there it is empty, and a link leads nowhere."""
    blocks = BLOCK.findall(source)
    set_in = {name: set(SET.findall(body)) for name, body in blocks}
    everywhere = set().union(*set_in.values())
    outside = set(SET.findall(BLOCK.sub("", source)))
    for name, body in blocks:
        for word in everywhere - set_in[name] - outside:
            if re.search(rf"{{[{{%][^}}]*\b{word}\b", body):
                yield f"{word} in block {name}"


@pytest.mark.parametrize(
    "template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_no_block_uses_what_another_block_set(template: Path) -> None:
    assert list(addresses_lost(template.read_text())) == []
