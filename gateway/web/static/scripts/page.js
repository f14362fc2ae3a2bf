// What every page shares: finding, saying, alarms, and the draft of this tab. The scripts only make quicker what links and forms do.
const page = (() => {
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
    const came = performance.getEntriesByType("navigation")[0]?.type; // by reload or "back": what was begun after sending is kept
    if (location.hash === "#sent" && came !== "reload" && came !== "back_forward") forget();
    else if (field.value) forget(); // the server has them
    else { try { field.value = sessionStorage.getItem(draftKey) ?? ""; } catch { /* storage is off */ } }
    field.addEventListener("input", keep);
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
  document.addEventListener("htmx:sse:after:connection", () => { if (navigator.onLine && find("#alarm")?.textContent) { alarm(""); say(words.online); } });
  addEventListener("offline", () => alarm(words.offline));
  addEventListener("online", () => alarm(""));

  find("[autofocus][role=alert], #closed[autofocus]")?.focus();
  if (location.hash === "#sent") find("#sent")?.focus();
  return { find, all, words, say, seqOf, alarm, field, forget };
})();
