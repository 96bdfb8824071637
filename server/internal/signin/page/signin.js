// Three small things that the pages can do without a script too, at the price
// of a click.
"use strict";
(() => {
  // The form that carries a request to the identity provider.
  const go = document.getElementById("go");
  if (go) {
    go.submit();
    return;
  }
  // The way back into an app.
  const app = document.getElementById("app");
  if (app) {
    location.href = app.href;
    return;
  }
  // /sso#acme: what stands behind # never reaches a server.
  const choose = document.getElementById("choose");
  const name = decodeURIComponent(location.hash.slice(1));
  if (choose && /^[A-Za-z0-9-]{2,63}$/.test(name)) {
    location.replace("/sso/" + name);
  }
})();
