// Inside Airflow's UI the page is as light or as dark as that is; elsewhere it is as the system says.
"use strict";
(() => {
  const root = document.documentElement;
  let around = null;
  try {
    around = parent === window ? null : parent.document.documentElement;
  } catch {
    return; // a page of somebody else's, which may not be looked into
  }
  if (!around) return;

  function follow() {
    const theme = ["dark", "light"].find((name) => around.classList.contains(name));
    if (root.dataset.theme === theme) return;
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    dispatchEvent(new Event("themechange"));
  }

  follow();
  new MutationObserver(follow).observe(around, { attributes: true, attributeFilter: ["class"] });
})();
