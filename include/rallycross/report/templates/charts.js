// Draws the charts when they come into view, in the colours of the theme in force, and anew when it changes.
"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const drawn = new Set();

  // "@good" stands for the CSS variable --good, anywhere in a figure.
  function coloured(value, style) {
    if (typeof value === "string" && value.startsWith("@")) return style.getPropertyValue("--" + value.slice(1)).trim();
    if (Array.isArray(value)) return value.map((one) => coloured(one, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, coloured(one, style)]));
    }
    return value;
  }

  function axis(own) {
    const base = { gridcolor: "@line", zerolinecolor: "@line", linecolor: "@line", automargin: true };
    return { ...base, ...own, title: { font: { size: 12, color: "@muted" }, standoff: 10, ...(own && own.title) } };
  }

  function draw(box) {
    const style = getComputedStyle(document.documentElement);
    const figure = JSON.parse(box.querySelector("script").textContent);
    const layout = {
      height: 300,
      margin: { l: 56, r: 16, t: 12, b: 48 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: style.getPropertyValue("--sans"), size: 12, color: "@ink" },
      hoverlabel: { bgcolor: "@surface", bordercolor: "@line", font: { color: "@ink" } },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      ...figure.layout,
      xaxis: axis(figure.layout.xaxis),
      yaxis: axis(figure.layout.yaxis),
    };
    // Labels beside bars need room, of which a phone has little.
    if (figure.layout.xaxis.range && box.clientWidth < 500) layout.xaxis.range = [0, figure.layout.xaxis.range[1] * 1.25];
    const config = { responsive: true, displayModeBar: false };
    Plotly.react(box.querySelector(".plot"), coloured(figure.data, style), coloured(layout, style), config);
    drawn.add(box);
  }

  const boxes = [...document.querySelectorAll(".chart")];
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && !drawn.has(entry.target)) draw(entry.target);
    }
  }, { rootMargin: "600px" });
  boxes.forEach((box) => watcher.observe(box));
  dark.addEventListener("change", () => drawn.forEach(draw));
  addEventListener("themechange", () => drawn.forEach(draw));
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("printing");
    boxes.forEach(draw);
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    drawn.forEach(draw);
  });

  // Marks, in the navigation, the section that is being read.
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const reader = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      links.forEach((link) => link.removeAttribute("aria-current"));
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-10% 0px -80% 0px" });
  links.forEach((_, id) => reader.observe(document.getElementById(id)));
})();
