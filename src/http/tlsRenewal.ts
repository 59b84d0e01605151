/** A certificate with what leads to its issuer, and its key, in PEM form. */
export interface TlsPair {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** What {@link TlsRenewal} is told. */
export interface TlsRenewalOptions {
  /** What is in use now. */
  readonly first: TlsPair;
  /** Reads the files. Rejects when what they hold can't be used. */
  readonly read: () => Promise<TlsPair>;
  /** Takes a new pair into use, for connections to come. */
  readonly use: (pair: TlsPair) => void;
  /** The new files can't be used; what was in use stays. Said once until they change or are right again. */
  readonly failed: (error: unknown) => void;
}

// Certificates are renewed weeks before they end. What takes long is only an operator's patience.
const interval = 10_000;

/**
 * Reads the files of a certificate again while the server runs, and takes them into use where they have
 * changed. They are looked at, not watched: a watch is lost when a file is replaced, or when a symbolic link
 * on the way to it is turned, as certbot and Kubernetes do. A renewal that is half done shows as a key that
 * does not belong to its certificate, and is whole at the next look.
 */
export class TlsRenewal {
  readonly #options: TlsRenewalOptions;
  #pair: TlsPair;
  #failure: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: TlsRenewalOptions) {
    this.#options = options;
    this.#pair = options.first;
  }

  /** Looks at the files from time to time. Does not keep the process alive. */
  start(): void {
    this.#timer ??= setInterval(() => void this.look(), interval).unref();
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Looks at the files now; one look at a time. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    try {
      const pair = await this.#options.read();
      if (!isSamePair(pair, this.#pair)) {
        this.#options.use(pair);
        this.#pair = pair;
      }
      this.#failure = undefined;
    } catch (error) {
      const failure = String(error);
      if (failure !== this.#failure) this.#options.failed(error);
      this.#failure = failure;
    }
  }
}

function isSamePair(one: TlsPair, other: TlsPair): boolean {
  return one.certificate.equals(other.certificate) && one.key.equals(other.key);
}
