/**
 * Runs a measurement as a program: what it fails with is told and is the program's failure. Its signal aborts when
 * the time is up.
 */
export async function runWithin(
  minutes: number,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const timeUp = AbortSignal.timeout(minutes * 60_000);
  try {
    await run(timeUp);
  } catch (error) {
    const why = timeUp.aborted ? `not done in ${minutes} minutes\n` : '';
    process.stderr.write(`${why}${String(error)}\n`);
    process.exitCode = 1;
  }
}
