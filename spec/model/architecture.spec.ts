import { expect } from 'chai';

import { HandgradError } from '../../src/errors';
import { checkArchitecture, parameterNames } from '../../src/model/architecture';

/** The shapes of a network of these widths, `W1 b1 W2 b2 …`. */
function network(...widths: readonly number[]): { name: string; shape: readonly number[] }[] {
  return widths.slice(1).flatMap((outputs, i) => [
    { name: `W${i + 1}`, shape: [widths[i]!, outputs] },
    { name: `b${i + 1}`, shape: [outputs] },
  ]);
}

function refusal(...[parameters, expected]: [...Parameters<typeof checkArchitecture>] | [unknown, object]): string {
  try {
    checkArchitecture(parameters as ReturnType<typeof network>, expected, 'm.safetensors');
  } catch (error) {
    expect(error).to.be.instanceOf(HandgradError);
    expect((error as HandgradError).kind).to.equal('model');
    return (error as HandgradError).message;
  }
  throw new Error('the network was accepted');
}

describe('F73 the architecture of a model file', () => {
  it('is read off the shapes, for any number of hidden layers and in any order', () => {
    expect(checkArchitecture(network(784, 10), {}, 'm')).to.deep.equal({
      numInputs: 784,
      numHiddens: [],
      numOutputs: 10,
    });
    const deep = network(784, ...Array.from({ length: 11 }, (_, i) => i + 20), 10).reverse();
    const found = checkArchitecture(deep, { numInputs: 784, numOutputs: 10 }, 'm');
    expect(found.numHiddens).to.deep.equal(Array.from({ length: 11 }, (_, i) => i + 20));
    expect(parameterNames(2)).to.deep.equal(['W1', 'b1', 'W2', 'b2']);
  });

  const cases: Record<string, [parameters: unknown, expected: object, says: string]> = {
    'no tensor': [[], {}, 'expected the tensors W1, b1, found none (W1, b1 missing)'],
    'a missing bias': [
      network(4, 3, 2).slice(0, -1),
      {},
      'expected the tensors W1, b1, W2, b2, found "W1", "b1", "W2" (b2 missing)',
    ],
    'a missing layer in the middle': [
      network(4, 4, 4, 2).filter(({ name }) => !name.endsWith('2')),
      {},
      '"b3" not expected',
    ],
    'an extra tensor': [
      [...network(4, 2), { name: 'step', shape: [] }],
      {},
      '(“step” not expected)'.replace(/[“”]/g, '"'),
    ],
    "another program's names": [
      [
        { name: 'fc.weight', shape: [2, 4] },
        { name: 'fc.bias', shape: [2] },
      ],
      {},
      'found "fc.weight", "fc.bias" (W1, b1 missing, "fc.weight", "fc.bias" not expected)',
    ],
    'fewer layers than expected': [network(4, 2), { numHiddens: [3] }, '(W2, b2 missing)'],
    'more layers than expected': [network(4, 3, 2), { numHiddens: [] }, '("W2", "b2" not expected)'],
    'a transposed first weight, by what is expected': [
      network(256, 784, 10).with(0, { name: 'W1', shape: [256, 784] }),
      { numInputs: 784 },
      'expected W1 of shape [784, …], found [256, 784]; it looks transposed: save W.T.contiguous()',
    ],
    'a transposed first weight, by its own bias': [
      network(784, 256, 10).with(0, { name: 'W1', shape: [256, 784] }),
      {},
      'expected W1 of shape […, 256] by the shape of b1, found [256, 784]; it looks transposed',
    ],
    'a transposed second weight': [
      network(784, 256, 10).with(2, { name: 'W2', shape: [10, 256] }),
      {},
      'expected W2 of shape [256, …], found [10, 256]; it looks transposed',
    ],
    'widths that do not chain': [
      network(784, 256, 10).with(2, { name: 'W2', shape: [255, 10] }),
      {},
      'expected W2 of shape [256, …], found [255, 10]; choose the file that belongs',
    ],
    'a bias of another width': [
      network(784, 256, 10).with(3, { name: 'b2', shape: [11] }),
      {},
      'expected b2 of shape [10], the outputs of W2, found [11]',
    ],
    'a bias kept as a row': [network(4, 2).with(1, { name: 'b1', shape: [1, 2] }), {}, 'expected b1 of shape [2]'],
    'a weight of one axis': [network(4, 2).with(0, { name: 'W1', shape: [8] }), {}, '[inputs, outputs], found [8]'],
    'a layer without units': [network(4, 0, 2), {}, '[inputs, outputs], found [4, 0]'],
    'other inputs': [network(784, 10), { numInputs: 3072 }, 'expected W1 of shape [3072, …], found [784, 10]'],
    'other outputs': [network(784, 256, 10), { numOutputs: 47 }, 'expected the widths 784-256-47, found 784-256-10'],
    'other hidden widths': [
      network(784, 256, 10),
      { numHiddens: [128] },
      'expected the widths 784-128-10, found 784-256-10',
    ],
  };
  for (const [name, [parameters, expected, says]] of Object.entries(cases)) {
    it(`refuses ${name}`, () => {
      const message = refusal(parameters, expected);
      expect(message).to.include(says);
      expect(message).to.match(/^m\.safetensors (does not hold this|holds another) network: .*\.$/);
    });
  }
});
