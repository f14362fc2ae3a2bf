// The palette: Ctrl K or ⌘K finds people, messages and files, and does what the page offers.
(() => {
  "use strict";
  const { find, all } = page;
  const box = find("#palette"), input = find("#pal"), list = find("#pal-list"), status = find("#pal-status");
  if (!box) return;
  const choice = new comboboxNav.default(input, list, { firstOptionSelectionMode: "selected", tabInsertsSuggestions: false });
  const own = all("[role=option]", list);
  let timer, asking, pending = false, wanted = false; // Enter before the answer waits for it

  const narrow = (words) => {
    for (const option of own) option.hidden = !option.textContent.toLowerCase().includes(words);
    for (const head of all("[data-group]", list)) {
      let next = head.nextElementSibling;
      while (next?.hidden) next = next.nextElementSibling;
      head.hidden = !next || next.matches(".group");
    }
  };
  const show = (html) => {
    for (const old of all("[data-found]", list)) old.remove();
    list.insertAdjacentHTML("afterbegin", html);
    narrow(input.value.trim().toLowerCase());
    status.textContent = list.querySelector("[role=option]:not([hidden])") ? "" : status.dataset.none;
    choice.resetSelection();
    pending = false;
    if (wanted) { wanted = false; find("[aria-selected=true]", list)?.click(); }
  };
  const ask = async () => {
    asking?.abort();
    const words = input.value.trim();
    if (!words) return show("");
    asking = new AbortController();
    try {
      const answer = await fetch("/desk/search?part=palette&q=" + encodeURIComponent(words), { headers: { "HX-Request": "true" }, signal: asking.signal });
      const html = answer.ok ? await answer.text() : "";
      if (input.value.trim() === words) show(html);
    } catch (error) { if (error.name !== "AbortError") show(""); /* no line: the commands stay */ }
  };
  const open = () => {
    if (box.open) return;
    input.value = "";
    show("");
    box.showModal();
    choice.start();
  };
  box.addEventListener("close", () => { choice.stop(); asking?.abort(); clearTimeout(timer); });
  input.addEventListener("input", () => {
    pending = true;
    wanted = false;
    clearTimeout(timer);
    timer = setTimeout(ask, 80);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !pending || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    event.stopPropagation();
    wanted = true;
  }, true);
  input.addEventListener("compositionend", () => setTimeout(() => choice.resetSelection()));
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  list.addEventListener("combobox-commit", ({ target }) => {
    box.close();
    if (target.dataset.href) location.assign(target.dataset.href);
    else document.body.dispatchEvent(new KeyboardEvent("keydown", { key: target.dataset.press, bubbles: true }));
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || (event.key !== "k" && event.code !== "KeyK")) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || !event.target.closest("[data-palette]")) return;
    event.preventDefault();
    open();
  });
})();
