/* What the grid of a filing does while somebody types. The page works without any of it. */
import { CountGrid } from "./grid.js";
import { Marks } from "./marks.js";
import { Saving } from "./saving.js";
import { Status } from "./status.js";
import { spreadsheetKeys } from "./keys.js";
import { keepSums } from "./sums.js";
import { sidePanel } from "./panel.js";
import { searchRows } from "./search.js";

const table = document.querySelector("form [data-count-grid]");
if (table) {
  const grid = new CountGrid(table);
  const saving = new Saving(grid, new Marks(grid), new Status());
  keepSums(grid);
  const search = searchRows(grid);
  spreadsheetKeys(grid, { saved: (cell) => saving.saved.get(cell), search });
  sidePanel(grid);
  saving.begin();
  table.dataset.ready = "";
}
