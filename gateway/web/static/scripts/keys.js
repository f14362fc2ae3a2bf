// Keys of the desk, and choosing rows: by place on the keyboard when the layout is not Latin; never in a field, a dialog or during composition.
(() => {
  "use strict";
  const { find, all, words, say, alarm, field } = page;
  if (!document.body.classList.contains("desk")) return;
  const off = document.body.hasAttribute("data-keys-off"); // single keys are switched off in the settings
  const letter = (event) => {
    const plain = /^[ -~]$/.test(event.key) ? event.key.toLowerCase()
      : event.code.startsWith("Key") ? event.code.slice(3).toLowerCase()
        : ({ Slash: event.shiftKey ? "?" : "/", Period: ".", BracketLeft: "[", BracketRight: "]" })[event.code] ?? event.key;
    return event.shiftKey && /^[a-z]$/.test(plain) ? plain.toUpperCase() : plain;
  };

  // --- rows: one has the focus, many can be chosen; what arrives by itself changes neither
  const chosen = new Set();
  const many = find("#many");
  const rows = () => all("#rows a.row");
  const boxOf = (row) => row && find("input.pick", row.closest("li"));
  const current = () => document.activeElement?.closest("#rows li")?.querySelector("a.row");
  const opened = () => find("#rows a.row[aria-current]");
  const count = () => {
    const line = find("[data-picked]");
    if (line) line.textContent = line.dataset.picked.replace("#", chosen.size);
  };
  const choose = (row, on) => {
    const box = boxOf(row);
    if (!box) return;
    box.checked = on ?? !box.checked;
    box.checked ? chosen.add(box.name) : chosen.delete(box.name);
    count();
  };
  const clear = () => { chosen.clear(); for (const box of all("input.pick:checked")) box.checked = false; count(); };
  const move = (step, extend) => {
    const list = rows();
    const at = list.indexOf(current() ?? opened());
    const next = list[Math.max(0, Math.min(list.length - 1, at + step))];
    if (extend) { choose(list[at], true); choose(next, true); }
    next?.focus();
  };
  const beside = (step) => {
    const list = rows();
    list[list.indexOf(opened()) + step]?.click();
  };

  // --- deeds for what is chosen, else for the row with the focus, else for the open conversation
  let last; // what the last deed was done to, and what undoes it; nothing when a message was sent since
  const undone = { done: "reopen", snooze: "wake" };
  const post = async (form, body) => {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(body), headers: { "HX-Request": "true" } });
    if (answer.ok) return true;
    answer.status === 401 ? alarm(words.signedOut, true) : alarm(await answer.text());
    return false;
  };
  const leave = (names) => { // the focus goes to the neighbour before the row goes
    const list = rows(), gone = (row) => names.includes(boxOf(row)?.name);
    const at = list.findIndex(gone);
    (list.slice(at).find((row) => !gone(row)) ?? list.slice(0, Math.max(at, 0)).findLast((row) => !gone(row)))?.focus();
  };
  const send = async (body) => {
    const names = [...body.keys()].filter((name) => name.startsWith("t."));
    const deed = body.get("do");
    if (!names.length) return;
    try {
      if (!await post(many, body)) return;
    } catch { return alarm(words.offline); }
    if (deed === "unread") return location.reload();
    if (deed in undone) leave(names);
    last = deed in undone ? { names, deed: undone[deed] } : undefined;
    clear();
    find(".many-more")?.removeAttribute("open");
    say(words.changed);
    const undo = find("#undo");
    if (undo) undo.hidden = !last;
  };
  const names = () => {
    if (chosen.size) return [...chosen];
    const box = boxOf(current());
    return box ? [box.name] : [];
  };
  const evaluates = (own) => own.some((name) => "evaluates" in (boxNamed(name)?.dataset ?? {}));
  const act = (deed) => {
    const own = names();
    if (deed !== "unread" && evaluates(own)) return alarm(words.evaluates);
    if (own.length) return send(new URLSearchParams([["do", deed], ...own.map((name) => [name, "1"])]));
    find("main button[name=do][value=" + deed + "], #applicant button[name=do][value=" + deed + "]")?.click();
  };
  const forgetDeed = () => { last = undefined; find("#undo")?.setAttribute("hidden", ""); };
  let back; // the row that an undo brings back: it gets the focus when it is there
  const welcome = () => { const row = back && rows().find((one) => boxOf(one)?.name === back); if (row) { back = undefined; row.focus(); } };
  const undo = () => {
    if (!last) return all("ol.log li[data-mine] [data-undo]:not([hidden]), #closed-banner [data-undo]:not([hidden])").at(-1)?.click();
    const { names: gone, deed } = last;
    forgetDeed();
    post(many, [["do", deed], ...gone.map((name) => [name, "1"])]).then((ok) => {
      if (!ok) return;
      say(words.undone);
      [back] = gone;
      welcome();
    });
  };
  const ask = (part) => { // the field of a deed: in the bar over the list, or in the card
    if (evaluates(names())) return alarm(words.evaluates);
    if (names().length && many) {
      for (const name of names()) choose(boxNamed(name)?.closest("li").querySelector("a.row"), true);
      find(".many-more").open = true;
      find(".many-more [data-part=" + part + "] .field")?.focus();
      return;
    }
    const inCard = find("#order-" + ({ assign: "assignee", tag: "tag", snooze: "until", stage: "stage" })[part]);
    if (!inCard) return;
    const more = inCard.closest("details");
    if (more) more.open = true;
    if (!inCard.offsetParent) location.hash = "applicant";
    inCard.focus();
  };
  const boxNamed = (name) => all("input.pick").find((box) => box.name === name);

  document.addEventListener("change", ({ target }) => {
    if (!target.matches?.("input.pick")) return;
    target.checked ? chosen.add(target.name) : chosen.delete(target.name);
    count();
  });
  many?.addEventListener("reset", () => setTimeout(clear));
  many?.addEventListener("submit", (event) => {
    const deed = event.submitter?.value;
    if (deed === "reject") return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(many, event.submitter));
    if (!deed) body.set("do", "tag");
    send(body);
  });
  find("#undo")?.addEventListener("click", undo);
  find("#composer")?.addEventListener("htmx:after:request", ({ detail }) => { if (detail.ctx.response.status === 204) forgetDeed(); });
  if (find("#rows")) {
    new MutationObserver(() => { for (const name of chosen) { const box = boxNamed(name); if (box) box.checked = true; else chosen.delete(name); } count(); welcome(); })
      .observe(find("#rows"), { childList: true });
  }
  document.addEventListener("click", (event) => {
    const part = event.target.closest("[data-part]:not(.deed-pair)")?.dataset.part;
    if (part) { event.preventDefault(); ask(part); }
  });

  // --- the table of keys
  const write = (kind) => {
    const choice = find("input[name=kind][value=" + kind + "]");
    if (choice) { choice.checked = true; field.focus(); }
  };
  const shut = () => { // the menu in which the focus is
    const menu = document.activeElement?.closest("details.pop[open]");
    if (menu) { menu.open = false; find("summary", menu).focus(); }
    return menu;
  };
  const visit = (selector) => { const link = find(selector); if (link) location.assign(link.href); };
  const folds = () => { const list = all("ol.log details.fold"); const open = list.some((fold) => !fold.open); for (const fold of list) fold.open = open; };
  const message = () => document.activeElement?.closest("ol.log > li") ?? all("ol.log > li[data-seq]").at(-1);
  const views = { m: "mine", u: "unassigned", w: "unanswered", n: "attention", s: "scheduled", r: "rejected", a: "all" };
  const deeds = {
    j: () => move(1), k: () => move(-1), ArrowDown: () => current() && move(1), ArrowUp: () => current() && move(-1),
    J: () => move(1, true), K: () => move(-1, true), x: () => choose(current() ?? opened()),
    o: () => current()?.click(),
    u: () => visit("a[data-key=u]"), Escape: () => { if (!shut()) chosen.size ? clear() : visit("a[data-key=u]"); },
    "]": () => beside(1), "[": () => beside(-1),
    r: () => write("reply"), n: () => write("note"),
    e: () => act("done"), i: () => act("take"), U: () => act("unread"), z: undo,
    h: () => ask("snooze"), a: () => ask("assign"), l: () => ask("tag"), m: () => ask("stage"),
    f: folds, v: () => { const raw = message()?.querySelector("a[data-raw]"); if (raw) location.assign(raw.href); },
    ".": () => { const menu = message()?.querySelector("details.msg-menu"); if (menu) { menu.open = !menu.open; menu.querySelector("summary").focus(); } },
    "/": () => find("#q") ? find("#q").focus() : find("a[data-key='/']")?.click(),
    "?": () => { find("#keys")?.showModal(); find("#keys-find")?.focus(); },
  };
  let going = 0; // when g was pressed: the next letter names a view
  document.addEventListener("keydown", (event) => {
    if (off || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.keyCode === 229) return;
    const place = event.target.closest("input:not(.pick), textarea, select, dialog, [contenteditable]");
    if (place?.checkVisibility()) return; // a dialog just closed keeps the focus until the next frame: its keys are ours
    const key = letter(event);
    if (going && event.timeStamp - going < 3000 && views[key]) { going = 0; event.preventDefault(); location.assign("/desk/" + views[key]); return; }
    going = key === "g" ? event.timeStamp : 0;
    const arrow = key.startsWith("Arrow");
    if (!deeds[key] || (arrow && !current())) return;
    event.preventDefault();
    deeds[key]();
  });
  find("#keys-find")?.addEventListener("input", ({ target }) => {
    const typed = target.value.trim().toLowerCase();
    for (const line of all("#keys dl > div")) line.hidden = !line.textContent.toLowerCase().includes(typed);
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
})();
