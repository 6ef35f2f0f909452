/* Boxes that scroll sideways, figures and formulas above all: a stop of the tab key and a visible hint while there is more to see.
   Formulas that MathJax does not set stay TeX. All boxes are measured before any is changed: else each would cost a layout of the page. */
(function () {
  "use strict";
  var BOXES = ".qbc-wide, .bd-content div.math, .bd-content span.math, .bd-content pre, .pst-scrollable-table-container, .cell_output .output";

  function more(box) {
    if (box.matches("span.math")) { return box.matches(".qbc-set") && box.scrollWidth > box.clientWidth + 1; }
    return box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible";
  }

  function look(boxes) {
    var found = boxes.map(more);
    boxes.forEach(function (box, i) {
      if (found[i] !== box.matches(".qbc-more")) { box.classList.toggle("qbc-more", found[i]); }
      if (found[i]) { box.tabIndex = 0; } else if (box.tabIndex === 0) { box.removeAttribute("tabindex"); }
    });
  }

  document.documentElement.classList.add("qbc-room");
  window.addEventListener("load", function () {
    if (!window.MathJax || !window.MathJax.startup) { document.documentElement.classList.remove("qbc-room"); }
  });

  document.addEventListener("DOMContentLoaded", function () {
    var boxes = Array.from(document.querySelectorAll(BOXES));
    var seen = new ResizeObserver(function (entries) { look(entries.map(function (e) { return e.target; })); });
    boxes.forEach(function (box) { seen.observe(box); });
    new MutationObserver(function (changes) { /* formulas were set in their boxes; a selector with :has in their place would cost seconds */
      var touched = new Set();
      changes.forEach(function (c) {
        var box = c.target.closest && c.target.closest(BOXES);
        if (box && box.matches("span.math") && box.querySelector("svg")) { box.classList.add("qbc-set"); }
        if (box) { touched.add(box); }
      });
      if (touched.size) { requestAnimationFrame(function () { look(Array.from(touched)); }); }
    }).observe(document.querySelector(".bd-content") || document.body, { childList: true, subtree: true });
  });
})();
