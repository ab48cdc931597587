'use strict';
// The post's network in TensorFlow.js's own layers, trained by `model.fit`, with the images as tensors in memory.
//
//   node bench/peers/tfjs_layers.js --backend wasm|FOLDER-OF-TFJS-NODE --data DIR [--epochs 2] [--batch-size 256]
//     [--hidden 256] [--limit N] [--json]

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { values: args } = parseArgs({
  options: {
    backend: { type: 'string', default: 'wasm' },
    data: { type: 'string', default: path.join(__dirname, '../../datasets/fashion-mnist') },
    epochs: { type: 'string', default: '2' },
    'batch-size': { type: 'string', default: '256' },
    hidden: { type: 'string', default: '256' },
    limit: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

/** TensorFlow.js on the backend, without any of handgrad's kernels. */
async function load(backend) {
  if (backend !== 'wasm') {
    process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
    const util = require('node:util');
    util.isNullOrUndefined ??= (value) => value === null || value === undefined; // Node 23 took them away
    util.isArray ??= Array.isArray;
    return require(backend);
  }
  const tf = require('@tensorflow/tfjs');
  require('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
  return tf;
}

function about(tf) {
  const tensorflow = tf.backend().binding?.TF_Version;
  const [{ model: processor }] = os.cpus();
  // TensorFlow.js switches the threads of wasm off in Node; TensorFlow takes all processors.
  const threads = args.backend === 'wasm' ? 1 : os.availableParallelism();
  const versions = { tfjs: tf.version['tfjs-core'], ...(tensorflow ? { tensorflow } : {}) };
  return { versions, device: 'cpu', threads, processor: processor.trim() };
}

function fail(message, code) {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

/** Images [n, 784] as float32 in [0, 1], and labels [n], of the first `limit` samples. */
function readSplit(tf, part, limit = Infinity) {
  const read = (name) => {
    const file = path.join(args.data, `${part}-${name}`);
    const zipped = `${file}.gz`;
    if (fs.existsSync(file)) return fs.readFileSync(file);
    if (fs.existsSync(zipped)) return require('node:zlib').gunzipSync(fs.readFileSync(zipped));
    return fail(`${args.data} holds no ${part}-${name}, gzipped or not: run "handgrad download".`, 3);
  };
  const labels = read('labels-idx1-ubyte').subarray(8);
  const count = Math.min(limit, labels.length);
  const pixels = read('images-idx3-ubyte').subarray(16, 16 + 784 * count);
  const X = tf.tidy(() => tf.div(tf.tensor2d(new Float32Array(pixels), [count, 784]), 255));
  return [X, tf.tensor1d(new Int32Array(labels.subarray(0, count)), 'int32')];
}

function build(tf, hidden) {
  const init = tf.initializers.randomNormal({ mean: 0, stddev: 0.01 });
  const widths = [...hidden, 10];
  const layers = widths.map((units, l) =>
    tf.layers.dense({
      units,
      kernelInitializer: init,
      activation: l < hidden.length ? 'relu' : 'softmax',
      ...(l === 0 ? { inputShape: [784] } : {}),
    }),
  );
  const model = tf.sequential({ layers });
  model.compile({ optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy' });
  return model;
}

/**
 * The share of right predictions; a metric would be computed for the training batches too, which the post does not do.
 */
function evaluate(tf, model, X, y, batchSize) {
  const right = tf.tidy(() => tf.sum(tf.cast(tf.equal(tf.argMax(model.predict(X, { batchSize }), 1), y), 'int32')));
  const [count] = right.dataSync();
  right.dispose();
  return count / y.size;
}

async function main() {
  let tf;
  try {
    tf = await load(args.backend);
  } catch (error) {
    return fail(`tfjs-layers cannot run (${error.message.split('\n')[0]}).`, 4);
  }
  if (args.json) console.log(JSON.stringify({ type: 'start', ...about(tf) }));
  const [X, y] = readSplit(tf, 'train', Number(args.limit ?? Infinity));
  const Y = tf.tidy(() => tf.cast(tf.oneHot(y, 10), 'float32'));
  const [testX, testY] = readSplit(tf, 't10k');
  const model = build(tf, args.hidden.split(',').map(Number));
  const batchSize = Number(args['batch-size']);
  for (let epoch = 1; epoch <= Number(args.epochs); epoch++) {
    const started = performance.now();
    await model.fit(X, Y, { batchSize, epochs: 1, shuffle: true, verbose: 0, yieldEvery: 'never' });
    const trainSeconds = (performance.now() - started) / 1000;
    const testAccuracy = evaluate(tf, model, testX, testY, batchSize);
    const seconds = (performance.now() - started) / 1000;
    if (args.json) console.log(JSON.stringify({ type: 'epoch', epoch, testAccuracy, trainSeconds, seconds }));
    else console.log(`Epoch ${epoch}, Test Accuracy: ${testAccuracy.toFixed(4)}  ${seconds.toFixed(2)} s`);
  }
}

void main();
