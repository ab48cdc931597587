import { expect } from 'chai';
import { preparationSchema } from '../../../src/data/tables/preparationSchema';
import { tableDataset } from '../../../src/data/tables/tableDataset';
import { lines, open } from './read';

const text = lines('x,d,c,label,y', 30, (i) => [i % 7, `2024-01-${10 + (i % 20)}`, 'abc'[i % 3]!, i % 2, i * 1.5]);
const made = async (task: 'classification' | 'regression') =>
  tableDataset(await open(text, { labelColumn: task === 'regression' ? 'y,x' : 'label', task })).preparation;

describe('the preparation in a model file', () => {
  it('is valid as it is made, and the same after JSON', async () => {
    for (const task of ['classification', 'regression'] as const) {
      const preparation = await made(task);
      expect(preparationSchema.parse(JSON.parse(JSON.stringify(preparation)))).to.deep.equal(preparation);
    }
  });

  it('is refused where anything is missing, of another type, contradictory or unknown', async () => {
    const good = await made('classification');
    const [x, d, c] = good.inputs;
    const numbers = await made('regression');
    const bad: Record<string, object> = {
      'no inputs': { ...good, inputs: [] },
      'an unknown key': { ...good, path: '/home' },
      'an unknown type': { ...good, inputs: [{ ...x, type: 'text' }] },
      'no deviation': { ...good, inputs: [{ ...x, std: 0 }] },
      'a negative deviation': { ...good, inputs: [{ ...x, std: -1 }] },
      'a mean that is none': { ...good, inputs: [{ ...x, mean: null }] },
      'a date without a format': { ...good, inputs: [{ ...d, format: undefined }] },
      'another format': { ...good, inputs: [{ ...d, format: 'julian' }] },
      'a number with a format': { ...good, inputs: [{ ...x, format: 'year-month-day' }] },
      'a category twice': { ...good, inputs: [{ ...c, categories: ['a', 'a'] }] },
      'a column twice': { ...good, inputs: [x, x] },
      'the label as an input': { ...good, labels: ['x'] },
      'two labels of classes': { ...good, labels: ['label', 'y'] },
      'targets of classes': { ...good, targets: [{ name: 'label', mean: 0, std: 1 }] },
      'numbers without targets': { ...numbers, targets: undefined },
      'targets of other labels': { ...numbers, labels: ['y'] },
      'no columns': { ...good, columnsWithoutHeader: 0 },
    };
    expect(preparationSchema.safeParse(good).success).to.equal(true);
    for (const [what, value] of Object.entries(bad))
      expect(preparationSchema.safeParse(value).success, what).to.equal(false);
  });
});
