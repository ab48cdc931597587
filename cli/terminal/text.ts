/** A text without the sequences that color it. */
export function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- the sequences that change colors
  return text.replace(/\x1b\[[\d;]*m/g, '');
}

/** The width of the widest line of a text. */
export const widthOf = (text: string) =>
  plain(text)
    .split('\n')
    .reduce((most, line) => Math.max(most, [...line].length), 0);

/** The first characters of a text that does not fit. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(1, width - 1)).join('')}…`;
}

/** Breaks a line between words; the rest stands under its text, as after `Data:    `. */
export function wrapped(line: string, width: number, indent = 9): string {
  if (line.length <= width) return line;
  const [, lead, text] = /^( *(?:\w+: +)?)(.*)$/.exec(line)!;
  const lines: string[] = [];
  let current = lead!;
  for (const word of text!.split(' ')) {
    const isEmpty = current.trim() === '' || /: +$/.test(current);
    if (!isEmpty && current.length + 1 + word.length > width) {
      lines.push(current);
      current = ' '.repeat(Math.min(indent, Math.floor(width / 2))) + word;
    } else current += isEmpty ? word : ` ${word}`;
  }
  return [...lines, current].join('\n');
}
