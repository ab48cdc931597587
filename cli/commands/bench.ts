import { WORKS } from '../../bench/measure/work';
import type { BackendName } from '../../src/backends';
import { isDatasetName } from '../../src/data/catalog';
import { type Kind, list, oneOf, text, wholeNumber } from '../../src/kinds';
import { keysAffecting, settings } from '../../src/runs/config';
import { defineCommand, OUTPUT } from '../arguments/command';
import { flag, PATH, toggle } from '../arguments/flags';
import { library } from '../library';
import { fetchDataset } from '../screens/download';

const NAMES = Object.values(WORKS).map(({ name }) => name);
const BACKENDS = settings.backend.kind.names!.filter((name): name is BackendName => name !== 'auto');

/** A non-empty list of some of the names. */
function some<Name extends string>(names: readonly Name[]): Kind<readonly Name[]> {
  const rule = `a list of ${names.join(', ')}`;
  return list(rule, { ...oneOf(names), rule }, ({ length }) => length > 0);
}

export const command = defineCommand({
  summary: 'time training on every backend here, and in the frameworks (peers) that are installed',
  settings: [...keysAffecting('fetching'), 'allowSoftware'],
  flags: {
    work: flag(some(NAMES), { default: ['post'], help: `the workloads to time: a comma list of ${NAMES.join('|')}` }),
    backends: flag(some(BACKENDS), { help: `a comma list of ${BACKENDS.join('|')}`, otherwise: 'all that run here' }),
    rounds: flag(wholeNumber(1, 1000), {
      default: 3,
      help: 'the number of rounds; every backend and peer runs once in each',
    }),
    epochs: flag(wholeNumber(1, 1000), {
      help: 'epochs of each run',
      otherwise: NAMES.map((name) => `${name}: ${WORKS[name].epochs}`).join(', '),
    }),
    python: flag(text('a path'), {
      default: 'python3',
      help: 'in a checkout: the Python of the peers, with bench/peers/requirements.txt',
    }),
    noPeers: toggle({ help: 'time handgrad only' }),
    picture: flag(PATH, { help: 'write a chart of all works into DIR: bench.svg and bench.png' }),
    ...OUTPUT,
  },
  examples: [
    ['bench', 'ten epochs of Fashion-MNIST on every backend here, and in the installed peers'],
    [
      'bench --work post,deep --backends native,wasm --rounds 5 --picture charts',
      'two workloads on two backends, with a chart',
    ],
  ],
  async run({ work, backends = BACKENDS, noPeers, picture, json, ...how }, { config, terminal, signal }) {
    if (!isDatasetName(config.dataset)) throw new Error(`${config.dataset} is not in the catalog`);
    const data = await fetchDataset(config.dataset, config, terminal, signal);
    const { machineText, measure, resultTable, savePicture } = library.bench();
    const { rounds, epochs, python } = how;
    const works = work.map((name) => WORKS[name]);
    const { allowSoftware } = config;
    const what = { works, backends, rounds, epochs, python, peers: !noPeers, allowSoftware, data };
    const result = await measure(what, terminal, signal);
    if (picture !== undefined) terminal.notice(`Chart: ${await savePicture(picture, result)}`);
    if (json) return terminal.json(result);
    terminal.result(`${machineText(result.machine)}; ${result.date}`);
    for (const one of result.works) terminal.result(`\n${resultTable(one)}`);
  },
});
