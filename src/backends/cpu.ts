import type { Backend } from './backend';
import { activate, commonVersions, core, loadQuietly } from './tensorflowJs';

/** Plain JavaScript. Runs wherever Node does, about 25 times slower than wasm. */
export const cpu: Backend = {
  async start() {
    const { version_cpu } = await loadQuietly(
      () => require('@tensorflow/tfjs-backend-cpu') as typeof import('@tensorflow/tfjs-backend-cpu'),
    );
    await activate('cpu');
    // Otherwise the first tensor prints a banner that recommends tfjs-node: the user has chosen already.
    Object.assign(core().backend(), { firstUse: false });
    return {
      device: `JavaScript on Node ${process.versions.node}, one thread`,
      versions: { ...commonVersions(), 'tfjs-backend-cpu': version_cpu },
    };
  },
};
