// Sends the answer back to the app, or fills in a development password.
"use strict";
const answer = document.getElementById("answer");
if (answer) answer.submit();
const fill = document.getElementById("fill");
if (fill) fill.addEventListener("click", () => {
  const field = document.getElementById("password");
  field.value = document.getElementById("password-hint").textContent;
  field.focus();
});
