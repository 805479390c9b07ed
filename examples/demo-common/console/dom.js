// Making elements. Text is always text: nothing here reads HTML.

/** The element with this id. */
export const $ = (id) => document.getElementById(id);

/** An element: `h('li', {class: 'step', 'data-step': 'call'}, 'text', child)`. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? '' : String(value));
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return element;
}

/** Shows an element or hides it. */
export function show(element, isShown) {
  element.hidden = !isShown;
}
