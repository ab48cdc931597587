import { expect } from 'chai';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT_CODES } from '../../src/errors';
import { program } from '../cli/program';
import { session } from '../cli/session';
import { fill, temporaryFolder, tinyContents } from '../data/tinyDataset';
import { smallImages } from './images';
import { mutations } from './mutations';

/** How many mutants of each file the program reads. */
const MUTANTS = 3;

interface Case {
  /** The file that is mutated, in the folder of the case. */
  readonly file: string;
  /** The command that reads it, in that folder. */
  readonly command: readonly string[];
  /** The exit codes that it may have beside 0. */
  readonly codes: readonly number[];
}

const { usage, data, model } = EXIT_CODES;
const CASES: Readonly<Record<string, Case>> = {
  'an image': { file: 'photo.jpg', command: ['predict', 'run', 'photo.jpg', '--no-verify'], codes: [data] },
  'a model': { file: 'run/model.safetensors', command: ['evaluate', 'run', '--no-verify'], codes: [data, model] },
  'the rows of a run': { file: 'run/metrics.jsonl', command: ['report', 'run', '--no-verify'], codes: [model] },
  'a checkpoint': { file: 'run/checkpoints/NEWEST', command: ['train', '--resume', 'run'], codes: [model] },
  'a config': { file: 'c.json', command: ['train', '--config', 'c.json', '--print-config'], codes: [usage, data] },
  'a sweep file': { file: 's.json', command: ['sweep', 's.json', '--dry-run'], codes: [usage, data] },
};

describe('F105 the program, given damaged content', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();

  for (const [what, { file, command, codes }] of Object.entries(CASES)) {
    it(`of ${what}, ends with a sentence`, async () => {
      const valid = join(folder(), 'valid');
      const settings = { dataset: join(valid, 'images'), hidden: [4], epochs: 1, backend: 'cpu', tensorboard: false };
      fill(join(valid, 'images'), tinyContents());
      fill(valid, {
        'photo.jpg': (await smallImages())['color.jpg']!,
        'c.json': JSON.stringify(settings),
        's.json': JSON.stringify({ method: 'grid', parameters: { lr: { values: [0.1, 0.3] } }, fixed: settings }),
      });
      const at = (name: string) => join(valid, name);
      const trained = await session(['train', '--config', at('c.json'), '--run-dir', at('run'), '--quiet']);
      expect(trained.code, trained.stderr).to.equal(0);
      // With its digests, most of what is changed would not be read.
      rmSync(at('run/manifest.json'));
      const newest = readdirSync(at('run/checkpoints')).findLast((name) => name.endsWith('.safetensors'))!;

      const mutate = mutations(what.length);
      const mutants = Array.from({ length: MUTANTS + 1 }, (_, i) => {
        const copy = join(folder(), String(i));
        cpSync(valid, copy, { recursive: true });
        const path = join(copy, file.replace('NEWEST', newest));
        const content = readFileSync(path);
        // The first is as it was, so that the command is known to read it.
        const bytes = i === 0 ? content : mutate(content);
        writeFileSync(path, bytes);
        return { copy, content: JSON.stringify(bytes.toString('latin1')).slice(0, 2000) };
      });
      const ended = await Promise.all(mutants.map(({ copy }) => program(command, {}, copy)));
      for (const [i, { code, stderr }] of ended.entries()) {
        const { content } = mutants[i]!;
        expect(i === 0 ? [0] : [0, ...codes], `${content}: ${stderr}`).to.include(code);
        expect(stderr, content).to.not.match(/\n\s+at |This is a bug|[^\P{Cc}\n\t]/u);
      }
    });
  }
});
