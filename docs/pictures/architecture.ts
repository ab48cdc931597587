import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

// The picture of docs/architecture.md: npm run architecture. A spec holds it against the rules of who may import whom.

/** A box of the picture. */
export interface Box {
  /** The rooms that it stands for, as the rules name them. */
  readonly rooms: readonly string[];
  readonly title: string;
  readonly says: readonly string[];
  /** How wide it is beside the others of its row. */
  readonly width: number;
  /** Where one batch passes through it, and what it is when it leaves. */
  readonly stop?: { readonly number: number; readonly gives: string };
}

const box = (
  rooms: readonly string[],
  width: number,
  says: readonly string[],
  { title = rooms[0]!, stop }: { title?: string; stop?: Box['stop'] } = {},
): Box => ({ rooms, title, says, width, stop });

/**
 * From the top to the bottom: each room may import from the rows below its own, in `cli` also from the rooms to its
 * right.
 */
export const ROWS: readonly (readonly Box[])[] = [
  [
    box(['cli/commands'], 17, ['one a file']),
    box(['cli/stopping'], 13, ['why to end']),
    box(['cli/screens'], 17, ['what people see']),
    box(['cli/arguments'], 17, ['flags → settings']),
    box(['cli/terminal'], 21, ['prints'], { stop: { number: 7, gives: 'a line' } }),
  ],
  [
    box(
      ['src/index', 'src/arguments', 'src/loadDataFashionMnist'],
      1,
      ['the public API: whatever the command line can do, and every operation'],
      {
        title: 'src/index.ts',
      },
    ),
  ],
  [box(['src/collection'], 1, ['the folder of all runs: list, compare, remove, serve'])],
  [
    box(['src/reports'], 1, ['HTML pages of a run, several, a sweep']),
    box(['src/doctor'], 1, ['what this machine can run']),
  ],
  [
    box(['src/sweeps'], 1, ['many runs: search, journal, workers']),
    box(['src/inference'], 1, ['a trained network in use: evaluate, predict, export']),
  ],
  [
    box(['src/runs'], 1, ['one training run: settings, folder, checkpoints, resume, TensorBoard'], {
      stop: { number: 6, gives: 'metrics, checkpoints, events' },
    }),
  ],
  [
    box(['src/model'], 4, ['networks as plain data:', 'model files, exports']),
    box(['src/pictures'], 4, ['PNG, grids of weights,', 'sample images']),
    box(['src/training'], 8, ['batches, step, epochs (yields events),', 'evaluation, gradient check'], {
      stop: { number: 5, gives: 'events' },
    }),
  ],
  [
    box(['src/data'], 1, ['files become samples:', 'download, verify, parse'], { stop: { number: 1, gives: 'bytes' } }),
    box(['src/backends'], 1, ['what computes:', 'cuda, native, wasm, …'], { stop: { number: 2, gives: 'X, y' } }),
    box(['src/nn'], 1, ['forward and backward,', 'one op a file'], { stop: { number: 3, gives: 'loss, dW, db' } }),
    box(['src/optim'], 1, ['update rules as', 'chains of links'], { stop: { number: 4, gives: 'new W, b' } }),
  ],
  [
    box(['src/files'], 1, ['durable files, logs, locks']),
    box(['src/random'], 1, ['counter-based random numbers'], { title: 'src/random.ts' }),
  ],
  [
    box(['src/errors', 'src/words', 'src/kinds'], 1, ['errors, the words of messages, kinds of values'], {
      title: 'src/errors.ts, words.ts, kinds.ts',
    }),
  ],
];

const WIDTH = 960;
const MARGIN = 24;
const GAP = 14;
const LINE = 16;
const BAND = 30;
const RADIUS = 10;
const COLORS = { ink: '#1c2024', edge: '#8a8f98', path: '#b3541e', cli: '#e4ecf7', index: '#f4e8d0', src: '#f4f4f1' };

interface Placed extends Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** A row through which a batch passes from left to right has a band for its way. */
const hasBand = (row: readonly Box[]) => row.filter(({ stop }) => stop).length > 1;

function placed(): { boxes: Placed[]; height: number } {
  const boxes: Placed[] = [];
  let y = 16;
  for (const row of ROWS) {
    const total = row.reduce((sum, { width }) => sum + width, 0);
    const free = WIDTH - 2 * MARGIN - GAP * (row.length - 1);
    const h = 30 + LINE * Math.max(...row.map(({ says }) => says.length)) + (hasBand(row) ? BAND : 0);
    let x = MARGIN;
    for (const one of row) {
      const w = (free * one.width) / total;
      boxes.push({ ...one, x, y, w, h });
      x += w + GAP;
    }
    y += h + GAP;
  }
  return { boxes, height: y + 2 };
}

const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** The picture. */
export function architectureSvg(): string {
  const { boxes, height } = placed();
  const stops = boxes.flatMap(({ stop, x, y, w, h }) => {
    if (!stop) return [];
    const below = ROWS.some((row) => hasBand(row) && row.some((one) => one.stop === stop));
    return [{ ...stop, x: x + w - 20, y: below ? y + h - 18 : y + h / 2 }];
  });
  stops.sort((a, b) => a.number - b.number);
  const drawn = boxes.map(({ rooms, title, says, x, y, w, h }) => {
    const fill = COLORS[rooms[0]!.startsWith('cli') ? 'cli' : rooms[0] === 'src/index' ? 'index' : 'src'];
    return [
      `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="6" fill="${fill}" stroke="${COLORS.edge}"/>`,
      `<text x="${x + 12}" y="${y + 21}" class="title">${escaped(title)}</text>`,
      ...says.map((line, i) => `<text x="${x + 12}" y="${y + 38 + LINE * i}" class="says">${escaped(line)}</text>`),
    ].join('\n');
  });
  const marks = stops.map(({ number, gives, x, y }) => {
    const circle = `<circle cx="${x}" cy="${y}" r="${RADIUS}" fill="${COLORS.path}"/>`;
    const digit = `<text x="${x}" y="${y + 4}" class="stop">${number}</text>`;
    return `${circle}${digit}<text x="${x - RADIUS - 5}" y="${y - 5}" class="gives">${escaped(gives)}</text>`;
  });
  const way = stops.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join(' ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">
<style>
text { font-family: 'DejaVu Sans', Verdana, sans-serif; fill: ${COLORS.ink} }
.title { font-size: 13px; font-weight: bold }
.says { font-size: 12px }
.stop { font-size: 12px; font-weight: bold; fill: #fff; text-anchor: middle }
.gives { font-size: 11px; font-style: italic; fill: ${COLORS.path}; text-anchor: end }
</style>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
${drawn.join('\n')}
<path d="${way}" fill="none" stroke="${COLORS.path}" stroke-width="2.5" stroke-opacity="0.75"/>
${marks.join('\n')}
</svg>
`;
}

if (require.main === module) writeFileSync(join(__dirname, 'architecture.svg'), architectureSvg());
