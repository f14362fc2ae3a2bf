// What arrives by itself: never moves the reader, never takes focus.
(() => {
  "use strict";
  const { find, all } = page;
  const log = find("ol.log[id]");
  const pane = find("[data-log]");
  const pill = find("[data-newer]");
  let fresh = 0;
  const atEnd = () => pane ? Math.abs(pane.scrollTop) < 80
    : innerHeight + scrollY > document.body.scrollHeight - 80 - (find(".write")?.offsetHeight ?? 0) - (find("footer")?.offsetHeight ?? 0);
  const caughtUp = () => { fresh = 0; if (pill) pill.hidden = true; page.seen?.(); };
  if (log) {
    let ended = true;
    (pane ?? document).addEventListener("scroll", () => { ended = atEnd(); if (ended) caughtUp(); }, { passive: true });
    document.addEventListener("visibilitychange", () => { if (!document.hidden && atEnd()) caughtUp(); });
    pill?.addEventListener("click", (event) => {
      event.preventDefault();
      all("li[data-seq]", log).at(-1)?.scrollIntoView({ block: "center" });
      caughtUp();
    });
    const days = () => { // one line for each day; "Today" only while it is
      let last;
      all("[data-day]", log).forEach((name) => {
        const { day, until, then } = name.dataset;
        if (until < Date.now()) name.textContent = then;
        if (day === last) name.parentNode.remove();
        last = day;
      });
    };
    setInterval(days, 5000);
    new MutationObserver((changes) => {
      days();
      const come = changes.flatMap((c) => [...c.addedNodes]).filter((n) => n.matches?.("li[data-seq]"));
      if (!come.length) return;
      come.forEach((item) => item.classList.add("arrived"));
      if (ended || come.some((item) => "mine" in item.dataset)) { if (pane) pane.scrollTop = 0; caughtUp(); return; }
      fresh += come.length;
      if (pill) { pill.hidden = false; pill.textContent = pill.dataset.newer + (fresh > 1 ? " (" + fresh + ")" : ""); }
    }).observe(log, { childList: true });
    ended = pane ? true : atEnd();
    if (pill) pill.dataset.newer = pill.textContent;
  }
})();
