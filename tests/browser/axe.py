"""What axe finds on a page, and whether it fits its frame, on a phone and on a desk."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Of a long table the rows after these are like them, and there are thousands of cells.
_ROWS_LIKE_OTHERS = {"exclude": [["tbody tr:nth-child(n+7):not(:has(.count-grid__error, :focus))"]]}
WIDTHS = ({"width": 390, "height": 844}, {"width": 1280, "height": 900})


def findings(page: Page) -> list[str]:
    """Return what is seriously wrong with the page one is on; empty when nothing is."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size(width)
        for violation in Axe().run(page, context=_ROWS_LIKE_OTHERS).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                places = ", ".join(" ".join(node["target"]) for node in violation["nodes"][:3])
                found.append(f"{violation['id']} at {width['width']} pixels: {places}")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(f"wider than {width['width']} pixels")
    return found
