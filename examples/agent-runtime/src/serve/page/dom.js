// Elements, made and kept. Text is only ever set as text: nothing here makes markup of a string.

/** An element with attributes and children; a string among the children is text. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Sets a text, if it is another one. */
export function say(node, text) {
  const said = text ?? "";
  if (node.textContent !== String(said)) node.textContent = said;
}

/**
 * Makes the children of `parent` those of `items`, in their order. A child stays the same element for as
 * long as its item has the same key, so that focus, selection and what was typed stay too.
 */
export function keyed(parent, items, key, make, update) {
  const keys = new Set(items.map(key));
  for (const node of [...parent.children]) {
    if (!keys.has(node.dataset.key)) node.remove();
  }
  const known = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let place = parent.firstElementChild;
  for (const item of items) {
    let node = known.get(key(item));
    if (!node) {
      node = make(item);
      node.dataset.key = key(item);
    }
    update(node, item);
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
}

/** The time of day in UTC. */
export function time(milliseconds) {
  return milliseconds == null ? "" : new Date(milliseconds).toISOString().slice(11, 19);
}
