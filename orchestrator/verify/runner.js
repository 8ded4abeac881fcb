// The words of test runners, on the page itself: Playwright, Cypress, Selenium, Testing Library, jQuery, Jest, Chai.
// A closed table: locate, click, fill, text, visible, count, address, title. Another word is said to be unknown.
// Readings are plain values, so that they mean the same with and without `await`.
(() => {
  const WAIT = 2000;
  const STEP = 50;
  const pending = [];
  let queue = Promise.resolve();
  let done = 0;

  const unknown = (name) => {
    throw new Error(`NotUnderstood: ${name}`);
  };
  const strict = (name, table) =>
    new Proxy(table, {
      get: (target, key) => {
        if (key in target) return target[key];
        return typeof key === "symbol" || key === "then" || key === "toJSON" || key.startsWith("__")
          ? undefined
          : unknown(`${name}${key}`);
      },
    });
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const shown = (value) => {
    if (value instanceof RegExp) return String(value);
    try {
      return String(JSON.stringify(value) ?? value).slice(0, 200);
    } catch {
      return String(value).slice(0, 200);
    }
  };
  const tidy = (text) =>
    String(text ?? "")
      .replace(/\s+/g, " ")
      .trim();
  const until = async (look) => {
    const end = Date.now() + WAIT;
    for (;;) {
      let problem;
      try {
        problem = look();
      } catch (error) {
        if (String(error.message).startsWith("NotUnderstood")) throw error;
        problem = error.message;
      }
      if (!problem) {
        done += 1;
        return;
      }
      if (Date.now() > end) throw new Error(problem);
      await pause(STEP);
    }
  };
  const later = (promise) => {
    pending.push(promise);
    promise.catch(() => {});
    return promise;
  };
  const enqueue = (step) => {
    queue = queue.then(step);
    return later(queue);
  };

  // What is looked for.
  const matches = (wanted, text, exact) => {
    if (wanted instanceof RegExp) return wanted.test(text);
    return exact ? tidy(text) === tidy(wanted) : tidy(text).toLowerCase().includes(tidy(wanted).toLowerCase());
  };
  const isVisible = (element) => {
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    return style.visibility !== "hidden" && style.display !== "none" && box.width > 0 && box.height > 0;
  };
  const innermost = (elements) =>
    elements.filter((one) => !elements.some((other) => other !== one && one.contains(other)));
  const SAYING = ":not(script):not(style):not(head):not(title):not(meta)";
  const byText = (root, wanted, exact) =>
    innermost(
      [...root.querySelectorAll(SAYING)].filter((one) => matches(wanted, one.innerText ?? one.textContent, exact)),
    );
  const ROLES = {
    button: "button,input[type=button],input[type=submit],[role=button]",
    link: "a[href],[role=link]",
    heading: "h1,h2,h3,h4,h5,h6,[role=heading]",
    textbox: "input:not([type]),input[type=text],input[type=email],textarea",
    checkbox: "input[type=checkbox],[role=checkbox]",
    radio: "input[type=radio],[role=radio]",
    list: "ul,ol,[role=list]",
    listitem: "li,[role=listitem]",
    table: "table,[role=table]",
    row: "tr,[role=row]",
    cell: "td,[role=cell]",
    img: "img,[role=img]",
    combobox: "select,[role=combobox]",
    main: "main,[role=main]",
    navigation: "nav",
    alert: "[role=alert]",
    status: "[role=status],output",
    dialog: "dialog,[role=dialog]",
    searchbox: "input[type=search]",
  };
  const named = (element) =>
    element.getAttribute("aria-label") ||
    element.labels?.[0]?.innerText ||
    element.alt ||
    element.innerText ||
    element.value ||
    "";
  const byRole = (root, role, { name, exact } = {}) =>
    [...root.querySelectorAll(ROLES[role] ?? `[role="${role}"]`)].filter(
      (one) => name === undefined || matches(name, named(one), exact),
    );
  const byLabel = (root, wanted) =>
    [...root.querySelectorAll("input,select,textarea,[aria-label]")].filter((one) =>
      matches(wanted, one.labels?.[0]?.innerText ?? one.getAttribute("aria-label") ?? ""),
    );
  const byAttribute = (name) => (root, wanted) =>
    [...root.querySelectorAll(`[${name}]`)].filter((one) => matches(wanted, one.getAttribute(name)));
  const bySelector = (root, selector) => {
    if (selector instanceof Element || selector instanceof Document) return [selector];
    const text = String(selector).replace(/^css=/, "");
    if (text.startsWith("text=")) return byText(root, text.slice(5).replace(/^(["'])(.*)\1$/, "$2"));
    if (/^(xpath=|\/\/|\(\/\/)/.test(text)) {
      const found = document.evaluate(text.replace(/^xpath=/, ""), root, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE);
      return Array.from({ length: found.snapshotLength }, (_, at) => found.snapshotItem(at));
    }
    const said = /^(.*?):(?:has-text|contains|text)\((["']?)(.*?)\2\)$/.exec(text);
    if (said)
      return [...root.querySelectorAll(said[1] || "*")].filter((one) =>
        matches(said[3], one.innerText ?? one.textContent),
      );
    try {
      return [...root.querySelectorAll(text)];
    } catch {
      return unknown(`the selector ${text}`);
    }
  };

  // What is done.
  const set = (element, value) => {
    const kind = Object.getPrototypeOf(element);
    const own = Object.getOwnPropertyDescriptor(kind, "value")?.set;
    if (own) own.call(element, value);
    else element.textContent = value;
    for (const type of ["input", "change"]) element.dispatchEvent(new Event(type, { bubbles: true }));
  };
  const press = (element, key) => {
    const tell = (type) => element.dispatchEvent(new KeyboardEvent(type, { key, bubbles: true, cancelable: true }));
    const goes = tell("keydown");
    tell("keyup");
    if (goes && key === "Enter") element.form?.requestSubmit();
  };
  const type = (element, text) => {
    const [, plain, key] = /^(.*?)(?:\{(enter)\})?$/is.exec(String(text));
    if (plain) set(element, (element.value ?? "") + plain);
    if (key) press(element, "Enter");
  };
  const choose = (element, wanted) => {
    const option = [...(element.options ?? [])].find((one) =>
      [one.value, one.text.trim()].includes(String(wanted.label ?? wanted.value ?? wanted)),
    );
    if (!option) throw new Error(`the select has no option ${shown(wanted)}`);
    set(element, option.value);
  };
  const ACTS = {
    click: (element) => element.click(),
    dblclick: (element) => element.dispatchEvent(new MouseEvent("dblclick", { bubbles: true })),
    fill: (element, value) => set(element, value),
    type,
    pressSequentially: type,
    sendKeys: type,
    send_keys: type,
    clear: (element) => set(element, ""),
    press,
    selectOption: choose,
    select: choose,
    focus: (element) => element.focus(),
    check: (element) => {
      if (!element.checked) element.click();
    },
    uncheck: (element) => {
      if (element.checked) element.click();
    },
    submit: (element) => (element.form ?? element).requestSubmit(),
    hover: (element) => element.dispatchEvent(new MouseEvent("mouseover", { bubbles: true })),
    trigger: (element, name) => element.dispatchEvent(new Event(name, { bubbles: true })),
    tap: (element) => element.click(),
  };
  const perform = (query, what, act, args) =>
    enqueue(async () => {
      await until(() => (query().length ? "" : `no element matches ${what}`));
      act(query()[0], ...args);
      await pause(STEP);
    });

  // A way to elements, followed anew each time.
  const locator = (query, what) => {
    const one = () =>
      query()[0] ??
      (() => {
        throw new Error(`no element matches ${what}`);
      })();
    const inside = (find, told) =>
      locator(() => [...new Set(query().flatMap((root) => find(root)))], `${what} ${told}`);
    const nth = (at) => locator(() => query().slice(at, at === -1 ? undefined : at + 1), what);
    const all = (selector) => inside((root) => bySelector(root, selector), selector);
    const table = {
      locator: all,
      find: all,
      $: all,
      $$: all,
      findElement: all,
      findElements: all,
      querySelector: all,
      first: () => nth(0),
      last: () => nth(-1),
      nth,
      eq: nth,
      get: (at) => (at === undefined ? query() : query()[at]),
      filter: ({ hasText } = {}) =>
        locator(() => query().filter((element) => matches(hasText ?? "", element.innerText)), what),
      all: () => query().map((element) => locator(() => [element], what)),
      innerText: () => one().innerText,
      textContent: () => one().textContent,
      getText: () => one().innerText,
      allTextContents: () => query().map((element) => element.textContent),
      allInnerTexts: () => query().map((element) => element.innerText),
      innerHTML: () => one().innerHTML,
      html: () => one().innerHTML,
      inputValue: () => one().value,
      getAttribute: (name) => one().getAttribute(name),
      attr: (name) => one().getAttribute(name) ?? undefined,
      getProperty: (name) => one()[name],
      prop: (name) => one()[name],
      css: (name) => getComputedStyle(one()).getPropertyValue(name),
      hasClass: (name) => query().some((element) => element.classList.contains(name)),
      count: () => query().length,
      get length() {
        return query().length;
      },
      size: () => query().length,
      isVisible: () => query().some(isVisible),
      isHidden: () => !query().some(isVisible),
      isDisplayed: () => isVisible(one()),
      is_displayed: () => isVisible(one()),
      isEnabled: () => !one().disabled,
      isDisabled: () => one().disabled,
      isChecked: () => one().checked,
      is: (selector) =>
        /^:(visible|hidden)$/.test(selector)
          ? query().some(isVisible) === (selector === ":visible")
          : query().some((element) => element.matches(selector)),
      waitFor: () => later(until(() => (query().some(isVisible) ? "" : `no element matches ${what}`))),
      evaluate: (told, argument) => told(one(), argument),
      toArray: () => query(),
      each: (told) => query().forEach((element, at) => told.call(element, at, element)),
      text: (value) =>
        value === undefined
          ? query()
              .map((element) => element.textContent)
              .join("")
          : perform(query, what, ACTS.fill, [value]),
      val: (value) => (value === undefined ? one().value : perform(query, what, ACTS.fill, [value])),
      getByText: (text, more) => inside((root) => byText(root, text, more?.exact), `with the text ${shown(text)}`),
      getByRole: (role, more) => inside((root) => byRole(root, role, more), `with the role ${role}`),
      getByLabel: (text) => inside((root) => byLabel(root, text), `with the label ${shown(text)}`),
      getByPlaceholder: (text) =>
        inside((root) => byAttribute("placeholder")(root, text), `with the placeholder ${shown(text)}`),
      getByTestId: (id) => all(`[data-testid="${id}"]`),
      getByAltText: (text) => inside((root) => byAttribute("alt")(root, text), `with the alt ${shown(text)}`),
      getByTitle: (text) => inside((root) => byAttribute("title")(root, text), `with the title ${shown(text)}`),
      contains: (text) => inside((root) => byText(root, text), `with the text ${shown(text)}`),
      should: (...said) => {
        later(enqueue(() => until(() => chained(query, what, said))));
        return self;
      },
      and: (...said) => table.should(...said),
      invoke: (name) => valued(() => table[name]()),
      its: (name) => valued(() => table[name]),
      __query: query,
      __what: what,
    };
    for (const [name, act] of Object.entries(ACTS))
      table[name] = (...args) => {
        const acted = perform(query, what, act, args);
        return Object.assign(acted, { should: (...said) => self.should(...said), click: () => self.click() });
      };
    const self = strict(`${what}.`, table);
    return self;
  };
  const valued = (read) =>
    strict("value.", { should: (...said) => later(enqueue(() => until(() => compared(read(), said)))), __read: read });

  // What is expected: each gives "" where it holds, else what was there instead.
  const SAME = (actual, wanted) => actual === wanted || shown(actual) === shown(wanted);
  const VALUES = {
    toBe: (a, b) => a === b || Object.is(a, b),
    toEqual: SAME,
    toStrictEqual: SAME,
    equal: SAME,
    equals: SAME,
    eq: SAME,
    eql: SAME,
    deepEqual: SAME,
    toBeTruthy: (a) => Boolean(a),
    toBeFalsy: (a) => !a,
    toBeNull: (a) => a === null,
    toBeDefined: (a) => a !== undefined,
    toBeUndefined: (a) => a === undefined,
    toContain: (a, b) => a.includes(b),
    contain: (a, b) => a.includes(b),
    include: (a, b) => a.includes(b),
    includes: (a, b) => a.includes(b),
    contains: (a, b) => a.includes(b),
    toMatch: (a, b) => new RegExp(b).test(a),
    match: (a, b) => new RegExp(b).test(a),
    toHaveLength: (a, b) => a.length === b,
    length: (a, b) => a.length === b,
    lengthOf: (a, b) => a.length === b,
    toBeGreaterThan: (a, b) => a > b,
    greaterThan: (a, b) => a > b,
    above: (a, b) => a > b,
    gt: (a, b) => a > b,
    toBeGreaterThanOrEqual: (a, b) => a >= b,
    least: (a, b) => a >= b,
    toBeLessThan: (a, b) => a < b,
    lessThan: (a, b) => a < b,
    below: (a, b) => a < b,
    toBeLessThanOrEqual: (a, b) => a <= b,
    most: (a, b) => a <= b,
    toBeCloseTo: (a, b, digits = 2) => Math.abs(a - b) < 10 ** -digits / 2,
    true: (a) => a === true,
    false: (a) => a === false,
    null: (a) => a === null,
    ok: (a) => Boolean(a),
    exist: (a) => a !== null && a !== undefined,
    empty: (a) => !(a?.length ?? Object.keys(a ?? {}).length),
  };
  const text = (element) =>
    element.value && !element.innerText ? element.value : (element.innerText ?? element.textContent);
  const PLACES = {
    toHaveText: [
      (found, wanted) =>
        Array.isArray(wanted)
          ? SAME(
              found.map((one) => tidy(text(one))),
              wanted.map(tidy),
            )
          : matches(wanted, text(found[0]), true),
      (found) => tidy(text(found[0])),
    ],
    toContainText: [(found, wanted) => matches(wanted, text(found[0])), (found) => tidy(text(found[0]))],
    toBeVisible: [(found) => found.some(isVisible), () => "hidden"],
    toBeHidden: [(found) => !found.some(isVisible), () => "visible"],
    toBeAttached: [(found) => found.length > 0, () => "absent"],
    toBeEnabled: [(found) => !found[0].disabled, () => "disabled"],
    toBeDisabled: [(found) => found[0].disabled, () => "enabled"],
    toBeChecked: [(found) => found[0].checked, () => "not checked"],
    toHaveValue: [(found, wanted) => matches(wanted, found[0].value, true), (found) => found[0].value],
    toHaveCount: [(found, wanted) => found.length === wanted, (found) => found.length],
    toHaveAttribute: [
      (found, name, wanted) =>
        found[0].hasAttribute(name) && (wanted === undefined || matches(wanted, found[0].getAttribute(name), true)),
      (found, name) => found[0].getAttribute(name),
    ],
    toHaveClass: [
      (found, wanted) =>
        wanted instanceof RegExp
          ? wanted.test(found[0].className)
          : tidy(wanted)
              .split(" ")
              .every((name) => found[0].classList.contains(name)),
      (found) => found[0].className,
    ],
    toBeEmpty: [(found) => !tidy(text(found[0])) && !found[0].children.length, (found) => tidy(text(found[0]))],
    toHaveId: [(found, wanted) => found[0].id === wanted, (found) => found[0].id],
    toHaveCSS: [
      (found, name, wanted) => matches(wanted, getComputedStyle(found[0]).getPropertyValue(name), true),
      (found, name) => getComputedStyle(found[0]).getPropertyValue(name),
    ],
  };
  Object.assign(PLACES, {
    toBeInTheDocument: PLACES.toBeAttached,
    toHaveTextContent: PLACES.toContainText,
    toExist: PLACES.toBeAttached,
    toHaveLength: PLACES.toHaveCount,
  });
  const ABSENT = new Set([
    "toBeHidden",
    "toHaveCount",
    "toHaveLength",
    "toBeVisible",
    "toBeAttached",
    "toBeInTheDocument",
    "toExist",
  ]);
  const placed = (query, what, name, args, isNot) => {
    const [holds, seen] = PLACES[name];
    const found = query();
    if (!found.length && !ABSENT.has(name)) return isNot ? "" : `no element matches ${what}`;
    return Boolean(holds(found, ...args)) !== isNot
      ? ""
      : `${what} is ${shown(found.length || name === "toHaveCount" ? seen(found, ...args) : "absent")}`;
  };
  const compared = (actual, [said, ...args]) => {
    const words = String(said)
      .split(".")
      .filter((word) => !["to", "be", "have", "deep", "a", "an", "that", "is"].includes(word));
    const isNot = words[0] === "not";
    const name = words[isNot ? 1 : 0];
    if (!(name in VALUES)) unknown(said);
    return Boolean(VALUES[name](actual, ...args)) !== isNot ? "" : `the value is ${shown(actual)}`;
  };
  const CHAINED = {
    exist: "toBeAttached",
    visible: "toBeVisible",
    text: "toHaveText",
    value: "toHaveValue",
    class: "toHaveClass",
    attr: "toHaveAttribute",
    length: "toHaveCount",
    contain: "toContainText",
    include: "toContainText",
    disabled: "toBeDisabled",
    enabled: "toBeEnabled",
    checked: "toBeChecked",
    empty: "toBeEmpty",
    id: "toHaveId",
    css: "toHaveCSS",
  };
  const chained = (query, what, [said, ...args]) => {
    if (typeof said === "function") {
      said(locator(query, what));
      return "";
    }
    const words = String(said)
      .split(".")
      .filter((word) => !["to", "be", "have", "contain.text"].includes(word));
    const isNot = words[0] === "not";
    const name = CHAINED[words[isNot ? 1 : 0]];
    if (!name) unknown(said);
    return placed(query, what, name, args, isNot);
  };
  const WORDS = ["to", "be", "have", "been", "is", "that", "and", "a", "an", "deep"];
  const expectation = (subject, isNot) => {
    if (typeof subject === "function" && !subject.__query) subject = subject();
    const isPlace = subject?.__query !== undefined || subject instanceof Element;
    const query = isPlace ? (subject.__query ?? (() => [subject])) : null;
    const what = isPlace ? (subject.__what ?? subject.tagName.toLowerCase()) : "";
    const judge =
      (name) =>
      (...args) => {
        if (subject === PAGE && name === "toHaveTitle")
          return later(
            until(() =>
              matches(args[0], document.title, true) !== isNot ? "" : `document.title is ${shown(document.title)}`,
            ),
          );
        if (subject === PAGE && name === "toHaveURL")
          return later(
            until(() =>
              (args[0] instanceof RegExp ? args[0].test(location.href) : location.href.endsWith(args[0])) !== isNot
                ? ""
                : `the address is ${location.pathname}`,
            ),
          );
        if (isPlace && name in PLACES) return later(enqueue(() => until(() => placed(query, what, name, args, isNot))));
        if (!(name in VALUES)) return unknown(`expect(…).${name}`);
        const settled = (value) => {
          done += 1;
          if (Boolean(VALUES[name](value, ...args)) === isNot) throw new Error(`the value is ${shown(value)}`);
        };
        return subject instanceof Promise
          ? later(subject.then(settled))
          : settled(
              isPlace && name === "toBeTruthy"
                ? query().length > 0
                : isPlace && name === "toBeNull"
                  ? (query()[0] ?? null)
                  : subject,
            );
      };
    return new Proxy(
      {},
      {
        get: (_, key) => {
          if (typeof key === "symbol" || key === "then") return undefined;
          if (key === "not") return expectation(subject, !isNot);
          if (WORDS.includes(key)) return expectation(subject, isNot);
          if (["true", "false", "null", "ok", "exist", "empty"].includes(key) && !isPlace) {
            judge(key)();
            return expectation(subject, isNot);
          }
          return judge(key);
        },
      },
    );
  };

  // The names themselves.
  const whole = () => locator(() => [document], "the page");
  const at = (selector) => locator(() => bySelector(document, selector), String(selector?.tagName ?? selector));
  const samePage = (url) => {
    const target = new URL(url, location.href);
    const bare = (path) => path.replace(/index\.html$/, "");
    if (target.origin === location.origin && bare(target.pathname) !== bare(location.pathname))
      return unknown(`going to ${target.pathname}`);
    return later(Promise.resolve());
  };
  const acting = Object.fromEntries(
    Object.keys(ACTS).map((name) => [name, (selector, ...args) => at(selector)[name](...args)]),
  );
  const reading = Object.fromEntries(
    [
      "innerText",
      "textContent",
      "innerHTML",
      "inputValue",
      "getAttribute",
      "isVisible",
      "isHidden",
      "isEnabled",
      "isDisabled",
      "isChecked",
    ].map((name) => [name, (selector, ...args) => at(selector)[name](...args)]),
  );
  const getting = Object.fromEntries(
    ["getByText", "getByRole", "getByLabel", "getByPlaceholder", "getByTestId", "getByAltText", "getByTitle"].map(
      (name) => [name, (...args) => whole()[name](...args)],
    ),
  );
  const PAGE = strict("page.", {
    ...acting,
    ...reading,
    ...getting,
    locator: at,
    $: (selector) => (bySelector(document, selector).length ? at(selector) : null),
    $$: (selector) => at(selector).all(),
    $eval: (selector, told, ...args) => told(bySelector(document, selector)[0], ...args),
    $$eval: (selector, told, ...args) => told(bySelector(document, selector), ...args),
    evaluate: (told, argument) => (typeof told === "function" ? told(argument) : unknown("page.evaluate of a text")),
    title: () => document.title,
    url: () => location.href,
    getTitle: () => document.title,
    getUrl: () => location.href,
    content: () => document.documentElement.outerHTML,
    goto: samePage,
    waitForSelector: (selector) =>
      later(until(() => (bySelector(document, selector).some(isVisible) ? "" : `no element matches ${selector}`))).then(
        () => at(selector),
      ),
    waitForTimeout: (ms) => pause(Math.min(ms, 5000)),
    waitForLoadState: () => Promise.resolve(),
    waitForFunction: (told, argument) => later(until(() => (told(argument) ? "" : "the function gives nothing true"))),
    pause: (ms) => pause(Math.min(ms, 5000)),
    keyboard: {
      press: (key) => press(document.activeElement, key),
      type: (said) => type(document.activeElement, said),
    },
  });
  const BY = {
    css: (to) => to,
    id: (to) => `#${CSS.escape(to)}`,
    className: (to) => `.${CSS.escape(to)}`,
    name: (to) => `[name="${to}"]`,
    tagName: (to) => to,
    xpath: (to) => `xpath=${to}`,
    linkText: (to) => `text=${to}`,
  };
  const found = (how, to) => at(to === undefined ? how : BY[how](to));
  const driver = strict("driver.", {
    findElement: (by) => at(by),
    findElements: (by) => at(by).all(),
    find_element: found,
    find_elements: (how, to) => found(how, to).get(),
    getTitle: () => document.title,
    get title() {
      return document.title;
    },
    getCurrentUrl: () => location.href,
    get current_url() {
      return location.href;
    },
    get: samePage,
    getPageSource: () => document.documentElement.outerHTML,
    get page_source() {
      return document.documentElement.outerHTML;
    },
    sleep: (ms) => pause(Math.min(ms, 5000)),
  });
  const cy = strict("cy.", {
    get: at,
    contains: (first, text) => (text === undefined ? whole().contains(first) : at(first).filter({ hasText: text })),
    visit: samePage,
    title: () => valued(() => document.title),
    url: () => valued(() => location.href),
    location: (part) => valued(() => location[part]),
    wait: (ms) => enqueue(() => pause(Math.min(Number(ms) || 0, 5000))),
    document: () => valued(() => document),
    window: () => valued(() => window),
  });
  const screen = strict("screen.", {
    width: window.screen.width,
    height: window.screen.height,
    ...getting,
    getByDisplayValue: (value) =>
      locator(
        () => [...document.querySelectorAll("input,textarea,select")].filter((one) => one.value === value),
        `with the value ${shown(value)}`,
      ),
    ...Object.fromEntries(
      Object.keys(getting).flatMap((name) => [
        [
          name.replace("get", "query"),
          (...args) => {
            const place = getting[name](...args);
            return place.count() ? place : null;
          },
        ],
        [name.replace("get", "find"), getting[name]],
        [`${name.replace("get", "getAll")}`.replace("AllBy", "AllBy"), (...args) => getting[name](...args).get()],
      ]),
    ),
  });
  const run = (_, told) => {
    const ran = told?.({ page: PAGE, expect, browser: PAGE, screen });
    if (ran instanceof Promise) later(ran);
  };
  const expect = (subject) => expectation(subject, false);
  const assert = Object.assign(
    (value, said) => {
      done += 1;
      if (!value) throw new Error(said ?? `the value is ${shown(value)}`);
    },
    Object.fromEntries(
      [
        ["equal", SAME],
        ["strictEqual", SAME],
        ["deepEqual", SAME],
        ["ok", Boolean],
        ["isTrue", Boolean],
        ["include", VALUES.include],
        ["match", VALUES.match],
      ].map(([name, holds]) => [
        name,
        (actual, ...args) => {
          done += 1;
          if (!holds(actual, ...args)) throw new Error(`the value is ${shown(actual)}`);
        },
      ]),
    ),
  );
  const jquery = (what) => (typeof what === "function" ? what() : at(what));
  const names = {
    page: PAGE,
    browser: PAGE,
    expect,
    cy,
    driver,
    screen,
    assert,
    test: run,
    it: run,
    describe: run,
    $: jquery,
    jQuery: jquery,
    By: strict("By.", {
      ...BY,
      ID: "id",
      CSS_SELECTOR: "css",
      CLASS_NAME: "className",
      NAME: "name",
      TAG_NAME: "tagName",
      XPATH: "xpath",
      LINK_TEXT: "linkText",
    }),
    fireEvent: strict("fireEvent.", {
      click: (place) => place.click(),
      change: (place, { target } = {}) => place.fill(target.value),
    }),
    userEvent: strict("userEvent.", { click: (place) => place.click(), type: (place, said) => place.type(said) }),
  };
  const verdict = async (value) => {
    if (typeof value === "function" && !value.__query) value = await value(names);
    if (value?.__read) value = value.__read();
    for (let at = 0; at < pending.length; at += 1) await pending[at];
    if (value?.__query) return value.__query().length > 0;
    return value === undefined || (value === null && done) ? done > 0 : value;
  };
  return { names, verdict };
})();
