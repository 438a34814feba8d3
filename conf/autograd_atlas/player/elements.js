/* Short names for what is done with elements all the time. */

export const queryAll = (root, selector) => [...root.querySelectorAll(selector)];

export function create(name, options, ...children) {
  const element = Object.assign(document.createElement(name), options);
  element.append(...children);
  return element;
}

// Sets attributes; one without a value is removed.
export function setAttributes(element, values) {
  for (const name in values) {
    if (values[name] || values[name] === 0) element.setAttribute(name, values[name]);
    else element.removeAttribute(name);
  }
}

export const numberAttribute = (element, name) => Number(element.getAttribute(name));
