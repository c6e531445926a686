// Asks the edge about files and reads what it says in its header fields.

/** The members of a Cache-Status field (RFC 9211), nearest the origin first: [{cache, hit, fwd, ttl, …}]. */
export function parseCacheStatus(text) {
  return splitOutsideQuotes(text ?? "", ",").filter(Boolean).map((member) => {
    const [cache, ...parameters] = splitOutsideQuotes(member, ";");
    const entry = { cache: unquoted(cache), hit: false };
    for (const parameter of parameters) {
      const at = parameter.indexOf("=");
      const name = at < 0 ? parameter : parameter.slice(0, at);
      entry[name] = at < 0 ? true : unquoted(parameter.slice(at + 1));
    }
    return entry;
  });
}

function splitOutsideQuotes(text, separator) {
  const parts = [];
  let part = "";
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === "\\" && quoted) part += text[i++];
    else if (text[i] === '"') quoted = !quoted;
    if (text[i] === separator && !quoted) {
      parts.push(part.trim());
      part = "";
    } else {
      part += text[i] ?? "";
    }
  }
  parts.push(part.trim());
  return parts;
}

const unquoted = (text) => text.replace(/^"(.*)"$/, "$1").replace(/\\(.)/g, "$1");

/** The addresses of this page and of everything it has loaded from the same place, the page first. */
export function filesOfThisPage() {
  const own = [location.href.split("#")[0]];
  const loaded = performance.getEntriesByType("resource").filter((e) => e.initiatorType !== "fetch").map((e) => e.name);
  const linked = [...document.querySelectorAll("link[rel~=icon], link[rel=apple-touch-icon], img")].map((e) => e.href ?? e.src);
  const files = [...loaded, ...linked].filter((url) => new URL(url).origin === location.origin).sort();
  return [...new Set([...own, ...files])];
}

/**
 * One question to the edge about one file.
 *
 * With `first`, the browser's own copy answers if it has one: its fields are those that came with the page, so the
 * table begins with what really happened when the page was loaded. After that every question reaches the edge; it
 * carries the ETag we know, so the usual answer is a 304 without a body.
 */
export async function ask(url, { etag, first = false } = {}) {
  const conditional = etag && !first;
  const response = await fetch(url, {
    cache: first ? "force-cache" : "no-store",
    headers: conditional ? { "If-None-Match": etag } : {},
  });
  const body = await response.arrayBuffer();
  const fields = response.headers;
  const members = parseCacheStatus(fields.get("cache-status"));
  const nearest = members.at(-1);
  return {
    url,
    status: response.status,
    edge: nearest?.cache ?? "",
    verdict: verdict(nearest, response),
    detail: fields.get("cache-status") ?? "no Cache-Status field",
    via: fields.get("via") ?? "",
    age: fields.has("age") ? Number(fields.get("age")) : null,
    ttl: nearest?.ttl === undefined ? null : Number(nearest.ttl),
    coding: fields.get("content-encoding") ?? "",
    etag: fields.get("etag") ?? "",
    length: Number(fields.get("content-length") ?? 0) || body.byteLength,
    decoded: body.byteLength,
    at: performance.now(),
  };
}

/** One word for the table: hit, miss, revalidated, stale, or whatever reason the edge gave. */
function verdict(member, response) {
  if (response.status >= 400) return "failed";
  if (!member) return "no edge";
  if (member.hit) return "hit";
  if (member["fwd-status"] === "304") return "revalidated";
  if (/^(uri-miss|vary-miss|miss|partial)$/.test(member.fwd ?? "miss")) return "miss";
  return member.fwd;
}
