type Child = Node | string;
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element of HTML; an attribute that is false or undefined is left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(tag), attributes, children);
}

/** An element of SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function filled<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== undefined) element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children);
  return element;
}

/** A select with its label. */
export function choice(
  text: string,
  options: Readonly<Record<string, string>>,
  value: string,
  chosen: (value: string) => void,
): HTMLLabelElement {
  const select = h('select');
  for (const [name, title] of Object.entries(options)) {
    select.append(h('option', { value: name, selected: name === value }, title));
  }
  select.addEventListener('change', () => chosen(select.value));
  return h('label', {}, `${text} `, select);
}

/** A field for a number with its label. */
export function numberField(
  text: string,
  attributes: { readonly min: number; readonly max: number; readonly step: number | 'any'; readonly value: number },
  changed: (value: number) => void,
): HTMLLabelElement {
  const input = h('input', { type: 'number', ...attributes });
  input.addEventListener('change', () => changed(input.valueAsNumber));
  return h('label', {}, `${text} `, input);
}

/** A button. */
export function button(text: string, pressed: () => void): HTMLButtonElement {
  const element = h('button', { type: 'button' }, text);
  element.addEventListener('click', pressed);
  return element;
}
