import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selectBackend } from '../../../src/backends';
import type { LoadOptions } from '../../../src/data/loadDataset';
import { browserLacks, openBrowser, type Opened, serve } from '../../browser';
import { session } from '../../cli/session';
import { saveTableModel } from '../../inference/tableModel';
import { need } from '../../need';

const PLANS = ['basic', 'say "yes"', '<b>'];
const two = (value: number) => String(value).padStart(2, '0');

const bySelector = (selector: string) => `document.querySelector('${selector}')`;

/** Columns of every type: with a rare category or none, missing cells in few rows, in many or none, times of day. */
const training = Array.from({ length: 120 }, (_, i) => ({
  plan: i === 5 ? 'rare' : i === 6 ? '' : PLANS[i % 3]!,
  region: ['north', 'south'][i % 2]!,
  'months, so far': i % 10 === 0 ? '' : String(((i * 7) % 61) + 0.5),
  spent: i === 1 ? '' : String(1e6 + ((i * 37) % 1009) / 4),
  joined: i % 9 === 4 ? '' : `20${two(10 + (i % 13))}-${two((i % 12) + 1)}-${two((i % 28) + 1)}`,
  seen: `2024-03-${two((i % 28) + 1)}T${two(i % 24)}:${two(i % 60)}:07`,
}));
type Row = { readonly [Column in keyof (typeof training)[number]]: string };
const COLUMNS = Object.keys(training[0]!) as (keyof Row)[];

const usual: Row = {
  ...{ plan: 'basic', region: 'south', 'months, so far': '12.5', spent: '1000100', joined: '2015-06-01' },
  seen: '2024-03-10T12:00:00',
};
/** What is typed and chosen: missing and unseen cells of each column, numbers far from the others. */
const rows: readonly Row[] = [
  usual,
  { ...usual, plan: '<b>', 'months, so far': '-3e1', spent: '1000250.75' },
  { ...usual, plan: 'never met', region: 'never met' },
  { ...usual, plan: '', region: '' },
  { ...usual, 'months, so far': '', spent: '' },
  { ...usual, joined: '', seen: '' },
  { ...usual, joined: '1903-02-28', seen: '2024-12-31T23:59:58' },
  { plan: '', region: '', 'months, so far': '', spent: '', joined: '', seen: '' },
];

const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
const csvOf = (header: readonly string[], cells: readonly (readonly string[])[]) =>
  [header, ...cells].map((row) => row.map(quoted).join(',')).join('\n') + '\n';

describe('export --format web of a table', function () {
  this.timeout(120_000);
  let folder: string;
  let server: Awaited<ReturnType<typeof serve>>;
  let browser: Opened;
  before(async function () {
    need(this, browserLacks);
    folder = mkdtempSync(join(tmpdir(), 'handgrad-form-'));
    await selectBackend('cpu');
    await make('classes', { labelColumn: 'kind' }, ['kind'], (i) => [['leaves', 'stays', 'unsure'][i % 3]!]);
    await make('values', { labelColumn: 'rent,cost', task: 'regression' }, ['rent', 'cost'], (i) => [
      String(5000 + ((i * 31) % 97)),
      String(((i * 17) % 89) / 1e6),
    ]);
    server = await serve({ '': join(folder, 'classes.web'), values: join(folder, 'values.web') });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    server?.close();
    if (folder) rmSync(folder, { recursive: true });
  });

  /** Saves the model of a table, and exports its page as a user would. */
  async function make(name: string, options: LoadOptions, labels: string[], label: (i: number) => string[]) {
    const csv = join(folder, `${name}.csv`);
    const cells = training.map((row, i) => [...COLUMNS.map((column) => row[column]), ...label(i)]);
    writeFileSync(csv, csvOf([...COLUMNS, ...labels], cells));
    const model = join(folder, `${name}.safetensors`);
    await saveTableModel(model, csv, options, { std: 0.5 });
    const { code, stderr } = await session(['export', model, join(folder, `${name}.web`), '--format', 'web']);
    expect(code, stderr).to.equal(0);
  }

  /** What `predict` says about the rows. */
  async function predicted(name: string): Promise<{ class?: string; probabilities?: object; values?: object }[]> {
    const csv = join(folder, 'rows.csv');
    writeFileSync(
      csv,
      csvOf(
        COLUMNS,
        rows.map((row) => COLUMNS.map((column) => row[column])),
      ),
    );
    const args = ['predict', join(folder, `${name}.safetensors`), csv, '--json', '--backend', 'cpu'];
    const { code, stdout, stderr } = await session(args);
    expect(code, stderr).to.equal(0);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
  }

  const evaluate = (script: string) => browser.page.evaluate(script);
  const open = async (path: string) => {
    await browser.page.goto(`${server.url}${path}`);
    await browser.page.waitForSelector('body[data-backend]');
  };
  const answer = () => evaluate("document.getElementById('answer').textContent") as Promise<string>;

  /** Fills in the form as a visitor would, apart from dates, whose fields look different in each country. */
  async function fill(row: Row): Promise<void> {
    const { page } = browser;
    for (const [i, column] of COLUMNS.entries()) {
      const id = `#column-${i}`;
      const value = row[column];
      if (column === 'plan' || column === 'region') {
        const options = (await evaluate(`[...${bySelector(id)}.options].map((o) => o.text)`)) as string[];
        const text = value === '' ? '(missing)' : options.includes(value) ? value : '(not listed)';
        const at = options.indexOf(text);
        expect(at, text).to.be.at.least(0);
        const choose = `const field = ${bySelector(id)}; field.selectedIndex = ${at}`;
        await evaluate(`{ ${choose}; field.dispatchEvent(new Event('input', { bubbles: true })); }`);
      } else if (column === 'joined' || column === 'seen') {
        const type = `const field = ${bySelector(id)}; field.value = '${value}'`;
        await evaluate(`{ ${type}; field.dispatchEvent(new Event('input', { bubbles: true })); }`);
      } else {
        await page.focus(id);
        await evaluate(`${bySelector(id)}.select()`);
        await page.keyboard.press('Backspace');
        if (value !== '') await page.keyboard.type(value);
      }
    }
    await page.waitForSelector('#answer[aria-busy="false"]');
  }

  for (const backend of ['wasm', 'webgl', 'webgpu']) {
    it(`gives the classes and probabilities that predict gives, on ${backend}`, async () => {
      const { complaints, requests } = browser;
      complaints.length = requests.length = 0;
      await open(`/?backend=${backend}`);
      const expected = await predicted('classes');
      for (const [i, row] of rows.entries()) {
        await fill(row);
        const item = '[li.firstChild.textContent, Number(li.dataset.probability)]';
        const script = `[...document.querySelectorAll('#classes li')].map((li) => ${item})`;
        const found = Object.fromEntries((await evaluate(script)) as [string, number][]);
        const { class: name, probabilities } = expected[i]!;
        expect(Object.keys(found)).to.have.members(Object.keys(probabilities!));
        for (const [label, probability] of Object.entries(probabilities!)) {
          expect(found[label], `${label} of row ${i}`).to.be.closeTo(probability as number, 1e-5);
        }
        expect(await answer()).to.match(new RegExp(`^${name} \\(\\d+\\.\\d%\\)$`));
      }
      expect(complaints).to.deep.equal([]);
      expect(requests.filter((url) => !url.startsWith(server.url) && !url.startsWith('data:'))).to.deep.equal([]);
    });
  }

  it('gives the values that predict gives, in the units of the labels', async () => {
    await open('/values/?backend=wasm');
    const expected = await predicted('values');
    for (const [i, row] of rows.entries()) {
      await fill(row);
      const found = (await evaluate("JSON.parse(document.getElementById('answer').dataset.values)")) as number[];
      const values = Object.values(expected[i]!.values!) as number[];
      expect(found).to.have.length(2);
      found.forEach((value, j) => expect(value).to.be.closeTo(values[j]!, 1e-5 * Math.max(1e-5, Math.abs(values[j]!))));
      expect(await answer()).to.match(/^rent: -?\d+\.\d\d; cost: -?0\.\d{8}$/);
    }
  });

  it('starts with the medians, says what is wrong while one types, and returns to the medians', async () => {
    await open('/?backend=wasm');
    const { page } = browser;
    const first = await answer();
    expect(first).to.match(/%\)$/);
    const median = await evaluate(`${bySelector('#column-2')}.value`);
    expect(Number(median)).to.be.within(20, 40);
    await page.focus('#column-2');
    await page.keyboard.press('End');
    await page.keyboard.type('e');
    await page.waitForSelector('#column-2[aria-invalid=true]');
    expect(await answer()).to.equal('months, so far is not a valid number.');
    expect(await evaluate("document.querySelectorAll('#classes li').length")).to.equal(0);
    await page.keyboard.type('300');
    await page.waitForFunction("document.getElementById('answer').textContent.startsWith('The values are too far')");
    // By the keyboard alone: over the fields that remain to the button.
    for (let tabs = 0; tabs < 20; tabs++) {
      await page.keyboard.press('Tab');
      if (await evaluate("document.activeElement.id === 'again'")) break;
    }
    await page.keyboard.press('Enter');
    await page.waitForFunction(`document.getElementById('answer').textContent === ${JSON.stringify(first)}`);
    expect(await evaluate(`${bySelector('#column-2')}.value`)).to.equal(median);
  });

  it('has a label and a description of each field, in light and dark, and fits 360 pixels', async () => {
    const { page } = browser;
    await page.setViewport({ width: 360, height: 740 });
    const colors = new Set<unknown>();
    for (const value of ['light', 'dark']) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
      await open('/');
      expect(await evaluate('document.documentElement.scrollWidth')).to.equal(360);
      colors.add(await evaluate('getComputedStyle(document.body).backgroundColor'));
    }
    expect(colors).to.have.length(2);
    const tree = await page.accessibility.snapshot();
    const names = JSON.stringify(tree).match(/"name":"(?:[^"\\\\]|\\\\.)*"/g)!;
    for (const column of COLUMNS) expect(names).to.include(`"name":${JSON.stringify(column)}`);
    const described = `${bySelector('#column-3')}.getAttribute('aria-describedby')`;
    expect(await evaluate(`document.getElementById(${described}).textContent`)).to.match(
      /^Median 1000\d{3}; typically 1000\d{3} to 1000\d{3}; empty: missing\.$/,
    );
    const choices = `[...${bySelector('#column-0')}.options].map((option) => option.text)`;
    expect(await evaluate(choices)).to.deep.equal(['<b>', 'basic', 'say "yes"', '(not listed)', '(missing)']);
  });
});
