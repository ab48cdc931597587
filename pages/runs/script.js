'use strict';

// The live page of handgrad serve. Everything that comes from a run becomes text, never markup.

/** How often the list is read while a run trains, and otherwise. */
const TRAINING_MS = 1000;
const IDLE_MS = 3000;
const MOST_CURVES = 6;
/** More points of a curve than pixels are not seen. */
const MOST_POINTS = 1000;
const SVG = 'http://www.w3.org/2000/svg';

const $ = (id) => document.getElementById(id);
/** What was read of each run so far, by its folder. */
const known = new Map();
/** The runs whose curves are drawn, as the user chose; until then the running ones and the newest. */
let chosen;
let order = { key: 'started', down: true };
let drawn = '';

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function shape(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

async function ask(path, query = {}) {
  const response = await fetch(`${path}?${new URLSearchParams(query)}`);
  return response.ok ? response.json() : undefined;
}

const digits = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(4))) : '–');
/** A figure as the command line prints it: an error in the units of the label, or four decimals. */
const figureText = (name, value) =>
  Number.isFinite(value) && !/rmse|mae|seconds|samplesPer/i.test(name) ? value.toFixed(4) : digits(value);
const sweepShown = () => new URLSearchParams(location.hash.slice(1)).get('sweep');

/**
 * Reads what was appended to the metrics of a run.
 * @param mark changes when there may be more to read; undefined while the run trains
 */
async function follow(name, mark) {
  const run = known.get(name) ?? { epochs: [], logs: [] };
  if (mark !== undefined && mark === run.mark) return;
  for (let more = true; more;) {
    const found = await ask('/api/metrics', { run: name, ...run.place });
    if (!found) return;
    if (found.fromStart) [run.epochs, run.logs] = [[], []];
    for (const row of found.epochs) run.epochs.push(row);
    for (const row of found.logs) run.logs.push(row);
    run.place = found.place;
    more = found.more;
  }
  run.mark = mark;
  known.set(name, run);
}

/** The curves that runs can have: what is shown of an epoch. */
const CURVES = [
  ['Accuracy', (row) => row.valAccuracy ?? row.testAccuracy],
  ['RMSE', (row) => row.valRmse ?? row.testRmse],
  ['R²', (row) => row.valR2 ?? row.testR2],
  ['Loss', (row) => row.valLoss ?? row.testLoss],
  ['Training loss', (row) => row.loss],
];

function chartsOf(runs) {
  const charts = CURVES.map(([title, of]) => ({
    ...{ title, unit: 'epoch' },
    lines: runs.map(({ name, color, epochs }) => ({ name, color, points: epochs.map((row) => [row.epoch, of(row)]) })),
  }));
  const steps = runs.map(({ name, color, logs }) => ({ name, color, points: logs.map((row) => [row.step, row.loss]) }));
  return [...charts, { title: 'Training loss of steps', unit: 'step', lines: steps }];
}

function thinned(points) {
  const every = Math.ceil(points.length / MOST_POINTS);
  return every <= 1 ? points : points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

/** About five round numbers between two. */
function ticksOf(low, high, whole) {
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const size = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough / 1.5);
  const step = whole ? Math.max(1, Math.round(size)) : size;
  const ticks = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-6 && ticks.length < 12; at++)
    ticks.push(at * step);
  return ticks;
}

function drawChart({ title, unit, lines }) {
  const given = lines.map((line) => ({
    ...line,
    points: thinned(line.points.filter(([, value]) => Number.isFinite(value))),
  }));
  const points = given.flatMap((line) => line.points);
  if (points.length === 0) return undefined;
  const span = (at) => points.reduce(([a, b], p) => [Math.min(a, p[at]), Math.max(b, p[at])], [Infinity, -Infinity]);
  let [[left, right], [low, high]] = [span(0), span(1)];
  if (right === left) right = left + 1;
  if (high === low) [low, high] = [low - Math.abs(low || 1) / 10, high + Math.abs(high || 1) / 10];
  const [width, height] = [520, 260];
  const x = (value) => 56 + ((value - left) / (right - left)) * (width - 70);
  const y = (value) => height - 36 - ((value - low) / (high - low)) * (height - 52);
  const says = `${title} by ${unit}: ${given.map(({ name }) => name).join(', ')}`;
  const svg = shape('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': says });
  for (const tick of ticksOf(low, high, false)) {
    svg.append(shape('line', { class: 'grid', x1: 56, x2: width - 14, y1: y(tick), y2: y(tick) }));
    svg.append(shape('text', { x: 50, y: y(tick) + 4, 'text-anchor': 'end' }, digits(tick)));
  }
  for (const tick of ticksOf(left, right, true)) {
    svg.append(shape('text', { x: x(tick), y: height - 18, 'text-anchor': 'middle' }, digits(tick)));
  }
  svg.append(shape('text', { x: width - 14, y: height - 3, 'text-anchor': 'end' }, unit));
  for (const line of given) {
    const path = line.points.map(
      ([at, value], i) => `${i === 0 ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`,
    );
    if (path.length > 1) svg.append(shape('path', { class: `series-${line.color}`, d: path.join('') }));
    if (line.points.length > 60) continue;
    for (const [at, value] of line.points) {
      const mark = shape('circle', { class: `series-${line.color}`, cx: x(at), cy: y(value), r: 3 });
      mark.append(shape('title', {}, `${line.name}, ${unit} ${at}: ${digits(value)}`));
      svg.append(mark);
    }
  }
  return element('figure', {}, element('figcaption', {}, title), svg);
}

function drawCharts(runs) {
  $('charts').replaceChildren(...chartsOf(runs).flatMap((chart) => drawChart(chart) ?? []));
}

function heading(columns) {
  return columns.map(([key, title]) => {
    const made = element('th', { scope: 'col' });
    if (key === order.key) made.setAttribute('aria-sort', order.down ? 'descending' : 'ascending');
    if (!key) made.textContent = title;
    else {
      const button = element('button', { type: 'button' }, title);
      button.addEventListener('click', () => {
        order = { key, down: key === order.key ? !order.down : true };
        drawn = '';
        void update();
      });
      made.append(button);
    }
    return made;
  });
}

function sorted(runs, valueOf) {
  const compare = (a, b) => {
    const [one, other] = [valueOf(a), valueOf(b)];
    if (one === undefined || other === undefined) return (one === undefined) - (other === undefined);
    const found =
      typeof one === 'number' ? one - other : String(one).localeCompare(String(other), 'en', { numeric: true });
    return order.down ? -found : found;
  };
  return [...runs].sort(compare);
}

const VALUES = {
  name: (run) => run.name ?? run.folder,
  started: (run) => run.started,
  dataset: (run) => run.dataset,
  state: (run) => run.state,
  done: (run) => run.done,
  best: (run) => run.best && (run.best.goal === 'minimize' ? -run.best.value : run.best.value),
};

const reportLink = (name, text) => element('a', { href: `/report?${new URLSearchParams({ run: name })}` }, text);

function choice(name, color) {
  const box = element('input', { type: 'checkbox', 'aria-label': 'draw the curves' });
  box.checked = color !== undefined;
  box.addEventListener('change', () => {
    chosen = new Set(chosen ?? shownNames);
    if (box.checked) chosen.add(name);
    else chosen.delete(name);
    drawn = '';
    void update();
  });
  return element('td', {}, box, ...(color ? [element('span', { class: `swatch series-${color}` })] : []));
}

/** `valAccuracy` → `val accuracy`, as the command line has it. */
function figureName(name) {
  return name
    .replace(/^(test|val)(?=[A-Z])/, '$1 ')
    .replace(/ \w+$/, (word) => (/rmse|mae/i.test(word) ? word.toUpperCase() : word.toLowerCase()));
}

let shownNames = [];

function runRow(run, color) {
  const title = run.name ?? run.folder;
  const link =
    run.kind === 'sweep'
      ? element('a', { href: `#${new URLSearchParams({ sweep: run.folder })}` }, title)
      : reportLink(run.folder, title);
  const below = [run.name === undefined ? '' : run.folder, run.note ?? ''].filter(Boolean).join('\n');
  const tags = run.tags.map((tag) => element('span', { class: 'tag' }, tag));
  const of = run.planned === null || run.planned === run.done ? '' : ` of ${run.planned}`;
  const figure = run.best ? `${figureText(run.best.name, run.best.value)} ${figureName(run.best.name)}` : '–';
  return element(
    'tr',
    {},
    run.kind === 'sweep' ? element('td') : choice(run.folder, color),
    element('td', { class: 'name' }, link, ...(below ? [element('small', {}, below)] : [])),
    element('td', {}, new Date(run.started).toLocaleString()),
    element('td', {}, run.dataset),
    element('td', { class: 'settings' }, run.short),
    element('td', { class: run.state }, run.state),
    element('td', { class: 'number' }, `${run.done}${of}${run.kind === 'sweep' ? ' trials' : ''}`),
    element('td', { class: 'number' }, figure),
    element('td', {}, ...tags),
    element('td', {}, reportLink(run.folder, 'report')),
  );
}

const COLUMNS = [
  ['', ''],
  ['name', 'Run'],
  ['started', 'Started'],
  ['dataset', 'Data'],
  ['', 'Settings'],
  ['state', 'State'],
  ['done', 'Epochs'],
  ['best', 'Result'],
  ['', 'Tags'],
  ['', ''],
];

function showTable(columns, rows) {
  // Whoever is at a heading or a box stays there.
  const focused = document.activeElement?.closest('th, tr')?.rowIndex;
  document.querySelector('thead tr').replaceChildren(...heading(columns));
  document.querySelector('tbody').replaceChildren(...rows);
  if (focused > 0) document.querySelectorAll('tr')[focused]?.querySelector('input, a')?.focus();
}

async function showRuns({ name, runs, leftOut }) {
  const text = $('filter').value.trim().toLowerCase();
  const matching = runs.filter((run) =>
    [run.name ?? '', run.folder, run.dataset, run.state, run.note ?? '', ...run.tags].some((one) =>
      one.toLowerCase().includes(text),
    ),
  );
  const drawable = matching.filter(({ kind }) => kind === 'run');
  const first = [...drawable].sort((a, b) => (b.state === 'running') - (a.state === 'running'));
  const shown = (chosen ? drawable.filter(({ folder }) => chosen.has(folder)) : first).slice(0, MOST_CURVES);
  shownNames = shown.map(({ folder }) => folder);
  await Promise.all(
    shown.map(({ folder, state, changed }) => follow(folder, state === 'running' ? undefined : `${state} ${changed}`)),
  );
  for (const folder of [...known.keys()]) if (!shownNames.includes(folder)) known.delete(folder);
  const lines = shown.flatMap((run, i) => {
    const read = known.get(run.folder);
    return read ? [{ name: run.name ?? run.folder, color: i + 1, ...read }] : [];
  });
  const state = JSON.stringify([text, matching, shownNames, order, lines.map(({ place }) => place), leftOut]);
  if (state === drawn) return;
  drawn = state;
  $('title').textContent = document.title = name;
  drawCharts(lines);
  const colors = new Map(shownNames.map((folder, i) => [folder, i + 1]));
  showTable(
    COLUMNS,
    sorted(matching, VALUES[order.key] ?? VALUES.started).map((run) => runRow(run, colors.get(run.folder))),
  );
  $('left').replaceChildren(...leftOut.map(({ folder, why }) => element('li', {}, `${folder} is left out: ${why}`)));
}

async function showSweep(folder) {
  const sweep = await ask('/api/sweep', { run: folder });
  if (!sweep) return void (location.hash = '');
  const { metric, parameters, rows } = sweep;
  const shown = rows.filter(({ run, curve }) => run || curve.length > 0).slice(0, MOST_CURVES);
  const training = rows.filter(({ state, run }) => state === 'unfinished' && run);
  const names = [...new Set([...training, ...shown])].slice(0, MOST_CURVES).flatMap(({ run }) => run ?? []);
  const marks = new Map(rows.map(({ run, state, epochs }) => [run, `${state} ${epochs}`]));
  const trainingRuns = new Set(training.map(({ run }) => run));
  await Promise.all(names.map((run) => follow(`${folder}/${run}`, trainingRuns.has(run) ? undefined : marks.get(run))));
  const lines = names.flatMap((run, i) => {
    const read = known.get(`${folder}/${run}`);
    return read ? [{ name: run, color: i + 1, ...read }] : [];
  });
  const state = JSON.stringify([sweep, lines.map(({ place }) => place)]);
  if (state === drawn) return;
  drawn = state;
  $('title').textContent = document.title = folder;
  drawCharts(lines);
  const text = (value) => (typeof value === 'string' ? value : Array.isArray(value) ? value.join() : digits(value));
  const valueText = ({ value, spread }) =>
    figureText(metric.name, value) + (spread ? ` ± ${figureText(metric.name, spread)}` : '');
  const cells = rows.map((row) => {
    const color = names.indexOf(row.run) + 1;
    const mark = color > 0 ? [element('span', { class: `swatch series-${color}` })] : [];
    return element(
      'tr',
      {},
      element('td', {}, ...mark),
      element('td', {}, row.run ? reportLink(`${folder}/${row.run}`, `trial ${row.trial}`) : `trial ${row.trial}`),
      element('td', { class: 'number' }, valueText(row)),
      ...parameters.map((key) => element('td', { class: 'number' }, text(row.configuration[key]))),
      element('td', {}, row.state),
      element('td', { class: 'number' }, String(row.epochs ?? '–')),
      element('td', { class: 'number' }, digits(row.seconds)),
    );
  });
  const titles = ['', 'Trial', metric.name, ...parameters, 'State', 'Epochs', 'Seconds'];
  showTable(
    titles.map((title) => ['', title]),
    cells,
  );
  $('left').replaceChildren();
}

let updating = false;
let trains = true;

async function update() {
  if (updating) return;
  updating = true;
  const sweep = sweepShown();
  $('back').hidden = sweep === null;
  $('search').hidden = sweep !== null;
  try {
    if (sweep !== null) await showSweep(sweep);
    const list = await ask('/api/runs');
    if (sweep === null) await showRuns(list);
    const running = list.runs.filter(({ state }) => state === 'running').length;
    trains = running > 0;
    const count = list.runs.length === 1 ? '1 run' : `${list.runs.length} runs`;
    $('state').textContent = list.runs.length === 0 ? 'There is no run yet.' : `${count}, ${running} running`;
    $('state').className = '';
  } catch {
    $('state').textContent = 'The server has stopped; this page shows its last state.';
    $('state').className = 'lost';
  }
  updating = false;
}

addEventListener('hashchange', () => {
  drawn = '';
  void update();
});
$('filter').addEventListener('input', () => void update());

async function keepUp() {
  if (!document.hidden) await update();
  setTimeout(keepUp, trains ? TRAINING_MS : IDLE_MS);
}
void keepUp();
