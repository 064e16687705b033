// Solves the small puzzle of the feedback form while the person types. Without this script the
// form works as well; the server then takes fewer messages per hour from one network.
//
// The puzzle: a number whose SHA-256, taken over "seed:number", begins with so many zero bits.
(function () {
  "use strict";

  var summary = document.querySelector(".summary");
  if (summary) summary.focus();

  var form = document.querySelector("form[data-seed]");
  if (!form) return;
  var seed = form.dataset.seed;
  var bits = Number(form.dataset.bits);
  var field = form.elements.namedItem("puzzle_answer");
  var button = form.querySelector("button[type=submit]");
  var label = button.textContent;
  var started = false;
  var waiting = false;
  var sent = false;
  var counter = 0;

  var constants = [];
  var start = [];
  (function primes() {
    function fraction(x) { return ((x - Math.floor(x)) * 4294967296) | 0; }
    for (var candidate = 2; constants.length < 64; candidate++) {
      var prime = true;
      for (var divisor = 2; divisor * divisor <= candidate; divisor++) {
        if (candidate % divisor === 0) { prime = false; break; }
      }
      if (!prime) continue;
      if (start.length < 8) start.push(fraction(Math.sqrt(candidate)));
      constants.push(fraction(Math.cbrt(candidate)));
    }
  })();

  function rotate(x, n) { return (x >>> n) | (x << (32 - n)); }

  // The first word of the SHA-256 of a text of at most 55 ASCII letters: one block.
  var w = new Int32Array(64);
  function firstWord(text) {
    var i;
    for (i = 0; i < 16; i++) w[i] = 0;
    for (i = 0; i < text.length; i++) w[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
    w[text.length >> 2] |= 0x80 << (24 - 8 * (text.length & 3));
    w[15] = text.length * 8;
    for (i = 16; i < 64; i++) {
      var x = w[i - 15], y = w[i - 2];
      w[i] = (w[i - 16] + (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) + w[i - 7] +
        (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10))) | 0;
    }
    var a = start[0], b = start[1], c = start[2], d = start[3];
    var e = start[4], f = start[5], g = start[6], h = start[7];
    for (i = 0; i < 64; i++) {
      var t1 = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) +
        constants[i] + w[i]) | 0;
      var t2 = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
        ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    return (start[0] + a) | 0;
  }

  function send() {
    if (sent) return;
    sent = true;
    form.submit();
  }

  function search() {
    for (var end = counter + 2000; counter < end; counter++) {
      if (firstWord(seed + ":" + counter) >>> (32 - bits) === 0) {
        field.value = String(counter);
        if (waiting) send();
        return;
      }
    }
    setTimeout(search, 0);
  }

  function begin() {
    if (started || !(bits > 0 && bits <= 30)) return;
    started = true;
    setTimeout(search, 0);
  }

  form.addEventListener("focusin", begin);
  form.addEventListener("submit", function (event) {
    if (waiting || sent) {
      event.preventDefault();
      return;
    }
    begin();
    waiting = true;
    button.setAttribute("aria-disabled", "true");
    button.textContent = button.dataset.working;
    if (field.value !== "") return;
    event.preventDefault();
    // A slow machine is not kept waiting: the server takes the form without an answer, too.
    setTimeout(send, 8000);
  });

  // Back from the next page: the browser may show this one as it was left.
  window.addEventListener("pageshow", function (event) {
    if (!event.persisted) return;
    waiting = false;
    sent = false;
    button.removeAttribute("aria-disabled");
    button.textContent = label;
  });
})();
