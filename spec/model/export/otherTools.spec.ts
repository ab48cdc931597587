import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { floatBytes } from '../../../src/model/export/exported';
import { onnxModel } from '../../../src/model/export/onnxModel';
import { loadModel } from '../../../src/model/modelFile';
import { session } from '../../cli/session';
import { ACTIVATIONS, type ActivationName } from '../../../src/nn/activations';
import { need } from '../../need';
import { askPython, pythonLacks } from '../python';
import { exported, useRealNetwork } from './realNetwork';
import { smallNetwork } from './smallNetwork';

// ONNX Runtime and PyTorch themselves, on all of Fashion-MNIST's test images.

interface Answer {
  readonly shape: readonly number[];
  readonly difference: number;
  readonly accuracy: number;
  readonly names: readonly string[] | null;
}

const script = readFileSync(join(__dirname, 'other_tools.py'), 'utf8');

describe('an exported network in other tools', function () {
  this.timeout(120_000);
  const network = useRealNetwork(
    ...['--hidden', '128,32', '--init', 'he', '--activation', 'silu', '--batch-norm', '--normalize'],
  );
  const ask = (kind: string, path: string) => {
    const { images, labels, probabilities } = network().files;
    return askPython(script, kind, path, images, labels, probabilities, 'silu') as Answer;
  };
  const agrees = ({ shape, difference, accuracy }: Answer) => {
    expect(shape).to.deep.equal([10_000, 10]);
    expect(difference).to.be.below(1e-5);
    expect(accuracy).to.be.closeTo(network().accuracy, 1e-6);
    expect(accuracy).to.be.above(0.5);
  };

  it('onnx: the checker passes it, and ONNX Runtime gives our probabilities from raw pixels', async function () {
    need(this, pythonLacks('onnx', 'onnxruntime'));
    const answer = ask('onnx', await exported(network(), '--format', 'onnx'));
    agrees(answer);
    expect(answer.names).to.deep.equal(network().dataset.classNames);
  });

  it('safetensors --layout torch: PyTorch loads it strictly and gives our probabilities', async function () {
    need(this, pythonLacks('torch', 'safetensors'));
    agrees(ask('torch', await exported(network(), '--format', 'safetensors', '--layout', 'torch')));
  });

  it('safetensors of either layout are read back: the same weights, and --init-from goes on from them', async () => {
    const { parameters } = await loadModel(join(network().run, 'model.safetensors'));
    for (const layout of ['torch', 'handgrad']) {
      const path = await exported(network(), '--format', 'safetensors', '--layout', layout, '--force');
      expect((await loadModel(path)).parameters).to.deep.equal(parameters);
    }
    const start = join(network().run, 'model.torch.safetensors');
    const further = [
      '--limit',
      '256',
      '--epochs',
      '1',
      '--lr',
      '1e-12',
      '--run-dir',
      join(network().folder, 'further'),
    ];
    const dataDir = process.env['HANDGRAD_DATA_DIR'];
    const data = dataDir ? ['--data-dir', dataDir] : [];
    const { code, stdout, stderr } = await session(['train', '--init-from', start, '--json', ...further, ...data]);
    expect(code, stderr).to.equal(0);
    const end = JSON.parse(stdout.trim().split('\n').at(-1)!) as { testAccuracy: number };
    // At this learning rate nothing moves: the accuracy is that of the weights it started from.
    expect(end.testAccuracy).to.equal(network().accuracy);
  });

  for (const activation of Object.keys(ACTIVATIONS) as ActivationName[]) {
    it(`onnx: ${activation} is what it is here`, function () {
      need(this, pythonLacks('onnx', 'onnxruntime'));
      const { network: small, features, probabilities } = smallNetwork(activation);
      const folder = mkdtempSync(join(tmpdir(), 'handgrad-onnx-'));
      try {
        const file = (name: string) => join(folder, name);
        writeFileSync(file('model.onnx'), onnxModel(small));
        writeFileSync(file('images'), features);
        writeFileSync(file('labels'), new Uint8Array(features.length / small.layers[0]!.inputs));
        writeFileSync(file('probabilities'), floatBytes([probabilities]));
        const names = ['model.onnx', 'images', 'labels', 'probabilities'].map(file);
        expect((askPython(script, 'onnx', ...names, activation) as Answer).difference).to.be.below(1e-5);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
