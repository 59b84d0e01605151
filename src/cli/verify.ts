import type { EventEmitter } from 'node:events';
import { parseByteSize } from '../config/byteSize.ts';
import type { Upkeep } from '../upkeep/upkeep.ts';
import type {
  VerificationEvent,
  VerificationOptions,
  VerificationProgress,
} from '../upkeep/verification/verification.ts';
import { flagText, UsageError, type Command, type CommandContext } from './command.ts';
import { untilSignalled } from './signalledEvents.ts';
import { TransferRate } from './transferRate.ts';
import { runUpkeep, upkeepOptions } from './upkeepTarget.ts';
import { damageLine, doneLine, interruptedLine, resumedLine } from './verifyText.ts';

/** The `verify` command. */
export const verify: Command = {
  name: 'verify',
  summary: 'Hash everything that is held anew, and take what is damaged out of use.',
  details: [
    'Files that do not have their digest any more are moved to quarantine below storage.directory, and',
    'the next pull fetches them anew. It is safe while the mirror runs. An interrupted one goes on where',
    'it was; it can be interrupted with Ctrl-C at any time.',
    '',
    'Exit code 0 when all is well, 1 when something is damaged or it was interrupted.',
    '',
    '--json prints an object a line, each with kind:',
    '  progress   blobs, totalBlobs, bytes, totalBytes, damaged, resumed; at most four times a second',
    '  damaged    digest, size, reason, quarantinedAs (null: there was no file to keep)',
    '  done       as progress, and seconds; the last one',
  ],
  options: {
    ...upkeepOptions,
    rate: {
      type: 'string',
      value: 'SIZE',
      description:
        'Read at most so much a second, such as 50MiB; by default all that the disk gives.',
    },
    restart: {
      type: 'boolean',
      description: 'Begin anew, in the place of going on with one that was interrupted.',
    },
    json: { type: 'boolean', description: 'Print JSON, one object a line.' },
  },
  run: async (context) => {
    const options = { rate: readRate(context), restart: context.flags.has('restart') };
    return runUpkeep(context, (upkeep) =>
      runVerification(upkeep, options, {
        signals: process,
        stdout: context.stdout,
        json: context.flags.has('json'),
        now: () => performance.now(),
      }),
    );
  },
};

/** Where a verification is shown. */
export interface VerificationScreen {
  /** Where SIGTERM and SIGINT arrive: the process, but for tests. */
  readonly signals: EventEmitter;
  readonly stdout: CommandContext['stdout'];
  readonly json: boolean;
  /** A clock that only goes forward, in milliseconds. */
  readonly now: () => number;
}

/** Verifies and shows how it goes. Settles with the exit code: 0 when all is well. */
export async function runVerification(
  upkeep: Pick<Upkeep, 'verify'>,
  options: VerificationOptions,
  { signals, stdout, json, now }: VerificationScreen,
): Promise<number> {
  const shown = json ? jsonLines(stdout) : await bar(stdout, now);
  let damaged = 0;
  let last: VerificationProgress | undefined;
  try {
    const end = await untilSignalled(upkeep.verify(options), { signals, stdout }, (event) => {
      if (event.kind !== 'damaged') damaged = event.damaged;
      if (event.kind === 'progress') last = event;
      shown.event(event);
    });
    if (end === 'ended') return damaged === 0 ? 0 : 1;
    if (end === 'signalled') shown.interrupted(last);
    return 1;
  } finally {
    shown.stop();
  }
}

interface Shown {
  event(event: VerificationEvent): void;
  interrupted(last: VerificationProgress | undefined): void;
  stop(): void;
}

function jsonLines(stdout: CommandContext['stdout']): Shown {
  return {
    event: (event) => void stdout.write(`${JSON.stringify(event)}\n`),
    // Who reads it sees that there is no `done`.
    interrupted: () => undefined,
    stop: () => undefined,
  };
}

async function bar(stdout: CommandContext['stdout'], now: () => number): Promise<Shown> {
  // What draws on a terminal takes 3 MB, which `serve` does without.
  const { createProgress } = await import('./progress.ts');
  const progress = createProgress(stdout, now);
  const speed = new TransferRate(now);
  let isFirst = true;
  const update = (event: VerificationProgress): void => {
    if (isFirst && event.resumed) progress.line(resumedLine(event));
    isFirst = false;
    const { bytes: done, totalBytes: total, damaged } = event;
    const note = damaged === 0 ? undefined : `${damaged} damaged`;
    progress.update([{ label: 'verify', done, total, rate: speed.measure(done), note }]);
  };
  return {
    event: (event) => {
      if (event.kind === 'progress') update(event);
      else if (event.kind === 'damaged') progress.line(damageLine(event));
      else {
        progress.stop();
        progress.line(doneLine(event));
      }
    },
    interrupted: (last) => {
      progress.stop();
      progress.line(interruptedLine(last));
    },
    stop: () => progress.stop(),
  };
}

function readRate(context: CommandContext): number | undefined {
  const text = flagText(context, 'rate');
  if (text === undefined) return undefined;
  const rate = parseByteSize(text);
  if (rate !== undefined && rate > 0) return rate;
  throw new UsageError(`--rate takes a size above zero, such as 50MiB, not "${text}"`);
}
