// Web push on this device: the button of the settings, and going on after a new sign-in or with a new key. What the browser cannot do is said there.
(() => {
  "use strict";
  const { find } = page;
  const box = find("[data-devices]");
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window && "caches" in window;
  const tell = (what) => { find("#device-said").textContent = box.dataset[what] ?? ""; };

  const subscribe = async (key, device) => {
    await navigator.serviceWorker.register("/push-worker.js", { scope: "/desk" });
    const { pushManager } = await navigator.serviceWorker.ready;
    const before = await pushManager.getSubscription();
    if (before && push.keyOf(before) !== key) await before.unsubscribe();
    await push.give(await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }), device);
  };
  const held = async () => (await navigator.serviceWorker.getRegistration("/desk"))?.pushManager.getSubscription();
  const unsubscribe = async () => {
    await push.forget();
    await (await held())?.unsubscribe();
  };

  const goOn = async () => {
    const device = await push.known();
    if (!device) return;
    const answer = await fetch("/desk/devices/" + device, { headers: { "HX-Request": "true" } });
    if (answer.status === 404) return unsubscribe(); // removed from elsewhere, or another member's
    if (!answer.ok || Notification.permission !== "granted") return;
    const { key, current } = await answer.json();
    if (!current || !await held()) await subscribe(key, device);
  };
  if (able && document.body.classList.contains("desk")) goOn().catch(() => {}); // the next page tries again

  const button = box && find("#device-on");
  if (!box) return;
  if (!able) return tell("unable");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    tell("asking");
    try {
      if (await Notification.requestPermission() !== "granted") return tell("denied");
      await subscribe(box.dataset.devices, "");
      location.reload();
    } catch {
      tell("failed");
    } finally {
      button.disabled = false;
    }
  });
})();
