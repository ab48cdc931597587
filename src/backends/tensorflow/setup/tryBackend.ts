import path from 'node:path';
import { lastWords, runScript } from '../../runScript';
import type { Progress } from './command';

/**
 * Starts the tensorflow backend of a folder in a separate process, which also checks its arithmetic.
 * @param folder has tfjs-node in its node_modules
 * @returns TensorFlow's version, or a sentence with the reason why it does not work
 */
export async function tryBackend(
  folder: string,
  { signal }: Progress,
): Promise<{ version: string } | { wrong: string }> {
  const backends = JSON.stringify(path.join(__dirname, '../..'));
  const code = `require(${backends}).selectBackend('tensorflow').then(
    ({ versions }) => process.send({ version: versions.tensorflow }),
    (error) => process.send({ wrong: error.message }));`;
  const end = await runScript(code, { env: { HANDGRAD_TFJS_NODE: folder }, signal });
  signal?.throwIfAborted();
  return (end.answer as { version: string } | { wrong: string } | undefined) ?? { wrong: lastWords(end) };
}
