/* The search: ranks sections, statements and the papers' items by where the words asked for stand. Needs qbc-index.js,
   language_data.js and qbc-element.js. */
document.addEventListener("DOMContentLoaded", function () {
  "use strict";
  var TITLE = 6, KEYWORD = 8, CHAPTER = 1, PHRASE = 8, SHOWN = 30;
  var KIND = { page: 1, section: 1, statement: 0.9, row: 1.1 }, NUMBERS = /^book\/(claims|power|provenance|runs|bench|notation|artifact)/;
  var element = window.qbcElement, stemmer = new Stemmer(), stems = {};

  function split(text) { return text.toLowerCase().match(/[\p{L}\p{N}]+(?:\.\p{N}+)*/gu) || []; }
  function stem(word) { return stems[word] || (stems[word] = stemmer.stemWord(word)); }
  function count(text) {
    var found = new Map();
    split(text).forEach(function (w) { var s = stem(w); found.set(s, (found.get(s) || 0) + 1); });
    return found;
  }
  function flat(text) { return " " + split(text).map(stem).join(" ") + " "; }

  var every = window.qbcIndex[2].split(" ");
  var entries = window.qbcIndex[1].map(function (e) {
    var page = window.qbcIndex[0][e[0]], text = e[4].split(" ").map(function (n) { return every[parseInt(n, 36)]; }).join(" ");
    return { url: page[0], anchor: e[1], title: e[2], chapter: page[1], text: text, kind: e[5], inTitle: count(e[2]), inChapter: count(page[1]),
      keywords: count(e[3]), asked: flat(e[3]), words: count(text), size: text.length / 6, flatTitle: flat(e[2]), flatText: flat(text) };
  });

  function everywhere(entry, s) { return entry.words.has(s) || entry.inTitle.has(s) || entry.keywords.has(s); }

  function weigh(terms) {
    return terms.map(function (s) {
      var n = entries.filter(function (e) { return everywhere(e, s); }).length;
      return Math.log(1 + entries.length / (1 + n));
    });
  }

  function score(entry, terms, weights, phrase) {
    var sum = 0, met = 0;
    terms.forEach(function (s, i) {
      var n = entry.words.get(s) || 0, at = n / (n + 0.5 + entry.size / 150);
      if (entry.inTitle.has(s)) { at += TITLE / (2 + Math.sqrt(entry.inTitle.size)); }
      if (entry.keywords.has(s)) { at += KEYWORD / (4 + Math.sqrt(entry.keywords.size)); }
      if (at > 0) { met += 1; }
      if (entry.inChapter.has(s)) { at += at > 0 ? CHAPTER / 2 : 0.1; }
      sum += at * weights[i];
    });
    if (terms.length > 1 && entry.flatTitle.includes(phrase)) { sum += PHRASE; }
    if (terms.length > 1 && entry.asked.includes(phrase)) { sum += PHRASE; }
    if (terms.length > 1 && entry.flatText.includes(phrase)) { sum += PHRASE / 3; }
    return sum * Math.pow(met / terms.length, 1.5) * (KIND[entry.kind] || 1) * (NUMBERS.test(entry.url) ? 0.4 : 1);
  }

  function query(text) {
    var all = split(text), telling = all.filter(function (w) { return !stopwords.includes(w); });
    var terms = Array.from(new Set((telling.length ? telling : all).map(stem)));
    var weights = weigh(terms), phrase = flat(text);
    var found = entries.map(function (e) { return [score(e, terms, weights, phrase), e]; });
    found = found.filter(function (f) { return f[0] > 0.05; }).sort(function (a, b) { return b[0] - a[0]; });
    return { terms: terms, hits: found.map(function (f) { return f[1]; }) };
  }

  function marked(text, terms) { /* nodes: the text with the words asked for marked */
    return text.split(/([\p{L}\p{N}]+(?:\.\p{N}+)*)/u).map(function (part, i) {
      if (i % 2 === 0 || !terms.includes(stem(part.toLowerCase()))) { return document.createTextNode(part); }
      return element("mark", {}, [part]);
    });
  }

  function snippet(entry, terms) { /* some words around the first of those asked for */
    var list = entry.text.split(" ");
    var at = list.findIndex(function (w) { return split(w).some(function (x) { return terms.includes(stem(x)); }); });
    var from = Math.max(0, at - 10), shown = list.slice(from, from + 34).join(" ");
    return (from > 0 ? "… " : "") + shown + (list.length > from + 34 ? " …" : "");
  }

  function show(text) {
    var found = query(text), list = document.getElementById("qbc-hits"), more = found.hits.length > SHOWN;
    list.replaceChildren.apply(list, found.hits.slice(0, SHOWN).map(function (e) {
      var link = element("a", { href: e.url + (e.anchor ? "#" + e.anchor : "") }, marked(e.title, found.terms));
      var where = e.kind === "page" ? [] : [element("span", { "class": "qbc-where" }, [e.chapter])];
      return element("li", {}, [link].concat(where, [element("p", {}, marked(snippet(e, found.terms), found.terms))]));
    }));
    document.getElementById("qbc-count").textContent =
      (more ? "The first " + SHOWN + " of " : "") + found.hits.length + " sections and statements have words of “" + text + "”.";
  }

  var input = document.getElementById("qbc-asked"), asked = new URLSearchParams(location.search).get("q") || "";
  input.value = asked;
  if (asked.trim()) { show(asked); }
  input.focus();
});
