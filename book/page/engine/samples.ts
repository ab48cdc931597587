import type { Samples } from '../../../src/data/samples';
import type { About } from '../about';

/** The training and the test samples, out of the file that the build wrote. */
export async function loadSamples(about: About): Promise<{ train: Samples; test: Samples }> {
  const response = await fetch(new URL('./samples.bin', import.meta.url));
  if (!response.ok) throw new Error(`samples.bin is missing (status ${response.status})`);
  const stream = response.body!.pipeThrough(new DecompressionStream('gzip'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const [height, width] = about.imageShape;
  const numInputs = height * width;
  let at = 0;
  const take = (count: number) => bytes.subarray(at, (at += count));
  const features = [take(about.trainCount * numInputs), take(about.testCount * numInputs)];
  const [train, test] = [about.trainCount, about.testCount].map((count, part): Samples => {
    return { features: features[part]!, labels: Int32Array.from(take(count)), scale: 1 / 255, count, numInputs };
  });
  return { train: train!, test: test! };
}
