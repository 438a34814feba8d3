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
    const last = { id: 0, x: 0, y: 0 }, add = (kind, step) => (last[kind] += +step), axis = (kind, step) => add(kind, step) / 10;
    return svg
      .replace(/( (?:id|data-block)='[a-z])(-?\d+)| ([xy])='(-?\d+)| d='M(-?\d+) (-?\d+)/g, (_, what, n, kind, step, x, y) =>
        what ? what + add("id", n) : kind ? ` ${kind}='${axis(kind, step)}` : ` d='M${axis("x", x)} ${axis("y", y)}`)
      .replace(/ id='|by='|='url\(#/g, (before) => before + prefix);
  }

  // The markup and the title of a picture, by its name; what follows a slash is not part of its ids.
  function unfolded({ parents, drawn, titles }) {
    const names = Object.keys(parents), svgs = unpacked(drawn).split(/(?=<svg)/), told = unpacked(titles).split("\ue003");
    return (name) => {
      const n = names.indexOf(name);
      return [placed(svgs[n], name.split("/")[0]), told[n]];
    };
  }

  window.autogradAtlas = Object.assign(window.autogradAtlas || {}, { unpacked, unfolded });
})();
