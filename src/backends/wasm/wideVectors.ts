import v8 from 'node:v8';

/** V8's own name for it: "revectorization". */
const FLAG = '--experimental-wasm-revectorize';

/**
 * Lets V8 put pairs of WebAssembly's vectors, 4 numbers each, into one of the processor's, 8 numbers (AVX2).
 * The operations and their order stay what they are, and so do the bits; XNNPACK's products take half the time.
 *
 * V8 counts it among its experiments. It is switched on from Node 24 on (Node 20 does not have it, in 22 it
 * gains little), on processors of the x64 kind, unless Node was started with the flag or its opposite, `node
 * --no-experimental-wasm-revectorize`. It is a setting of the whole process and counts for WebAssembly that
 * is compiled from then on.
 */
export function useWideVectors(): void {
  const decided = process.execArgv.some((argument) => argument.replaceAll('_', '-').endsWith(FLAG.slice(2)));
  const [major] = process.versions.node.split('.').map(Number);
  if (!decided && major! >= 24 && process.arch === 'x64') v8.setFlagsFromString(FLAG);
}
