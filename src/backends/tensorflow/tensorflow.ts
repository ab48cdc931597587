import type { Backend } from '../backend';
import { loadTfjsNode } from './tfjsNode';

/** TensorFlow on the CPU, by tfjs-node, or by tfjs-node-gpu with its GPUs hidden. */
export const tensorflow: Backend = {
  async start(notice) {
    const tensorflow = await loadTfjsNode(notice, { gpu: false });
    if ('reason' in tensorflow) return tensorflow;
    if (tensorflow.usesGpu) {
      return {
        reason: 'TensorFlow has already taken the GPU in this process',
        remedy: 'choose the tensorflow backend in a process of its own',
      };
    }
    return { device: `${tensorflow.title} on the processor`, versions: tensorflow.versions };
  },
};
