// Sending without leaving the page, and the stop when something newer arrived.
(() => {
  "use strict";
  const { find, all, words, say, seqOf, alarm, field } = page;
  const log = find("ol.log[id]");
  const composer = find("#composer");
  if (!composer) return;
  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
  const main = find(".split > .btn-main", composer);
  const busy = (is) => { is ? main.setAttribute("aria-disabled", "true") : main.removeAttribute("aria-disabled"); };
  let sent = ""; // the words that are under way
  const newer = () => field.value.startsWith(sent) ? field.value.slice(sent.length).trimStart() : field.value; // written meanwhile
  const done = (more = "") => {
    const kind = composer.elements.kind.value;
    composer.reset();
    composer.elements.kind.value = kind;
    field.value = "";
    find("#compose-error").textContent = find("#dialogs").textContent = find("#draft-files").textContent = "";
    all("details[open]", composer).forEach((box) => { box.open = false; });
    composer.elements.key.value = newKey();
    field.removeAttribute("aria-invalid");
    composer.dispatchEvent(new Event("desk:done"));
    if (more) { field.value = more; field.dispatchEvent(new Event("input", { bubbles: true })); }
    field.focus();
  };
  composer.addEventListener("submit", (event) => { if (event.submitter?.value === "preview") event.stopImmediatePropagation(); }, true); // a page of its own
  composer.addEventListener("htmx:before:request", (event) => { if (main.getAttribute("aria-disabled")) event.preventDefault(); else { busy(true); sent = field.value; } });
  composer.addEventListener("htmx:after:request", (event) => {
    busy(false);
    const { status, headers } = event.detail.ctx.response;
    if (status === 204) {
      const seq = Number(headers.get("X-Seq"));
      composer.elements.seen_event.value = headers.get("X-Event");
      done(newer());
      say(words.sent);
      setTimeout(() => { if (!all("li[data-seq]", log).some((item) => seqOf(item) >= seq)) location.reload(); }, 3000);
    } else if (status === 401) alarm(words.signedOut, true);
    else if (status === 422) { field.setAttribute("aria-invalid", "true"); field.focus(); }
    else if (status >= 400 && status !== 409) HTMLFormElement.prototype.submit.call(composer);
  });
  composer.addEventListener("htmx:error", () => { busy(false); alarm(words.offline); });
  document.addEventListener("htmx:after:swap", () => {
    const box = find("#dialogs dialog:not([open])");
    if (box) box.showModal();
  });
  const drop = () => {
    fetch(composer.getAttribute("hx-post"), { method: "POST", body: new URLSearchParams({ do: "drop" }) }).catch(() => {});
    done();
  };
  find("#dialogs").addEventListener("click", (event) => {
    const what = event.target.closest("[data-do]")?.dataset.do;
    if (!what) return;
    const box = event.target.closest("dialog");
    box.close();
    composer.elements.seen_event.value = box.dataset.event;
    if (what === "drop") drop();
    else if (what === "also") { composer.elements.seen_seq.value = box.dataset.conflict; composer.requestSubmit(); }
    else field.focus();
    box.remove();
  });
  composer.addEventListener("click", (event) => {
    const what = event.target.closest("button[name=do]")?.value;
    if (what === "drop") { event.preventDefault(); drop(); }
    if (what === "template") {
      event.preventDefault();
      const text = find("#template").selectedOptions[0]?.dataset.text;
      if (text) { field.value += (field.value ? "\n\n" : "") + text; field.dispatchEvent(new Event("input", { bubbles: true })); }
      event.target.closest("details").open = false;
      field.focus();
    }
  });
  if (find("#undone")) { // said once, not again when the page is read anew
    setTimeout(() => say(words.undone), 100); // a line that is there from the start is not read out
    const asked = new URL(location.href);
    asked.searchParams.delete("undone");
    history.replaceState(history.state, "", asked);
  }
  const ways = find("[data-ways]");
  composer.addEventListener("change", (event) => {
    if (ways && event.target.dataset.way) ways.textContent = all("[data-way]:checked", composer).map((box) => box.dataset.way).join(" › ") || "–";
  });
  composer.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const command = event.ctrlKey || event.metaKey;
    if (event.key === "Enter" && command) { event.preventDefault(); composer.requestSubmit(); }
    else if (event.code === "KeyL" && command && event.shiftKey) {
      event.preventDefault();
      const box = find(".split details", composer);
      box.open = true;
      find("button", box).focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      const box = event.target.closest("details[open]");
      if (box) { box.open = false; find("summary", box).focus(); } else find("[data-log]")?.focus();
    }
  });
  document.addEventListener("toggle", ({ target }) => { // a message's menu opens to where it can be seen
    if (!target.matches?.(".msg-menu[open]")) return;
    const [menu, box, log] = [target, find(".pop-box", target), target.closest("[data-log]")].map((part) => part.getBoundingClientRect());
    if (!target.classList.contains("up")) target.classList.toggle("up", box.bottom > log.bottom && menu.top - box.height > log.top);
  }, true);
  document.addEventListener("click", (event) => {
    all("details.pop[open]").forEach((box) => { if (!box.contains(event.target)) box.open = false; });
    const quoted = event.target.closest("[data-quote]");
    if (quoted) {
      event.preventDefault();
      const said = find(".bubble", document.getElementById(quoted.dataset.quote)).innerText.trim();
      field.value = said.replace(/^/gm, "> ") + "\n\n" + field.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.focus();
    }
    const link = event.target.closest("[data-copy]");
    if (link && navigator.clipboard) { event.preventDefault(); navigator.clipboard.writeText(link.href); }
    if (quoted || link) (quoted ?? link).closest("details").open = false;
  });
})();
