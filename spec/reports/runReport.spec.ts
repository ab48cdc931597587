import { expect } from 'chai';
import { runReport } from '../../src/reports/runReport';
import { readRun } from '../../src/runs/readRun';
import { endRow, epochRow, writeRun } from '../collection/folders';
import { temporaryFolder } from '../data/tinyDataset';

describe('the report of a run', () => {
  const folder = temporaryFolder();
  const rows = [
    [0.6, 0.9],
    [0.8, 0.7],
    [0.8, 0.5],
    [0.7, 0.6],
  ].map(([valAccuracy, valLoss], i) => epochRow(i + 1, undefined, { valAccuracy, valLoss }));

  /** The names and values of the tiles. */
  const tiles = async (config: object, end: object) => {
    const dir = writeRun(folder(), config, [...rows, { ...endRow(epochRow(4, 0.75)), ...end }]);
    const page = await runReport(await readRun(dir), undefined);
    const found = page.matchAll(/<dt>(.*?)<\/dt>\s*<dd>(.*?)<\/dd>/g);
    return Object.fromEntries([...found].map(([, name, value]) => [name!, value!])) as Record<string, string>;
  };

  it('tells the kept network from the best epoch, which of equal accuracies has the lower loss', async () => {
    const best = { 'Best validation accuracy': '80.00%, epoch 3' };
    const last = await tiles({ epochs: 4 }, {});
    expect(last).to.include({ 'Validation accuracy': '70.00%, epoch 4', 'Network kept': 'epoch 4, the last', ...best });
    const kept = await tiles({ epochs: 4, patience: 9 }, { bestEpoch: 3 });
    expect(kept).to.include({ 'Validation accuracy': '80.00%, epoch 3', 'Network kept': 'epoch 3, the best' });
    expect(kept).not.to.have.any.keys(best);
  });
});
