// A button beside a field that is to be copied; without it the field can be selected by hand.
(() => {
  "use strict";
  const { find, all, say } = page;
  all("[data-copy]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = find("#" + button.dataset.copy);
      field.select();
      try { await navigator.clipboard.writeText(field.value); } catch { return; } // no clipboard without https: it is selected
      say(button.dataset.copied);
      button.classList.add("btn-main");
    });
  });
})();
