import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { HandgradError } from '../errors';
import { RUN_FILES } from './runFolder';
import type { EndEvent, EpochEvent } from '../training/train';

/** What a run has left in its folder, apart from the model. */
export interface RunData {
  readonly dir: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Undefined where the folder has lost it. */
  readonly environment: Readonly<Record<string, unknown>> | undefined;
  readonly epochs: readonly EpochEvent[];
  /** Undefined while the run goes on, or when it was stopped. */
  readonly end: EndEvent | undefined;
}

/** Whether a folder is that of a run. */
export async function isRunFolder(dir: string): Promise<boolean> {
  return (await stat(join(dir, RUN_FILES.config)).catch(() => undefined)) !== undefined;
}

/**
 * Reads a run folder. A last line of the metrics that is being written is left out.
 * @throws HandgradError `model` when it is none, or what is in it cannot be understood
 */
export async function readRun(dir: string): Promise<RunData> {
  const config = await readJson(join(dir, RUN_FILES.config));
  if (config === undefined) {
    throw new HandgradError('model', `${dir} is no run's folder: it holds no ${RUN_FILES.config}; give another one.`);
  }
  const text = await readFile(join(dir, RUN_FILES.metrics), 'utf8').catch(() => '');
  const events: (EpochEvent | EndEvent)[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    try {
      events.push(JSON.parse(line) as EpochEvent | EndEvent);
    } catch (error) {
      throw new HandgradError(
        'model',
        `${join(dir, RUN_FILES.metrics)} holds a line that is not JSON ("${line.slice(0, 40)}"); remove it or give another run.`,
        { cause: error },
      );
    }
  }
  return {
    dir,
    name: basename(resolve(dir)),
    config,
    environment: await readJson(join(dir, RUN_FILES.environment)),
    epochs: events.filter((event) => event.type === 'epoch'),
    end: events.findLast((event) => event.type === 'end'),
  };
}

async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new HandgradError('model', `${path} is not JSON; give another run, or restore it.`, { cause: error });
  }
}

/** The accuracy by which an epoch is judged: of the validation part where there is one. */
export function judgedAccuracy({ valAccuracy, testAccuracy }: EpochEvent): number | undefined {
  return valAccuracy ?? testAccuracy;
}
