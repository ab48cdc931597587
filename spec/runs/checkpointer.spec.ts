import { expect } from 'chai';
import { type CheckpointerOptions, createCheckpointer } from '../../src/runs/checkpointer';

describe('createCheckpointer', () => {
  it('F103 knows the best of a million earlier epochs', async () => {
    const earlier = Array.from({ length: 1_000_000 }, (_, i) => ({ valAccuracy: i / 1e6 }));
    const saved: boolean[] = [];
    const options = {
      ...{ earlier, every: 'never', lock: { assertHeld: async () => {} }, state: { step: 1 }, records: () => ({}) },
      folder: { write: (_: unknown, best: boolean) => Promise.resolve(void saved.push(best)) },
    } as unknown as CheckpointerOptions;
    const saving = createCheckpointer(options);
    await saving.epoch({ epoch: 1_000_001, valAccuracy: 0.5 } as Parameters<typeof saving.epoch>[0]);
    await saving.settle();
    expect(saved).to.deep.equal([]);
  });
});
