'use strict';

// Runs the network of network.json and weights.bin on what is drawn or dropped. The forward pass is written out here,
// as in handgrad's src/nn: TensorFlow.js supplies products, sums and the backend they run on.

/* global tf */

/** The backends in the order in which they are tried; ?backend=NAME takes one only. */
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
const pad = element('pad');
const seen = element('seen');

void start().catch((error) => {
  element('about').textContent = `This page cannot run here: ${error.message}`;
});

async function start() {
  const [network, weights] = await Promise.all([
    fetched('network.json').then((response) => response.json()),
    fetched('weights.bin').then((response) => response.arrayBuffer()),
  ]);
  await loadScript('tfjs/tf-core.min.js');
  const backend = await startBackend();
  const layers = readLayers(network, weights);
  const classify = (pixels) => probabilities(pixels, layers, network);
  // The first run prepares the backend, so that the first answer does not wait.
  await classify(new Uint8Array(layers[0].W.shape[0]));
  prepare(network, classify);
  const widths = [layers[0].W.shape[0], ...layers.map(({ W }) => W.shape[1])].join('-');
  element('about').textContent =
    `A ${widths} network${network.dataset ? ` trained on ${network.dataset}` : ''}, computed in this browser: ` +
    `nothing leaves it.`;
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

async function startBackend() {
  const wanted = new URLSearchParams(location.search).get('backend');
  const names = Object.keys(BACKENDS).filter((name) => wanted === null || name === wanted);
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

/** Pixels from 0 to 255, as they are stored; the scaling is in the weights. */
async function probabilities(pixels, layers, { activation }) {
  const P = tf.tidy(() => {
    let X = tf.tensor2d(Float32Array.from(pixels), [1, pixels.length]);
    layers.forEach(({ W, b }, l) => {
      X = tf.add(tf.matMul(X, W), b);
      if (l < layers.length - 1) X = ACTIVATIONS[activation](X);
    });
    const E = tf.exp(tf.sub(X, tf.max(X, 1, true)));
    return tf.div(E, tf.sum(E, 1, true));
  });
  const shares = await P.data();
  P.dispose();
  return shares;
}

function prepare(network, classify) {
  const [height, width] = network.imageShape;
  const dark = network.background !== 'light';
  seen.width = width;
  seen.height = height;
  pad.height = Math.round((pad.width * height) / width);
  const context = pad.getContext('2d', { willReadFrequently: true });
  const clear = () => {
    context.fillStyle = dark ? '#000' : '#fff';
    context.fillRect(0, 0, pad.width, pad.height);
    element('classes').replaceChildren();
    seen.getContext('2d').clearRect(0, 0, width, height);
  };
  const see = async (source) => {
    const { pixels, inverted } = pixelsOf(source, width, height, dark);
    show(pixels, width, height);
    const shares = await classify(pixels);
    list(shares, network.classNames);
    return { shares: [...shares], inverted };
  };
  clear();
  element('title').textContent = network.dataset ? `${network.dataset} in your browser` : 'A network in your browser';
  element('clear').addEventListener('click', clear);
  draw(context, dark, () => void see(pad));
  receive(async (file) => {
    const image = await createImageBitmap(file, { colorSpaceConversion: 'none' });
    const { inverted } = await see(image);
    const place = placed(image, pad.width, pad.height);
    context.drawImage(seen, 0, 0, pad.width, pad.height);
    context.drawImage(image, ...place);
    const resized = image.width !== width || image.height !== height;
    const done = [
      ...(resized ? [`made gray and ${width}x${height}`] : ['taken as it is']),
      ...(inverted ? [`inverted to the ${dark ? 'dark' : 'light'} background of the data set`] : []),
    ];
    element('hint').textContent = `${file.name}: ${image.width}x${image.height}, ${done.join(', ')}.`;
  });
}

/** Where an image goes so that all of it is seen, undistorted: left, top, width, height. */
function placed(image, width, height) {
  const scale = Math.min(width / image.width, height / image.height);
  const [w, h] = [image.width * scale, image.height * scale];
  return [(width - w) / 2, (height - h) / 2, w, h];
}

/** What the network sees of an image: gray, of its size, on the background of the data set. */
function pixelsOf(source, width, height, dark) {
  const full = grayOf(source, source.width, source.height, '#fff');
  const edge = median(edgeOf(full, source.width, source.height));
  // What was drawn is on the right background already; what comes from outside may not be.
  const inverted = source !== pad && edge >= 128 === dark;
  const pixels = grayOf(source, width, height, `rgb(${edge}, ${edge}, ${edge})`);
  return { pixels: inverted ? pixels.map((value) => 255 - value) : pixels, inverted };
}

function grayOf(source, width, height, background) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.fillStyle = background;
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, ...placed(source, width, height));
  const { data } = context.getImageData(0, 0, width, height);
  const gray = (i) => Math.round(0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]);
  return Uint8Array.from({ length: width * height }, (_, i) => gray(i));
}

function edgeOf(pixels, width, height) {
  return pixels.filter((_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    return row === 0 || row === height - 1 || column === 0 || column === width - 1;
  });
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function show(pixels, width, height) {
  const image = new ImageData(width, height);
  pixels.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
  seen.getContext('2d').putImageData(image, 0, 0);
}

function list(shares, names) {
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
}

function draw(context, dark, changed) {
  let last;
  const at = (event) => {
    const box = pad.getBoundingClientRect();
    const scale = pad.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  pad.addEventListener('pointerdown', (event) => {
    pad.setPointerCapture(event.pointerId);
    last = at(event);
  });
  pad.addEventListener('pointermove', (event) => {
    if (!last) return;
    const next = at(event);
    context.strokeStyle = dark ? '#fff' : '#000';
    context.lineWidth = pad.width / 14;
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(...next);
    context.stroke();
    last = next;
    changed();
  });
  for (const name of ['pointerup', 'pointercancel']) pad.addEventListener(name, () => (last = undefined));
}

/** Images that are chosen, dropped or pasted. */
function receive(take) {
  const give = (files) => {
    const [file] = files;
    if (!file) return;
    take(file).catch(() => {
      element('hint').textContent = `${file.name} is no image that this browser can read.`;
    });
  };
  element('file').addEventListener('change', (event) => give(event.target.files));
  addEventListener('paste', (event) => give(event.clipboardData.files));
  addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('dropping');
  });
  addEventListener('dragleave', () => document.body.classList.remove('dropping'));
  addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('dropping');
    give(event.dataTransfer.files);
  });
}
