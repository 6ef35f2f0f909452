/* What the other scripts make their parts of: an element with its attributes and its children. A classic script: it also works from files. */
window.qbcElement = function (name, attributes, children) {
  "use strict";
  var node = document.createElement(name);
  Object.keys(attributes || {}).forEach(function (key) { node.setAttribute(key, attributes[key]); });
  (children || []).forEach(function (child) { node.append(child); });
  return node;
};
