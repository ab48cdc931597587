import type { Progress, Reply, Request, Requests } from './worker';

/** The worker, as the page sees it. */
export interface Engine {
  /** @throws Error when it cannot be answered */
  ask<N extends keyof Requests>(name: N, ...args: Parameters<Requests[N]>): Promise<ReturnType<Requests[N]>>;
}

/** Starts the worker. */
export function startEngine(onProgress: (progress: Progress) => void): Engine {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  const waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>();
  let asked = 0;
  worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
    if ('progress' in data) return onProgress(data.progress);
    const { resolve, reject } = waiting.get(data.id)!;
    waiting.delete(data.id);
    if ('error' in data) reject(new Error(data.error));
    else resolve(data.answer as never);
  });
  worker.addEventListener('error', (event) => {
    for (const { reject } of waiting.values()) reject(new Error(event.message || 'The worker does not start.'));
    waiting.clear();
  });
  return {
    ask(name, ...args) {
      const id = asked++;
      worker.postMessage({ id, name, args } satisfies Request);
      return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    },
  };
}
