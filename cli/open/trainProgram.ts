export { trainProgram } from '../../src/sweeps/workers/trainProcess';
