/* One month at a time, where the screen is as narrow as a phone's; the style sheet hides the other columns. */

const NARROW = window.matchMedia("(max-width: 40rem)");

export function oneMonth(grid) {
  const select = document.querySelector("[data-grid-month]");
  if (!select) return;
  select.parentElement.hidden = false;
  const show = () => {
    if (select.selectedIndex > 0) grid.table.dataset.month = select.selectedIndex;
    else delete grid.table.dataset.month;
  };
  select.addEventListener("change", show);
  // A cell that a link leads to is shown.
  grid.show = (cell) => {
    if (cell.offsetParent !== null || !NARROW.matches) return;
    select.value = cell.name.slice(cell.name.indexOf("-") + 1);
    show();
  };
  if (NARROW.matches) select.selectedIndex = 1;
  show();
}
