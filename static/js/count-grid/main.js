/* What the grid of a filing does while somebody types. The page works without any of it. */
import { CountGrid } from "./grid.js";
import { Findings } from "./findings.js";
import { Marks } from "./marks.js";
import { oneMonth } from "./month.js";
import { Saving } from "./saving.js";
import { Status } from "./status.js";
import { spreadsheetKeys } from "./keys.js";
import { keepSums } from "./sums.js";
import { sidePanel } from "./panel.js";
import { searchRows } from "./search.js";

const table = document.querySelector("form [data-count-grid]");
if (table) {
  const grid = new CountGrid(table);
  const marks = new Marks(grid);
  const findings = new Findings(grid, marks);
  const status = new Status();
  const saving = new Saving(grid, marks, status, { findings });
  keepSums(grid);
  oneMonth(grid);
  const search = searchRows(grid, (text) => status.say(text));
  spreadsheetKeys(grid, { saved: (cell) => saving.saved.get(cell), search });
  sidePanel(grid, findings);
  saving.begin();
  document.querySelector("[data-grid-keys]").hidden = false;
  const wanted = grid.byName.get(location.hash.slice(1));
  if (wanted) grid.goTo(wanted);
  table.dataset.ready = "";
}
