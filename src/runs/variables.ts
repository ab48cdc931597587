/** The environment variables that handgrad reads, and what each gives: for --help and docs/settings.md. */
export const VARIABLES = {
  HANDGRAD_BACKEND: 'the default backend',
  HANDGRAD_DATA_DIR: 'the folder of data sets',
  HANDGRAD_NO_COMPILE: '1: auto does not compile the native backend',
  HANDGRAD_NATIVE: 'the folder of the compiled native backend',
  HANDGRAD_CUDA_LIBS: 'folders of the CUDA libraries',
  HANDGRAD_TFJS_NODE: 'the folder of another tfjs-node',
  HANDGRAD_WEBGPU: 'the folder of the webgpu package',
  HANDGRAD_OPTUNA: 'the command of Optuna, for sweeps by bayes',
  HANDGRAD_QUEUE: 'the address of the queue of sweeps',
  HANDGRAD_QUEUE_USERNAME: 'the user of the queue',
  HANDGRAD_QUEUE_PASSWORD: 'the password of the queue',
} as const;
