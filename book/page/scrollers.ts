/** What may be wider than a narrow screen. */
const SCROLLERS = '.wide, .scroll, .katex-display, pre';

/**
 * Lets the keyboard scroll what is wider than its place; what fits is no stop of the Tab key.
 */
export function scrollers(): void {
  const elements = [...document.querySelectorAll<HTMLElement>(SCROLLERS)];
  const update = (element: HTMLElement) => {
    const scrolls = element.scrollWidth > element.clientWidth;
    if (!scrolls) return element.removeAttribute('tabindex');
    element.tabIndex = 0;
    element.setAttribute('role', 'group');
    if (!element.hasAttribute('aria-label')) element.setAttribute('aria-label', 'Formula');
  };
  const sizes = new ResizeObserver((entries) => {
    for (const parent of new Set(entries.map(({ target }) => target.closest<HTMLElement>(SCROLLERS)!))) update(parent);
  });
  for (const element of elements) {
    for (const one of [element, ...element.children]) sizes.observe(one);
  }
}
