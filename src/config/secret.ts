import { inspect } from 'node:util';

const mask = '[secret]';

/**
 * A value that must never reach a log, an error or an answer: every usual way of turning it into text
 * gives `[secret]`. Only {@link Secret.reveal} gives the value.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, for the one place that sends it to where it belongs. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [inspect.custom](): string {
    return mask;
  }
}
