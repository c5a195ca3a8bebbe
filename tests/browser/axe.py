"""What axe finds on a page, and whether it fits its frame, on a phone and on a desk."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize

# Of a long table the rows after these are like them, and there are thousands of cells.
_ROWS_LIKE_OTHERS = {"exclude": [["tbody tr:nth-child(n+7):not(:has(.count-grid__error, :focus))"]]}
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}

# axe is read into a page once and answers with what is wrong alone: a whole answer takes longer to send
# than to find. Contrast takes most of its time and no colour of ours changes with the width.
_FIND = """async ([context, contrast]) => {
    const rules = {"color-contrast": {enabled: contrast}};
    const {violations} = await axe.run(context, {resultTypes: ["violations"], rules});
    return violations
        .filter(({impact}) => ["serious", "critical"].includes(impact))
        .map(({id, nodes}) => `${id}: ${nodes.slice(0, 3).map(({target}) => target.join(" ")).join(", ")}`);
}"""
_IS_THERE = "typeof axe === 'object'"
_IS_WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def findings(
    page: Page, *, frames: tuple[ViewportSize, ...] = (PHONE, DESK), contrast: bool = True
) -> list[str]:
    """Return what is seriously wrong with the page one is on; empty when nothing is.

    A test that comes to pages whose colours are looked at elsewhere leaves out the contrast.
    """
    if not page.evaluate(_IS_THERE):
        page.evaluate(f"() => {{ {AXE_SCRIPT}; }}")
    found = []
    for frame in frames:
        page.set_viewport_size(frame)
        width = f"{frame['width']} pixels"
        wrong = page.evaluate(_FIND, [_ROWS_LIKE_OTHERS, contrast and frame is frames[-1]])
        found += [f"{each} at {width}" for each in wrong]
        if page.evaluate(_IS_WIDER):
            found.append(f"wider than {width}")
    return found
