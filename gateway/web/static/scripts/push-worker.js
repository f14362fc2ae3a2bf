// The desk's service worker: shows what is pushed, and opens what it is about. It answers no page's requests.
(() => {
  "use strict";
  addEventListener("install", () => skipWaiting());
  addEventListener("activate", (event) => event.waitUntil(clients.claim()));

  addEventListener("push", (event) => {
    let told = {};
    try { told = event.data.json(); } catch { /* it says nothing: shown is that there is something */ }
    const { title = location.host, body, tag, lang, path } = told;
    event.waitUntil(registration.showNotification(title, { body, lang, tag, renotify: Boolean(tag), data: { path } }));
  });

  const open = async (path) => {
    const to = new URL(path, location.origin);
    if (to.origin !== location.origin) return;
    const place = (tab) => new URL(tab.url).pathname;
    const tabs = (await clients.matchAll({ type: "window", includeUncontrolled: true })).filter((tab) => /^\/desk(\/|$)/.test(place(tab)));
    const there = tabs.find((tab) => place(tab) === to.pathname);
    if (there) return there.focus(); // as it is: somebody may be writing there
    try { await (await tabs[0].focus()).navigate(to); } catch { await clients.openWindow(to); } // no tab, or one that is not ours to lead
  };
  addEventListener("notificationclick", (event) => {
    event.notification.close();
    event.waitUntil(open(event.notification.data?.path ?? "/desk/bell"));
  });

  // The push service gave up a subscription: a new one takes its place, if this device is still wanted.
  const renew = async (event) => {
    const device = await push.known();
    if (!device) return;
    const applicationServerKey = async () => (await (await fetch("/desk/devices/" + device)).json()).key;
    const again = async () => registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: await applicationServerKey() });
    await push.give(event.newSubscription ?? await again(), device);
  };
  addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));
})();
