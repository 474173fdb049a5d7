"use strict";
// Nothing of the data is ever read as markup: every text goes in as text.
(() => {
  const at = id => document.getElementById(id);
  const data = id => JSON.parse(at(id).textContent);
  const PAGE = 50;
  const FACETS = { label: "Label", split: "Split", source: "Source", kind: "Kind", language: "Language", pool: "Opinions of", band: "Agreement", state: "State" };
  const SVG = "http://www.w3.org/2000/svg";
  const about = data("about");
  const form = at("filters"), list = at("list"), side = at("side"), article = at("sample"), browse = list.closest(".browse");
  const narrow = matchMedia("(max-width: 62rem)");
  let asked = [], found = { total: 0, rows: [] }, first = 0, open = null, turn = 0;

  const make = (name, given = {}, ...inside) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(given)) {
      if (value === undefined || value === null || value === false) continue;
      if (key === "class") node.className = value;
      else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...inside.filter(one => one !== null && one !== undefined && one !== false));
    return node;
  };
  const drawn = (name, given, ...inside) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(given)) node.setAttribute(key, value);
    node.append(...inside);
    return node;
  };
  const many = n => n.toLocaleString("en");
  const share = x => `${Math.round(100 * x)} %`;
  const clock = s => s < 0 ? `−${clock(-s)}` : `${Math.floor(s / 60)}:${(s % 60).toFixed(1).padStart(4, "0")}`;
  const span = (from, to) => clock(from) === clock(to) ? clock(from) : `${clock(from)} to ${clock(to)}`;
  const colour = name => { const n = about.labels.indexOf(name); return n < 0 ? "" : `e${n}`; };
  const labelOf = sample => sample.label === undefined ? (sample.chosen ? sample.chosen.join(", ") : "no label") : about.labels[sample.label];

  // Where samples come from: this page, or the server that sent it.
  const inPage = () => {
    const index = data("index"), chunks = new Map();
    let words = null;
    const sample = n => {
      const number = Math.floor(n / about.chunk);
      if (!chunks.has(number)) chunks.set(number, data(`chunk-${number}`));
      return chunks.get(number)[n % about.chunk];
    };
    const haystack = s => [s.id, s.key, s.text, s.speaker, s.dialogue, ...(s.notes || []).map(note => note[1]).filter(x => typeof x === "string")].filter(Boolean).join("\n").toLowerCase().normalize("NFC");
    const orders = {
      split: (a, b) => (index.agreement[a] ?? 2) - (index.agreement[b] ?? 2),
      alike: (a, b) => (index.agreement[b] ?? -1) - (index.agreement[a] ?? -1),
      many: (a, b) => index.count[b] - index.count[a],
    };
    const matches = asking => {
      let numbers = index.ids.map((_, n) => n);
      for (const [name, value] of Object.entries(asking.facets)) {
        const code = index[name].names.indexOf(value);
        numbers = numbers.filter(n => index[name].of[n] === code);
      }
      const sought = asking.words.toLowerCase().normalize("NFC").split(/\s+/).filter(Boolean);
      if (sought.length) {
        words ??= index.ids.map((_, n) => haystack(sample(n)));
        numbers = numbers.filter(n => sought.every(word => words[n].includes(word)));
      }
      return orders[asking.order] ? numbers.sort((a, b) => orders[asking.order](a, b) || a - b) : numbers;
    };
    const counts = name => {
      const of = index[name].names.map(() => 0);
      for (const code of index[name].of) of[code] += 1;
      return index[name].names.map((value, n) => [value, of[n]]);
    };
    asked = data("asked");
    return {
      facets: async () => Object.fromEntries(Object.keys(FACETS).map(name => [name, counts(name)])),
      query: async (asking, from) => {
        const numbers = matches(asking);
        return { total: numbers.length, rows: numbers.slice(from, from + PAGE).map(sample) };
      },
      sample: async id => { const n = index.ids.indexOf(id); return n < 0 ? null : sample(n); },
      media: (s, column, n) => {
        const inside = at(`m-${index.ids.indexOf(s.id)}-${n}`);
        return s.inside === column && inside ? `data:${s.media[column][n]};base64,${inside.textContent}` : null;
      },
    };
  };
  const onServer = () => {
    const get = async path => {
      const answer = await fetch(path);
      if (!answer.ok) throw new Error(`${answer.status}`);
      return answer.json();
    };
    return {
      facets: () => get("api/facets"),
      query: (asking, from) => get(`api/samples?${new URLSearchParams({ ...asking.facets, q: asking.words, order: asking.order, from })}`),
      sample: async id => {
        try {
          const told = await get(`api/samples/${encodeURIComponent(id)}`);
          asked = told.asked;
          return told.sample;
        } catch { return null; }
      },
      media: (s, column, n) => `media/${encodeURIComponent(s.id)}/${column}/${n}`,
    };
  };
  const source = about.served ? onServer() : inPage();
  at("still").remove();
  at("live").hidden = false;

  const asking = () => {
    const facets = {};
    for (const select of form.querySelectorAll("#facets select")) if (select.value) facets[select.name] = select.value.slice(1);
    return { facets, words: at("find").value, order: at("order").value };
  };
  const show = async (from = 0) => {
    const mine = ++turn;
    list.setAttribute("aria-busy", "true");
    const answer = await source.query(asking(), from);
    if (mine !== turn) return;
    found = answer; first = from;
    close(false);
    list.replaceChildren(...found.rows.map(entry));
    list.start = first + 1;
    list.removeAttribute("aria-busy");
    const whole = about.shown;
    at("told").textContent = found.total === whole ? `${many(whole)} sample${whole === 1 ? "" : "s"}` : found.total ? `${many(found.total)} of ${many(whole)} samples` : `None of ${many(whole)} samples`;
    at("where").textContent = found.total ? `${many(first + 1)} to ${many(Math.min(first + PAGE, found.total))} of ${many(found.total)}` : "";
    at("back").disabled = first === 0;
    at("next").disabled = first + PAGE >= found.total;
    list.closest("div").querySelector(".pager").hidden = found.total <= PAGE;
  };
  const entry = sample => {
    const length = sample.end - sample.start;
    const said = sample.text || [sample.kind, Number.isFinite(length) ? `of ${length.toFixed(1)} s` : "", sample.source ? `from ${sample.source}` : "", sample.key || ""].filter(Boolean).join(" ");
    const name = labelOf(sample);
    const button = make("button", { type: "button", class: "entry", "aria-expanded": "false", "aria-controls": "sample", "data-id": sample.id, onclick: () => toggle(button) },
      make("span", { class: "said", dir: "auto" }, said),
      make("span", { class: "label" }, make("span", { class: `dot ${colour(name)}` }), name),
      make("small", {}, [sample.kind, sample.speaker && short(sample.speaker), sample.split].filter(Boolean).join(" · ")),
      make("small", {}, sample.count ? `${many(sample.count)} opinion${sample.count > 1 ? "s" : ""}, ${sample.band}` : sample.band));
    return make("li", {}, button);
  };
  const toggle = button => open === button.dataset.id ? close(true) : reveal(button.dataset.id, button);

  const close = focus => {
    const button = list.querySelector("[aria-expanded=true]");
    button?.setAttribute("aria-expanded", "false");
    for (const player of article.querySelectorAll("video, audio")) player.pause();
    article.hidden = true;
    article.replaceChildren();
    side.append(article);
    browse.classList.add("shut");
    open = null;
    at("opened").textContent = "";
    if (focus) button?.focus();
  };
  const place = () => {
    const button = list.querySelector("[aria-expanded=true]");
    if (open && narrow.matches && button) button.parentElement.append(article);
    else side.append(article);
    browse.classList.toggle("shut", !open || narrow.matches);
  };
  const reveal = async (id, button) => {
    const mine = ++turn;
    const sample = await source.sample(id);
    if (mine !== turn) return false;
    if (!sample) return false;
    close(false);
    open = id;
    button?.setAttribute("aria-expanded", "true");
    article.replaceChildren(...told(sample));
    article.hidden = false;
    article.setAttribute("aria-label", `Sample ${id}`);
    at("opened").textContent = `Sample ${id} is open; the right arrow leads to it`;
    place();
    side.scrollTop = 0;
    if (!narrow.matches) button?.scrollIntoView({ block: "nearest" });
    return true;
  };
  narrow.addEventListener("change", place);

  // One sample.
  const told = sample => {
    const evidence = pointed(sample), stage = media(sample, evidence);
    return [
      make("div", { class: "head" }, make("h3", {}, make("code", {}, sample.id)), make("button", { type: "button", onclick: () => close(true) }, "Close")),
      facts(sample),
      ...stage.nodes,
      sample.text ? make("p", { class: "text", lang: sample.language, dir: "auto" }, ...marked(sample.text, evidence)) : null,
      timeline(sample, evidence, stage.player),
      ...label(sample),
      ...opinions(sample, evidence, stage.player),
      ...notes(sample),
    ].filter(Boolean);
  };
  const facts = sample => {
    const length = Number.isFinite(sample.end) ? span(sample.start || 0, sample.end) : "";
    const pairs = [["kind", sample.kind], ["split", sample.split], ["source", sample.source], ["key", sample.key], ["speaker", sample.speaker],
      ["dialogue", sample.dialogue && `${sample.dialogue}${sample.position === undefined ? "" : `, ${sample.position}`}`], ["language", sample.language], ["in its record", length], ["state", sample.state]];
    return make("dl", { class: "about" }, ...pairs.filter(([, value]) => value).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
  };
  const short = rater => rater.length > 18 ? `${rater.slice(0, 10)}…` : rater;
  const leading = opinion => Object.entries(opinion.weights || {}).filter(([, w]) => w).sort((a, b) => b[1] - a[1]).map(([name]) => name)[0];
  const pointed = sample => {
    const places = sample.opinions.flatMap((opinion, n) => (opinion.evidence || []).map(spot => ({ ...spot, opinion: n, name: leading(opinion) || spot.kind || "", rater: opinion.rater })));
    return places.map((spot, n) => ({ ...spot, number: n + 1, elsewhere: Boolean(spot.record && spot.record !== sample.record) }));
  };
  const where = (spot, sample) => {
    if (spot.elsewhere) return `in ${spot.record}`;
    if (spot.start !== undefined) return span((spot.start / 1e6) - (sample.start || 0), (spot.end ?? spot.start) / 1e6 - (sample.start || 0));
    if (spot.from !== undefined) return `“${Array.from(sample.text || "").slice(spot.from, spot.to).join("").slice(0, 40)}”`;
    return spot.box ? "a box in the picture" : "all of it";
  };
  const media = (sample, evidence) => {
    const nodes = [];
    let player = null;
    for (const column of ["video", "image", "audio", "frames"]) {
      const types = sample.media?.[column];
      if (!types || column === "frames" && (sample.media.video || sample.media.image) && sample.inside !== "frames" && !about.served) continue;
      const urls = types.map((_, n) => source.media(sample, column, n)).filter(Boolean);
      if (!urls.length) {
        nodes.push(make("p", { class: "absent" }, `The ${column} is in the release but not in this page, which would be too large: `, make("code", {}, "affectory view"), " shows it."));
      } else if (column === "image" || column === "frames") {
        const stills = urls.map((url, n) => staged(make("img", { src: url, alt: column === "image" ? `Picture of sample ${sample.id}` : `Still ${n + 1} of sample ${sample.id}` }), sample, column === "image" ? evidence : []));
        nodes.push(make("div", { class: column === "frames" ? "stills" : "" }, ...stills));
      } else {
        player = make(column, { controls: true, preload: "metadata", src: urls[0], "aria-label": `${column} of sample ${sample.id}` });
        nodes.push(column === "video" ? staged(player, sample, evidence) : player);
      }
    }
    if (sample.withheld) nodes.push(make("p", { class: "absent" }, `Held back: ${sample.withheld}`));
    return { nodes, player };
  };
  // Boxes are in pixels of the published picture, so they wait for its size.
  const staged = (node, sample, evidence) => {
    const boxes = evidence.filter(spot => spot.box && !spot.elsewhere), found = Object.entries(sample.places || {}).flatMap(([name, places]) => places.filter(p => p.box).map(p => ({ ...p, number: name })));
    const layer = drawn("svg", { "aria-hidden": "true" });
    const fill = () => {
      const wide = node.naturalWidth || node.videoWidth, high = node.naturalHeight || node.videoHeight;
      if (!wide) return;
      layer.setAttribute("viewBox", `0 0 ${wide} ${high}`);
      const now = node.currentTime === undefined ? null : node.currentTime + (sample.start || 0);
      const there = spot => spot.start === undefined || now === null || spot.start / 1e6 <= now + .25 && now - .25 <= (spot.end ?? spot.start) / 1e6;
      const size = Math.max(10, high / 18);
      layer.replaceChildren(...[...found.map(spot => ({ ...spot, kind: "found" })), ...boxes].filter(there).flatMap(spot => [
        drawn("rect", { class: spot.kind === "found" ? "found" : "pointed", x: spot.box[0], y: spot.box[1], width: spot.box[2], height: spot.box[3] }),
        drawn("text", { x: spot.box[0] + 3, y: spot.box[1] + size, "font-size": size }, `${spot.number}`)]));
    };
    for (const event of ["load", "loadedmetadata", "timeupdate", "seeked"]) node.addEventListener(event, fill);
    if (node.complete) fill();
    return make("div", { class: "stage" }, node, layer);
  };
  const marked = (text, evidence) => {
    const letters = Array.from(text), spots = evidence.filter(spot => spot.from !== undefined && !spot.elsewhere);
    const cuts = [...new Set([0, letters.length, ...spots.flatMap(spot => [spot.from, spot.to])])].filter(c => c >= 0 && c <= letters.length).sort((a, b) => a - b);
    return cuts.slice(1).map((end, n) => {
      const piece = letters.slice(cuts[n], end).join(""), mine = spots.filter(spot => spot.from <= cuts[n] && spot.to >= end);
      if (!mine.length) return piece;
      return make("mark", { class: colour(mine[0].name), title: mine.map(spot => `${short(spot.rater)}: ${spot.name}`).join("; "), "data-spots": mine.map(spot => spot.number).join(" ") }, piece);
    });
  };
  const timeline = (sample, evidence, player) => {
    const spots = evidence.filter(spot => spot.start !== undefined && !spot.elsewhere), traces = sample.opinions.filter(opinion => opinion.trace);
    const start = sample.start || 0, ends = [...spots.map(s => s.end / 1e6), ...traces.map(t => t.trace.at(-1)[0] / 1e6)], end = sample.end ?? Math.max(start, ...ends);
    if (!(spots.length || traces.length) || end <= start) return null;
    const along = s => Math.min(100, Math.max(0, 100 * (s - start) / (end - start)));
    const needles = [];
    const way = (...inside) => {
      const needle = make("span", { class: "head-at" });
      needles.push(needle);
      return make("div", { class: "way" }, ...inside, needle);
    };
    const line = make("div", { class: "line", role: "group", "aria-label": "What raters pointed at, in time" });
    for (const n of [...new Set(spots.map(spot => spot.opinion))]) {
      const mine = spots.filter(spot => spot.opinion === n);
      line.append(make("span", { class: "who", title: mine[0].rater }, `${short(mine[0].rater)}: ${mine[0].name}`), way(...mine.map(spot => {
        const button = make("button", { type: "button", class: colour(spot.name), "aria-label": `${spot.name} by ${spot.rater}, ${where(spot, sample)}`, onclick: () => seek(player, sample, spot) });
        button.style.left = `${along(spot.start / 1e6)}%`;
        button.style.width = `${Math.max(along(spot.end / 1e6) - along(spot.start / 1e6), .8)}%`;
        return button;
      })));
    }
    for (const opinion of traces) {
      const values = opinion.trace.map(p => p[1]).filter(v => v !== null), low = Math.min(...values, -1), high = Math.max(...values, 1);
      const points = opinion.trace.filter(p => p[1] !== null).map(p => `${along(p[0] / 1e6).toFixed(2)},${(30 - 28 * (p[1] - low) / (high - low || 1)).toFixed(2)}`).join(" ");
      line.append(make("span", { class: "who", title: opinion.rater }, `${short(opinion.rater)}: trace`), way(drawn("svg", { viewBox: "0 0 100 32", preserveAspectRatio: "none", role: "img", "aria-label": `Trace from ${low} to ${high}` }, drawn("polyline", { points }))));
    }
    line.append(make("div", { class: "ends" }, make("span", {}, clock(0)), make("span", {}, clock(end - start))));
    const move = () => { for (const needle of needles) needle.style.left = `${along(start + (player?.currentTime || 0))}%`; };
    player?.addEventListener("timeupdate", move);
    move();
    return line;
  };
  const seek = (player, sample, spot) => {
    if (!player) return;
    player.currentTime = Math.max(0, spot.start / 1e6 - (sample.start || 0));
    player.play().catch(() => {});
  };
  const weights = (entries, most = 1) => make("dl", { class: "weights" }, ...entries.flatMap(([name, value, more]) => {
    const rod = make("i", { class: colour(name) });
    rod.style.width = `${Math.min(100, 100 * (value || 0) / most)}%`;
    return [make("dt", {}, name), make("dd", { class: "rod", "aria-hidden": "true" }, rod), make("dd", {}, value === null ? "not asked" : more ?? value.toFixed(2))];
  }));
  const label = sample => {
    if (!sample.shares) return [make("h4", {}, "Label"), make("p", {}, "No label.")];
    const entries = about.labels.map((name, n) => [name, sample.shares[n], sample.low?.[n] === undefined || sample.low[n] === null || sample.shares[n] === null ? undefined : `${sample.shares[n].toFixed(2)} (${sample.low[n].toFixed(2)}–${sample.high[n].toFixed(2)})`]);
    const some = entries.filter(([, value]) => value).sort((a, b) => b[1] - a[1]);
    const of = [sample.pool && `of ${sample.pool}s`.replace("humans", "people"), sample.perspective, sample.seen && `seen or heard: ${sample.seen}`, sample.agreement !== undefined && `${share(sample.agreement)} say first what it says`].filter(Boolean).join(", ");
    return [make("h4", {}, `Label: ${labelOf(sample)}`), make("p", { class: "note" }, of), weights(some, Math.max(1, ...some.map(([, v]) => v))),
      sample.vad && make("p", { class: "note" }, ["valence", "arousal", "dominance"].map((name, n) => sample.vad[n] === null || sample.vad[n] === undefined ? null : `${name} ${sample.vad[n].toFixed(2)}`.replace("-", "−")).filter(Boolean).join(", "))];
  };
  const opinions = (sample, evidence, player) => sample.opinions.length ? [make("h4", {}, `${many(sample.opinions.length)} opinion${sample.opinions.length > 1 ? "s" : ""}`),
    make("ul", { class: "opinions" }, ...sample.opinions.map((opinion, n) => card(opinion, sample, evidence.filter(spot => spot.opinion === n), player)))] : [];
  const card = (opinion, sample, spots, player) => {
    const given = Object.entries(opinion.weights || {}), picked = given.filter(([, w]) => w).sort((a, b) => b[1] - a[1]);
    const strengths = Object.entries(opinion.strengths || {}).filter(([, v]) => v !== null).map(([name, v]) => `${name} ${v}`).join(", ");
    const question = asked[opinion.asked] || {}, unasked = given.filter(([, w]) => w === null).map(([name]) => name);
    const say = (name, value) => value ? make("p", {}, make("span", { class: "soft" }, `${name} `), value) : null;
    const spent = opinion.spent === undefined ? "" : `${opinion.spent.toFixed(1)} s`;
    return make("li", {},
      make("div", { class: "rater" }, make("code", { title: opinion.rater }, opinion.rater), make("span", {}, opinion.kind)),
      picked.length ? weights(picked, Math.max(1, ...picked.map(([, w]) => w))) : null,
      say("strength", strengths), say("words", opinion.words?.join(", ")), say("ranking", opinion.ranking?.join(" > ")), say("prefers", opinion.preference),
      say("", opinion.vad && Object.entries(opinion.vad).filter(([, v]) => v !== null).map(([name, v]) => `${name} ${v.toFixed(2)}`).join(", ")),
      say("confidence", opinion.confidence === undefined ? "" : share(opinion.confidence)), say("time", spent), say("people", opinion.people), say("about", opinion.whose),
      opinion.why ? make("blockquote", { dir: "auto" }, opinion.why) : null,
      ...spots.map(spot => spot.start !== undefined && player && !spot.elsewhere
        ? make("button", { type: "button", class: "seek", onclick: () => seek(player, sample, spot) }, `▶ ${where(spot, sample)}`)
        : say(spot.box ? `points at box ${spot.number}` : "points at", spot.box ? where(spot, sample) : `${spot.kind ? `${spot.kind} ` : ""}${where(spot, sample)}`)),
      make("details", {}, make("summary", {}, "asked and shown"), say("", question.question), say("offered", question.labels?.join(", ")), say("not asked", unasked.join(", ")), say("answer as", question.response),
        say("side", opinion.perspective), say("saw", opinion.seen?.join(", ")), ...Object.entries(opinion.shown || {}).map(([name, value]) => say(name, Array.isArray(value) ? value.join(" / ") : `${value}`))));
  };
  const notes = sample => {
    const lines = [...(sample.notes || []), ...Object.entries(sample.places || {}).map(([name, places]) => [name, places.slice(0, 12).map(p => [p.kind, p.who, p.text, p.start === undefined ? null : clock(p.start / 1e6)].filter(Boolean).join(" ")).join("; ") + (places.length > 12 ? `; ${many(places.length - 12)} more` : "")])];
    if (!lines.length) return [];
    const body = make("tbody", {}, ...lines.map(([name, value]) => make("tr", {}, make("th", { scope: "row" }, name), make("td", { dir: "auto" }, `${value}`))));
    return [make("details", {}, make("summary", {}, `${many(lines.length)} notes of steps`), make("table", { class: "notes" }, make("caption", { class: "unseen" }, "Notes of steps"), body))];
  };

  // Filters, pages, keys.
  let waiting = 0;
  const soon = wait => { clearTimeout(waiting); waiting = setTimeout(() => show(), wait); };
  const turnTo = async from => { await show(from); list.querySelector("button")?.focus({ preventScroll: true }); form.scrollIntoView({ block: "start" }); };
  form.addEventListener("submit", event => { event.preventDefault(); show(); });
  form.addEventListener("reset", () => soon(0));
  form.addEventListener("change", event => { if (event.target.tagName === "SELECT") show(); });
  at("find").addEventListener("input", () => soon(150));
  at("back").addEventListener("click", () => turnTo(Math.max(0, first - PAGE)));
  at("next").addEventListener("click", () => turnTo(first + PAGE));
  const step = async by => {
    const buttons = [...list.querySelectorAll("button.entry")], now = document.activeElement?.closest?.("#list > li")?.querySelector("button.entry") || list.querySelector("[aria-expanded=true]");
    const place = now ? buttons.indexOf(now) + by : by > 0 ? 0 : buttons.length - 1;
    if (place >= buttons.length && first + PAGE < found.total) return turnTo(first + PAGE);
    const next = buttons[Math.min(buttons.length - 1, Math.max(0, place))];
    next?.focus();
    if (open && next && open !== next.dataset.id && !narrow.matches) await reveal(next.dataset.id, next);
  };
  const typing = node => node.closest?.("input:not([type=search]), textarea, select, video, audio, summary");
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const finding = event.target === at("find"), inList = event.target.closest?.("#list");
    if (event.key === "Escape" && open) return close(true);
    if (event.key === "ArrowRight" && open && inList && event.target.matches("button.entry")) return article.focus();
    if (finding && event.key !== "ArrowDown") return;
    if (event.key === "/") { event.preventDefault(); at("find").focus({ preventScroll: true }); form.scrollIntoView({ block: "start" }); }
    const by = { j: 1, k: -1 }[event.key] || (inList || finding ? { ArrowDown: 1, ArrowUp: -1 }[event.key] : 0);
    if (by) { event.preventDefault(); step(by); }
  });
  const follow = async () => {
    const id = decodeURIComponent(location.hash.slice(1));
    if (!id || at(id)) return;
    const button = [...list.querySelectorAll("button.entry")].find(one => one.dataset.id === id);
    if (await reveal(id, button || null)) { article.scrollIntoView({ block: "start" }); article.focus({ preventScroll: true }); }
    else at("told").textContent = `Sample ${id} is not in this page`;
  };
  addEventListener("hashchange", follow);
  const begin = async () => {
    const facets = await source.facets();
    for (const [name, title] of Object.entries(FACETS)) {
      const values = facets[name];
      if (!values || values.length < 2) continue;
      const options = values.sort((a, b) => b[1] - a[1]).map(([value, n]) => make("option", { value: `=${value}` }, `${value} (${many(n)})`));
      at("facets").append(make("label", {}, `${title} `, make("select", { name }, make("option", { value: "" }, "all"), ...options)));
    }
    await show();
    await follow();
  };
  begin();
})();
