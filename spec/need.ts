/**
 * Skips the running test, or all of a suite from its `before`, when a real external part is absent, and says why.
 * Under HANDGRAD_REQUIRE=all it fails instead, so that a machine meant to have everything cannot quietly test less.
 * @param reason what is absent; undefined when nothing is
 */
export function need(context: Mocha.Context, reason: string | undefined): void {
  if (reason === undefined) return;
  if (process.env['HANDGRAD_REQUIRE'] === 'all') throw new Error(`HANDGRAD_REQUIRE=all, but ${reason}`);
  console.warn(`      skipped: ${reason}`);
  context.skip();
}
