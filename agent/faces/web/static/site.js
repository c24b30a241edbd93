/* What pages gain where scripts run: local times, countdowns, keys, news. Without it every page works as well.
   Nothing here sends an answer: forms do, by a person's own press of a button. */
"use strict";
(() => {
  const SOON = 24 * 3600e3, POLL = 15e3, BREATH = 2e3;
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const one = (query, root = document) => root.querySelector(query);
  const made = (name, words = "", values = {}) => Object.assign(document.createElement(name), { textContent: words }, values);

  /* --- times: the site's clock counts, not this machine's ------------------------------------------------- */

  let ahead = 0;
  const now = () => Date.now() + ahead;
  const agree = () => {
    const told = one("#as-of time");
    if (told) ahead = Date.parse(told.dateTime) - Date.now();
  };

  const shape = new Intl.DateTimeFormat("en-CA", {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
  });
  const local = (moment) => {
    const part = Object.fromEntries(shape.formatToParts(moment).map((each) => [each.type, each.value]));
    return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute} ${part.timeZoneName}`;
  };

  const remaining = (left) => {
    const seconds = Math.floor(left / 1000);
    if (seconds <= 0) return "over";
    const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24, minutes = Math.floor(seconds / 60) % 60;
    if (days) return `in ${days}d ${hours}h`;
    if (hours) return `in ${hours}h ${minutes}m`;
    return minutes ? `in ${minutes}m` : `in ${seconds}s`;
  };

  /* A date and a time of day may stand on two lines, but neither is broken. */
  const say = (element, words) => {
    const [day, ...rest] = words.split(" ");
    element.replaceChildren(made("span", day), " ", made("span", rest.join(" ")));
  };

  const put = (element, words) => { if (element.textContent !== words) element.textContent = words; };

  const count = (root = document) => {
    for (const each of all("time.left", root)) {
      const left = Date.parse(each.dateTime) - now();
      put(each, remaining(left));
      each.classList.toggle("soon", left > 0 && left < SOON);
      each.classList.toggle("over", left <= 0);
    }
  };

  const localise = (root) => {
    for (const each of all("time[datetime]", root)) {
      const moment = Date.parse(each.dateTime);
      if (Number.isNaN(moment)) continue;
      each.title = each.classList.contains("left") ? local(moment) : each.textContent;
      if (!each.classList.contains("left")) say(each, local(moment));
    }
  };

  /* --- what a page is given, at first and whenever a part of it is new -------------------------------------- */

  const copyable = (root) => {
    for (const each of all("[data-copy]", root)) {
      const button = made("button", "Copy", { type: "button", className: "copy" });
      button.append(made("span", ` ${each.dataset.copy.slice(0, 60)}`, { className: "hidden" }));
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(each.dataset.copy);
          whisper("Copied.");
        } catch {
          getSelection().selectAllChildren(each);
          tell("This browser does not copy by itself: it is selected now, copy it by hand.");
        }
      });
      each.after(button);
    }
  };

  const choosable = (root) => {
    for (const place of all("[data-choose-all]", root)) {
      const box = made("input", "", { type: "checkbox" }), label = made("label");
      label.className = "choice";
      label.append(box, made("span", "Choose all on this page", { className: "hidden" }));
      place.replaceChildren(label);
      box.addEventListener("change", () => {
        for (const each of all("input[data-choose]")) if (!each.disabled) each.checked = box.checked;
        chosen();
      });
    }
  };

  const chosen = () => {
    const boxes = all("input[data-choose]"), count = boxes.filter((each) => each.checked).length;
    for (const each of all("[data-chosen]")) put(each, `${count} chosen`);
    for (const each of all("[data-choose-all] input")) {
      each.checked = count > 0 && count === boxes.length;
      each.indeterminate = count > 0 && count < boxes.length;
    }
  };

  const dress = (root) => { localise(root); count(root); copyable(root); choosable(root); };

  /* --- what is said in the bar at the foot ------------------------------------------------------------------ */

  const bar = one("#news");
  let quiet = 0;
  const clear = () => { bar.className = "news"; bar.replaceChildren(); };
  const tell = (words, { isBad = false, button = null } = {}) => {
    clearTimeout(quiet);
    bar.className = isBad ? "news bad" : "news";
    bar.replaceChildren(made("p", words), ...(button ? [button] : []));
  };
  const isSpeaking = () => bar.className !== "news quiet" && bar.childElementCount > 0;
  const whisper = (words) => {
    if (isSpeaking()) return;
    bar.className = "news quiet";
    bar.replaceChildren(made("p", words));
    clearTimeout(quiet);
    quiet = setTimeout(clear, 5e3);
  };
  const press = (words, act) => {
    const button = made("button", words, { type: "button" });
    button.addEventListener("click", act);
    return button;
  };

  /* --- news: parts of the page are replaced by what the same address shows now ------------------------------- */

  const raw = new Map();
  const bare = (part) => {
    const copy = part.cloneNode(true);
    for (const each of all("time.left", copy)) { each.textContent = ""; each.className = "left"; }
    return copy.innerHTML;
  };

  const parts = (root = document) => all("[data-live][id]", root);

  /* A field, a choice or a selection is under a person's hands; a link that has the focus can be found again. */
  const isHeld = (part) => {
    const focus = document.activeElement, selection = getSelection();
    if (part.contains(focus) && focus.matches("input, select, textarea, button, summary")) return true;
    if (one("input[data-choose]:checked", part)) return true;
    return !selection.isCollapsed && selection.rangeCount > 0 && selection.getRangeAt(0).intersectsNode(part);
  };

  const replace = (part, fresh) => {
    const focus = part.contains(document.activeElement) ? document.activeElement : null;
    const opened = all("details", part).map((each) => each.open);
    const seen = new Set(all("[data-open]", part).map((each) => each.getAttribute("href")));
    const next = document.importNode(fresh, true);
    dress(next);
    all("details", next).forEach((each, index) => { if (opened[index]) each.open = true; });
    if (seen.size) {
      for (const each of all("[data-row]", next)) {
        const open = one("[data-open]", each);
        if (open && !seen.has(open.getAttribute("href"))) each.classList.add("changed");
      }
    }
    part.replaceWith(next);
    if (!focus) return;
    const href = focus.getAttribute("href");
    const again = href && all("a[href]", next).find((each) => each.getAttribute("href") === href);
    (again || one("[data-open]", next) || one("#main")).focus({ preventScroll: true });
  };

  let offered = null;
  const show = (fresh, { byHand = false } = {}) => {
    let changed = 0, held = 0;
    for (const part of parts()) {
      const next = fresh.getElementById(part.id);
      if (!next) continue;
      const is = bare(next);
      if (raw.get(part.id) === is) continue;
      if (!byHand && isHeld(part)) { held += 1; continue; }
      raw.set(part.id, is);
      if (part.id !== "as-of") changed += 1;
      replace(part, next);
    }
    agree();
    count();
    chosen();
    if (held) {
      offered = fresh;
      tell("There is news on this page. It is kept back while you are at work here.", {
        button: press("Show it", () => { clear(); show(offered, { byHand: true }); }),
      });
    } else if (changed) whisper(`Brought up to date ${local(now())}.`);
  };

  /* `data-stale` of a form says what was shown when it was made: where that is not so any more, it is void. */
  const purpose = (form) => `${form.getAttribute("action")} ${form.elements.namedItem("verb")?.value ?? ""}`;
  const stale = (fresh) => {
    const valid = new Set(all("form[data-stale]", fresh).map((each) => `${purpose(each)} ${each.dataset.stale}`));
    for (const form of all("form[data-stale]")) {
      if (valid.has(`${purpose(form)} ${form.dataset.stale}`)) continue;
      for (const each of all("button", form)) each.disabled = true;
      form.classList.add("stale");
      tell("This was changed or decided meanwhile: nothing can be sent from here any more.", {
        isBad: true, button: press("Show it as it is now", () => anew()),
      });
    }
  };

  /* What answers a form has no address of its own: `data-live-at` is where its parts are shown. */
  const shownAt = document.body.dataset.liveAt || location.href;
  const anew = () => { if (document.body.dataset.liveAt) location.assign(shownAt); else location.reload(); };

  let asking = false, again = false, failing = false;
  const look = async () => {
    if (asking) { again = true; return; }
    asking = true;
    try {
      const answer = await fetch(shownAt, { headers: { "air-agent-live": "1" }, redirect: "manual", cache: "no-store" });
      if (answer.type === "opaqueredirect") {
        tell("You are not signed in any more.", { isBad: true, button: press("Sign in", () => anew()) });
        stop();
        return;
      }
      if (!answer.ok && answer.status !== 404) throw new Error(String(answer.status));
      if (failing) { failing = false; clear(); }
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.ok) show(fresh);
      stale(fresh);
    } catch {
      failing = true;
      tell(`No news since ${local(now())}: the site does not answer. What you see may be old.`, { isBad: true });
    } finally {
      setTimeout(() => {
        asking = false;
        if (again) { again = false; look(); }
      }, BREATH);
    }
  };

  let source = null, timer = 0, isOver = false;
  const poll = () => { timer ||= setInterval(() => { look(); if (source?.readyState === EventSource.CLOSED) listen(); }, POLL); };
  const listen = () => {
    source?.close();
    source = new EventSource(document.body.dataset.liveFrom);
    source.addEventListener("open", () => { clearInterval(timer); timer = 0; });
    source.addEventListener("message", look);
    source.addEventListener("changed", look);
    source.addEventListener("error", poll);
  };
  const hush = () => { source?.close(); source = null; clearInterval(timer); timer = 0; };
  const stop = () => { isOver = true; hush(); };
  const attend = () => {
    if (isOver) return;
    if (document.hidden) hush();
    else { look(); listen(); }
  };

  /* --- keys --------------------------------------------------------------------------------------------------- */

  const KEPT = "air-agent-keys";
  const dialog = one("#keys");
  let went = 0;
  const areOn = () => { try { return localStorage.getItem(KEPT) !== "off"; } catch { return true; } };
  const rows = () => all("[data-row]").filter((each) => each.getClientRects().length);
  const row = () => document.activeElement?.closest("[data-row]");

  const step = (by) => {
    const found = rows(), here = found.indexOf(row());
    const next = found[here < 0 ? (by > 0 ? 0 : found.length - 1) : Math.min(found.length - 1, Math.max(0, here + by))];
    one("[data-open]", next ?? document.createElement("i"))?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };

  const reach = (query) => {
    const found = one(query);
    if (!found) return false;
    for (let each = found.closest("details"); each; each = each.parentElement.closest("details")) each.open = true;
    found.focus();
    found.scrollIntoView({ block: "center" });
    return true;
  };

  const keys = {
    j: () => step(1),
    k: () => step(-1),
    x: () => { const box = row() && one("input[data-choose]", row()); if (box && !box.disabled) box.click(); },
    a: () => reach('[data-key="a"]'),
    r: () => reach('[data-key="r"]'),
    "/": () => reach("[data-search]") || reach(".filters input"),
    g: () => { went = Date.now(); },
    "?": () => dialog?.showModal(),
  };

  const onKey = (event) => {
    const field = event.target.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable]");
    if (event.key === "Escape" && field) { field.blur(); return; }
    if (field || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || dialog?.open) return;
    if (event.key !== "?" && !areOn()) return;
    const place = Date.now() - went < 1500 && one(`[data-go="${CSS.escape(event.key)}"]`);
    went = 0;
    if (place) place.click();
    else if (Object.hasOwn(keys, event.key)) keys[event.key]();
    else return;
    event.preventDefault();
  };

  const offerKeys = () => {
    const button = one("[data-keys]"), box = one("[data-keys-on]");
    if (!dialog || !button || !box) return;
    button.hidden = false;
    button.addEventListener("click", () => dialog.showModal());
    box.checked = areOn();
    box.addEventListener("change", () => { try { localStorage.setItem(KEPT, box.checked ? "on" : "off"); } catch { /* this browser keeps nothing */ } });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  };

  /* --- begin ---------------------------------------------------------------------------------------------------- */

  for (const part of parts()) raw.set(part.id, bare(part));
  const zone = one("[data-zone]");
  if (zone) zone.textContent = `Times are those of ${shape.resolvedOptions().timeZone}; point at one to see it in UTC.`;
  agree();
  dress(document);
  chosen();
  setInterval(count, 1000);
  offerKeys();
  document.addEventListener("keydown", onKey);
  document.addEventListener("change", (event) => { if (event.target.matches?.("input[data-choose]")) chosen(); });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    form.setAttribute("aria-busy", "true");
    setTimeout(() => { for (const each of all("button", form)) each.disabled = true; });
    whisper("Sending.");
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  if (document.body.dataset.liveFrom && (parts().some((each) => each.id !== "as-of") || one("form[data-stale]"))) {
    document.addEventListener("visibilitychange", attend);
    addEventListener("pagehide", hush);
    if (!document.hidden) listen();
  }
})();
