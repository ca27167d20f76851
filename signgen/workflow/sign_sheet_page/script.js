
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const cards = [...document.querySelectorAll(".sign")].map((node) => ({
    node,
    topic: node.parentElement.dataset.topic,
    image: node.querySelector(".strip img"),
    gloss: node.querySelector("h3").textContent,
    words: node.querySelector(".words").textContent,
    notation: node.querySelector("pre")?.textContent ?? "",
  }));
  // A query matches where a word begins, so that "at" finds AT and not WATER; accents and case do not count.
  const plain = (text) =>
    " " + text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[\s\-_,.:/()]+/g, " ");
  for (const card of cards) {
    card.names = plain(card.gloss + " " + card.words);
    card.all = card.names + plain(card.notation);
  }
  let seen = cards;

  function filter() {
    const query = plain($("query").value).trimEnd();
    const topic = $("topic").value;
    const deep = $("deep").checked;
    seen = [];
    for (const card of cards) {
      const fits = (!topic || card.topic === topic) && (deep ? card.all : card.names).includes(query);
      card.node.hidden = !fits;
      if (fits) seen.push(card);
    }
    for (const section of document.querySelectorAll(".topic")) {
      section.hidden = !section.querySelector(".sign:not([hidden])");
    }
    $("none").hidden = seen.length > 0;
    $("count").textContent = `${seen.length.toLocaleString("en")} of ${cards.length.toLocaleString("en")} shown`;
  }

  let quiet = 0;
  function say(text) {
    $("said").textContent = text;
    clearTimeout(quiet);
    quiet = setTimeout(() => { $("said").textContent = ""; }, 2500);
  }

  async function copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // A page opened from a file may not be let near the clipboard; the old way still works there.
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const copied = document.execCommand("copy");
      area.remove();
      if (!copied) return say("This browser does not let the page copy: select the text and copy it");
    }
    say(done);
  }

  // Corrections stay in this browser until they are copied.
  const shelf = "signgen corrections: " + document.title;
  let corrections = {};
  try {
    corrections = JSON.parse(localStorage.getItem(shelf)) ?? {};
  } catch { /* no storage here: they last as long as the page is open */ }

  function keep(card, text) {
    if (text.trim() && text !== card.notation) corrections[card.node.dataset.name] = text;
    else delete corrections[card.node.dataset.name];
    try {
      localStorage.setItem(shelf, JSON.stringify(corrections));
    } catch { /* as above */ }
    tally();
  }

  function tally() {
    const count = Object.keys(corrections).length;
    $("collect").hidden = !count;
    $("collect").textContent = `Copy ${count} correction${count === 1 ? "" : "s"}`;
  }

  function correct(card) {
    const open = card.node.querySelector("textarea");
    if (open) return open;
    const area = document.createElement("textarea");
    area.value = corrections[card.node.dataset.name] ?? card.notation;
    area.spellcheck = false;
    area.setAttribute("aria-label", "Corrected notation of " + card.gloss);
    area.addEventListener("input", () => keep(card, area.value));
    card.node.querySelector(".source").append(area);
    return area;
  }

  // The player shows the pictures of a strip one after the other at the pace of the sign.
  const player = $("player");
  let shown = null, picture = 0, playing = true, last = 0;

  function paint() {
    const { rows, side } = shown.image.dataset;
    const x = Math.floor(picture / rows) * side, y = (picture % rows) * side;
    const screen = $("screen");
    screen.getContext("2d").drawImage(shown.image, x, y, side, side, 0, 0, screen.width, screen.height);
    $("scrub").value = picture;
  }

  function tick(now) {
    if (!player.open) return;
    const { count, seconds } = shown.image.dataset;
    const pace = (1000 * seconds) / count / $("speed").value;
    // The last picture stays a moment, so that a repeat is not taken for a movement.
    if (playing && now - last >= (picture === count - 1 ? 500 : pace)) {
      picture = (picture + 1) % count;
      last = now;
      paint();
    }
    requestAnimationFrame(tick);
  }

  function run(on) {
    playing = on;
    $("pause").textContent = on ? "Pause" : "Play";
  }

  async function show(card) {
    shown = card;
    picture = 0;
    last = performance.now();
    $("player-name").textContent = card.gloss;
    $("player-words").textContent = card.words;
    $("scrub").max = card.image.dataset.count - 1;
    if (!player.open) {
      player.showModal();
      requestAnimationFrame(tick);
    }
    await card.image.decode().catch(() => {});
    if (shown === card) paint();
  }

  function step(way) {
    const row = seen.filter((card) => card.image);
    const next = row[row.indexOf(shown) + way];
    if (next) show(next);
  }

  for (const card of cards) {
    for (const button of card.node.querySelectorAll("button")) button.hidden = false;
    card.node.querySelector(".copy").addEventListener("click", () =>
      copy(card.notation || card.node.dataset.name, card.notation ? "Notation copied" : "Name copied"));
    card.node.querySelector(".correct")?.addEventListener("click", () => correct(card).focus());
    if (corrections[card.node.dataset.name]) correct(card);
    if (card.image) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "strip";
      button.setAttribute("aria-label", `Play ${card.gloss}`);
      button.addEventListener("click", () => show(card));
      card.image.parentElement.replaceWith(button);
      button.append(card.image);
    }
  }

  $("query").addEventListener("input", filter);
  $("topic").addEventListener("change", filter);
  $("deep").addEventListener("change", filter);
  $("collect").addEventListener("click", () =>
    copy(Object.entries(corrections).map(([name, text]) => `# ${name}\n${text}\n`).join("\n"),
      "Corrections copied: paste them into a message"));
  $("close").addEventListener("click", () => player.close());
  $("before").addEventListener("click", () => step(-1));
  $("after").addEventListener("click", () => step(1));
  $("pause").addEventListener("click", () => run(!playing));
  $("scrub").addEventListener("input", () => { run(false); picture = +$("scrub").value; paint(); });
  player.addEventListener("close", () => {
    shown?.node.scrollIntoView({ block: "nearest" });
    shown?.node.querySelector("button.strip")?.focus({ preventScroll: true });
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "/" && !typing && !player.open) {
      event.preventDefault();
      $("query").focus();
    } else if (player.open && !typing && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      step(event.key === "ArrowLeft" ? -1 : 1);
    }
  });

  run(!matchMedia("(prefers-reduced-motion: reduce)").matches);
  tally();
  // sheet.html#q=eat opens with that search, so that people can point each other at a sign.
  $("query").value = new URLSearchParams(location.hash.slice(1)).get("q") ?? "";
  $("tools").hidden = false;
  filter();
})();
