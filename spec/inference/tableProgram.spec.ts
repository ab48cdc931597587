import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selectBackend } from '../../src/backends';
import { openTable } from '../../src/data/tables/openTable';
import { prepareRows } from '../../src/data/tables/preparation';
import { inUnits } from '../../src/inference/predictRows';
import { networkOf } from '../../src/model/parameters';
import { mlp } from '../../src/nn/mlp';
import { softmax } from '../../src/nn/softmaxCrossEntropy';
import { openModel } from '../../src/runs/modelConfig';
import { program } from '../cli/program';
import { type Ended, session } from '../cli/session';
import { asStdin, type RandomTable, randomTable } from './randomTables';

/** Set HANDGRAD_PROGRAM_TABLES to try more. */
const CASES = Number(process.env['HANDGRAD_PROGRAM_TABLES'] ?? 12);
/** So many of them by processes of their own, each of which takes a second to start. */
const PROCESSES = 2;

describe('random tables, trained on and predicted by the program', function () {
  this.timeout(Math.max(600_000, CASES * 5000));
  before(() => selectBackend('cpu'));

  /** A command line: in this process, or in one of its own. */
  type Handgrad = (args: readonly string[]) => Promise<Ended>;

  /** Trains on a table, and returns what `predict` says about the other file, and what the model gives in memory. */
  async function roundTrip({ csv, other, task, rows }: RandomTable, handgrad: Handgrad) {
    const folder = mkdtempSync(join(tmpdir(), 'handgrad-program-'));
    try {
      const [train, test, run] = [join(folder, 'train.csv'), join(folder, 'new.csv'), join(folder, 'run')];
      writeFileSync(train, csv);
      writeFileSync(test, other);
      const about = ['--dataset', train, '--label-column', 'label', '--task', task, '--run-dir', run];
      const how = ['--backend', 'cpu', '--hidden', '4', '--epochs', '2', '--no-tensorboard', '--quiet'];
      const trained = await handgrad(['train', ...about, ...how]);
      expect(trained.code, trained.stderr).to.equal(0);
      const predicted = await handgrad(['predict', run, test, '--json', '--backend', 'cpu']);
      expect(predicted.code, predicted.stderr).to.equal(0);
      const lines = predicted.stdout.trimEnd().split('\n');
      const { parameters, config } = await openModel(run);
      const { preparation, classNames, activation } = config!;
      const { table } = await openTable('-', { labelColumn: 'label', task }, { stdin: asStdin(csv) });
      const { features } = prepareRows(preparation!, table);
      const outputs = tf.tidy(() => {
        const O = mlp(
          tf.tensor2d(features, [table.count, features.length / table.count]),
          networkOf(parameters, activation),
        );
        return (task === 'regression' ? O : softmax(O)).arraySync();
      });
      const expected = rows.map((row, i) => {
        const found = outputs[row]!;
        if (task === 'regression') return { row: i + 1, value: inUnits(found, preparation!.targets!)[0] };
        const best = classNames[found.indexOf(Math.max(...found))];
        return {
          row: i + 1,
          class: best,
          probabilities: Object.fromEntries(classNames.map((name, k) => [name, found[k]])),
        };
      });
      return { found: lines.map((line) => JSON.parse(line, asFloat32(task)) as object), expected };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** Probabilities are written with the fewest digits that are the same in float32. */
  const asFloat32 = (task: RandomTable['task']) => (key: string, value: unknown) =>
    task === 'classification' && key !== 'row' && typeof value === 'number' ? Math.fround(value) : value;

  it('has the values that the model gives in memory', async () => {
    let tried = 0;
    await fc.assert(
      fc.asyncProperty(randomTable, async (table) => {
        const { found, expected } = await roundTrip(table, tried++ < PROCESSES ? program : session);
        expect(found).to.deep.equal(expected);
      }),
      { numRuns: CASES },
    );
  });
});
