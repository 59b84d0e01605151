/** What {@link FileRenewal} is told. */
export interface FileRenewalOptions<Content> {
  /** What is in use now. */
  readonly first: Content;
  /** Reads the files. Rejects when what they hold can't be used. */
  readonly read: () => Promise<Content>;
  /** Whether two readings hold the same. */
  readonly isSame: (one: Content, other: Content) => boolean;
  /** Takes what the files hold now into use. */
  readonly use: (content: Content) => void;
  /** What the files hold now can't be used; what was in use stays. Said once until they change or are right again. */
  readonly failed: (error: unknown) => void;
}

// What takes long is only the patience of an operator, who has changed a password, say. Certificates are
// renewed weeks before they end.
const interval = 10_000;

/**
 * Reads files again while the mirror runs, and takes what they hold into use where it has changed. They are
 * looked at, not watched: a watch is lost when a file is replaced, or when a symbolic link on the way to it is
 * turned, as certbot and Kubernetes do. A change that is half done shows as one that can't be used, such as a key
 * that does not belong to its certificate, and is whole at the next look.
 */
export class FileRenewal<Content> {
  readonly #options: FileRenewalOptions<Content>;
  #content: Content;
  #failure: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: FileRenewalOptions<Content>) {
    this.#options = options;
    this.#content = options.first;
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
    const { read, isSame, use, failed } = this.#options;
    try {
      const content = await read();
      if (!isSame(content, this.#content)) {
        use(content);
        this.#content = content;
      }
      this.#failure = undefined;
    } catch (error) {
      const failure = String(error);
      if (failure !== this.#failure) failed(error);
      this.#failure = failure;
    }
  }
}
