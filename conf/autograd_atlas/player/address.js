/* What a reader has changed, in the part of an address behind #: graph-J:b=4&~view=recorded&~step=2,
   for several figures with a semicolon between them. */

export const encoded = (id, pairs) =>
  `${encodeURIComponent(id)}:${pairs.map((pair) => pair.map(encodeURIComponent).join("=")).join("&")}`;

// As [{id, pairs}]; what is no address of ours is left out.
export function decoded(hash) {
  const figures = [];
  for (const part of hash.replace(/^#/, "").split(";")) {
    const [id, pairs] = part.split(/:(.*)/s);
    if (!pairs) continue;
    try {
      figures.push({
        id: decodeURIComponent(id),
        pairs: pairs.split("&").map((pair) => pair.split("=").map(decodeURIComponent)),
      });
    } catch (problem) {
      if (!(problem instanceof URIError)) throw problem;
    }
  }
  return figures;
}
