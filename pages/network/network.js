'use strict';

// The network of network.json and weights.bin, for the page of images and for that of tables. The forward pass is
// written out here, as in handgrad's src/nn: TensorFlow.js supplies products, sums and the backend they run on.

/* global tf */
/* exported startNetwork, outputsOf, listClasses, element */

/** The backends; ?backend=NAME takes one only. */
const BACKENDS = {
  webgpu: { file: 'tf-backend-webgpu.min.js', there: async () => Boolean(await navigator.gpu?.requestAdapter()) },
  webgl: {
    file: 'tf-backend-webgl.min.js',
    there: async () => Boolean(document.createElement('canvas').getContext('webgl2')),
  },
  wasm: { file: 'tf-backend-wasm.min.js', there: async () => typeof WebAssembly === 'object' },
};

const ACTIVATIONS = {
  relu: (X) => tf.maximum(X, 0),
  'leaky-relu': (X) => tf.maximum(X, tf.mul(X, 0.01)),
  tanh: (X) => tf.tanh(X),
  sigmoid: (X) => tf.sigmoid(X),
  gelu: (X) => {
    const u = tf.mul(tf.mul(X, Math.sqrt(2 / Math.PI)), tf.add(1, tf.mul(tf.square(X), 0.044715)));
    return tf.mul(tf.mul(X, 0.5), tf.add(1, tf.tanh(u)));
  },
  silu: (X) => tf.mul(X, tf.sigmoid(X)),
};

const element = (id) => document.getElementById(id);

/**
 * Loads the network and starts a backend; says on the page what cannot be done.
 * @param prefer the names of backends in the order in which they are tried
 * @param prepare is called with what network.json says and the layers, before the page says that it is ready
 */
function startNetwork(prefer, prepare) {
  void start(prefer, prepare).catch((error) => {
    element('about').textContent = `This page cannot run here: ${error.message}`;
  });
}

async function start(prefer, prepare) {
  const [network, weights] = await Promise.all([
    fetched('network.json').then((response) => response.json()),
    fetched('weights.bin').then((response) => response.arrayBuffer()),
  ]);
  await loadScript('tfjs/tf-core.min.js');
  const backend = await startBackend(prefer);
  const layers = readLayers(network, weights);
  // The first run prepares the backend, so that the first answer does not wait.
  await outputsOf(new Float32Array(layers[0].W.shape[0]), layers, network);
  await prepare(network, layers);
  const widths = [layers[0].W.shape[0], ...layers.map(({ W }) => W.shape[1])].join('-');
  element('about').textContent =
    `A ${widths} network${network.dataset ? ` trained on ${network.dataset}` : ''}, computed in this browser: ` +
    `no data leaves it.`;
  element('backend').textContent = `Backend: ${backend}`;
  document.body.dataset.backend = backend;
}

async function fetched(name) {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name} is missing (status ${response.status})`);
  return response;
}

function loadScript(src) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = src;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${src} is missing`));
    document.head.append(script);
  });
}

async function startBackend(prefer) {
  const wanted = new URLSearchParams(location.search).get('backend');
  const names = prefer.filter((name) => wanted === null || name === wanted);
  for (const name of names) {
    const { file, there } = BACKENDS[name];
    if (!(await there())) continue;
    try {
      await loadScript(`tfjs/${file}`);
      if (name === 'wasm') tf.wasm.setWasmPaths('tfjs/');
      if ((await tf.setBackend(name)) && (await computes())) return name;
    } catch (error) {
      console.info(`No ${name} here: ${error.message}`);
    }
  }
  throw new Error(`none of the backends ${names.join(', ')} runs in this browser`);
}

/** A backend that starts and then computes nothing, or nonsense, is none. */
async function computes() {
  const product = tf.tidy(() => tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])));
  const [eleven] = await product.data();
  product.dispose();
  return Math.abs(eleven - 11) < 1e-3;
}

function readLayers({ layers }, weights) {
  let offset = 0;
  const take = (shape) => {
    const size = shape.reduce((product, width) => product * width);
    const tensor = tf.tensor(new Float32Array(weights, offset, size), shape);
    offset += 4 * size;
    return tensor;
  };
  return layers.map(({ inputs, outputs }) => ({ W: take([inputs, outputs]), b: take([outputs]) }));
}

/** What the network gives one sample: the probabilities of the classes, or the outputs of a regression. */
async function outputsOf(features, layers, { activation, task }) {
  const P = tf.tidy(() => {
    let X = tf.tensor2d(features, [1, features.length]);
    layers.forEach(({ W, b }, l) => {
      X = tf.add(tf.matMul(X, W), b);
      if (l < layers.length - 1) X = ACTIVATIONS[activation](X);
    });
    if (task === 'regression') return X;
    const E = tf.exp(tf.sub(X, tf.max(X, 1, true)));
    return tf.div(E, tf.sum(E, 1, true));
  });
  const outputs = await P.data();
  P.dispose();
  return outputs;
}

/** Shows the most probable classes with bars. @returns the most probable one */
function listClasses(shares, names) {
  const ranked = [...shares].map((share, label) => ({ share, label })).sort((a, b) => b.share - a.share);
  element('classes').replaceChildren(
    ...ranked.slice(0, 10).map(({ share, label }) => {
      const item = document.createElement('li');
      const part = (className, text) => {
        const span = document.createElement('span');
        span.className = className;
        span.textContent = text;
        item.append(span);
        return span;
      };
      part('name', names[label]);
      part('bar', '').style.width = `${100 * share}%`;
      part('share', `${(100 * share).toFixed(1)}%`);
      item.dataset.label = label;
      item.dataset.probability = share;
      return item;
    }),
  );
  return ranked[0];
}
