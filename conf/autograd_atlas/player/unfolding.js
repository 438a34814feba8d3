/* Reads what unfolding.py stores: texts with pairs in the place of what has been there before, and
   pictures with steps in the place of positions. */
(function () {
  "use strict";

  function unpacked([size, ...parts]) {
    const units = new Uint16Array(size);
    let at = 0;
    for (const part of parts) {
      if (typeof part === "string") for (let i = 0; i < part.length; i++) units[at++] = part.charCodeAt(i);
      else {
        const [back, count] = part;
        units.copyWithin(at, at - back, at - back + count);
        at += count;
      }
    }
    return new TextDecoder("utf-16le").decode(units);
  }

  // A picture whose ids begin with the prefix, and all of whose positions are its own.
  function placed(svg, prefix) {
    const last = { id: 0, x: 0, y: 0 };
    const next = (kind, step) => (last[kind] += +step), along = (axis, step) => next(axis, step) / 10;
    const step = /( (?:id|data-block)='[a-z])(-?\d+)| ([xy])='(-?\d+)| d='M(-?\d+) (-?\d+)/g;
    return svg
      .replace(step, (_, what, n, axis, by, x, y) => {
        if (what) return what + next("id", n);
        return axis ? ` ${axis}='${along(axis, by)}` : ` d='M${along("x", x)} ${along("y", y)}`;
      })
      .replace(/ id='|by='|='url\(#/g, (before) => before + prefix);
  }

  // The markup and the title of a picture, by its name; what follows a slash is not part of its ids.
  function unfolded({ parents, drawn, titles }) {
    const names = Object.keys(parents);
    const svgs = unpacked(drawn).split(/(?=<svg)/), told = unpacked(titles).split("\ue003");
    return (name) => {
      const n = names.indexOf(name);
      return [placed(svgs[n], name.split("/")[0]), told[n]];
    };
  }

  window.autogradAtlas = Object.assign(window.autogradAtlas || {}, { unpacked, unfolded });
})();
