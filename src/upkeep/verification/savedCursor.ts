import type { VerificationCursor } from './verificationCursor.ts';

/** How a cursor is written down. */
export interface SavedCursorOptions {
  readonly save: (cursor: VerificationCursor) => Promise<void>;
  /** Milliseconds between two times. */
  readonly every: number;
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonicNow: () => number;
  /** The cursor could not be written down: who goes on there goes over something again, no more. */
  readonly failed: (error: unknown) => void;
}

/** A cursor that is written down now and then while it moves. */
export class SavedCursor {
  readonly #options: SavedCursorOptions;
  #savedAt: number;
  #unsaved: VerificationCursor | undefined;

  constructor(options: SavedCursorOptions) {
    this.#options = options;
    this.#savedAt = options.monotonicNow();
  }

  /** It has moved, and is written down if it was not for some time, or if it is urgent. */
  async move(cursor: VerificationCursor, urgent: boolean): Promise<void> {
    this.#unsaved = cursor;
    const { every, monotonicNow } = this.#options;
    if (urgent || monotonicNow() - this.#savedAt >= every) await this.save();
  }

  /** Writes down where it is; never fails. */
  async save(): Promise<void> {
    const cursor = this.#unsaved;
    if (cursor === undefined) return;
    this.#unsaved = undefined;
    this.#savedAt = this.#options.monotonicNow();
    try {
      await this.#options.save(cursor);
    } catch (error) {
      this.#options.failed(error);
    }
  }
}
