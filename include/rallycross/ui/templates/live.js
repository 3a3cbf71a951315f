// Asks every two seconds how far the run is, unless nobody looks; once it has ended, shows its report.
"use strict";
(() => {
  const box = document.querySelector("#live[data-follow]");
  if (!box) return;
  let failed = 0;

  async function look() {
    if (document.hidden) return;
    try {
      const answer = await fetch(box.dataset.follow, { headers: { Accept: "text/html" } });
      if (answer.status === 401 || answer.status === 403) return location.reload();
      if (!answer.ok) throw new Error(answer.statusText);
      const open = [...box.querySelectorAll("details")].map((one) => one.open);
      box.innerHTML = await answer.text();
      box.querySelectorAll("details").forEach((one, at) => { one.open = Boolean(open[at]); });
      failed = 0;
      if (box.querySelector("[data-ended]")) location.reload();
    } catch {
      failed += 1; // Airflow restarts, or the network is gone for a while
    }
  }

  async function follow() {
    await look();
    setTimeout(follow, Math.min(30000, 2000 * 2 ** failed));
  }

  setTimeout(follow, 2000);
  document.addEventListener("visibilitychange", look);
})();
