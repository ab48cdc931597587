import { expect } from 'chai';
import * as fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dateNumber } from '../../../src/data/tables/dates';
import { isMissing, missingTexts } from '../../../src/data/tables/table';
import { onnxTableModel } from '../../../src/model/export/onnxModel';
import { plainNetwork } from '../../../src/model/export/plainNetwork';
import { useBackend } from '../../backend';
import { modelOf, randomTable } from '../../inference/randomTables';
import { need } from '../../need';
import { askPython, pythonLacks } from '../python';

/** What ONNX Runtime gives raw rows: for each model its outputs, all in one process. */
const PROGRAM = `
import json, sys
import numpy, onnx, onnxruntime
answers = []
for path, columns in json.load(open(sys.argv[1])):
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    types = {"tensor(string)": object, "tensor(double)": float}
    feeds = {one.name: numpy.array(columns[one.name], types[one.type])[:, None] for one in session.get_inputs()}
    names = [one.name for one in session.get_outputs()]
    found = dict(zip(names, (one.tolist() for one in session.run(None, feeds))))
    answers.append([found, dict(session.get_modelmeta().custom_metadata_map)])
json.dump(answers, sys.stdout)
`;

interface Found {
  readonly [output: string]: readonly (string | readonly number[])[];
}

describe('an exported model of a table in ONNX Runtime', function () {
  this.timeout(120_000);
  useBackend('cpu');
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'handgrad-spec-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('gives raw rows what predict gives them, missing cells included', async function () {
    need(this, pythonLacks('onnx', 'onnxruntime', 'numpy'));
    const tables = fc.sample(randomTable, { seed: 15, numRuns: 50 });
    const models: (Pick<Awaited<ReturnType<typeof modelOf>>, 'expected' | 'preparation'> & {
      readonly classNames: readonly string[];
    })[] = [];
    const asked: unknown[] = [];
    for (const [i, table] of tables.entries()) {
      const { model, expected, preparation } = await modelOf(table);
      const { parameters, config } = model;
      const { classNames } = config!;
      const network = plainNetwork({ parameters, activation: 'relu', scale: 1, classNames });
      const path = join(folder, `${i}.onnx`);
      writeFileSync(path, onnxTableModel(network, config!.preparation!));
      const cells = preparation.inputs.map((input) => {
        const texts = table.columns.find(({ name }) => name === input.name)!.cells;
        if (input.type === 'category') return [input.name, texts];
        const number = (text: string) => (input.format ? dateNumber(text, input.format) : Number(text));
        // JSON has no NaN; null becomes one in a float array of numpy.
        return [input.name, texts.map((text) => (isMissing(text) ? null : number(text)))];
      });
      asked.push([path, Object.fromEntries(cells)]);
      models.push({ expected, preparation, classNames });
    }
    const file = join(folder, 'asked.json');
    writeFileSync(file, JSON.stringify(asked));
    const answers = askPython(PROGRAM, file) as [Found, Record<string, string>][];
    const kinds = new Set<string>();
    answers.forEach(([found, metadata], i) => {
      const { expected, preparation, classNames } = models[i]!;
      const named = (name: string) => (preparation.inputs.some((input) => input.name === name) ? `${name}_` : name);
      for (const { type } of preparation.inputs) kinds.add(type);
      kinds.add(preparation.task);
      const outputs = found[named(preparation.targets ? 'values' : 'probabilities')] as number[][];
      const { mean, std: unit } = preparation.targets?.[0] ?? { mean: 0, std: 1 };
      expected.forEach((row, r) =>
        row.forEach((value, c) =>
          expect(outputs[r]![c]).to.be.closeTo(
            value,
            1e-5 * Math.max(unit, Math.abs(value - mean)),
            `table ${i}, row ${r}`,
          ),
        ),
      );
      if (preparation.targets) {
        expect(JSON.parse(metadata['label_names']!)).to.deep.equal(['label']);
      } else {
        expect(JSON.parse(metadata['class_names']!)).to.deep.equal(classNames);
        expect(found[named('label')]).to.deep.equal(outputs.map((row) => classNames[row.indexOf(Math.max(...row))]));
      }
    });
    expect([...kinds].sort()).to.deep.equal(['category', 'classification', 'date', 'number', 'regression']);
  });

  it('knows every spelling of a missing cell', () => {
    const texts = missingTexts();
    expect(new Set(texts).size).to.equal(texts.length);
    expect(texts.every(isMissing)).to.equal(true);
    expect(texts).to.include.members(['', 'NA', 'n/A', 'NaN', '-nan', 'None', 'NULL', '?', '<NA>']);
    expect(['0', 'nope', 'nano', 'no', '??', 'nil'].filter(isMissing)).to.deep.equal([]);
  });
});
