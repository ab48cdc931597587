'use strict';

// A form for a row of a table: each change goes to the network, prepared as handgrad's `predict` prepares rows (see
// src/data/tables/preparation.ts).

/* global startNetwork, outputsOf, listClasses, element */

const MS_PER_DAY = 86_400_000;

// WebAssembly first: it is exact float32, which WebGL need not be, and a network of a table is small.
startNetwork(['wasm', 'webgl', 'webgpu'], async (network, layers) => {
  const { inputs, labels } = network;
  const form = element('row');
  const fields = inputs.map((column, i) => FIELDS[column.type](column, `column-${i}`));
  element('fields').replaceChildren(...fields.map(({ part }) => part));
  element('title').textContent = `Predict ${labels.join(', ')}`;
  document.title = element('title').textContent;
  let latest = 0;
  const predict = async () => {
    const turn = ++latest;
    // A screen reader waits with what it reads until the answer belongs to the row.
    element('answer').setAttribute('aria-busy', 'true');
    const filled = fields.map((field) => field.inputs());
    const wrong = filled.findIndex((values) => values === undefined);
    const outputs = wrong < 0 && (await outputsOf(Float32Array.from(filled.flat()), layers, network));
    // Of several changes at once, the last one counts.
    if (turn !== latest) return;
    if (outputs) show(outputs, network);
    else refuse(`${inputs[wrong].name} is not a valid ${inputs[wrong].type}.`);
    element('answer').setAttribute('aria-busy', 'false');
  };
  form.addEventListener('input', () => void predict());
  form.addEventListener('submit', (event) => event.preventDefault());
  element('again').addEventListener('click', () => {
    form.reset();
    void predict();
  });
  await predict();
});

/** What a column becomes in the form: its part of the page, and the inputs of the network, undefined if it is wrong. */
const FIELDS = {
  number(column, id) {
    const { median, mean, std } = column;
    const input = control('input', id, { type: 'number', step: 'any', placeholder: 'missing' });
    input.defaultValue = String(median);
    const hints = [`Median ${shown(median)}`];
    // Without standardization, the model does not know how the numbers spread.
    if (mean !== 0 || std !== 1) hints.push(`typically ${shown(mean - std)} to ${shown(mean + std)}`);
    hints.push('empty: missing');
    return numeric(column, input, hints, () => Number(input.value));
  },
  date(column, id) {
    const { median, mean, std } = column;
    // A column with times of day has a median that is no day, nor between two days.
    const hasTime = !Number.isInteger(2 * median);
    const text = (days) => {
      const time = new Date(days * MS_PER_DAY);
      return Number.isNaN(time.getTime()) ? '' : time.toISOString().slice(0, hasTime ? 19 : 10);
    };
    const limits = hasTime
      ? { type: 'datetime-local', step: '1', min: '0001-01-01T00:00', max: '9999-12-31T23:59:59' }
      : { type: 'date', min: '0001-01-01', max: '9999-12-31' };
    const input = control('input', id, limits);
    input.defaultValue = text(hasTime ? median : Math.floor(median));
    const hints = [`Median ${text(median).slice(0, 10)}`];
    if (mean !== 0 || std !== 1) {
      hints.push(`typically ${text(mean - std).slice(0, 10)} to ${text(mean + std).slice(0, 10)}`);
    }
    hints.push(hasTime ? 'UTC; empty: missing' : 'empty: missing');
    return numeric(column, input, hints, () => Date.parse(`${input.value}${hasTime ? 'Z' : ''}`) / MS_PER_DAY);
  },
  category({ name, categories, rare, missing }, id) {
    const select = control('select', id, {});
    const rest = categories.length;
    const other = rare ? rest : -1;
    const empty = missing ? rest + Number(rare) : other;
    const add = (text, place) => {
      const option = document.createElement('option');
      option.textContent = text;
      option.value = String(place);
      select.append(option);
    };
    categories.forEach(add);
    // Those that were rare in the training, and those that it did not meet.
    add('(not listed)', other);
    add('(missing)', empty);
    const width = rest + Number(rare) + Number(missing);
    return {
      part: labeled(name, select, []),
      inputs: () => Array.from({ length: width }, (_, place) => Number(place === Number(select.value))),
    };
  },
};

/** @param value gives the number in a field that is not empty */
function numeric({ name, median, mean, std, indicator }, input, hints, value) {
  const part = labeled(name, input, hints);
  return {
    part,
    inputs() {
      const { valid, badInput } = input.validity;
      const missing = input.value === '' && !badInput;
      const number = missing ? median : value();
      const wrong = !missing && !(valid && Number.isFinite(number));
      input.setAttribute('aria-invalid', String(wrong));
      if (wrong) return undefined;
      const standardized = (number - mean) / std;
      return indicator ? [standardized, Number(missing)] : [standardized];
    },
  };
}

function control(tag, id, attributes) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries({ id, ...attributes })) made.setAttribute(name, value);
  return made;
}

/** A control under its label, with a hint that belongs to it. */
function labeled(name, made, hints) {
  const part = document.createElement('div');
  const label = document.createElement('label');
  label.htmlFor = made.id;
  label.textContent = name;
  part.append(label, made);
  if (hints.length > 0) {
    const hint = document.createElement('small');
    hint.id = `${made.id}-hint`;
    hint.textContent = `${hints.join('; ')}.`;
    made.setAttribute('aria-describedby', hint.id);
    part.append(hint);
  }
  return part;
}

function show(outputs, { task, classNames, targets }) {
  if (!outputs.every(Number.isFinite)) {
    return refuse('The values are too far from those of the training to predict from.');
  }
  if (task === 'classification') {
    const { share, label } = listClasses(outputs, classNames);
    element('answer').textContent = `${classNames[label]} (${(100 * share).toFixed(1)}%)`;
    return;
  }
  const values = targets.map(({ name, mean, std }, i) => ({ name, std, value: outputs[i] * std + mean }));
  element('answer').textContent = values.map(({ name, value, std }) => `${name}: ${rounded(value, std)}`).join('; ');
  element('answer').dataset.values = JSON.stringify(values.map(({ value }) => value));
}

function refuse(why) {
  element('answer').textContent = why;
  delete element('answer').dataset.values;
  element('classes').replaceChildren();
}

/** A value of a regression, to a thousandth of its spread. */
function rounded(value, std) {
  return value.toFixed(Math.max(0, Math.min(20, 3 - Math.floor(Math.log10(std)))));
}

/** A number for a hint. */
function shown(value) {
  return String(Number(value.toPrecision(4)));
}
