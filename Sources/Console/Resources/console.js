// The console of control. It uses the JSON API that the command line uses, and writes text, never markup.

const byId = (id) => document.getElementById(id);
const key = "apus-token";
let token = sessionStorage.getItem(key) ?? "";
/// The answers shown last, to draw only what has changed and keep what the reader has opened.
const drawn = new Map();

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(method, path, body, seconds = 10) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(seconds * 1000),
      cache: "no-store",
    });
  } catch {
    throw new Refused(0, "Control does not answer.");
  }
  const text = await response.text();
  let json = null;
  try { json = text ? JSON.parse(text) : null; } catch { /* the status says enough */ }
  if (!response.ok) throw new Refused(response.status, json?.error ?? `Control said ${response.status}.`);
  return json;
}

/// An element: make("td", { class: "name" }, "text", other)
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/// Replaces what a place shows when its answer is another one.
function draw(id, answer, build) {
  const text = JSON.stringify(answer);
  if (drawn.get(id) === text) return;
  drawn.set(id, text);
  byId(id).replaceChildren(...[build(answer)].flat());
}

function trouble(message) {
  byId("trouble").textContent = message ?? "";
  byId("trouble").hidden = !message;
}

// --- Words -----------------------------------------------------------------------------------------------------------

const edgeWords = {
  ready: ["ready", "good"],
  serving: ["serving", "good"],
  catching_up: ["catching up", "wait"],
  unknown: ["not heard yet", "wait"],
  retiring: ["retiring", "wait"],
  lease_lost: ["lease lost", "bad"],
  silent: ["silent", "bad"],
  superseded: ["superseded", "wait"],
  removed: ["removed", "wait"],
};
const answerWords = {
  confirmed: ["confirmed", "good"],
  pending: ["waiting", "wait"],
  lease_lost: ["lease lost", "wait"],
  left: ["left", "wait"],
  removed: ["removed", "wait"],
};

const chip = ([text, look]) => make("span", { class: `chip ${look}` }, text);
const scopeWords = (scope) =>
  scope.url ?? (scope.prefix ? `${scope.prefix}*`
    : scope.tag ? `tag ${scope.tag}${scope.site ? ` of ${scope.site}` : ""}`
    : scope.site ? `site ${scope.site}` : "everything");
const milliseconds = (value) => value == null ? "" : value < 10 ? `${value.toFixed(1)} ms`
  : value < 10000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
const clock = new Intl.DateTimeFormat([], { dateStyle: "short", timeStyle: "medium" });

function ago(time) {
  const seconds = Math.max(0, Math.round((Date.now() - time) / 1000));
  if (seconds < 3) return "now";
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  return clock.format(time);
}

// --- Edges -----------------------------------------------------------------------------------------------------------

function edgeTable({ number, edges }) {
  if (edges.length === 0) {
    return make("p", { class: "nothing" }, "No edge has registered. An edge needs only control's address and a token.");
  }
  const head = ["Edge", "State", "Applied", "Heard", ""].map((text) => make("th", { scope: "col" }, text));
  const rows = edges.map((edge) => {
    const behind = number - edge.applied;
    return make("tr", {},
      make("td", { class: "first" },
        make("span", { class: "name" }, edge.id, make("span", { class: "small mono" }, edge.addresses.join(" ")))),
      make("td", { "data-label": "State" }, chip(edgeWords[edge.state] ?? [edge.state, "wait"])),
      make("td", { "data-label": "Applied", class: "number" },
        behind > 0 ? `${edge.applied} (${behind} behind)` : String(edge.applied)),
      make("td", { "data-label": "Heard", class: "number" }, edge.heard),
      make("td", {}, edge.following ? null : removeButton(edge.id)));
  });
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

/// The edges whose button has been clicked once: a second click means it. Outlives the table's redrawing.
const doubted = new Set();

function removeButton(id) {
  const button = make("button", { class: "quiet", type: "button" }, doubted.has(id) ? "Gone for good?" : "Remove");
  button.addEventListener("click", async () => {
    if (!doubted.has(id)) {
      doubted.add(id);
      button.textContent = "Gone for good?";
      setTimeout(() => { doubted.delete(id); drawn.delete("edges"); }, 6000);
      return;
    }
    doubted.delete(id);
    button.disabled = true;
    try {
      await ask("DELETE", `/v1/edges/${encodeURIComponent(id)}`);
      trouble();
    } catch (error) {
      trouble(error.message);
    }
    drawn.delete("edges");
    refresh();
  });
  return button;
}

// --- Purges ----------------------------------------------------------------------------------------------------------

function answers(purge) {
  const edges = purge.edges ?? [];
  if (edges.length === 0) {
    return make("p", { class: "nothing" }, purge.done ? "No edge had to confirm it." : "No edge has to confirm it.");
  }
  return make("ul", {}, ...edges.map((edge) => make("li", { class: "answer" },
    make("span", { class: "name" }, edge.id),
    chip(answerWords[edge.state] ?? [edge.state, "wait"]),
    make("span", { class: "time number" }, milliseconds(edge.milliseconds)))));
}

const stateOf = (purge) => purge.done ? ["done", "good"] : ["waiting", "wait"];

function purgeList(purges) {
  if (purges.length === 0) return make("p", { class: "nothing" }, "Nothing has been purged yet.");
  const open = new Set([...byId("recent").querySelectorAll("details[open]")].map((one) => one.dataset.number));
  return purges.map((purge) => {
    const more = purge.scopes.length > 1 ? ` and ${purge.scopes.length - 1} more` : "";
    const slowest = Math.max(...(purge.edges ?? []).map((edge) => edge.milliseconds ?? 0), 0);
    return make("details", { "data-number": purge.number, open: open.has(String(purge.number)) },
      make("summary", {},
        make("span", { class: "number" }, `#${purge.number}`),
        make("span", { class: "what" }, scopeWords(purge.scopes[0]) + more,
          make("span", { class: "small" }, clock.format(purge.at), purge.soft ? ", soft" : "",
            slowest > 0 ? `, slowest ${milliseconds(slowest)}` : "")),
        chip(stateOf(purge))),
      make("div", { class: "inside" },
        purge.scopes.length > 1
          ? make("p", { class: "mono" }, purge.scopes.slice(0, 50).map(scopeWords).join("\n")) : null,
        answers(purge)));
  });
}

const kinds = {
  url: ["URL", "https://www.example.com/app.css", "Scheme and port are ignored. Without ? it covers every query."],
  prefix: ["Prefix", "https://www.example.com/assets/*", "Everything whose path begins so."],
  tag: ["Tag", "news", "Everything that carries the tag, at every site."],
  site: ["Host", "www.example.com", "Everything of the site that this host belongs to."],
  all: ["", "", "Everything of every site. Origins will be asked for all of it again."],
};
const kind = () => document.querySelector("input[name=kind]:checked").value;

function showKind() {
  const [label, example, hint] = kinds[kind()];
  const isAll = kind() === "all";
  byId("what-label").textContent = label;
  byId("what").placeholder = example;
  byId("what").hidden = isAll;
  byId("what").disabled = isAll;
  byId("what").required = !isAll;
  byId("hint").textContent = hint;
  byId("sure-label").hidden = !isAll;
  byId("sure").required = isAll;
}

async function purge(event) {
  event.preventDefault();
  const button = event.submitter ?? byId("purge").querySelector("button");
  const chosen = kind();
  const scope = chosen === "all" ? { all: true } : { [chosen]: byId("what").value.trim() };
  const box = byId("progress");
  button.disabled = true;
  try {
    const accepted = await ask("POST", "/v1/purges", { scopes: [scope], soft: byId("soft").checked });
    byId("sure").checked = false;
    trouble();
    let status = await ask("GET", `/v1/purges/${accepted.number}`);
    for (;;) {
      const strangers = status.strangersSeconds;
      const words = status.done
        ? "Nothing older is served any more."
        : strangers != null ? `Control's log is new: edges of an earlier one may hold a lease for ${Math.ceil(strangers)} s.`
        : "Waiting for the edges.";
      box.replaceChildren(
        make("p", {}, make("strong", {}, `Purge ${status.number}  `), chip(stateOf(status)), ` ${words}`),
        ...(status.edges ? [answers(status)] : []));
      if (status.done) break;
      status = await ask("GET", `/v1/purges/${accepted.number}?wait=10&seen=${status.settled}`, null, 25);
    }
  } catch (error) {
    if (error.status === 401) return signOut(error.message);
    box.replaceChildren(make("p", { class: "trouble" }, error.message));
  } finally {
    button.disabled = false;
  }
  refresh();
}

// --- The loop --------------------------------------------------------------------------------------------------------

let timer = 0;
let isAsking = false;

/// What the token does not allow to read is left out, and the rest works.
async function readable(path, fallback) {
  try {
    return await ask("GET", path);
  } catch (error) {
    if (error.status === 403) return fallback;
    throw error;
  }
}

async function refresh() {
  clearTimeout(timer);
  if (!token || isAsking) return;
  isAsking = true;
  try {
    const [fleet, last] = await Promise.all([readable("/v1/edges", null), readable("/v1/purges?limit=15", null)]);
    trouble();
    byId("gate").hidden = true;
    byId("desk").hidden = false;
    byId("signout").hidden = false;
    if (fleet) {
      const edges = fleet.edges.map((edge) => ({ ...edge, heard: ago(edge.lastSeen), lastSeen: 0 }));
      const ready = edges.filter((edge) => edge.state === "ready" || edge.state === "serving").length;
      byId("log").textContent = `${ready} of ${edges.length} edges ready, log at ${fleet.number}`;
      draw("edges", { number: fleet.number, edges }, edgeTable);
    } else {
      byId("log").textContent = "";
      draw("edges", "forbidden", () => make("p", { class: "nothing" }, "This token does not allow reading the registry."));
    }
    if (last) draw("recent", last.purges, purgeList);
    else draw("recent", "forbidden", () => make("p", { class: "nothing" }, "This token does not allow reading the purges."));
  } catch (error) {
    if (error.status === 401) signOut(error.message);
    else trouble(error.message);
  } finally {
    isAsking = false;
  }
  if (token && !document.hidden) timer = setTimeout(refresh, 2000);
}

function signOut(message) {
  token = "";
  sessionStorage.removeItem(key);
  clearTimeout(timer);
  drawn.clear();
  byId("progress").replaceChildren();
  byId("log").textContent = "";
  byId("desk").hidden = true;
  byId("signout").hidden = true;
  byId("gate").hidden = false;
  trouble(message);
  byId("token").focus();
}

byId("gate-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("token").value.trim();
  byId("token").value = "";
  sessionStorage.setItem(key, token);
  refresh();
});
byId("signout").addEventListener("click", () => signOut());
byId("purge").addEventListener("submit", purge);
for (const radio of document.querySelectorAll("input[name=kind]")) radio.addEventListener("change", showKind);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

showKind();
if (token) refresh();
else signOut();
