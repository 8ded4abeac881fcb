// Runs in every document before the page's own scripts: keeps what checks read through as the browser made it, and
// says later which of that the page has replaced. Only what was kept here is used; nothing of the page is called.
(() => {
  const { apply, getOwnPropertyDescriptor: own, ownKeys, defineProperty } = Reflect;
  const get = (owner, key) => own(owner, key)?.get;
  // Reading alone: libraries wrap what acts (`fetch`, timers, listeners, `Promise`), and have reasons to.
  const READ = (
    "querySelector querySelectorAll getElementById getElementsByClassName getElementsByTagName getElementsByName " +
    "matches closest contains textContent innerText innerHTML outerHTML outerText nodeValue data value checked " +
    "selected disabled options selectedIndex validity tagName nodeName localName id className classList dataset " +
    "attributes getAttribute hasAttribute getAttributeNames children childNodes childElementCount firstChild " +
    "lastChild firstElementChild lastElementChild nextElementSibling previousElementSibling parentElement " +
    "parentNode isConnected shadowRoot rows cells tBodies href src title body head documentElement forms images " +
    "links scripts styleSheets getBoundingClientRect getClientRects offsetWidth offsetHeight clientWidth " +
    "clientHeight scrollWidth scrollHeight offsetParent checkVisibility style getPropertyValue display length item " +
    "namedItem getItem key has get keys values entries forEach includes indexOf lastIndexOf some every find " +
    "findIndex filter map reduce join slice at concat flat flatMap sort startsWith endsWith match matchAll search " +
    "split replace replaceAll trim toLowerCase toUpperCase charAt charCodeAt substring padStart padEnd normalize " +
    "test exec source toFixed valueOf isArray from of isInteger isFinite isNaN parseFloat parseInt is hasOwn " +
    "hasOwnProperty fromEntries getOwnPropertyNames stringify parse abs round floor ceil max min sqrt pow trunc"
  ).split(" ");
  const GLOBALS = (
    "Array Boolean Number String Object RegExp JSON Math Map Set parseFloat parseInt isNaN isFinite eval Function " +
    "getComputedStyle document Document Element HTMLElement Node"
  ).split(" ");
  const OF_PAGES = new RegExp(
    "Element$|^(HTML)?(Document|Collection)$|^(Node|NodeList|CharacterData|Text|Attr|Storage|DOMTokenList)$|" +
      "^(NamedNodeMap|DOMRectReadOnly|CSSStyleDeclaration|DocumentFragment|ShadowRoot)$",
  );

  const kept = [];
  const keep = (owner, name, keys) => {
    for (const key of keys) {
      const now = own(owner, key);
      // What it does not have and inherits, it may be given; then that is what checks find first.
      if (now ?? key in owner) kept[kept.length] = { __proto__: null, owner, key, before: now?.get ?? now?.value, name };
    }
  };
  keep(window, "", GLOBALS);
  for (const name of ownKeys(window)) {
    const made = own(window, name)?.value;
    if (typeof made === "function" && typeof name === "string") {
      const of = own(made, "prototype")?.value;
      if (of && OF_PAGES.test(name)) keep(of, `${name}.prototype`, READ);
    }
  }
  for (const name of ["Array", "Boolean", "Number", "String", "Object", "RegExp", "Map", "Set"]) {
    keep(window[name], name, READ);
    keep(window[name].prototype, `${name}.prototype`, READ);
  }
  keep(JSON, "JSON", READ);
  keep(Math, "Math", READ);
  const iterators = [Array.prototype, String.prototype, NodeList.prototype, HTMLCollection.prototype];
  for (const one of iterators) keep(one, "a list", [Symbol.iterator]);
  const all = Document.prototype.querySelectorAll;
  const count = get(NodeList.prototype, "length");

  // What libraries and custom elements give to single elements is theirs: React keeps `value` and `checked` there.
  const SINGLE = ["textContent", "innerText", "innerHTML", "outerHTML", "querySelector", "querySelectorAll"];
  const MOST = 5000;
  const guard = () => {
    const found = { __proto__: null };
    for (let at = 0; at < kept.length; at += 1) {
      const { owner, key, before, name } = kept[at];
      const now = own(owner, key);
      if ((now?.get ?? now?.value) !== before) {
        const shown = typeof key === "symbol" ? "iterator" : key;
        found[name ? `${name}.${shown}` : shown] = 1;
      }
    }
    for (let at = 0; at < READ.length; at += 1) {
      if (READ[at] !== "length" && own(document, READ[at])) found[`document.${READ[at]}`] = 1;
    }
    const elements = apply(all, document, ["*"]);
    const most = apply(count, elements, []);
    for (let at = 0; at < most && at < MOST; at += 1) {
      for (let one = 0; one < SINGLE.length; one += 1) {
        if (own(elements[at], SINGLE[one])) found[`${SINGLE[one]} of single elements`] = 1;
      }
    }
    let said = "";
    const names = ownKeys(found);
    for (let at = 0; at < names.length; at += 1) said += (at ? "\n" : "") + names[at];
    return said;
  };
  defineProperty(window, "NAME", { __proto__: null, value: guard, writable: false, enumerable: false, configurable: false });
})();
