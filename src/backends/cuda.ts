import type { Backend } from './backend';
import { loadTfjsNode } from './tfjsNode';

/** TensorFlow on an NVIDIA GPU. TensorFlow itself is asked which device it uses: the package's name says nothing. */
export const cuda: Backend = {
  async start(notice) {
    const tensorflow = await loadTfjsNode(notice, { gpu: true });
    if ('reason' in tensorflow) return tensorflow;
    if (!tensorflow.usesGpu) {
      return {
        reason: `${tensorflow.title} finds no GPU that it can use`,
        remedy:
          'check that nvidia-smi lists a GPU and that CUDA 11.2 and cuDNN 8.1 are installed for @tensorflow/tfjs-node-gpu, or choose the native or the wasm engine',
      };
    }
    return { device: `${tensorflow.title} on an NVIDIA GPU`, versions: tensorflow.versions };
  },
};
