// A link to a page of Airflow opens in Airflow's own window: the frame that this page is in may not change it by itself.
"use strict";
addEventListener("click", (event) => {
  const link = event.target.closest && event.target.closest("a.airflow");
  if (!link || parent === window || event.ctrlKey || event.metaKey || event.button) return;
  let outside;
  try {
    outside = top.document.createElement("a");
  } catch {
    return; // a page of somebody else's
  }
  outside.href = link.href;
  top.document.body.append(outside);
  event.preventDefault();
  outside.click();
  outside.remove();
});
