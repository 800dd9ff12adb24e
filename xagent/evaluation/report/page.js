"use strict";
// The page: its tables of figures, and the list of samples with its filters. Text is never read as markup.

const data = JSON.parse(document.getElementById("data").textContent);

// Controls, which nobody sees, and overrides of the writing direction, which turn what is read around.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202d\u202e]/g;

/** The content with what is hidden in it spelt out, as in [U+202E]. */
function visible(content) {
  return content.replace(HIDDEN, (one) => `[U+${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
}

/** A new element; attributes that are undefined or empty are left out, strings become text. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== "") made.setAttribute(name, value);
  }
  const there = children.filter((child) => child !== null);
  made.append(...there.map((child) => (typeof child === "string" ? visible(child) : child)));
  return made;
}

/** Text from the data, set apart from the direction of what stands around it. */
function text(content, tag = "bdi", attributes = {}) {
  return element(tag, { dir: "auto", ...attributes }, content);
}

function cellOf(value, at) {
  if (at === 0) return text(value, "th", { scope: "row" });
  if (typeof value === "string") return text(value, "td");
  if (!Array.isArray(value)) return element("td", { class: "number" }, value.number);
  const [mean, low, high] = value.slice(0, 3).map((part) => part.toFixed(3));
  const samples = value[3] ? ` n=${value[3].toLocaleString("en")}` : "";
  const interval = element("span", { class: "interval" }, ` ${low}–${high}${samples}`);
  return element("td", { class: "number" }, element("b", {}, mean), interval);
}

function figureTable(table) {
  const head = element("tr", {}, ...table.columns.map((name) => text(name, "th", { scope: "col" })));
  const lines = table.rows.map((row) =>
    element("tr", { class: row[0] === "all" ? "total" : "" }, ...row.map(cellOf)));
  const whole = element("table", {}, text(table.title, "caption"),
    element("thead", {}, head), element("tbody", {}, ...lines));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": table.title }, whole);
}

function partOf(part) {
  return part.note ? text(part.note, "p") : figureTable(part);
}

function showRun(run) {
  const facts = element("dl", { class: "facts" });
  for (const [name, value] of run.facts) facts.append(text(name, "dt"), text(value, "dd"));
  return element("section", { class: "run", "aria-label": run.name },
    text(run.name, "h3"), facts, element("div", { class: "tables" }, ...run.parts.map(partOf)));
}

// --- the list: only the rows in view are in the document ---

const ROW = 58;
const list = document.getElementById("list");
const rows = document.getElementById("rows");
const search = document.getElementById("search");
const FILTERS = [["run", "Run"], ["language", "Language"], ["evidence", "Evidence in"], ["setting", "Setting"],
  ["verdict", "Verdict"], ["loss", "Lost in"]];
let shown = [];
let chosen = -1;

function fold(content) {
  return content.normalize("NFKC").toLowerCase();
}

function sought(sample) {
  sample.sought ??= fold([sample.id, sample.question, sample.answer, ...sample.gold].join("\n"));
  return sample.sought;
}

function addFilters() {
  for (const [key, label] of FILTERS) {
    const values = [...new Set(data.samples.map((sample) => sample[key]))].filter((value) => value !== "").sort();
    if (values.length < 2) continue;
    const options = values.map((value) => element("option", { value }, value));
    const select = element("select", { "data-key": key }, new Option("all", ""), ...options);
    document.getElementById("count").before(element("label", {}, `${label} `, select));
  }
}

function filter() {
  const wanted = [...document.querySelectorAll("#filters select")].filter((select) => select.value);
  const words = fold(search.value).split(/\s+/).filter(Boolean);
  shown = data.samples.filter((sample) =>
    wanted.every((select) => sample[select.dataset.key] === select.value) &&
    words.every((word) => sought(sample).includes(word)));
  const total = data.samples.length.toLocaleString("en");
  document.getElementById("count").textContent = `${shown.length.toLocaleString("en")} of ${total}`;
  chosen = -1;
  rows.style.height = `${shown.length * ROW}px`;
  list.scrollTop = 0;
  draw();
}

function draw() {
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 5);
  const last = Math.min(shown.length, first + Math.ceil(list.clientHeight / ROW) + 10);
  const drawn = [];
  for (let at = first; at < last; at += 1) drawn.push(rowOf(shown[at], at));
  rows.replaceChildren(...drawn);
  if (chosen >= first && chosen < last) list.setAttribute("aria-activedescendant", `row-${chosen}`);
  else list.removeAttribute("aria-activedescendant");
}

function rowOf(sample, at) {
  const asked = sample.asked !== sample.language ? ` (asked in ${sample.asked})` : "";
  const evidence = sample.evidence && sample.evidence !== sample.asked ? ` ← ${sample.evidence}` : "";
  const row = element("div", { role: "option", id: `row-${at}`, class: "row", "aria-selected": String(at === chosen),
    "aria-setsize": String(shown.length), "aria-posinset": String(at + 1) },
  text(sample.question, "div", { class: "question", lang: sample.asked }),
  element("div", { class: "about" }, text(sample.language + asked + evidence), " · ", sample.verdict, " ", badge(sample.loss)));
  row.style.top = `${at * ROW}px`;
  row.addEventListener("click", () => choose(at));
  return row;
}

function badge(loss) {
  if (!loss) return null;
  return element("span", { class: `badge ${loss}` }, loss === "right" ? "✓ right" : `✗ ${loss}`);
}

function choose(at) {
  if (at < 0 || at >= shown.length) return;
  chosen = at;
  const top = at * ROW;
  if (top < list.scrollTop) list.scrollTop = top;
  if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
  draw();
  showSample(shown[at]);
  history.replaceState(null, "", `#sample-${shown[at].number}`);
}

function moved(event) {
  const page = Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
  const target = { ArrowDown: chosen + 1, ArrowUp: chosen - 1, Home: 0, End: shown.length - 1,
    PageDown: chosen + page, PageUp: chosen - page }[event.key];
  if (event.key === "Enter" && chosen >= 0) document.getElementById("sample").focus();
  if (target === undefined || shown.length === 0) return;
  event.preventDefault();
  choose(Math.min(Math.max(target, 0), shown.length - 1));
}

function start() {
  document.getElementById("figures").append(...data.runs.map(showRun), ...data.comparisons.map(partOf));
  addFilters();
  document.getElementById("filters").addEventListener("input", filter);
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  list.addEventListener("scroll", () => requestAnimationFrame(draw));
  list.addEventListener("keydown", moved);
  window.addEventListener("resize", draw);
  const linked = /^#sample-(\d+)$/.exec(location.hash);
  filter();
  choose(linked ? Number(linked[1]) : 0);
}
