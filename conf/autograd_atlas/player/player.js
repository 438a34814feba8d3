/* Plays the figures of a page: steps forward and backward through the tape that each figure holds,
   calculates with other inputs, opens folded blocks in place. Everything stands finished in the
   page before this runs; without it nothing is missing but the playing. */
(function () {
  "use strict";
  // A notebook brings this script once for each picture; the first one plays them all.
  if (window.autogradAtlas.start) return void window.autogradAtlas.start();
  const { calculate, difference, unfolded, unpacked } = window.autogradAtlas;
  const PACE = 1000, CHARACTER = 7.3, SMALLEST = 0.715; // milliseconds for a step; as in diagram.py, as in figure.py
  const all = (root, selector) => [...root.querySelectorAll(selector)];
  const make = (name, options, ...inside) => {
    const element = Object.assign(document.createElement(name), options);
    element.append(...inside);
    return element;
  };
  const attributes = (element, given) => {
    for (const name in given) {
      if (given[name] || given[name] === 0) element.setAttribute(name, given[name]);
      else element.removeAttribute(name);
    }
  };
  const number = (element, name) => +element.getAttribute(name);
  const format = (words, given) => words.replace(/\{(\w+)\}/g, (_, name) => given[name]);

  // -- Numbers, as diagram.py writes them -----------------------------------------------------

  function numberText(x, digits = 4) {
    if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "−inf";
    const plain = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    // With fewer decimals than four, what they cannot tell has an exponent, too.
    const large = Math.abs(x) >= 1e6 || (x && Math.abs(x) < (digits < 4 ? 5 * 10 ** -digits : 1e-4));
    const [head, power] = large ? x.toExponential(digits).split("e") : [x.toFixed(digits)];
    const text = plain(head).replace(/^-0$/, "0").replace("-", "−");
    return power ? `${text}e${power[0]}${power.slice(1).padStart(2, "0")}` : text;
  }

  function rowsOf({ s, a }, digits, kind) {
    const texts = a.map((x) => (kind === "bool" ? (x ? "True" : "False") : kind ? `${x}` : numberText(x, digits)));
    if (texts.length === 1) return texts;
    if (s.length !== 2) return [`[${texts.join(", ")}]`];
    const wide = Math.max(...texts.map((text) => text.length));
    const rows = Array.from({ length: s[0] }, (_, n) =>
      `[${texts.slice(n * s[1], n * s[1] + s[1]).map((text) => text.padStart(wide)).join(", ")}]`);
    return rows.length > 1 ? rows : [`[${rows}]`];
  }

  function valueText(value, kind) {
    const rows = rowsOf(value, 4, kind);
    return (rows.length === 1 ? rows[0] : `[${rows.join(", ")}]`).replace(/(\[|, ) +/g, "$1");
  }

  // -- Lines of code, each in an element of its own -------------------------------------------

  function codeLines(figure, wanted) {
    const program = figure.closest(".aa-program"), own = `aa-for-${figure.id}`, found = new Map();
    const blocks = all(program || document, "[class*=aa-from-]").filter((block) => block.closest(".aa-program") === program);
    const ours = blocks.filter((block) => block.classList.contains(own));
    for (const block of ours.length ? ours : blocks.filter((block) => !/aa-for-/.test(block.className))) {
      const pre = block.querySelector("pre");
      if (!pre) continue;
      const first = +/aa-from-(-?\d+)/.exec(block.className)[1];
      const known = (pre.aaLines = pre.aaLines || new Map());
      const texts = pre.textContent.split("\n");
      let start = 0;
      texts.forEach((text, n) => {
        if (wanted.has(first + n) && text) {
          if (!known.has(n)) known.set(n, wrapped(pre, start, start + text.length));
          found.set(first + n, known.get(n));
        }
        start += text.length + 1;
      });
    }
    return found;
  }

  function wrapped(pre, start, end) {
    const range = document.createRange(), walk = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT);
    for (let at = 0, node; (node = walk.nextNode()); at += node.data.length) {
      const after = at + node.data.length;
      if (at <= start && start < after) range.setStart(node, start - at);
      if (at < end && end <= after) range.setEnd(node, end - at);
    }
    const line = make("span", { className: "aa-line", tabIndex: 0 }, range.extractContents());
    range.insertNode(line);
    return line;
  }

  // -- Pictures ---------------------------------------------------------------------------------

  // What a picture shows: its elements by key, and its texts, each with what it is about.
  function pictured(svg, tape, name, blockOf) {
    const prefix = svg.getAttribute("aria-labelledby").slice(0, -1);
    const found = {}, texts = [], title = svg.querySelector("title");
    title.aaOriginal = title.textContent;
    for (const el of all(svg, "[id]")) found[el.id.slice(prefix.length)] = el;
    const add = (el, names, row, room) => {
      const line = el.closest("text");
      texts.push({ el, line, names, row, room, original: el.textContent, length: line.getAttribute("textLength") });
    };
    for (const key in tape.texts) {
      const spans = all(found[key], "text:not(.sym)").flatMap((text) => (text.children.length ? [...text.children] : [text]));
      const room = number(found[key].querySelector("rect:not(.op)"), "width") - 9;
      tape.texts[key].forEach((about, n) => {
        const [name, row] = about.split(":");
        if (about) add(spans[n], [name], +row, room);
      });
    }
    for (const marker of all(svg, "marker")) marker.setAttribute("markerUnits", "userSpaceOnUse");
    const labels = [...svg.children].filter((each) => each.matches("text"));
    for (const [, kinds, edges] of tape.labels) {
      for (const kind of kinds) {
        const el = labels.shift();
        add(el, edges.map((edge) => kind + edge), 0, el.textContent.length * CHARACTER + 14);
      }
    }
    // What stands for a key: itself, or the block that it is folded into.
    return { svg, name, found, texts, title, at: (key) => found[key] || found[blockOf(found, key)], key: (el) => el.id.slice(prefix.length) };
  }

  // -- A figure ---------------------------------------------------------------------------------

  const players = new Map();
  const KEYS = { ArrowLeft: "back", ArrowRight: "forward", Home: "first", End: "last", " ": "play", "+": "zoom-in", "-": "zoom-out" };

  function play(figure) {
    const script = figure.querySelector(":scope > script");
    if (!script) return;
    const tape = JSON.parse(script.textContent), { say, steps, graph } = tape, last = steps.length - 1;
    unpacked(tape.lines).split("\ue003").forEach((line, n) => (steps[n].say = line));
    const one = (name) => figure.querySelector(`.aa-${name}`);
    const scrubber = one("scrubber"), told = one("say"), panel = one("edit").lastChild;
    let now = last, touched = false, later = [], timer = 0, zoom = 1, edited = null, fields = null;

    // When a key appears (forward), and when a quantity does (backward).
    const appears = {}, arrives = {};
    steps.forEach((step, n) => {
      for (const key of step.then ? [] : step.on) appears[key] ??= n;
      for (const name of step.then || []) arrives[name] ??= n;
    });
    // The block that is drawn in a key's stead.
    const { items = {}, blocks } = tape;
    function blockOf(found, key) {
      let block = items[key];
      while (block >= 0 && !found[`b${block}`]) block = blocks[block] ?? -1;
      return `b${block}`;
    }
    const pictureOf = (svg, name) => pictured(svg, tape.pictures[name], name, blockOf);
    const pictures = all(figure, "svg[role]").map((svg) => pictureOf(svg, svg.getAttribute("aria-labelledby").slice(0, -1)));
    const lines = codeLines(figure, new Set(steps.map((step) => step.line)));

    // -- Steps

    function refresh() {
      later = steps.map(() => []);
      const add = (el, n, name = "aa-off") => {
        if (n) later[n].push([el, name]);
        el.classList.toggle(name, n > now);
      };
      for (const { svg, key, found, texts, title } of pictures) {
        for (const el of all(svg, ".tag-freed")) add(el, arrives[`r${key(el.closest("g")).slice(1)}.0`], "aa-kept");
        const first = {};
        for (const key in items) {
          const block = blockOf(found, key);
          if (/^[cn]/.test(key)) first[block] = Math.min(first[block] ?? last, appears[key] || 0);
        }
        for (const key in found) add(found[key], appears[key] || first[key] || 0);
        title.textContent = edited ? fields.result.textContent : title.aaOriginal;
        for (const text of texts) {
          add(text.el, Math.max(...text.names.map((name) => arrives[name] || 0)));
          write(text);
        }
      }
      show(now);
    }

    function show(n) {
      for (; now < n; now++) later[now + 1].forEach(([el, name]) => el.classList.remove(name));
      for (; now > n; now--) later[now].forEach(([el, name]) => el.classList.add(name));
      const { say: line, on, then } = steps[now];
      light("aa-now", touched ? on : [], touched && steps[now].line);
      if (touched) follow();
      scrubber.value = now;
      scrubber.setAttribute("aria-valuetext", `${now} / ${last}`);
      const words = format(say[now ? (then ? "at-backward" : "at-forward") : "at"], { n: now, all: last }) + (edited ? say.yours : "") + filled(line);
      told.replaceChildren(...words.split("`").map((part, i) => (i % 2 ? make("code", {}, part) : part)));
    }

    // Light up what has these keys, and a line of code.
    const lit = {};
    function light(name, keys, line) {
      for (const el of lit[name] || []) el.classList.remove(name);
      lit[name] = [...pictures.flatMap((picture) => keys.map(picture.at)), lines.get(line)].filter(Boolean);
      for (const el of lit[name]) el.classList.add(name);
    }

    // Scroll a picture sideways, never the page, to where something happens.
    function follow() {
      for (const { svg } of pictures) {
        const box = svg.closest(".aa-scroll"), el = box.scrollWidth > box.clientWidth && svg.querySelector("g.aa-now");
        if (!el) continue;
        const a = el.getBoundingClientRect(), b = box.getBoundingClientRect();
        if (a.left < b.left || a.right > b.right) box.scrollLeft += (a.left + a.right - b.left - b.right) / 2;
      }
    }

    // A longer line takes longer to read.
    function run(on) {
      clearTimeout(timer);
      timer = on && setTimeout(() => {
        show(now + 1);
        run(now < last);
      }, PACE + 35 * told.textContent.length);
      const button = one("play");
      button.classList.toggle("aa-playing", on);
      attributes(button, { "aria-label": on ? say.pause : say.play, title: on ? say.pause : say.play });
    }
    function touch() {
      for (const each of players.values()) each.rest();
      touched = true;
    }
    function go(n) {
      run(false);
      touch();
      show(Math.max(0, Math.min(last, n)));
    }

    // The page grows with a picture; only sideways does the picture scroll in itself.
    function scale(factor) {
      zoom = Math.max(0.35, Math.min(5, +factor.toFixed(3)));
      for (const { svg } of pictures) {
        const own = number(svg, "width"), room = svg.closest(".aa-scroll").clientWidth;
        svg.style.maxWidth = zoom === 1 ? "" : "none";
        svg.style.width = zoom === 1 ? "" : `${zoom * Math.min(own, Math.max(room, SMALLEST * own))}px`;
      }
    }

    const actions = {
      first: () => go(0), back: () => go(now - 1), forward: () => go(now + 1), last: () => go(last),
      play() {
        const on = !timer;
        if (on && now === last) go(0);
        touch();
        run(on);
      },
      "zoom-in": () => scale(zoom * 1.4), "zoom-out": () => scale(zoom / 1.4),
    };

    // -- Folded blocks: the picture is exchanged for one with a block open, or closed again

    const parentOf = (name) => tape.unfolded?.parents[name];
    let stored = null;
    function opened(name) {
      stored = stored || unfolded(tape.unfolded);
      const [innerHTML, title] = stored(name), svg = make("template", { innerHTML }).content.firstChild;
      svg.firstChild.textContent = title;
      return pictureOf(svg, name);
    }
    const known = new Map(pictures.map((picture) => [picture.name, picture]));
    function target(picture, key) {
      const base = picture.name.split("/")[0];
      for (let name = picture.name; parentOf(name); name = parentOf(name)) {
        if (name === `${base}/${key}`) return parentOf(name);
      }
      return parentOf(`${base}/${key}`) ? `${base}/${key}` : "";
    }
    function buttons(picture) {
      const doors = all(picture.svg, "[data-block], g.block").filter((el) => target(picture, keyOf(picture, el)));
      if (!doors.length) return;
      picture.svg.setAttribute("role", "group");
      for (const child of picture.svg.children) {
        if (child.localName !== "title" && !doors.includes(child)) child.setAttribute("aria-hidden", true);
      }
      for (const el of doors) {
        el.classList.add("aa-door");
        attributes(el, { role: "button", tabindex: 0, "aria-expanded": `${el.matches(".frame")}` });
      }
    }
    const keyOf = (picture, el) => el.dataset.block || picture.key(el);
    function toggle(door) {
      const place = pictures.findIndex(({ svg }) => svg.contains(door)), old = pictures[place];
      const key = keyOf(old, door), name = target(old, key);
      const picture = known.get(name) || opened(name);
      const { svg } = picture, least = old.svg.closest(".aa-scroll").querySelector(".aa-least");
      least.setAttribute("width", (number(svg, "width") * SMALLEST).toFixed(0));
      old.svg.replaceWith(svg);
      known.set(name, (pictures[place] = picture));
      prepare(picture);
      refresh();
      scale(zoom);
      all(svg, ".aa-door").find((el) => keyOf(picture, el) === key)?.focus();
    }

    // -- Other inputs

    const filled = (words) => words.replace(/\ue000([^\ue001]*)\ue001([^\ue002]*)\ue002/g,
      (_, name, original) => (edited && edited.found[name] ? valueText(edited.found[name], graph.known[name][2]) : original));

    // A new number may be longer than its box was made for: it has fewer decimals, and is set
    // closer, as long as one can read it.
    function write({ el, line, names, row, room, original, length }) {
      if (!graph) return;
      const wide = () => line.textContent.length * CHARACTER;
      el.textContent = original;
      if (edited) {
        const values = names.map((name) => edited.found[name]), head = /^(.*[∇◁∂=] | *)/.exec(original)[0];
        const sum = values.every(Boolean) && values.reduce((a, b) => ({ s: a.s, a: a.a.map((x, i) => x + b.a[i]) }));
        for (let digits = 4; digits >= 0 && (digits === 4 || wide() * 0.62 > room); digits--) {
          el.textContent = head + (sum ? rowsOf(sum, digits, graph.known[names[0]][2])[row] : "…");
        }
      }
      const tight = wide() > room;
      attributes(line, { textLength: tight ? room : length && (edited ? wide() : length), lengthAdjust: tight && "spacingAndGlyphs" });
    }

    const numbersOf = (n) => (edited && edited.inputs[n]) || graph.known[`v${n}`][1].map(Number);
    const nameOf = (n) => graph.tensors[n].name || format(say.unnamed, { n: n + 1 });

    function recalculate(inputs, typed) {
      const { result, note, reset, link } = fields;
      edited = Object.keys(inputs).length ? { inputs, found: calculate(graph, inputs) } : null;
      figure.classList.toggle("aa-edited", Boolean(edited));
      told.ariaLive = typed ? "off" : "polite";
      result.hidden = note.hidden = reset.disabled = !edited;
      link.replaceChildren(say.link);
      if (edited) {
        const results = graph.roots.map(([, , n]) => `${nameOf(n)} = ${valueText(edited.found[`v${n}`])}`);
        graph.tensors.forEach(({ name, at }) => {
          const grad = name && at && edited.found[`g${at[0]}`];
          if (grad) results.push(`${name}.grad = ${valueText(grad)}`);
        });
        result.textContent = say["after-all"] + [...new Set(results)].join(", ");
      }
      refresh();
      for (const { box, text } of fields.all) if (box !== typed) box.value = text();
    }

    // Why nothing can be changed here, or nothing.
    function fixed() {
      if (tape.fixed) return tape.fixed;
      const because = (key, name) => format(say.fixed, { why: format(say[key], { name }) });
      try {
        const name = difference(graph, calculate(graph, {}));
        if (!name) return "";
        const place = parseInt(name.slice(1), 10), node = /[ed]/.test(name[0]) ? graph.edges[place][0] : place;
        return because("why-differs", name[0] === "v" ? nameOf(place) : graph.nodes[node]);
      } catch (problem) {
        return because("why-operation", problem.unknown || problem.message);
      }
    }

    // The fields, when they are first asked for; whether there are any.
    function ask() {
      if (fields) return fields.all.length;
      const why = fixed(), rows = make("div", { className: "aa-inputs" });
      fields = { all: [] };
      if (why) panel.append(make("p", {}, why));
      else {
        graph.tensors.forEach(({ input }, n) => input && numbersOf(n).forEach((_, i) => rows.append(field(n, i))));
        fields.link = make("button", { type: "button" }, say.link);
        fields.link.addEventListener("click", () => {
          share();
          if (navigator.clipboard) navigator.clipboard.writeText(location.href).then(() => fields.link.replaceChildren(say.copied));
        });
        fields.note = make("p", {}, fields.link, make("br"), say.edited);
        fields.result = make("p", { className: "aa-result", role: "status" });
        fields.reset = make("button", { type: "button", className: "aa-reset" }, say.reset);
        fields.reset.addEventListener("click", () => share(recalculate({})));
        panel.append(make("p", {}, say.drag), rows, fields.reset, fields.result, fields.note);
        one("words").firstChild.after(make("p", { className: "aa-original" }, say["words-recorded"]));
        pictures.forEach(prepare);
        recalculate({});
      }
      return fields.all.length;
    }

    function field(n, i) {
      const [s, a] = graph.known[`v${n}`];
      const place = s.map((d, k) => Math.floor(i / s.slice(k + 1).reduce((x, y) => x * y, 1)) % d);
      const text = () => String(+numbersOf(n)[i].toPrecision(graph.single ? 7 : 15));
      const handle = make("span", { className: "aa-drag" }, a.length > 1 ? `${nameOf(n)}[${place.join(", ")}]` : nameOf(n));
      const box = make("input", { inputMode: "decimal", autocomplete: "off", value: text() });
      box.addEventListener("input", () => {
        const good = box.value.trim() && Number.isFinite(+box.value);
        box.setAttribute("aria-invalid", !good);
        if (good) change(n, i, +box.value, box);
      });
      box.addEventListener("change", () => {
        box.setAttribute("aria-invalid", false);
        box.value = text();
        share();
      });
      drag(handle, n, i);
      fields.all.push({ box, text });
      return make("label", {}, handle, box);
    }

    function change(n, i, value, typed) {
      const numbers = [...numbersOf(n)];
      numbers[i] = value;
      recalculate({ ...(edited && edited.inputs), [n]: numbers }, typed);
    }

    // A number follows the pointer sideways; up and down still scroll the page.
    function drag(handle, n, i) {
      let from = null;
      handle.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        const value = numbersOf(n)[i], unit = 10 ** Math.floor(Math.log10(Math.max(Math.abs(value), 1))) / 10;
        from = { x: event.clientX, value, unit };
        handle.setPointerCapture(event.pointerId);
        event.preventDefault();
      });
      handle.addEventListener("pointermove", (event) => {
        if (from) change(n, i, +(from.value + Math.round((event.clientX - from.x) / 4) * from.unit).toPrecision(7));
      });
      handle.addEventListener("lostpointercapture", () => {
        from = null;
        share();
      });
    }

    // In a picture, doors open, and the box of an input that is one number is a handle.
    function prepare(picture) {
      if (!picture.ready) buttons(picture);
      picture.ready = true;
      if (!fields || !fields.all.length || picture.grabbed) return;
      picture.grabbed = true;
      graph.tensors.forEach(({ input }, n) => {
        const el = picture.found[`t${n}`];
        if (!input || !el || numbersOf(n).length > 1) return;
        el.classList.add("aa-drag");
        drag(el, n, 0);
      });
    }

    // -- In the address: graph-J:b=4&~view=recorded&~step=2

    const shared = (n) => (graph.tensors.filter(({ input, name }) => input && name === graph.tensors[n].name).length > 1 ? `~${n}` : nameOf(n));
    function fragment() {
      if (!edited || !figure.isConnected) return "";
      const view = figure.querySelector(":scope > input:checked");
      const parts = Object.entries(edited.inputs).map(([n, numbers]) => [shared(+n), numbers.join(",")]);
      parts.push(["~view", view ? view.value : ""], ["~step", now]);
      return `${encodeURIComponent(figure.id)}:${parts.map((pair) => pair.map(encodeURIComponent).join("=")).join("&")}`;
    }
    function share() {
      const parts = [...players.values()].map((each) => each.fragment()).filter(Boolean);
      if (location.protocol !== "about:") history.replaceState(null, "", parts.length ? `#${parts.join(";")}` : location.pathname + location.search);
    }
    function restore(pairs) {
      const inputs = {}, wrong = [];
      one("edit").open = true;
      figure.scrollIntoView({ behavior: "instant" });
      if (!ask()) return;
      all(panel, ".aa-wrong").forEach((each) => each.remove());
      for (const [name, text] of pairs) {
        const n = graph.tensors.findIndex(({ input }, n) => input && shared(n) === name);
        const numbers = (text || "").split(",").map((each) => (each.trim() ? Number(each) : NaN));
        if (name === "~view") figure.querySelector(`:scope > input[value="${CSS.escape(text)}"]`)?.click();
        else if (name === "~step") go(Number.isInteger(+text) ? +text : last);
        else if (n < 0) wrong.push(format(say["no-input"], { name }));
        else if (numbers.length !== numbersOf(n).length || !numbers.every(Number.isFinite)) wrong.push(format(say["not-a-number"], { name, text }));
        else inputs[n] = numbers;
      }
      recalculate(inputs);
      panel.prepend(...wrong.map((words) => make("p", { className: "aa-wrong" }, words)));
    }

    // -- What a reader does

    for (const name in actions) {
      one(name).disabled = false;
      one(name).addEventListener("click", actions[name]);
    }
    scrubber.disabled = false;
    scrubber.addEventListener("input", () => go(+scrubber.value));
    one("edit").addEventListener("toggle", ask);
    const on = (name, listener) => figure.addEventListener(name, listener);
    on("keydown", (event) => {
      const { key, target } = event, door = target.closest(".aa-door");
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const side = { ArrowLeft: -80, ArrowRight: 80 }[key];
      if (event.shiftKey && side && target.closest(".aa-scroll")) target.closest(".aa-scroll").scrollLeft += side;
      else if (door && (key === "Enter" || key === " ")) toggle(door);
      else if (!target.closest(".aa-scroll, .aa-player") || !KEYS[key] || (key === " " && target.matches("button"))) return;
      else actions[KEYS[key]]();
      event.preventDefault();
    });
    on("click", ({ target }) => target.closest(".aa-door") && toggle(target.closest(".aa-door")));

    // What is pointed at lights up with its line of code, and the other way around.
    on("pointerover", ({ target }) => {
      const el = target.closest("svg[role] g[id]"), picture = el && pictures.find(({ svg }) => svg.contains(el));
      const key = picture ? picture.key(el) : "";
      light("aa-hover", [key], appears[key] && steps[appears[key]].line);
    });
    on("pointerleave", () => light("aa-hover", []));
    for (const [line, el] of lines) {
      const keys = steps.filter((step) => step.line === line && !step.then).flatMap((step) => step.on);
      for (const name of ["pointerenter", "focus"]) el.addEventListener(name, () => light("aa-hover", keys, line));
      for (const name of ["pointerleave", "blur"]) el.addEventListener(name, () => light("aa-hover", []));
    }

    // Dragging the ground of a picture with a mouse moves it sideways.
    let from = null;
    on("pointerdown", ({ target, pointerType, clientX }) => {
      const box = target.closest("svg[role]") && !target.closest("g[id]") && pointerType === "mouse" && target.closest(".aa-scroll");
      from = box && { box, at: box.scrollLeft + clientX };
    });
    on("pointermove", ({ buttons, clientX }) => {
      if (from && buttons) from.box.scrollLeft = from.at - clientX;
    });

    for (const picture of pictures) {
      prepare(picture);
      attributes(picture.svg.closest(".aa-scroll"), { "aria-label": say.picture });
    }
    refresh();
    players.set(figure, { fragment, restore, rest: () => light("aa-now", []) });
  }

  function fromAddress(figures) {
    for (const part of location.hash.slice(1).split(";")) {
      try {
        const [id, rest] = part.split(/:(.*)/s), figure = document.getElementById(decodeURIComponent(id));
        const pairs = rest && rest.split("&").map((pair) => pair.split("=").map(decodeURIComponent));
        if (pairs && figures.includes(figure) && players.has(figure)) players.get(figure).restore(pairs);
      } catch (problem) {
        if (!(problem instanceof URIError)) throw problem; // not one of our addresses
      }
    }
  }

  function start() {
    const fresh = all(document, ".aa-figure").filter((figure) => !players.has(figure));
    fresh.forEach(play);
    fromAddress(fresh);
  }

  window.autogradAtlas.start = start;
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
  window.addEventListener("hashchange", () => fromAddress([...players.keys()]));
})();
