import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

const shownLogLines = 120;

/** The place where one test works: a directory of its own, and everything that must end with it. */
export interface Bench {
  readonly directory: string;
  /** Registers what to do at the end; what was registered last is done first. */
  onClose(action: () => Promise<void>): void;
  /** Registers an output to be printed when the test fails. */
  keepLog(title: string, read: () => string): void;
}

/** Makes a test of what is done on a bench: it is closed, and its directory removed, however the test ends. */
export function onBench(
  body: (bench: Bench) => Promise<void>,
): (context: TestContext) => Promise<void> {
  return async (context) => {
    const directory = await mkdtemp(join(tmpdir(), 'pullthrough-e2e-'));
    const actions = [async () => rm(directory, { recursive: true, force: true })];
    const logs: { title: string; read: () => string }[] = [];
    const failures = await failuresOf([
      async () =>
        body({
          directory,
          onClose: (action) => actions.push(action),
          keepLog: (title, read) => logs.push({ title, read }),
        }),
    ]);
    failures.push(...(await failuresOf(actions.toReversed())));
    if (failures.length === 0) return;
    for (const { title, read } of logs) context.diagnostic(`${title}\n${lastLines(read())}`);
    throw failures.length === 1 ? failures[0] : new AggregateError(failures);
  };
}

/** Does one after the other, whatever fails, so that nothing is left running. */
async function failuresOf(actions: readonly (() => Promise<void>)[]): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const action of actions) await action().catch((error: unknown) => failures.push(error));
  return failures;
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-shownLogLines).join('\n');
}
