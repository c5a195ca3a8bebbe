/* A block of several cells pasted into the grid goes to the preview. The page works without this file. */
"use strict";

const upload = document.querySelector("a[data-upload]")?.href;
if (upload) document.querySelector("[data-paste]").hidden = false;

for (const grid of upload ? document.querySelectorAll("[data-count-grid]") : []) {
  grid.addEventListener("paste", async (event) => {
    const cell = event.target.closest("input");
    const text = event.clipboardData?.getData("text/plain") ?? "";
    // One value stays an ordinary paste; spreadsheets end even that with a line break
    if (!cell || !/[\t\n\r]/.test(text.replace(/[\r\n]+$/, ""))) return;
    event.preventDefault();

    const waits = [];
    grid.dispatchEvent(
      new CustomEvent("count-grid:save", { bubbles: true, detail: { waitFor: (promise) => waits.push(promise) } }),
    );
    const saved = await Promise.allSettled(waits);
    if (saved.some(({ status }) => status === "rejected")) return; // the grid says why

    const order = [...new Set([...grid.querySelectorAll("tbody input")].map(({ name }) => /^c([0-9]+)-/.exec(name)?.[1]))];
    const form = document.createElement("form");
    form.method = "post";
    form.action = upload;
    const fields = {
      csrfmiddlewaretoken: document.querySelector("input[name=csrfmiddlewaretoken]").value,
      step: "read",
      text,
      anchor: cell.name,
      order: order.filter(Boolean).join(","),
    };
    for (const [name, value] of Object.entries(fields)) {
      const field = document.createElement("textarea");
      field.name = name;
      field.value = value;
      form.append(field);
    }
    form.hidden = true;
    document.body.append(form);
    form.submit();
  });
}
