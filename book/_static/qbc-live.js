/* Figures with sliders and tables to sort. It looks pictures up and draws them; it computes nothing. Without it the first picture,
   and the whole table, stand. */
(function () {
  "use strict";

  var element = window.qbcElement;

  /* What stands in a table of the data where input k is at its value number at[k]. */
  function picked(table, at, inputs) {
    var place = table.by.reduce(function (i, k) { return i * inputs[k].values.length + at[k]; }, 0);
    return table.of[place];
  }

  function figure(box, data) {
    var form = box.querySelector("form"), said = box.querySelector("output");
    var paths = box.querySelectorAll(".qbc-live-picture path[class^='qbc-m-']");
    var controls = Array.from(form.querySelectorAll("[data-input]"));

    function draw() {
      var at = controls.map(function (c) { return +c.value; });
      controls.forEach(function (c, k) {
        if (c.type !== "range") { return; }
        var shown = data.inputs[k].values[at[k]];
        c.setAttribute("aria-valuetext", shown);
        c.parentNode.querySelector("b").textContent = shown;
      });
      data.marks.forEach(function (mark, k) { paths[k].setAttribute("d", picked(mark, at, data.inputs)); });
      said.textContent = data.said.replace(/\{(\w+)\}/g, function (_, word) { return picked(data.words[word], at, data.inputs); });
    }

    form.addEventListener("input", draw);
    form.addEventListener("submit", function (e) { e.preventDefault(); });
    form.hidden = false;
    draw(); /* a browser that comes back to the page may have kept the inputs */
  }

  function number(text) {
    var n = parseFloat(text.replace("−", "-"));
    return isNaN(n) ? -Infinity : n;
  }

  function table(box) {
    var form = box.querySelector("form"), body = box.querySelector("tbody"), rows = Array.from(body.rows);
    var heads = Array.from(box.querySelectorAll("th")), count = element("output", { "aria-live": "polite" });
    var picks = form.dataset.pick ? form.dataset.pick.split(" ").map(Number) : [];

    function text(row, k) { return row.cells[k].textContent; }

    var selects = picks.map(function (k) {
      var seen = Array.from(new Set(rows.map(function (row) { return text(row, k); })));
      return element("select", {}, [element("option", { value: "" }, ["all"])].concat(seen.map(function (value) {
        return element("option", { value: value }, [value]);
      })));
    });

    function filter() {
      var n = 0;
      rows.forEach(function (row) {
        row.hidden = picks.some(function (k, i) { return selects[i].value && text(row, k) !== selects[i].value; });
        n += row.hidden ? 0 : 1;
      });
      count.textContent = n + " of " + rows.length + " rows";
    }

    function sort(k) {
      var isNumber = heads[k].className, first = isNumber ? "descending" : "ascending";
      var order = heads[k].getAttribute("aria-sort") !== first ? first : isNumber ? "ascending" : "descending";
      var sign = order === "descending" ? -1 : 1;
      heads.forEach(function (head) { head.removeAttribute("aria-sort"); });
      heads[k].setAttribute("aria-sort", order);
      rows.slice().sort(function (a, b) {
        var x = text(a, k), y = text(b, k);
        return sign * (isNumber ? number(x) - number(y) : x.localeCompare(y));
      }).forEach(function (row) { body.append(row); });
    }

    heads.forEach(function (head, k) {
      var button = element("button", { type: "button" }, [head.textContent]);
      button.addEventListener("click", function () { sort(k); });
      head.replaceChildren(button);
    });
    picks.forEach(function (k, i) { form.append(element("label", {}, [heads[k].textContent + " ", selects[i]])); });
    form.append(count);
    form.addEventListener("input", filter);
    form.addEventListener("submit", function (e) { e.preventDefault(); });
    form.hidden = false;
    filter();
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("figure.qbc-live").forEach(function (box) {
      var data = box.querySelector("script[type='application/json']");
      if (data) { figure(box, JSON.parse(data.textContent)); } else { table(box); }
    });
  });
})();
