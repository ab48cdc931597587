'use strict';

// Gives the network what is drawn or dropped: see network.js.

/* global startNetwork, outputsOf, listClasses, element */

const pad = element('pad');
const seen = element('seen');

startNetwork(['webgpu', 'webgl', 'wasm'], (network, layers) => {
  // Pixels from 0 to 255, as they are stored; the scaling is in the weights.
  prepare(network, (pixels) => outputsOf(Float32Array.from(pixels), layers, network));
});

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
    listClasses(shares, network.classNames);
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
      ...(resized ? [`converted to gray and ${width}x${height}`] : ['unchanged']),
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
      element('hint').textContent = `${file.name} is not an image that this browser can read.`;
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
