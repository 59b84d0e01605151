import type { BigIntStats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { CredentialError } from './credentialError.ts';
import type { CredentialFailed } from './credentialSource.ts';

/** What a watched file is read with. */
export interface WatchedFileOptions<T> {
  readonly path: string;
  /** Reads the content; throws a {@link CredentialError} when there is nothing of use in it. */
  readonly parse: (content: Buffer) => T;
  /** What the file held when the process started, if it is known. */
  readonly first?: T | undefined;
  readonly failed: CredentialFailed;
}

/**
 * A file that is read again when it has changed: written anew, replaced, or reached through a symbolic link
 * that was turned, as Kubernetes does with `..data`. While it is missing or holds nothing of use, which it
 * may be in the middle of that, what it held last stays in force.
 */
export class WatchedFile<T> {
  readonly #options: WatchedFileOptions<T>;
  #known: T | undefined;
  #version: string | undefined;
  #isFailing = false;

  constructor(options: WatchedFileOptions<T>) {
    this.#options = options;
    this.#known = options.first;
  }

  /** What the file holds, or held last. Costs one `stat` when it did not change. */
  async read(): Promise<T> {
    try {
      // Before the file is read: a change in between shows the next time.
      const version = versionOf(await stat(this.#options.path, { bigint: true }));
      if (this.#known === undefined || version !== this.#version) {
        this.#known = this.#options.parse(await readFile(this.#options.path));
        this.#version = version;
      }
      this.#isFailing = false;
      return this.#known;
    } catch (error) {
      return this.#lastKnown(this.#describe(error));
    }
  }

  #lastKnown(error: CredentialError): T {
    if (!this.#isFailing) this.#options.failed(error);
    this.#isFailing = true;
    if (this.#known === undefined) throw error;
    return this.#known;
  }

  #describe(error: unknown): CredentialError {
    const { path } = this.#options;
    if (error instanceof CredentialError) return new CredentialError(`${path}: ${error.message}`);
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return new CredentialError(`${path} cannot be read: ${code}`);
  }
}

/** Differs where the content may differ. The time of a change counts down to the nanosecond. */
function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}
