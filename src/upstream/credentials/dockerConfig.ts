import type { Credential } from '../account.ts';
import {
  askCredentialHelper,
  type CredentialHelper,
  type HelperSurroundings,
} from './credentialHelper.ts';
import type { CredentialFailed, CredentialSource } from './credentialSource.ts';
import { readDockerConfigEntry, type DockerConfigEntry } from './dockerConfigEntry.ts';
import { KeptCredential } from './keptCredential.ts';
import { WatchedFile } from './watchedFile.ts';

/** What Docker's `config.json` is read with. */
export interface DockerConfigOptions extends HelperSurroundings {
  readonly path: string;
  /** The registry's names in it, the one first that a credential helper is asked for. */
  readonly names: readonly string[];
  /** Milliseconds for which a credential helper's answer is used. */
  readonly life: number;
  readonly failed: CredentialFailed;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

/** The credential that Docker's `config.json` has for a registry, or that it names a credential helper for. */
export function dockerConfig(options: DockerConfigOptions): CredentialSource {
  const source = new DockerConfig(options);
  return () => source.read();
}

class DockerConfig {
  readonly #options: DockerConfigOptions;
  readonly #file: WatchedFile<DockerConfigEntry>;
  /** What the helper of the file's current version answered. */
  #asked: { readonly helper: CredentialHelper; readonly kept: KeptCredential } | undefined;

  constructor(options: DockerConfigOptions) {
    const { path, names, failed } = options;
    this.#options = options;
    this.#file = new WatchedFile({
      path,
      failed,
      parse: (content) => readDockerConfigEntry(content, names),
    });
  }

  async read(): Promise<Credential> {
    const entry = await this.#file.read();
    if ('credential' in entry) return entry.credential;
    return await this.#answerOf(entry.helper).read();
  }

  #answerOf(helper: CredentialHelper): KeptCredential {
    if (this.#asked?.helper === helper) return this.#asked.kept;
    const get = (): Promise<Credential> => askCredentialHelper(helper, this.#options);
    this.#asked = { helper, kept: new KeptCredential({ ...this.#options, get }) };
    return this.#asked.kept;
  }
}
