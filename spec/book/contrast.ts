/**
 * Finds the texts of a page that are too faint by WCAG 2.2: less than 4.5 to 1 against what is behind them, or 3 to 1
 * where they are large. A script for the page; it gives a line for each kind of place, with the colors and the ratio.
 */
export const FAINT_TEXTS = String.raw`(() => {
  const color = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = ([r, g, b, a], under) => [...[r, g, b].map((one, i) => a * one + (1 - a) * under[i]), 1];
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const behind = (element) => {
    if (!element) return [255, 255, 255, 1];
    const own = color(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, behind(element.parentElement));
  };
  const unseen = '.hidden, .skip, .katex-mathml, option, script, title, :disabled';
  const found = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (texts.currentNode.textContent.trim() === '' || !element.checkVisibility() || element.closest(unseen)) continue;
    seen++;
    const style = getComputedStyle(element);
    const back = behind(element);
    const front = over(color(element.closest('svg') ? style.fill : style.color), back);
    const [dark, light] = [luminance(front), luminance(back)].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const place = element.tagName + ' in ' + element.parentElement.className;
    const colors = [front, back].map((one) => one.map(Math.round)).join(' on ');
    if (ratio < (isLarge ? 3 : 4.5)) found.add([place, colors, ratio.toFixed(2)].join(': '));
  }
  return seen < 500 ? ['only ' + seen + ' texts are there'] : [...found];
})()`;
