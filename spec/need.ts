/**
 * Skips the running test, or all of a suite from its `before`, when a real external part is absent, and says why.
 * Under HANDGRAD_REQUIRE=all it fails instead, so that a machine meant to have everything cannot quietly test less.
 * @param reason what is absent; undefined when nothing is
 */
export function need(context: Mocha.Context, reason: string | undefined): void {
  if (reason === undefined) return;
  if (process.env['HANDGRAD_REQUIRE'] === 'all') throw new Error(`HANDGRAD_REQUIRE=all, but ${reason}`);
  skip(context, reason);
}

/**
 * Skips what needs an NVIDIA GPU where there is none, also under HANDGRAD_REQUIRE=all: hardware is the one thing that
 * nobody can install. The skip is said and counted. Where there is a GPU, nothing is skipped.
 * @param gpus what `nvidiaGpus` answers
 */
export function needNvidia(context: Mocha.Context, gpus: readonly unknown[] | string): void {
  if (typeof gpus === 'string') skip(context, `this machine has no NVIDIA GPU: ${gpus}`);
}

function skip(context: Mocha.Context, reason: string): void {
  console.warn(`      skipped: ${reason}`);
  context.skip();
}
