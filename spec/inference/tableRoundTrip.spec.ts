import { expect } from 'chai';
import * as fc from 'fast-check';
import type { RunningBackend } from '../../src/backends';
import { selectBackend } from '../../src/backends';
import { openClassifier } from '../../src/inference/classifier';
import { rowsOf } from '../../src/inference/predictRows';
import { asStdin, modelOf, randomTable } from './randomTables';

/** Set HANDGRAD_TABLES to try more. */
const CASES = Number(process.env['HANDGRAD_TABLES'] ?? 2000);

describe('random tables and the models of them', function () {
  this.timeout(Math.max(600_000, CASES * 1000));
  let backend: RunningBackend;
  before(async () => {
    backend = await selectBackend('cpu');
  });

  it('gives the rows of a file written otherwise what the network gives them in memory', async () => {
    await fc.assert(
      fc.asyncProperty(randomTable, async (table) => {
        const { model, expected } = await modelOf(table);
        const classifier = await openClassifier(model, {}, { backend, env: {}, stdin: asStdin(table.other) });
        const found: number[][] = [];
        for await (const batch of classifier.table('-')) found.push(...rowsOf(batch));
        classifier.close();
        expect(found).to.deep.equal(table.rows.map((row) => expected[row]));
      }),
      { numRuns: CASES },
    );
  });
});
