// What pages do better with a script: copy, passkeys, regions that stay current.
// Every page is complete without it.
"use strict";
(() => {
  const said = document.getElementById("said");
  const say = (text) => { if (said) { said.textContent = ""; setTimeout(() => { said.textContent = text; }, 50); } };

  // What needs a script is hidden until there is one.
  const wake = (root) => {
    for (const e of root.querySelectorAll("[data-copy],[data-passkey],[data-print]")) e.hidden = false;
    for (const e of root.querySelectorAll(".noscript")) e.hidden = true;
  };
  wake(document);

  // Where the navigation scrolls sideways, the page that is shown is in sight.
  for (const lit of document.querySelectorAll(".side [aria-current], .tabs [aria-current]")) {
    const bar = lit.closest(".side") || lit.closest("ul");
    const inside = lit.getBoundingClientRect(), around = bar.getBoundingClientRect();
    bar.scrollLeft += inside.left - around.left - (around.width - inside.width) / 2;
  }

  // What scrolls sideways can be reached by keyboard, also where nothing in it can.
  const reach = () => {
    for (const e of document.querySelectorAll(".scroll:not([role])")) {
      if (e.scrollWidth > e.clientWidth) e.tabIndex = 0;
      else e.removeAttribute("tabindex");
    }
  };
  reach();
  window.addEventListener("resize", reach);

  const copy = async (button) => {
    const from = document.getElementById(button.dataset.copy);
    if (!from) return;
    const text = "value" in from ? from.value : from.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      if (!from.select) return;
      from.select();
      if (!document.execCommand("copy")) { say("Press Ctrl+C to copy"); return; }
    }
    const label = button.firstChild;
    const was = button.dataset.was || label.textContent;
    button.dataset.was = was;
    label.textContent = "Copied";
    button.classList.add("copied");
    say("Copied");
    setTimeout(() => { label.textContent = was; button.classList.remove("copied"); }, 2000);
  };

  // Passkeys (W3C Web Authentication, level 3): options and answers are JSON.
  const bytes = (s) => Uint8Array.from(atob(s.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (b) => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const listed = (list) => (list || []).map((c) => ({ ...c, id: bytes(c.id) }));
  const answered = (c) => {
    if (c.toJSON) return JSON.stringify(c.toJSON());
    const r = c.response, out = { id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: c.getClientExtensionResults(), response: { clientDataJSON: text(r.clientDataJSON) } };
    if (c.authenticatorAttachment) out.authenticatorAttachment = c.authenticatorAttachment;
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) if (r[name]) out.response[name] = text(r[name]);
    if (r.getTransports) out.response.transports = r.getTransports();
    return JSON.stringify(out);
  };
  const passkey = async (button) => {
    const form = button.form;
    const status = form.querySelector("[data-passkey-status]") || said;
    try {
      const given = JSON.parse(button.dataset.options);
      const key = given.publicKey || given;
      key.challenge = bytes(key.challenge);
      let made;
      if (button.dataset.passkey === "create") {
        key.user = { ...key.user, id: bytes(key.user.id) };
        key.excludeCredentials = listed(key.excludeCredentials);
        made = await navigator.credentials.create({ publicKey: key });
      } else {
        key.allowCredentials = listed(key.allowCredentials);
        made = await navigator.credentials.get({ publicKey: key });
      }
      form.elements[button.dataset.into].value = answered(made);
      // What else the form asks for is not needed then.
      if (button.dataset.passkey === "get") for (const e of form.elements) e.required = false;
      form.requestSubmit ? form.requestSubmit() : form.submit();
    } catch (e) {
      status.textContent = e.name === "NotAllowedError" ? "The passkey was not used. Try again, or choose another way." : "The passkey did not work here. Choose another way.";
      status.hidden = false;
    }
  };

  document.addEventListener("click", (e) => {
    const button = e.target.closest && e.target.closest("button");
    if (!button) return;
    if (button.dataset.copy) { e.preventDefault(); copy(button); }
    if (button.dataset.passkey) { e.preventDefault(); passkey(button); }
    if ("print" in button.dataset) { e.preventDefault(); window.print(); }
  });

  // Whether a name is free is said while it is typed, as the button says without.
  for (const button of document.querySelectorAll("button[data-free]")) {
    const input = document.getElementById(button.dataset.free);
    let late, asked = 0;
    const ask = async () => {
      const mine = ++asked, to = new URL(button.formAction);
      to.searchParams.set(input.name, input.value);
      try {
        const page = new DOMParser().parseFromString(await (await fetch(to)).text(), "text/html");
        const made = page.getElementById("free"), old = document.getElementById("free");
        if (mine === asked && made && old) old.replaceChildren(...made.childNodes);
      } catch { /* the button still asks */ }
    };
    if (input) input.addEventListener("input", () => { clearTimeout(late); late = setTimeout(ask, 250); });
  }

  // A form is sent once: a second click on its way does nothing.
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (form.method !== "post" || form.hasAttribute("data-again")) return;
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => { delete form.dataset.sent; }, 5000);
  });
  window.addEventListener("pageshow", () => { for (const f of document.forms) delete f.dataset.sent; });

  // Regions that stay current. One that somebody is typing in is left alone.
  const swap = (id, html) => {
    const old = document.getElementById(id);
    if (!old || old.contains(document.activeElement) && document.activeElement !== document.body && document.activeElement.matches("input,textarea,select")) return;
    const made = new DOMParser().parseFromString(html, "text/html").getElementById(id);
    if (!made || made.isEqualNode(old)) return;
    const focus = document.activeElement && old.contains(document.activeElement) ? document.activeElement.id : "";
    old.replaceWith(made);
    wake(made);
    if (focus && document.getElementById(focus)) document.getElementById(focus).focus();
    if (made.dataset.live) say(made.dataset.live);
  };
  // What the server drew, as it stood before scripts woke it.
  const current = () => {
    const stream = new EventSource(location.href);
    stream.addEventListener("region", (e) => { const r = JSON.parse(e.data); swap(r.id, r.html); });
    stream.addEventListener("all", (e) => { const all = JSON.parse(e.data); for (const id in all) if (all[id] !== drawn.get(id)) swap(id, all[id]); });
    const over = () => { stream.close(); for (const r of document.querySelectorAll(".noscript")) r.hidden = false; };
    stream.addEventListener("over", over);
    stream.addEventListener("error", () => { if (stream.readyState === EventSource.CLOSED) over(); });
    window.addEventListener("pagehide", () => stream.close());
  };
  const drawn = new Map();
  if (document.querySelector("[data-live]") && window.EventSource) current();
})();
