import { runUntilSignalled } from '../../src/cli/lifecycle.ts';

/** A process that runs until a signal; with `hangs` it never finishes to stop. It tells both on stdout. */
const keepAlive = setInterval(() => {}, 60_000);

async function stop(): Promise<void> {
  process.stdout.write('stopping\n');
  if (process.argv[2] === 'hangs') await new Promise<never>(() => {});
  clearInterval(keepAlive);
}

const result = runUntilSignalled(
  async () => {
    process.stdout.write('ready\n');
    return { stop };
  },
  {
    signals: process,
    shutdownTimeout: 60_000,
    now: () => performance.now(),
    report: (line) => process.stderr.write(line),
    exit: (code) => process.exit(code),
  },
);
process.exitCode = await result;
