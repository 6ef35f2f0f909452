/* Boxes that scroll sideways, figures and formulas above all: a stop of the tab key and a visible hint while there is more to see.
   Formulas that MathJax does not set stay TeX. */
(function () {
  "use strict";
  var BOXES = ".qbc-wide, .bd-content div.math, .bd-content span.math, .bd-content pre, .pst-scrollable-table-container, .cell_output .output";

  function look(box) {
    var scrolls = box.matches("span.math") || getComputedStyle(box).overflowX !== "visible";
    var more = scrolls && box.scrollWidth > box.clientWidth + 1;
    box.classList.toggle("qbc-more", more);
    if (more) { box.tabIndex = 0; } else if (box.tabIndex === 0) { box.removeAttribute("tabindex"); }
  }

  window.addEventListener("load", function () { /* formulas that will not be set are shown as TeX */
    if (!window.MathJax || !window.MathJax.startup) { document.documentElement.classList.add("qbc-raw"); }
  });

  document.addEventListener("DOMContentLoaded", function () {
    var boxes = Array.from(document.querySelectorAll(BOXES));
    var seen = new ResizeObserver(function (entries) { entries.forEach(function (e) { look(e.target.closest(BOXES)); }); });
    boxes.forEach(function (box) { seen.observe(box); });
    new MutationObserver(function (changes) { /* a formula was typeset in its box */
      var touched = new Set(changes.map(function (c) { return c.target.closest && c.target.closest(BOXES); }));
      requestAnimationFrame(function () { touched.forEach(function (box) { if (box) { look(box); } }); });
    }).observe(document.querySelector(".bd-content") || document.body, { childList: true, subtree: true });
  });
})();
