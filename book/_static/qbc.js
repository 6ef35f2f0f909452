/* The ledger's filter: which rows to show, in which order. Without this script the whole table stands. */
(function () {
  "use strict";

  var element = window.qbcElement;

  function labelled(text, control) { return element("label", {}, [text + " ", control]); }

  function said(row, column) {
    var cell = row.querySelector("td.qbc-c-" + column);
    return cell ? cell.textContent.trim() : "";
  }

  function choices(rows, column, clean) {
    var seen = {};
    rows.forEach(function (row) { seen[clean(said(row, column))] = true; });
    return Object.keys(seen).sort();
  }

  function picker(rows, column, clean) {
    var options = [element("option", { value: "" }, ["all"])];
    choices(rows, column, clean).forEach(function (c) { options.push(element("option", { value: c }, [c])); });
    return element("select", {}, options);
  }

  function whole(text) { return text; }
  function first(text) { return text.split(":")[0].split(",")[0].trim(); }
  function verdict(text) { return text.split(" ")[0]; }

  function number(text) {
    var plain = text.replace("−", "-").replace(" × 10", "e").replace(/[⁻⁰¹²³⁴-⁹]/g, function (c) {
      return "-0123456789".charAt("⁻⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c));
    });
    var found = plain.match(/-?\d*\.?\d+(e-?\d+)?/);
    return found ? parseFloat(found[0]) : Infinity;
  }

  function ledger(table) {
    var body = table.tBodies[0], rows = Array.from(body.rows);
    var words = element("input", { type: "search", placeholder: "a word, a label, a chapter" });
    var pick = { verdict: [picker(rows, "verdict", verdict), verdict], "class": [picker(rows, "class", whole), whole],
      claim: [picker(rows, "claim", first), first] };
    var weak = element("input", { type: "checkbox" }), count = element("output", { "aria-live": "polite" });
    var order = element("select", {}, [element("option", { value: "" }, ["as in the book"]),
      element("option", { value: "slack" }, ["by slack"]), element("option", { value: "class" }, ["by class"]),
      element("option", { value: "claim" }, ["by claim"])]);

    function show() {
      var asked = words.value.toLowerCase().split(/\s+/), n = 0;
      rows.forEach(function (row) {
        var text = row.textContent.toLowerCase();
        var ok = asked.every(function (w) { return text.includes(w); }) && (!weak.checked || row.querySelector(".qbc-mark"));
        Object.keys(pick).forEach(function (c) {
          ok = ok && (!pick[c][0].value || pick[c][1](said(row, c)) === pick[c][0].value);
        });
        row.hidden = !ok;
        n += ok ? 1 : 0;
      });
      count.textContent = n + " of " + rows.length + " results";
    }

    function sort() {
      var column = order.value, sorted = rows.slice();
      if (column === "slack") { sorted.sort(function (a, b) { return number(said(a, column)) - number(said(b, column)); }); }
      if (column === "class" || column === "claim") {
        sorted.sort(function (a, b) { return said(a, column).localeCompare(said(b, column)); });
      }
      sorted.forEach(function (row) { body.append(row); });
    }

    var form = element("form", { "class": "qbc-filter", "aria-label": "Filter of the ledger" }, [labelled("Search", words),
      labelled("Verdict", pick.verdict[0]), labelled("Class", pick["class"][0]), labelled("Claim", pick.claim[0]),
      labelled("Order", order), labelled("Weak only", weak), count]);
    form.addEventListener("submit", function (e) { e.preventDefault(); });
    form.addEventListener("input", show);
    order.addEventListener("change", sort);
    (table.closest(".pst-scrollable-table-container") || table).before(form);
    show();
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("table.qbc-ledger").forEach(ledger);
  });
})();
