// Keys of the desk: by place on the keyboard when the layout is not Latin; never in a field, a dialog or during composition.
(() => {
  "use strict";
  const { find, all, field } = page;
  const letter = (event) => /^[ -~]$/.test(event.key) ? event.key : ({ KeyJ: "j", KeyK: "k", KeyO: "o", KeyR: "r", KeyN: "n", KeyU: "u", Slash: event.shiftKey ? "?" : "/" })[event.code];
  const rows = () => all("#rows a.row");
  const move = (step) => {
    const list = rows();
    const at = list.indexOf(document.activeElement);
    const from = at >= 0 ? at : list.findIndex((row) => row.hasAttribute("aria-current"));
    list[Math.max(0, Math.min(list.length - 1, from + step))]?.focus();
  };
  const write = (kind) => {
    const choice = find("input[name=kind][value=" + kind + "]");
    if (choice) { choice.checked = true; field.focus(); }
  };
  const deeds = {
    j: () => move(1), k: () => move(-1),
    o: () => { if (document.activeElement?.matches("a.row")) document.activeElement.click(); },
    r: () => write("reply"), n: () => write("note"),
    u: () => { const back = find("a[data-key=u]"); if (back) location.assign(back.href); },
    "/": () => find("#q") ? find("#q").focus() : find("a[data-key='/']")?.click(),
    "?": () => find("#keys")?.showModal(),
  };
  if (document.body.classList.contains("desk")) {
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.keyCode === 229) return;
      if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
      const deed = deeds[letter(event)];
      if (deed) { event.preventDefault(); deed(); }
    });
    const title = document.title.replace(/^\(\d+\) /, "");
    setInterval(async () => {
      if (!document.hidden) return;
      try {
        const counts = await (await fetch("/desk/counts", { headers: { "HX-Request": "true" } })).json();
        document.title = (counts.unread ? "(" + counts.unread + ") " : "") + title;
      } catch { /* offline: the next minute tells */ }
    }, 60000);
    document.addEventListener("click", (event) => { if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close(); });
  }
})();
