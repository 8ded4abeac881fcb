"use strict";

const DATA_URL = "data.csv";
const RATES_URL = "rates.json";
const BASE_CURRENCY = "USD";
const ALL_REGIONS = "all";

/** The rows of the file, null until they are read, and what one unit of the base currency is worth in each other. */
const state = { records: null, rates: { [BASE_CURRENCY]: 1 } };

const element = (id) => document.getElementById(id);

/** Split CSV into rows of cells: quoted cells, doubled quotes, LF or CRLF. Blank lines are left out. */
function parseCsv(text) {
  const rows = [[]];
  // Each match is one cell and what ends it: a comma, a line break, or the end of the text.
  for (const [, cell, end] of text.matchAll(/("(?:[^"]|"")*"|[^,\r\n]*)(,|\r\n|\r|\n|$)/g)) {
    rows.at(-1).push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell.trim());
    if (end === "") break;
    if (end !== ",") rows.push([]);
  }
  return rows.filter((row) => row.some((cell) => cell !== ""));
}

/** Return `cell` as a number, NaN where it holds none. Thousands may be set apart by commas. */
function toNumber(cell) {
  return cell ? Number(cell.replaceAll(",", "")) : NaN;
}

/** Return one record per row, keyed by the names in the header, with `sales` as a number. */
function readRecords(text) {
  const [header, ...rows] = parseCsv(text);
  if (!header) throw new Error(`${DATA_URL} is empty.`);
  const names = header.map((name) => name.trim().toLowerCase());
  if (!names.includes("sales")) throw new Error(`${DATA_URL} has no column named “sales”.`);
  const records = rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index] ?? ""])));
  return records.map((record) => ({ ...record, sales: toNumber(record.sales) }));
}

/** Keep the rates that can be used: positive numbers. The base currency is worth 1, whatever the file says. */
function readRates(data) {
  const usable = Object.entries(data ?? {}).filter(([, rate]) => Number.isFinite(rate) && rate > 0);
  return { ...Object.fromEntries(usable), [BASE_CURRENCY]: 1 };
}

/** Fetch a file beside the page. Throws an error whose message can be shown. */
async function fetchFile(url) {
  const response = await fetch(url, { cache: "no-cache" }).catch(() => {
    throw new Error(`${url} could not be reached. Check the connection and try again.`);
  });
  if (!response.ok) throw new Error(`${url} could not be read: the server answered ${response.status}.`);
  return response;
}

const sum = (records) => records.reduce((total, record) => total + record.sales, 0);

/** Return [product, total] for each product, the largest total first. */
function totalsByProduct(records) {
  const totals = new Map();
  for (const { product, sales } of records) {
    const name = product || "(no product)";
    totals.set(name, (totals.get(name) ?? 0) + sales);
  }
  return [...totals].sort(([, a], [, b]) => b - a);
}

/** Build a table row with textContent, so that nothing in the file is taken for HTML. */
function productRow(product, total) {
  const row = document.createElement("tr");
  const name = Object.assign(document.createElement("th"), { scope: "row", textContent: product });
  const amount = Object.assign(document.createElement("td"), { className: "text-end", textContent: total.toFixed(2) });
  row.append(name, amount);
  return row;
}

/** Say how many rows were added up, and how many could not be. */
function describe(counted, skipped) {
  if (counted === 0 && skipped === 0) return "There are no sales to show.";
  const rows = `Sum of ${counted} ${counted === 1 ? "row" : "rows"}.`;
  return skipped === 0 ? rows : `${rows} Left out, because sales is not a number: ${skipped}.`;
}

function render() {
  if (!state.records) return;
  const currency = element("currency-picker").value;
  const rate = state.rates[currency];
  const region = element("region-filter").value;
  const shown = state.records.filter((record) => region === ALL_REGIONS || record.region === region);
  const counted = shown.filter((record) => Number.isFinite(record.sales));
  const rows = totalsByProduct(counted).map(([product, total]) => productRow(product, total * rate));
  element("product-sales").tBodies[0].replaceChildren(...rows);
  element("table-currency").textContent = currency;
  element("total-sales").textContent = (sum(counted) * rate).toFixed(2);
  element("total-sales").dataset.region = region;
  element("total-currency").textContent = currency;
  element("status").textContent = describe(counted.length, shown.length - counted.length);
}

/** Put `values` into a select, after the options `first`. The choice stays where it is still one of them. */
function fillSelect(select, values, first = []) {
  const chosen = select.value;
  select.replaceChildren(...first, ...values.map((value) => new Option(value, value)));
  if ([...select.options].some((option) => option.value === chosen)) select.value = chosen;
}

/** Offer the regions that the file names, in alphabetical order. */
function offerRegions() {
  const regions = new Set(state.records.map((record) => record.region).filter(Boolean));
  fillSelect(element("region-filter"), [...regions].sort(), [new Option("All regions", ALL_REGIONS)]);
}

/** Read the rates. Without them the page goes on in the base currency and says so. */
async function loadRates() {
  try {
    const response = await fetchFile(RATES_URL);
    state.rates = readRates(await response.json());
    element("rates-note").textContent = `Converted from ${BASE_CURRENCY} with the rates in ${RATES_URL}.`;
  } catch {
    element("rates-note").textContent = `${RATES_URL} could not be read: amounts are in ${BASE_CURRENCY}.`;
  }
  fillSelect(element("currency-picker"), Object.keys(state.rates));
}

function showProblem(error) {
  element("product-sales").tBodies[0].replaceChildren();
  element("total-sales").textContent = "–";
  element("status").textContent = "No total to show.";
  element("problem-text").textContent = error.message;
  element("problem").hidden = false;
}

async function load() {
  element("report").setAttribute("aria-busy", "true");
  element("problem").hidden = true;
  element("status").textContent = `Loading ${DATA_URL}…`;
  try {
    const [response] = await Promise.all([fetchFile(DATA_URL), loadRates()]);
    state.records = readRecords(await response.text());
    offerRegions();
    render();
  } catch (error) {
    showProblem(error);
  }
  element("report").setAttribute("aria-busy", "false");
}

element("retry").addEventListener("click", load);
element("region-filter").addEventListener("change", render);
element("currency-picker").addEventListener("change", render);
load();
