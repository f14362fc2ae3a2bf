// Who is here: this page says that it is open, what was read, and whether somebody types; the seconds until a message goes out.
(() => {
  "use strict";
  const { find, all, field, seqOf } = page;
  setInterval(() => {
    for (const count of all("[data-left]")) count.dataset.left = count.textContent = Math.max(0, Number(count.dataset.left) - 1);
    for (const undo of all("button[data-undo]")) { // too late for all that it is about
      const counts = all("[data-left]", undo.form);
      undo.hidden = counts.length > 0 && counts.every((count) => count.dataset.left === "0");
    }
  }, 1000);

  const composer = find("#composer");
  if (!composer) return;
  const EVERY = 20000;
  const TYPING = 6000;
  const here = composer.getAttribute("hx-post") + "/here";
  let typed = 0;
  let told = 0;
  const tell = () => {
    if (document.hidden) return;
    told = Date.now();
    const typing = told - typed < TYPING ? "yes" : "";
    fetch(here, { method: "POST", body: new URLSearchParams({ typing }), headers: { "HX-Request": "true" } }).catch(() => {});
    if (typing) setTimeout(() => { if (Date.now() - typed >= TYPING) tell(); }, TYPING + 500);
  };
  field.addEventListener("input", () => {
    const was = Date.now() - typed < TYPING;
    typed = Date.now();
    if (!was || typed - told > EVERY) tell();
  });
  setInterval(() => { if (Date.now() - told >= EVERY) tell(); }, 5000);
  addEventListener("pagehide", () => navigator.sendBeacon(here, new URLSearchParams({ gone: "yes" })));
  tell();

  page.seen = () => {
    const last = all("ol.log li[data-seq]").at(-1);
    const mark = find("input[name=seen_seq]");
    if (!last || !mark || document.hidden || seqOf(last) <= Number(mark.value)) return;
    mark.value = last.dataset.seq;
    const body = new URLSearchParams({ seq: mark.value });
    fetch(here.replace(/here$/, "seen"), { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() => {});
  };
})();
