/* What a reader does with a figure: buttons, keys, and the pointer. */

const KEYS = {
  ArrowLeft: "back",
  ArrowRight: "forward",
  Home: "first",
  End: "last",
  " ": "play",
  "+": "zoom-in",
  "-": "zoom-out",
  ">": "speed",
  "<": "slower",
};
const SCROLLED = { ArrowLeft: -80, ArrowRight: 80 }; // pixels, with the shift key

// Wakes the buttons; ``actions`` are called by their names, and by keys.
export function listenToButtons(figure, actions) {
  for (const name in actions) {
    const button = figure.querySelector(`.aa-${name}`);
    if (!button) continue; // which has a key alone
    button.disabled = false;
    button.addEventListener("click", actions[name]);
  }
}

export function listenToKeys(figure, actions, toggle) {
  figure.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (pressed(event, actions, toggle)) event.preventDefault();
  });
}

// Does what a key stands for; whether it stands for anything.
function pressed({ key, shiftKey, target }, actions, toggle) {
  if (target.matches("input:not(.aa-scrubber)")) return false; // which is typed into
  const door = target.closest(".aa-door");
  const scroller = target.closest(".aa-scroll");
  if (shiftKey && SCROLLED[key] && scroller) scroller.scrollLeft += SCROLLED[key];
  else if (door && (key === "Enter" || key === " ")) toggle(door);
  else {
    const isOnButton = key === " " && target.matches("button"); // which it presses
    if (!target.closest(".aa-scroll, .aa-player") || !KEYS[key] || isOnButton) return false;
    actions[KEYS[key]]();
  }
  return true;
}

export function listenToDoors(figure, toggle) {
  figure.addEventListener("click", ({ target }) => {
    const door = target.closest(".aa-door");
    if (door) toggle(door);
  });
}

// What is pointed at lights up with its line of code, and the other way around.
export function listenToPointing(figure, { tape, pictures, lines, lights }) {
  const none = () => lights.show("aa-hover", []);
  figure.addEventListener("pointerover", ({ target }) => {
    const element = target.closest("svg[role] g[id]");
    const picture = element && pictures.find(({ svg }) => svg.contains(element));
    const key = picture ? picture.keyOf(element) : "";
    lights.show("aa-hover", [key], [tape.codeOf(key)]);
  });
  figure.addEventListener("pointerleave", none);
  for (const [code, element] of lines) {
    const show = () => lights.show("aa-hover", tape.keysOf(code), [code]);
    for (const event of ["pointerenter", "focus"]) element.addEventListener(event, show);
    for (const event of ["pointerleave", "blur"]) element.addEventListener(event, none);
  }
}

// Another view is shown.
export function listenToViews(figure, change) {
  figure.addEventListener("change", ({ target }) => target.type === "radio" && change());
}

// Dragging the ground of a picture with a mouse moves it sideways.
export function listenToPanning(figure) {
  let start = null;
  figure.addEventListener("pointerdown", ({ target, pointerType, clientX }) => {
    const isGround = target.closest("svg[role]") && !target.closest("g[id]");
    const scroller = isGround && pointerType === "mouse" && target.closest(".aa-scroll");
    start = scroller && { scroller, x: scroller.scrollLeft + clientX };
  });
  figure.addEventListener("pointermove", ({ buttons, clientX }) => {
    if (start && buttons) start.scroller.scrollLeft = start.x - clientX;
  });
}
