"use strict";

const DATA_URL = "data.csv";

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

/** Fetch a file beside the page. Throws an error whose message can be shown. */
async function fetchFile(url) {
  const response = await fetch(url, { cache: "no-cache" }).catch(() => {
    throw new Error(`${url} could not be reached. Check the connection and try again.`);
  });
  if (!response.ok) throw new Error(`${url} could not be read: the server answered ${response.status}.`);
  return response;
}

const sum = (records) => records.reduce((total, record) => total + record.sales, 0);

/** Say how many rows were added up, and how many could not be. */
function describe(counted, skipped) {
  if (counted === 0 && skipped === 0) return `${DATA_URL} holds no sales yet.`;
  const rows = `Sum of ${counted} ${counted === 1 ? "row" : "rows"}.`;
  return skipped === 0 ? rows : `${rows} Left out, because sales is not a number: ${skipped}.`;
}

function render(records) {
  const counted = records.filter((record) => Number.isFinite(record.sales));
  element("total-sales").textContent = sum(counted).toFixed(2);
  element("status").textContent = describe(counted.length, records.length - counted.length);
}

function showProblem(error) {
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
    const response = await fetchFile(DATA_URL);
    render(readRecords(await response.text()));
  } catch (error) {
    showProblem(error);
  }
  element("report").setAttribute("aria-busy", "false");
}

element("retry").addEventListener("click", load);
load();
