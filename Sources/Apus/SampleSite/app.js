// Wires the page: the table of files, its button and its clock, and the birds.
import { ask, filesOfThisPage } from "./observe.js";
import { startFlock } from "./sky.js";

const PERIOD = 5000;
const $ = (id) => document.getElementById(id);
const body = $("files").tBodies[0];
/** url → { row, last }: what the table shows about a file. */
const files = new Map();
let asking = false;
let askedAt = 0;

const bytes = (n) => (n < 1000 ? `${n} B` : `${(n / 1000).toFixed(n < 100000 ? 1 : 0)} kB`);

function seconds(n) {
  if (n < 120) return `${n} s`;
  if (n < 7200) return `${Math.floor(n / 60)} min`;
  return n < 172800 ? `${Math.floor(n / 3600)} h` : `${Math.floor(n / 86400)} d`;
}

const nameOf = (url) => decodeURIComponent(new URL(url).pathname.split("/").pop()) || "index.html";

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function rowFor(url) {
  const row = element("tr", {}, element("td", {}, element("a", { href: url, textContent: nameOf(url) })));
  for (const name of ["edge", "cache", "age num", "fresh", "bytes num", "coding", "etag"]) {
    row.append(element("td", { className: name }));
  }
  row.dataset.file = nameOf(url);
  body.append(row);
  return row;
}

function show({ row, last }) {
  const [, edge, cache, , fresh, size, coding, etag] = row.cells;
  edge.textContent = last.edge || "none";
  edge.title = last.via;
  row.dataset.verdict = last.verdict;
  row.dataset.status = last.status;
  const badge = element("span", { className: `badge ${last.verdict.replace(" ", "-")}`, textContent: last.verdict });
  cache.replaceChildren(badge);
  cache.title = last.detail;
  if (last.status === 304) cache.append(element("span", { className: "dim", textContent: " 304" }));
  size.replaceChildren(bytes(last.size));
  if (last.plain > last.size) size.append(element("span", { className: "dim", textContent: ` of ${bytes(last.plain)}` }));
  coding.textContent = last.coding || "identity";
  etag.textContent = last.etag;
  etag.title = last.etag;
  fresh.replaceChildren();
  tick();
}

/** Ages go on between two questions; the edge's clock and ours run at the same speed. */
function tick() {
  const now = performance.now();
  for (const { row, last } of files.values()) {
    if (!last) continue;
    const passed = Math.floor((now - last.at) / 1000);
    row.cells[3].textContent = last.age === null ? "new" : seconds(last.age + passed);
    if (last.ttl === null) {
      row.cells[4].textContent = "";
      continue;
    }
    const left = last.ttl - passed;
    const whole = Math.max(1, last.ttl + (last.age ?? 0));
    if (!row.cells[4].firstChild) {
      row.cells[4].append(element("span", { className: "bar" }, element("i")), element("span"));
    }
    row.cells[4].querySelector("i").style.width = `${Math.max(0, Math.min(100, (left / whole) * 100))}%`;
    row.cells[4].lastChild.textContent = left > 0 ? seconds(left) : "stale";
  }
  summarise(now);
}

function summarise(now) {
  const all = [...files.values()].map((f) => f.last).filter(Boolean);
  if (all.length === 0) return;
  const hits = all.filter((a) => a.verdict === "hit").length;
  const edges = [...new Set(all.map((a) => a.edge).filter(Boolean))];
  const sent = all.reduce((sum, a) => sum + a.size, 0);
  const plain = all.reduce((sum, a) => sum + Math.max(a.plain, a.size), 0);
  const ago = Math.round((now - askedAt) / 1000);
  $("summary").replaceChildren(
    element("b", { textContent: `${hits} of ${all.length} files from cache` }),
    ` · ${edges.join(", ") || "no edge"} · ${bytes(sent)} for ${bytes(plain)} of content · asked ${ago < 1 ? "now" : `${ago} s ago`}`,
  );
}

/** The line under the title: how the page itself came here. */
function headline(page) {
  const words = { hit: "from its cache", miss: "fresh from the bucket", revalidated: "after asking the bucket" };
  const how = words[page.verdict] ?? `(${page.verdict})`;
  const age = page.age === null || page.verdict !== "hit" ? "" : `, ${seconds(page.age)} old`;
  $("served").dataset.state = page.verdict;
  $("served-text").textContent = page.edge
    ? `${page.edge} served this page ${how}${age}`
    : "This page came straight from its origin, without an edge";
}

async function askAbout(url, first) {
  const file = files.get(url);
  const before = file.last;
  let answer;
  try {
    answer = await ask(url, { etag: before?.etag, first });
  } catch {
    // The edge is gone for the moment (a restart, say): the row says so and the next round asks again.
    answer = { ...before, status: 0, verdict: "failed", detail: "no answer", at: performance.now(), age: null, ttl: null };
  }
  const silent = answer.status === 304 || answer.status === 0;
  file.last = {
    edge: "",
    via: "",
    ...answer,
    coding: silent ? (before?.coding ?? "") : answer.coding,
    etag: answer.etag || before?.etag || "",
    size: silent ? (before?.size ?? 0) : answer.length,
    plain: silent ? (before?.plain ?? 0) : answer.decoded,
  };
  show(file);
  if (before && answer.status === 200 && answer.etag !== before.etag) {
    file.row.classList.remove("changed");
    void file.row.offsetWidth;
    file.row.classList.add("changed");
  }
}

async function round(first = false) {
  if (asking) return;
  asking = true;
  $("again").disabled = true;
  for (const url of filesOfThisPage()) {
    if (!files.has(url)) files.set(url, { row: rowFor(url), last: null });
  }
  await Promise.all([...files.keys()].map((url) => askAbout(url, first)));
  askedAt = performance.now();
  const page = files.values().next().value;
  if (first && page?.last) headline(page.last);
  $("files").hidden = false;
  tick();
  $("again").disabled = false;
  document.documentElement.dataset.rounds = Number(document.documentElement.dataset.rounds ?? 0) + 1;
  asking = false;
}

function addresses() {
  for (const node of document.querySelectorAll("[data-origin]")) node.textContent = location.origin;
  const pair = { 8080: 8081, 8081: 8080 }[location.port];
  if (!pair) return;
  const link = $("other-link");
  link.href = `${location.protocol}//${location.hostname}:${pair}/`;
  link.textContent = link.href;
  $("other").hidden = false;
}

function start() {
  addresses();
  startFlock($("flock"));
  $("again").addEventListener("click", () => round());
  round(true);
  setInterval(tick, 1000);
  setInterval(() => {
    if ($("auto").checked && !document.hidden) round();
  }, PERIOD);
}

if (document.readyState === "complete") start();
else addEventListener("load", start);
