/** Every command, in the order of help. Its file is `commands/<name>`; this list names them without loading any. */
export const COMMAND_NAMES = [
  'download',
  'train',
  'evaluate',
  'predict',
  'sweep',
  'worker',
  'report',
  'export',
  'gradcheck',
  'doctor',
  'setup',
  'bench',
] as const;

export type CommandName = (typeof COMMAND_NAMES)[number];
