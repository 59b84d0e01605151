import { basename, dirname, join } from 'node:path';
import { digestAlgorithm, digestHex, parseDigest, type Digest } from '../registry/digest.ts';

/**
 * Where things lie on disk. The version stands in the path, so that a later format can never misread
 * the files of this one.
 */
export class StoreLayout {
  /** The directory that the operator named. */
  readonly directory: string;
  /** Everything of this format. */
  readonly root: string;
  /** The catalog's database. */
  readonly catalog: string;
  /** Blobs that are not complete; on the same file system as the finished ones, for rename. */
  readonly incoming: string;
  /** Finished blobs, under names that they hashed to. */
  readonly blobs: string;
  /** Files that turned out not to be the blobs that they were named after. */
  readonly quarantine: string;

  constructor(directory: string) {
    this.directory = directory;
    this.root = join(directory, 'v1');
    this.catalog = join(this.root, 'catalog.sqlite');
    this.incoming = join(this.root, 'incoming');
    this.blobs = join(this.root, 'blobs');
    this.quarantine = join(this.root, 'quarantine');
  }

  /** A file for a blob that is not complete; of one digest there can be several, told apart by `id`. */
  incomingFile(digest: Digest, id: string): string {
    return join(this.incoming, `${digestAlgorithm(digest)}-${digestHex(digest)}.${id}`);
  }

  /** The digest of a file in {@link incoming}; `undefined` when it is none of a blob. */
  incomingDigest(path: string): Digest | undefined {
    const [name = ''] = basename(path).split('.', 1);
    return parseDigest(name.replace('-', ':'));
  }

  /** A file for a damaged blob that was found at `time`, in ms since the epoch. */
  quarantineFile(digest: Digest, time: number): string {
    const found = new Date(time).toISOString().replaceAll(/[^\dTZ]/g, '');
    return join(this.quarantine, `${digestAlgorithm(digest)}-${digestHex(digest)}.${found}`);
  }

  /** When the file of {@link quarantineFile} was found, in ms since the epoch; `undefined` for another. */
  quarantineTime(path: string): number | undefined {
    const found = /\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/.exec(basename(path));
    if (found === null) return undefined;
    const [year = 0, month = 0, ...rest] = found.slice(1).map(Number);
    const [day = 0, hour = 0, minute = 0, second = 0, millisecond = 0] = rest;
    return Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
  }

  /** The directory of a finished blob. */
  blobDirectory(digest: Digest): string {
    return dirname(this.blobFile(digest));
  }

  /** The file of a finished blob. */
  blobFile(digest: Digest): string {
    return join(this.blobs, blobFileName(digest));
  }
}

/**
 * The path of a finished blob below {@link StoreLayout.blobs}, with slashes: two hex digits deep, so that no
 * directory grows too large to list.
 */
export function blobFileName(digest: Digest): string {
  const hex = digestHex(digest);
  return `${digestAlgorithm(digest)}/${hex.slice(0, 2)}/${hex}`;
}
