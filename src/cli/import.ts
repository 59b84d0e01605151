import { open, type FileHandle } from 'node:fs/promises';
import { describeReadFailure } from '../config/readFailure.ts';
import { parseImageName } from '../registry/imageName.ts';
import type { ImportReport } from '../upkeep/carrying/carrying.ts';
import type { Upkeep } from '../upkeep/upkeep.ts';
import { UpkeepError } from '../upkeep/upkeepError.ts';
import { flagText, UsageError, type Command, type CommandContext } from './command.ts';
import { jsonObject } from './output.ts';
import { showBytes } from './statsUnits.ts';
import { plainText, showNumber } from './textTable.ts';
import { runUpkeep, upkeepOptions } from './upkeepTarget.ts';

/** The `import` command. */
export const importImages: Command = {
  name: 'import',
  summary: 'Take in images from an archive that export, skopeo, ctr or podman wrote.',
  details: [
    'FILE is a tar of an OCI image layout, compressed with gzip or not; "-" is standard input. Its images are',
    'served under the names that it says, until the upstream, where there is one, says otherwise. An image of',
    'which it says only the tag, or nothing, is one of the repository of --name.',
    '',
    '--json prints one object: images (name, digest, complete), blobs and bytes (that were not in the cache).',
  ],
  arguments: ['FILE'],
  options: {
    ...upkeepOptions,
    name: {
      type: 'string',
      value: 'REPOSITORY',
      description: 'Repository of the images that say no whole name: docker.io/library/alpine.',
    },
    json: { type: 'boolean', description: 'Print one JSON object.' },
  },
  run: async (context) => {
    const [path, ...rest] = context.arguments;
    if (path === undefined || rest.length > 0) {
      throw new UsageError('import takes one archive: import FILE, or - for standard input');
    }
    if (path === '-' && process.stdin.isTTY) {
      throw new UsageError('import - reads an archive from a pipe, not from a terminal');
    }
    const name = readName(context);
    const archive = await openArchive(path);
    const work = async (upkeep: Upkeep): Promise<number> => {
      const report = await upkeep.import(archive.chunks, name);
      const text = context.flags.has('json') ? jsonObject(report) : plainText(lines(report));
      context.stdout.write(text);
      return 0;
    };
    try {
      return await runUpkeep(context, work, { creates: true });
    } finally {
      archive.close();
    }
  },
};

function readName(context: CommandContext): string | undefined {
  const name = flagText(context, 'name');
  if (name === undefined || parseImageName(name) !== undefined) return name;
  throw new UsageError(`--name takes a repository, such as docker.io/library/alpine: ${name}`);
}

interface OpenedArchive {
  readonly chunks: AsyncIterable<Uint8Array>;
  close(): void;
}

/** Before anything else: a file that can't be read is a wrong argument, whoever is to import it. */
async function openArchive(path: string): Promise<OpenedArchive> {
  if (path === '-') return { chunks: process.stdin, close: () => {} };
  const file = await openFile(path);
  // Waits for what is being read, which may be a pipe that nobody writes to.
  const close = (): void => void file.close().catch(() => undefined);
  return { chunks: chunksOf(file, path), close };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path);
    if (!(await file.stat()).isDirectory()) return file;
    await file.close();
  } catch (error) {
    throw new UsageError(`${path}: ${describeReadFailure(error)}`);
  }
  throw new UsageError(`${path}: expected an archive: it is a directory`);
}

async function* chunksOf(file: FileHandle, path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* file.createReadStream();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UpkeepError('failed', `${path} can't be read: ${reason}`, { cause: error });
  }
}

function lines({ images, blobs, bytes }: ImportReport): readonly string[] {
  return [
    ...images.map(({ name, complete }) => {
      return complete ? name : `${name} (incomplete: some of it is not in the archive)`;
    }),
    `${showNumber(blobs, 'blob')}, ${showBytes(bytes)}, that the cache did not have.`,
  ];
}
