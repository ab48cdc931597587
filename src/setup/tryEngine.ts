import path from 'node:path';
import { command, type Progress } from './command';

/**
 * Starts the native engine of a folder in a process of its own, which also checks its arithmetic.
 * @param folder has tfjs-node in its node_modules
 * @returns the version that TensorFlow gives, or the sentence that says why it does not work
 */
export async function tryEngine(folder: string, progress: Progress): Promise<{ version: string } | { wrong: string }> {
  const backends = JSON.stringify(path.join(__dirname, '../backends'));
  const code = `require(${backends}).selectBackend('native').then(
    ({ versions }) => console.log(JSON.stringify({ version: versions.tensorflow })),
    (error) => console.log(JSON.stringify({ wrong: error.message })));`;
  // With this process's own arguments, which may load a compiler for TypeScript.
  const args = [...process.execArgv.filter((arg) => !arg.startsWith('--inspect')), '--eval', code];
  const output = await command(process.execPath, args, { ...progress, env: { HANDGRAD_TFJS_NODE: folder } });
  return JSON.parse(output.split('\n').at(-1)!) as { version: string } | { wrong: string };
}
