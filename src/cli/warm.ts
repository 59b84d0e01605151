import type { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { describeReadFailure } from '../config/readFailure.ts';
import { parseImageName } from '../registry/imageName.ts';
import { parsePlatform } from '../registry/platform.ts';
import type { Upkeep } from '../upkeep/upkeep.ts';
import type { WarmingOptions } from '../upkeep/warming/warming.ts';
import { flagTexts, UsageError, type Command, type CommandContext } from './command.ts';
import { imagesInFile } from './imageFiles/imageFile.ts';
import { ImageFileError } from './imageFiles/imageFileError.ts';
import { untilSignalled } from './signalledEvents.ts';
import { runUpkeep, upkeepOptions, type OpenedUpkeep } from './upkeepTarget.ts';
import { WarmingReport } from './warmingReport.ts';

/** The `warm` command. */
export const warm: Command = {
  name: 'warm',
  summary: 'Fetch images into the cache before anybody asks for them.',
  details: [
    'An image counts against the pull limit as it does for a client, and the reserve is left alone.',
    'A file is a list with one name a line, a Compose file, or Kubernetes manifests; which of them it is',
    'is found out. Variables of a Compose file are taken from the environment.',
    '',
    '--json prints one event a line: an object with kind and, of',
    '  progress  image, bytes, totalBytes, fetchedBytes',
    '  warmed    image, digest, platforms, bytes, fetchedBytes, seconds',
    '  failed    image, reason',
    '  done      warmed, failed, fetchedBytes, seconds',
    'It ends with 1 when an image could not be had, or not all of it.',
  ],
  arguments: ['IMAGE…'],
  options: {
    file: {
      type: 'string',
      short: 'f',
      value: 'FILE',
      repeatable: true,
      description: 'Warm the images that are named in this file, or in standard input (-).',
    },
    platform: {
      type: 'string',
      value: 'LIST',
      repeatable: true,
      description: 'linux/amd64,linux/arm64 or all; by default the one of the mirror.',
    },
    json: { type: 'boolean', description: 'Print JSON, one event a line.' },
    ...upkeepOptions,
  },
  run: async (context) => {
    const platforms = readPlatforms(context);
    try {
      const options = { platforms, images: await readImages(context) };
      const { flags, stdout } = context;
      const screen = { signals: process, stdout, json: flags.has('json'), now: monotonicNow };
      const work = (upkeep: Upkeep, { throughMirror }: OpenedUpkeep): Promise<number> =>
        runWarming(upkeep, options, { ...screen, throughMirror });
      return await runUpkeep(context, work, { creates: true });
    } catch (error) {
      if (!(error instanceof ImageFileError)) throw error;
      context.stderr.write(`pullthrough: ${error.message}\n`);
      return 2;
    }
  },
};

/** Where a warming is shown. */
export interface WarmingScreen {
  /** Where SIGTERM and SIGINT arrive: the process, but for tests. */
  readonly signals: EventEmitter;
  readonly stdout: CommandContext['stdout'];
  readonly json: boolean;
  /** Whether a running mirror does it, which goes on by itself with what it has begun. */
  readonly throughMirror: boolean;
  /** A clock that only goes forward, in milliseconds. */
  readonly now: () => number;
}

async function shownReport(stdout: CommandContext['stdout'], now: () => number) {
  // What draws on a terminal takes 3 MB, which `serve` does without.
  const { createProgress } = await import('./progress.ts');
  return new WarmingReport(createProgress(stdout, now), now);
}

/** Warms and shows how it goes. Settles with the exit code: 0 when all is here. */
export async function runWarming(
  upkeep: Pick<Upkeep, 'warm'>,
  options: WarmingOptions,
  { signals, stdout, json, throughMirror, now }: WarmingScreen,
): Promise<number> {
  const report = json ? jsonLines(stdout) : await shownReport(stdout, now);
  let code = 1;
  try {
    const end = await untilSignalled(upkeep.warm(options), { signals, stdout }, (event) => {
      if (event.kind === 'done' && event.failed === 0) code = 0;
      report.tell(event);
    });
    if (end === 'signalled') report.interrupted(throughMirror);
    return code;
  } finally {
    report.end();
  }
}

function jsonLines(
  stdout: CommandContext['stdout'],
): Pick<WarmingReport, 'tell' | 'interrupted' | 'end'> {
  return {
    tell: (event) => void stdout.write(`${JSON.stringify(event)}\n`),
    // Who reads it sees that there is no `done`.
    interrupted: () => undefined,
    end: () => undefined,
  };
}

function monotonicNow(): number {
  return performance.now();
}

function readPlatforms(context: CommandContext): readonly string[] {
  const platforms = flagTexts(context, 'platform').flatMap((list) => list.split(','));
  const wrong = platforms.find((one) => one !== 'all' && parsePlatform(one) === undefined);
  if (wrong === undefined) return platforms;
  throw new UsageError(
    `--platform takes a list such as linux/amd64,linux/arm/v7, or all: ${wrong}`,
  );
}

async function readImages(context: CommandContext): Promise<readonly string[]> {
  const wrong = context.arguments.find((name) => parseImageName(name) === undefined);
  if (wrong !== undefined) {
    throw new UsageError(`${JSON.stringify(wrong)} is no name of an image, such as alpine:3.20`);
  }
  const images = [...context.arguments];
  const files = flagTexts(context, 'file');
  if (images.length === 0 && files.length === 0) {
    throw new UsageError('warm needs names of images, or a file with them: warm IMAGE… -f FILE');
  }
  for (const file of new Set(files)) {
    images.push(...imagesInFile(shownName(file), await readText(file), context.environment));
  }
  if (images.length > 0) return [...new Set(images)];
  const shown = [...new Set(files)].map(shownName);
  throw new ImageFileError(`${shown.join(', ')} ${shown.length === 1 ? 'names' : 'name'} no image`);
}

function shownName(file: string): string {
  return file === '-' ? 'standard input' : file;
}

async function readText(file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ImageFileError(`${file}: ${describeReadFailure(error)}`);
  }
}
