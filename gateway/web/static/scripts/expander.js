// "/" at the start of a line offers templates, "@" in a note colleagues.
(() => {
  "use strict";
  const { find, all, field } = page;
  const box = find("text-expander");
  if (!box) return;
  const composer = find("#composer");
  const isNote = () => composer.elements.kind.value === "note";
  const startsLine = (text) => /(^|\n)$/.test(field.value.slice(0, field.selectionEnd - text.length - 1));
  const templates = async (text) => {
    const answer = await fetch(composer.getAttribute("hx-post") + "/templates?q=" + encodeURIComponent(text), { headers: { "HX-Request": "true" } });
    const holder = document.createElement("div");
    holder.innerHTML = answer.ok ? await answer.text() : "";
    const list = holder.firstElementChild;
    return { matched: Boolean(list?.children.length), fragment: list };
  };
  const colleagues = (text) => {
    const names = all("#colleagues option").map((o) => o.value).filter((name) => name.toLowerCase().includes(text.toLowerCase()));
    const list = Object.assign(document.createElement("ul"), { className: "menu" });
    list.setAttribute("role", "listbox");
    names.slice(0, 8).forEach((name, number) => {
      const item = Object.assign(document.createElement("li"), { textContent: name, id: "colleague-" + number });
      item.setAttribute("role", "option");
      item.dataset.text = "@" + name + " ";
      list.append(item);
    });
    return { matched: names.length > 0, fragment: list };
  };
  box.addEventListener("text-expander-change", (event) => {
    const { key, text, provide } = event.detail;
    if (key === "@" && isNote()) provide(Promise.resolve(colleagues(text)));
    if (key === "/" && !isNote() && startsLine(text)) provide(templates(text));
  });
  box.addEventListener("text-expander-value", (event) => {
    const { item } = event.detail;
    event.detail.value = item.dataset.text;
    const choice = find("#template");
    if (item.dataset.template && choice) choice.value = item.dataset.template;
  });
  box.addEventListener("text-expander-committed", () => {
    const place = /‹[^›\n]+›/.exec(field.value);
    if (place) field.setSelectionRange(place.index, place.index + place[0].length);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
