import type { Dataset, Task } from '../data/samples';
import { HandgradError } from '../errors';
import type { LossName } from '../nn/losses';
import { type Config, DEFAULTS, keysWhere } from './config';

/** The task of each loss. */
const TASK_OF_LOSS = {
  'cross-entropy': 'classification',
  mse: 'regression',
  huber: 'regression',
} as const satisfies Record<LossName, Task>;

/** The task of a data set. */
export const taskOf = ({ task = 'classification' }: Pick<Dataset, 'task'>): Task => task;

/** The task of a run, by its config alone. */
export const taskOfConfig = ({ loss, task = 'classification' }: Pick<Config, 'loss' | 'task'>): Task =>
  loss === undefined ? task : TASK_OF_LOSS[loss];

/** The loss of a run: the one asked for, or that of the task. */
export function lossFor({ loss }: Pick<Config, 'loss'>, dataset: Pick<Dataset, 'task'>): LossName {
  return loss ?? (taskOf(dataset) === 'regression' ? 'mse' : 'cross-entropy');
}

/**
 * Refuses settings that have no meaning for the task of a data set.
 * @throws HandgradError 'usage' naming the setting
 */
export function assertTaskFits(config: Config, dataset: Pick<Dataset, 'task'>): void {
  const task = taskOf(dataset);
  const other = task === 'regression' ? 'classification' : 'regression';
  const loss = lossFor(config, dataset);
  if (TASK_OF_LOSS[loss] !== task) {
    const fitting = Object.entries(TASK_OF_LOSS).flatMap(([name, itsTask]) => (itsTask === task ? [name] : []));
    throw new HandgradError(
      'usage',
      `\`loss\` ${loss} is for ${other}, and this is ${task}; choose ${fitting.join(' or ')}, or leave it out.`,
    );
  }
  const misplaced = keysWhere((setting) => setting.task === other).find((key) => config[key] !== DEFAULTS[key]);
  if (misplaced === undefined) return;
  throw new HandgradError('usage', `\`${misplaced}\` is for ${other}, and this is ${task}; leave it out.`);
}
