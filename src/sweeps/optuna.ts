import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { execa } from 'execa';
import { HandgradError } from '../errors';
import { quoted } from '../words';
import { fromOptuna, optunaOf } from './spec/distributions';
import type { Advisor } from './runTrials';
import type { SweepSpec } from './spec/sweepFile';

const STUDY = 'handgrad';
const REMEDY = 'install it with "pip install optuna", or set HANDGRAD_OPTUNA to its command';

/**
 * Optuna's tree-structured Parzen estimator, through its ask-and-tell command line. Its database is `optuna.db` in the
 * sweep's folder.
 * @param command the optuna program
 * @param asked how often it has been asked: each call gets a seed of its own, so a sweep is reproducible
 * @throws HandgradError 'backend' when it is not installed or fails
 */
export async function optunaAdvisor(
  spec: SweepSpec,
  dir: string,
  command: string,
  asked: () => number,
): Promise<Advisor> {
  const place = ['--storage', `sqlite:///${join(dir, 'optuna.db')}`, '--study-name', STUDY];
  const run = (name: string, ...args: string[]) => runOptuna(command, [name, ...place, ...args]);
  const searched = Object.entries(spec.parameters).filter(([, { distribution }]) => distribution !== 'constant');
  const space = JSON.stringify(Object.fromEntries(searched.map(([key, parameter]) => [key, optunaOf(parameter)])));
  const constants = Object.entries(spec.parameters).flatMap(([key, parameter]) =>
    parameter.distribution === 'constant' ? [[key, parameter.value] as const] : [],
  );
  await run('create-study', '--direction', spec.metric.goal, '--skip-if-exists');
  return {
    async ask() {
      const kwargs = JSON.stringify({ seed: seedOf(spec.seed, asked()) });
      const answer = await run(
        'ask',
        '--sampler',
        'TPESampler',
        '--sampler-kwargs',
        kwargs,
        '--search-space',
        space,
        '-f',
        'json',
      );
      const { number, params } = readAnswer(answer);
      const chosen = searched.map(([key, parameter]) => [key, fromOptuna(parameter, params[key])] as const);
      return { token: number, configuration: Object.fromEntries([...constants, ...chosen]) };
    },
    async tell(token, value) {
      const state = value === undefined ? ['--state', 'fail'] : ['--state', 'complete', '--values', String(value)];
      await run('tell', '--trial-number', String(token), ...state, '--skip-if-finished');
    },
  };
}

async function runOptuna(command: string, args: readonly string[]): Promise<string> {
  const { failed, code, stdout, stderr } = await execa(command, [...args], { reject: false, stdin: 'ignore' });
  if (!failed) return stdout;
  if (code === 'ENOENT' || code === 'EACCES') {
    throw new HandgradError(
      'backend',
      `The method bayes needs Optuna, and there is no program ${quoted(command)}; ${REMEDY}.`,
    );
  }
  const said = stderr.trim().split('\n').at(-1) ?? 'no message';
  throw new HandgradError(
    'backend',
    `Optuna did not answer "optuna ${args[0]}" (${said.slice(0, 300)}); the sweep can be resumed.`,
  );
}

function readAnswer(text: string): { number: number; params: Readonly<Record<string, unknown>> } {
  try {
    const answer = JSON.parse(text) as { number: number; params: Record<string, unknown> };
    if (Number.isInteger(answer.number) && typeof answer.params === 'object') return answer;
  } catch {
    // Reported below: the output is unusable either way.
  }
  throw new HandgradError('backend', `Optuna's "ask" did not print JSON (${quoted(text)}); use Optuna 3 or newer.`);
}

function seedOf(seed: number, asked: number): number {
  return createHash('sha256').update(`optuna ${seed} ${asked}`).digest().readUInt32LE(0) >>> 1;
}
