// The draft on the server: saved when the writer rests, at blur and when the page goes; files one by one.
(() => {
  "use strict";
  const { find, all, words, say, alarm, field, forget } = page;
  const composer = find("#composer");
  if (!composer) return;
  const REST = 1000;
  const MOST = 10000;
  const LEAVING = 10000; // a page that was asked for before the server had the draft may come after it, without the words
  const base = composer.getAttribute("hx-post");
  const state = find("#draft-state");
  const kept = ["key", "text", "kind", "template", "channels_shown", "channel_email", "channel_alimtalk", "channel_sms"];
  const now = () => {
    const form = new FormData(composer);
    return new URLSearchParams(kept.filter((name) => form.has(name)).map((name) => [name, form.get(name)]));
  };
  let saved = now().toString();
  let timer = 0;
  let since = 0;
  let told = false;
  let under = null;
  const save = () => {
    clearTimeout(timer);
    since = 0;
    const body = now();
    if (body.toString() === saved) return under ?? Promise.resolve();
    saved = body.toString();
    under = fetch(base + "/draft", { method: "POST", body, headers: { "HX-Request": "true" } }).then((answer) => {
      if (!answer.ok) throw answer;
      setTimeout(() => { if (now().toString() === saved) forget(); }, LEAVING); // else newer words wait
      state.textContent = field.value ? composer.dataset.saved : "";
      find(".drop-draft", composer).hidden = !field.value && !find("#draft-files li");
      if (!told) { told = true; say(composer.dataset.saved); }
    }).catch((answer) => {
      saved = state.textContent = "";
      if (answer.status === 401) alarm(words.signedOut, true);
    }).finally(() => { under = null; });
    return under;
  };
  const later = () => {
    since ||= Date.now();
    clearTimeout(timer);
    timer = setTimeout(save, Math.max(0, Math.min(REST, since + MOST - Date.now())));
  };
  composer.addEventListener("input", later);
  composer.addEventListener("change", later);
  field.addEventListener("blur", save);
  addEventListener("pagehide", () => { if (now().toString() !== saved) navigator.sendBeacon(base + "/draft", now()); });
  composer.addEventListener("desk:done", () => {
    clearTimeout(timer);
    forget();
    state.textContent = "";
    find(".drop-draft", composer).hidden = true;
    saved = now().toString();
    under?.finally(() => { saved = ""; save(); });
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches(".waits") || form.dataset.ready) return;
    event.preventDefault();
    form.dataset.ready = "yes";
    const { submitter } = event;
    await save();
    setTimeout(() => form.requestSubmit(submitter)); // not while this event is still under way: it would be ignored
  });

  const error = find("#compose-error");
  const busy = find("#uploading");
  const post = async (body) => {
    const answer = await fetch(base + "/draft/files", { method: "POST", body, headers: { "HX-Request": "true" } });
    const told = await answer.text();
    if (answer.status === 401) alarm(words.signedOut, true);
    else if (answer.ok || answer.status === 422) (answer.ok ? find("#draft-files") : error).innerHTML = told;
    else error.textContent = told;
    if (answer.ok) find(".drop-draft", composer).hidden = !field.value && !find("#draft-files li");
  };
  const upload = async (files) => {
    error.textContent = "";
    busy.hidden = false;
    try {
      for (const file of files) {
        const body = new FormData();
        body.append("files", file);
        await post(body);
      }
    } catch { error.textContent = words.offline; }
    busy.hidden = true;
  };
  const chooser = find("#files");
  chooser.addEventListener("change", async () => { const files = [...chooser.files]; chooser.value = ""; await upload(files); field.focus(); });
  const areFiles = (pasted) => { // a table or a slide comes as words and as a picture of them: then the words are meant
    const names = [...pasted.files].map((file) => file.name);
    const isName = (line) => names.some((name) => line.trim().endsWith(name));
    return names.length > 0 && pasted.getData("text/plain").split(/[\r\n]+/).every((line) => !line.trim() || isName(line));
  };
  field.addEventListener("paste", (event) => { if (event.clipboardData && areFiles(event.clipboardData)) { event.preventDefault(); upload(event.clipboardData.files); } });
  composer.addEventListener("dragover", (event) => { event.preventDefault(); composer.classList.add("over"); });
  composer.addEventListener("dragleave", () => composer.classList.remove("over"));
  composer.addEventListener("drop", (event) => {
    composer.classList.remove("over");
    if (event.dataTransfer?.files.length) { event.preventDefault(); upload(event.dataTransfer.files); }
  });
  composer.addEventListener("click", async (event) => {
    const remove = event.target.closest("[data-remove]")?.dataset.remove;
    if (!remove) return;
    event.preventDefault();
    await post(new URLSearchParams({ remove }));
    (find("#draft-files button") ?? field).focus();
  });
})();
