// Sending without leaving the page.
(() => {
  "use strict";
  const { find, all, words, say, seqOf, alarm, field, forget } = page;
  const log = find("ol.log[id]");
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
})();
