// Own script of both pages: only makes quicker what links and forms already do.
(() => {
  "use strict";
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const words = find("#words")?.dataset ?? {};
  const say = (text) => { const line = find("#status"); if (line) line.textContent = text ?? ""; };
  const seqOf = (item) => Number(item.dataset.seq || 0);

  // --- drafts: kept in this tab until the server has taken them
  const field = find("textarea[data-draft]");
  const draftKey = field && "draft:" + field.dataset.draft;
  const keep = () => { try { field.value ? sessionStorage.setItem(draftKey, field.value) : sessionStorage.removeItem(draftKey); } catch { /* storage is off */ } };
  const forget = () => { try { sessionStorage.removeItem(draftKey); } catch { /* storage is off */ } };
  if (field) {
    if (location.hash === "#sent") forget();
    else if (!field.value) { try { field.value = sessionStorage.getItem(draftKey) ?? ""; } catch { /* storage is off */ } }
    field.addEventListener("input", keep);
  }

  // --- what arrives by itself: never moves the reader, never takes focus
  const log = find("ol.log[id]");
  const pane = find("[data-log]");
  const pill = find("[data-newer]");
  let fresh = 0;
  const atEnd = () => pane ? Math.abs(pane.scrollTop) < 80
    : innerHeight + scrollY > document.body.scrollHeight - 80 - (find(".write")?.offsetHeight ?? 0) - (find("footer")?.offsetHeight ?? 0);
  const seen = () => {
    const last = log && all("li[data-seq]", log).at(-1);
    const mark = find("input[name=seen_seq]");
    if (!last || !mark || document.hidden || seqOf(last) <= Number(mark.value)) return;
    mark.value = last.dataset.seq;
    const body = new URLSearchParams({ seq: mark.value });
    fetch("/desk/t/" + log.dataset.thread + "/seen", { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() => {});
  };
  const caughtUp = () => { fresh = 0; if (pill) pill.hidden = true; seen(); };
  if (log) {
    let ended = true;
    (pane ?? document).addEventListener("scroll", () => { ended = atEnd(); if (ended) caughtUp(); }, { passive: true });
    document.addEventListener("visibilitychange", () => { if (!document.hidden && atEnd()) caughtUp(); });
    pill?.addEventListener("click", (event) => {
      event.preventDefault();
      all("li[data-seq]", log).at(-1)?.scrollIntoView({ block: "center" });
      caughtUp();
    });
    new MutationObserver((changes) => {
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

  // --- the line is down, or the session has ended
  const alarm = (text, link) => {
    const box = find("#alarm");
    if (!box) return;
    box.textContent = "";
    if (!text) return;
    const line = Object.assign(document.createElement("p"), { className: "banner banner-warn", textContent: text + " " });
    if (link) line.append(Object.assign(document.createElement("a"), { href: "/sign-in?next=" + encodeURIComponent(location.pathname), textContent: words.signIn }));
    box.append(line);
  };
  document.addEventListener("htmx:sse:error", (event) => {
    if (event.detail.status === 401) alarm(words.signedOut, true);
    else if (!navigator.onLine) alarm(words.offline);
  });
  document.addEventListener("htmx:sse:after:connection", () => { if (find("#alarm")?.textContent) { alarm(""); say(words.online); } });
  addEventListener("offline", () => alarm(words.offline));
  addEventListener("online", () => alarm(""));

  // --- sending without leaving the page
  const composer = find("#composer");
  if (composer) {
    const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
    const done = () => {
      composer.reset();
      field.value = "";
      forget();
      find("#compose-error").textContent = "";
      chosen.textContent = "";
      find("#dialogs").textContent = "";
      composer.elements.key.value = newKey();
      field.removeAttribute("aria-invalid");
      field.focus();
    };
    composer.addEventListener("htmx:after:request", (event) => {
      const { status, headers } = event.detail.ctx.response;
      if (status === 204) {
        const seq = Number(headers.get("X-Seq"));
        done();
        say(words.sent);
        setTimeout(() => { if (!all("li[data-seq]", log).some((item) => seqOf(item) >= seq)) location.reload(); }, 3000);
      } else if (status === 401) alarm(words.signedOut, true);
      else if (status === 422) { field.setAttribute("aria-invalid", "true"); field.focus(); }
      else if (status >= 400 && status !== 409) HTMLFormElement.prototype.submit.call(composer);
    });
    composer.addEventListener("htmx:error", () => alarm(words.offline));
    document.addEventListener("htmx:after:swap", () => {
      const box = find("#dialogs dialog:not([open])");
      if (box) box.showModal();
    });
    find("#dialogs").addEventListener("click", (event) => {
      const what = event.target.closest("[data-do]")?.dataset.do;
      if (!what) return;
      const box = event.target.closest("dialog");
      box.close();
      if (what === "drop") done();
      else if (what === "also") { composer.elements.seen_seq.value = box.dataset.conflict; composer.requestSubmit(); }
      else field.focus();
      box.remove();
    });
    composer.addEventListener("keydown", (event) => {
      if (event.isComposing || event.keyCode === 229) return;
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); composer.requestSubmit(); }
      else if (event.key === "Escape") { event.preventDefault(); find("[data-log]")?.focus(); }
    });
    const files = find("#files");
    const chosen = find("#chosen");
    const tell = () => { chosen.textContent = [...files.files].map((file) => file.name).join(", "); };
    files.addEventListener("change", tell);
    const attach = (list) => {
      const bag = new DataTransfer();
      [...files.files, ...list].forEach((file) => bag.items.add(file));
      files.files = bag.files;
      tell();
    };
    field.addEventListener("paste", (event) => { if (event.clipboardData?.files.length) { event.preventDefault(); attach(event.clipboardData.files); } });
    composer.addEventListener("dragover", (event) => event.preventDefault());
    composer.addEventListener("drop", (event) => { if (event.dataTransfer?.files.length) { event.preventDefault(); attach(event.dataTransfer.files); } });
  }

  // --- keys: by place on the keyboard when the layout is not Latin; never in a field, a dialog or during composition
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
  find("[autofocus][role=alert]")?.focus();
  if (location.hash === "#sent") find("#sent")?.focus();
})();
