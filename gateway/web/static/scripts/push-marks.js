// Which device this browser is, where both the desk's pages and its service worker find it; and giving its subscription to the gateway.
const push = {
  known: async () => await (await caches.match("/push/device"))?.text() ?? "",
  remember: async (id) => (await caches.open("push")).put("/push/device", new Response(id)),
  forget: () => caches.delete("push"),
  keyOf: (subscription) => btoa(String.fromCharCode(...new Uint8Array(subscription.options.applicationServerKey)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
  give: async (subscription, device) => {
    const { endpoint, keys } = subscription.toJSON();
    const body = new URLSearchParams({ endpoint, ...keys, key: push.keyOf(subscription), device });
    const answer = await fetch("/desk/devices", { method: "POST", body, headers: { "HX-Request": "true" } });
    if (!answer.ok) throw new Error(await answer.text());
    await push.remember(await answer.text());
  },
};
