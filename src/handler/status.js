/*
 * status.js - makes /status live: asks for the JSON form each second, draws what has changed, and
 * fills in the tables that the server wrote.
 *
 * All text goes in as text (textContent), never as markup.
 */
"use strict";

const EVERY_MS = 1000;
const KEPT = 180; // points of a chart: three minutes
const FIRST = 60; // and as many as it has room for at first
const WINDOW = 10; // answers that the tables' rates and percentiles look back on

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const answers = []; // the last WINDOW + 1
const points = []; // of the charts
let paused = false;
let timer = 0;

// --- words and numbers ---

function count(n) {
	if (n < 10000) return n.toLocaleString("en", { maximumFractionDigits: n < 10 && n % 1 ? 1 : 0 });
	return n.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 }).toLowerCase();
}

function size(n) {
	const units = ["B", "kB", "MB", "GB", "TB", "PB"];
	let i = 0;
	for (; n >= 1000 && i < units.length - 1; i++) n /= 1000;
	return (n < 10 && i > 0 ? n.toFixed(1) : Math.round(n)) + " " + units[i];
}

function duration(us) {
	if (us === null) return "–";
	if (us < 1000) return Math.round(us) + " µs";
	if (us < 1e6) return (us / 1000).toFixed(us < 1e4 ? 1 : 0) + " ms";
	return (us / 1e6).toFixed(us < 1e7 ? 1 : 0) + " s";
}

function age(ms) {
	const s = Math.floor(ms / 1000), m = Math.floor(s / 60), h = Math.floor(m / 60), d = Math.floor(h / 24);
	if (d) return d + "d " + (h % 24) + "h";
	if (h) return h + "h " + (m % 60) + "m";
	if (m) return m + "m" + (s % 60 ? " " + (s % 60) + "s" : "");
	return s + "s";
}

function part(some, others) {
	return some + others ? Math.floor((100 * some) / (some + others)) + " %" : "–";
}

// --- differences ---

// The duration that `part` of the requests did not exceed; null without requests.
function quantile(durations, bounds, part) {
	const total = durations.reduce((a, b) => a + b, 0);
	let below = 0;
	for (let i = 0; i < bounds.length && total > 0; i++) {
		const from = i ? bounds[i - 1] : 0, n = durations[i];
		if (n > 0 && below + n >= part * total)
			return from + ((bounds[i] - from) * (part * total - below)) / n;
		below += n;
	}
	return total > 0 ? bounds[bounds.length - 1] : null;
}

const minus = (a, b) => a.map((n, i) => n - b[i]);
const older = () => answers[0];
const newest = () => answers[answers.length - 1];

// What a site did since an older answer, which may not have known it.
function change(site, before) {
	if (!before) return { requests: 0, classes: site.classes.map(() => 0), durations: site.durations.map(() => 0), out: 0 };
	return {
		requests: site.requests - before.requests,
		classes: minus(site.classes, before.classes),
		durations: minus(site.durations, before.durations),
		out: site.content_out - before.content_out,
	};
}

function addPoint(now, before) {
	const seconds = (now.now - before.now) / 1000;
	if (!(seconds > 0)) return;
	const all = change(now.all, before.all);
	points.push({
		time: now.now,
		classes: all.classes.map((n) => n / seconds),
		quantiles: [0.5, 0.9, 0.99].map((part) => quantile(all.durations, now.bounds_us, part)),
		connections: [now.connections.active, now.connections.idle],
		sent: (now.bytes.sent - before.bytes.sent) / seconds,
		received: (now.bytes.received - before.bytes.received) / seconds,
	});
	if (points.length > KEPT) points.shift();
}

// --- charts ---

function element(name, attributes, parent) {
	const e = document.createElementNS(SVG, name);
	for (const key in attributes) e.setAttribute(key, attributes[key]);
	if (parent) parent.append(e);
	return e;
}

// 1, 2 or 5 times a power of ten, at or over n.
function roundUp(n) {
	const power = Math.pow(10, Math.floor(Math.log10(n)));
	return [1, 2, 5, 10].map((f) => f * power).find((f) => f >= n * 0.9999);
}

// Each chart: where it stands, its values at a point (null: none), their names and colours.
const charts = [
	{
		id: "chart-requests", stacked: true, least: 5, format: (n) => count(n),
		names: ["2xx", "3xx", "4xx", "5xx"], colours: ["c2", "c3", "c4", "c5"],
		values: (p) => p.classes.slice(2),
	},
	{
		id: "chart-latency", stacked: false, least: 500, format: duration,
		names: ["p50", "p90", "p99"], colours: ["c2", "c3", "c4"],
		values: (p) => p.quantiles,
	},
	{
		id: "chart-connections", stacked: true, least: 5, format: (n) => count(n),
		names: ["active", "idle"], colours: ["c2", "c3"],
		values: (p) => p.connections,
	},
];

const span = () => Math.max(FIRST, points.length);

// For stacked ones each value stands on those before it.
function heights(chart, point) {
	let sum = 0;
	return chart.values(point).map((n) => (chart.stacked ? (sum += n) : n));
}

function frame(chart, svg, box) {
	const width = svg.clientWidth, height = svg.clientHeight;
	Object.assign(box, { left: 4, right: width - 4, top: 14, bottom: height - 18 });
	for (const part of [0, 0.5, 1]) {
		const y = box.bottom - part * (box.bottom - box.top);
		element("line", { class: "grid", x1: 0, x2: width, y1: y, y2: y }, svg);
		if (part > 0)
			element("text", { x: 2, y: y - 3 }, svg).textContent = chart.format(part * box.max);
	}
	element("text", { x: 2, y: height - 4 }, svg).textContent = age(span() * EVERY_MS) + " ago";
	element("text", { x: width - 2, y: height - 4, "text-anchor": "end" }, svg).textContent = "now";
}

function path(chart, box, series) {
	const x = (i) => box.right - ((points.length - 1 - i) / (span() - 1)) * (box.right - box.left);
	const y = (n) => box.bottom - Math.min(n / box.max, 1) * (box.bottom - box.top);
	const at = (i, n) => x(i).toFixed(1) + " " + y(n).toFixed(1);
	const rows = points.map((p) => heights(chart, p));
	if (chart.stacked) {
		const upper = rows.map((row, i) => at(i, row[series]));
		const lower = rows.map((row, i) => at(i, series ? row[series - 1] : 0));
		return "M" + upper.concat(lower.reverse()).join("L") + "Z";
	}
	// A pause without requests is a gap in the line.
	let text = "", drawing = false;
	rows.forEach((row, i) => {
		if (row[series] !== null) text += (drawing ? "L" : "M") + at(i, row[series]) + (drawing ? "" : "h.1");
		drawing = row[series] !== null;
	});
	return text;
}

function legend(chart, point) {
	const list = $(chart.id + "-legend"), values = chart.values(point);
	list.replaceChildren(...chart.names.map((name, i) => {
		const item = document.createElement("li"), mark = document.createElement("i"), text = document.createElement("span");
		item.className = chart.colours[i];
		text.textContent = name + " " + chart.format(values[i]);
		item.append(mark, text);
		return item;
	}));
}

function draw(chart) {
	const svg = $(chart.id), box = {};
	if (!points.length) return;
	const highest = Math.max(chart.least, ...points.flatMap((p) => heights(chart, p)));
	box.max = roundUp(highest);
	svg.replaceChildren();
	frame(chart, svg, box);
	chart.names.forEach((_, i) => {
		const kind = chart.stacked ? "area" : "lines";
		element("path", { class: kind + " " + chart.colours[i], d: path(chart, box, i) }, svg);
	});
	const pointed = chart.pointed === undefined ? points.length - 1 : chart.pointed;
	const point = points[Math.max(0, Math.min(points.length - 1, pointed))];
	if (chart.pointed !== undefined) {
		const x = box.right - ((points.length - 1 - points.indexOf(point)) / (span() - 1)) * (box.right - box.left);
		element("line", { class: "cursor", x1: x, x2: x, y1: box.top, y2: box.bottom }, svg);
	}
	legend(chart, point);
	svg.setAttribute("aria-label", chart.names.map((name, i) => name + " " + chart.format(chart.values(point)[i])).join(", "));
}

function watchPointer(chart) {
	const svg = $(chart.id);
	svg.addEventListener("pointermove", (event) => {
		const box = svg.getBoundingClientRect(), step = (box.width - 8) / (span() - 1);
		chart.pointed = points.length - 1 - Math.round((box.right - 4 - event.clientX) / step);
		draw(chart);
	});
	svg.addEventListener("pointerleave", () => {
		delete chart.pointed;
		draw(chart);
	});
}

// --- tables ---

// A cell is a text, or { text, className, bar, minor }.
function fill(id, rows) {
	const body = $(id);
	if (!body) return; // there was nothing of the kind when the page was made
	body.replaceChildren(...rows.map((cells) => {
		const row = document.createElement("tr");
		row.append(...cells.map((cell) => makeCell(cell)));
		return row;
	}));
	body.closest(".table").hidden = rows.length === 0;
}

function makeCell(cell) {
	const td = document.createElement("td"), c = typeof cell === "object" ? cell : { text: cell };
	if (c.minor) td.classList.add("minor");
	if (c.long) td.classList.add("long");
	if (c.className) {
		const span = document.createElement("span");
		span.className = c.className;
		span.textContent = c.text;
		td.append(span);
	} else {
		td.textContent = c.text;
	}
	if (c.bar !== undefined) {
		const bar = document.createElement("span"), part = document.createElement("i");
		bar.className = "bar";
		part.style.width = Math.round(100 * c.bar) + "%";
		bar.append(part);
		td.append(bar);
	}
	return td;
}

const stateColours = { ready: "state good", starting: "state more", draining: "state warn" };
const levelColours = { error: "state bad", warning: "state warn", notice: "state more" };
const quiet = (n, colour) => ({ text: count(n), className: n ? colour : "zero" });

function fillWorkers(now, before, seconds) {
	const rates = now.workers.map((w) => {
		const then = before.workers.find((o) => o.pid === w.pid && o.slot === w.slot);
		return then && seconds > 0 ? (w.requests - then.requests) / seconds : 0;
	});
	const most = Math.max(1, ...rates);
	fill("workers", now.workers.map((w, i) => [
		String(w.number), { text: String(w.pid), minor: true }, { text: String(w.generation), minor: true },
		{ text: w.state, className: stateColours[w.state] }, { text: age(now.now - w.started), minor: true },
		count(w.connections), { text: count(w.in_flight), minor: true }, { text: count(w.requests), minor: true },
		{ text: count(rates[i]), bar: rates[i] / most },
	]));
}

function fillSites(now, before, seconds) {
	const rows = now.sites.map((site) => {
		const c = change(site, before.sites.find((o) => o.name === site.name));
		const rate = seconds > 0 ? c.requests / seconds : 0;
		return { site, c, rate };
	});
	const most = Math.max(1, ...rows.map((row) => row.rate));
	fill("sites", rows.map(({ site, c, rate }) => [
		{ text: site.name, long: true }, { text: count(rate), bar: rate / most }, { text: count(site.requests), minor: true },
		{ ...quiet(site.classes[2], "good"), minor: true }, { ...quiet(site.classes[3], "more"), minor: true },
		quiet(site.classes[4], "warn"), quiet(site.classes[5], "bad"),
		{ text: duration(quantile(c.durations, now.bounds_us, 0.5)), minor: true },
		duration(quantile(c.durations, now.bounds_us, 0.99)),
		{ text: size(site.content_out), minor: true },
	]));
}

function fillCertificates(now) {
	fill("certificates", now.certificates.map((c) => {
		const days = Math.floor((c.ends - now.now) / 86400000);
		const colour = days < 7 ? "bad" : days < 21 ? "warn" : "good";
		return [{ text: c.name, long: true }, { text: new Date(c.ends).toISOString().slice(0, 10), minor: true },
			{ text: days < 0 ? "expired" : days + " days", className: colour }];
	}));
}

function fillEvents(now) {
	const today = new Date(now.now).toDateString();
	fill("events", now.events.map((e) => {
		const at = new Date(e.time);
		const when = at.toDateString() === today ? at.toLocaleTimeString() : at.toLocaleString();
		return [when, { text: e.level, className: levelColours[e.level] }, { text: e.text, long: true }];
	}));
}

// --- all of it ---

function put(id, text) {
	if ($(id).textContent !== text) $(id).textContent = text;
}

function fillFacts(now) {
	const parts = Object.keys(now.sandbox).filter((part) => now.sandbox[part]);
	put("version", now.version);
	put("uptime", age(now.now - now.started));
	put("generation", String(now.generation));
	put("configuration", now.configuration + " (" + now.digest + ")");
	put("sandbox", parts.join(", ") || "none");
}

function fillTiles(now) {
	const p = points[points.length - 1], c = now.connections;
	put("connections", count(c.active + c.idle + c.handshake + c.closing));
	put("connections-more", count(c.active) + " active, " + count(c.idle) + " idle, of " + count(c.limit));
	put("requests-more", count(now.all.requests) + " since the start");
	put("traffic-more", size(now.bytes.sent) + " sent, " + size(now.bytes.received) + " received");
	put("errors-more", count(now.all.classes[5]) + " since the start");
	put("restarts", count(now.restarts));
	put("restarts-more", "reloads " + count(now.reloads.ok) + ", refused " + count(now.reloads.failed) + ", upgrades " +
		count(now.upgrades.ok));
	put("handshakes", count(now.tls.full + now.tls.resumed));
	put("handshakes-more", "resumed " + count(now.tls.resumed) + ", failed " + count(now.tls.failed));
	put("cache", part(now.file_cache.hits, now.file_cache.misses));
	put("cache-more", count(now.file_cache.hits) + " found, " + count(now.file_cache.misses) + " read" +
		(now.cache.hits + now.cache.misses ? "; answers: " + part(now.cache.hits, now.cache.misses) + " found" : ""));
	if (!p) return;
	put("requests", count(p.classes.reduce((a, b) => a + b, 0)) + "/s");
	put("latency", duration(p.quantiles[2]));
	put("latency-more", "p50 " + duration(p.quantiles[0]) + ", p90 " + duration(p.quantiles[1]));
	put("traffic", size(p.sent) + "/s");
	put("errors", count(p.classes[5]) + "/s");
	$("errors").classList.toggle("bad", p.classes[5] > 0);
}

function show(now) {
	const last = newest();
	// Another server has taken its place: nothing of before can be compared.
	if (last && (last.started !== now.started || now.all.requests < last.all.requests)) {
		answers.length = 0;
		points.length = 0;
	} else if (last) {
		addPoint(now, last);
	}
	answers.push(now);
	if (answers.length > WINDOW + 1) answers.shift();
	const seconds = (now.now - older().now) / 1000;
	fillFacts(now);
	fillTiles(now);
	fillWorkers(now, older(), seconds);
	fillSites(now, older(), seconds);
	fillCertificates(now);
	fillEvents(now);
	charts.forEach(draw);
}

function tell(kind, text) {
	$("live").className = "live " + kind;
	put("state", text);
}

async function ask() {
	clearTimeout(timer);
	if (paused || document.hidden) return;
	try {
		const answer = await fetch(location.pathname + "?format=json", { cache: "no-store", signal: AbortSignal.timeout(5000) });
		if (!answer.ok) throw new Error("status " + answer.status);
		show(await answer.json());
		if (!paused) tell("on", "live");
	} catch (error) {
		if (!paused) tell("off", "no answer");
	}
	clearTimeout(timer);
	if (!paused) timer = setTimeout(ask, EVERY_MS);
}

function start() {
	$("pause").hidden = false;
	$("charts").hidden = false;
	$("pause").addEventListener("click", () => {
		paused = !paused;
		put("pause", paused ? "Go on" : "Pause");
		if (paused) tell("", "paused");
		else ask();
	});
	document.addEventListener("visibilitychange", ask);
	addEventListener("resize", () => charts.forEach(draw));
	charts.forEach(watchPointer);
	ask();
}

start();
