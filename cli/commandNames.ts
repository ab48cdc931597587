/** The names of all commands, in the order of help. Listing them loads none of their files, `commands/<name>`. */
export const COMMAND_NAMES = [
  'download',
  'describe',
  'train',
  'evaluate',
  'predict',
  'sweep',
  'worker',
  'runs',
  'serve',
  'report',
  'export',
  'gradcheck',
  'find-lr',
  'doctor',
  'setup',
  'bench',
  'completion',
] as const;

export type CommandName = (typeof COMMAND_NAMES)[number];
