import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UpkeepError } from '../upkeep/upkeepError.ts';
import { flagText, flagTexts, UsageError, type Command, type CommandContext } from './command.ts';
import { isBrokenPipe } from './output.ts';
import { showBytes } from './statsUnits.ts';
import { plainText, showNumber } from './textTable.ts';
import { runUpkeep, upkeepOptions } from './upkeepTarget.ts';
import { writeWholeFile } from './wholeFile.ts';

/** The `export` command. */
export const exportImages: Command = {
  name: 'export',
  summary: 'Write images to an archive, for networks without an upstream.',
  details: [
    'The archive is a tar of an OCI image layout, which import, skopeo (oci-archive:FILE:NAME) and',
    '"ctr images import" read; NAME is the whole name, such as docker.io/library/alpine:3.20.',
    '',
    'An image has to be in the cache whole, for one platform at least, or for each that was asked for:',
    '"pullthrough warm IMAGE" fetches what is missing. Of one for several platforms, those that are whole',
    'are written. A file gets its name when it is complete.',
  ],
  arguments: ['IMAGE…'],
  options: {
    ...upkeepOptions,
    output: {
      type: 'string',
      short: 'o',
      value: 'FILE',
      description: 'The file to write; "-", or none, for a pipe at standard output.',
    },
    platform: {
      type: 'string',
      value: 'LIST',
      repeatable: true,
      description: 'These platforms alone, each of them whole: linux/amd64,linux/arm64.',
    },
  },
  run: async (context) => {
    if (context.arguments.length === 0) {
      throw new UsageError('export needs an image: export IMAGE… -o FILE');
    }
    const write = chosenTarget(context);
    const platforms = flagTexts(context, 'platform').flatMap((list) => list.split(','));
    return runUpkeep(context, async (upkeep) => {
      const counted = new CountedBytes(upkeep.export({ images: context.arguments, platforms }));
      await write(counted.chunks());
      context.stderr.write(plainText([summary(context.arguments, counted.bytes)]));
      return 0;
    });
  },
};

type WriteArchive = (chunks: AsyncIterable<Uint8Array>) => Promise<void>;

/** A terminal would take the bytes for commands. */
function chosenTarget(context: CommandContext): WriteArchive {
  const path = flagText(context, 'output') ?? '-';
  if (path !== '-')
    return (chunks) => untilSignalled((signal) => writeWholeFile(path, chunks, signal));
  const stdout: Writable & { readonly isTTY?: boolean } = context.stdout;
  if (stdout.isTTY === true) {
    throw new UsageError('an archive is not written to a terminal: give -o FILE');
  }
  return (chunks) => writeToPipe(stdout, chunks);
}

async function writeToPipe(stdout: Writable, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    await pipeline(Readable.from(chunks, { objectMode: false }), stdout, { end: false });
  } catch (error) {
    if (!isBrokenPipe(error)) throw error;
    throw new UpkeepError('failed', 'who read the archive has left', { cause: error });
  }
}

/** SIGINT and SIGTERM end the work, which then tidies up; a second one ends the process as usual. */
async function untilSignalled(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, stop);
  try {
    await work(stopping.signal);
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, stop);
  }
}

class CountedBytes {
  readonly #source: AsyncIterable<Uint8Array>;
  #bytes = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source) {
      this.#bytes += chunk.length;
      yield chunk;
    }
  }
}

function summary(images: readonly string[], bytes: number): string {
  return `Exported ${showNumber(new Set(images).size, 'image')}, ${showBytes(bytes)}.`;
}
