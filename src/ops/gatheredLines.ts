import type { DestinationStream } from 'pino';

// Characters; a burst is written in pieces of this.
const enough = 64 * 1024;

/**
 * Lines that are written at the end of the event loop's turn, all of it at once: a write takes 2 µs, and under
 * load the answers of a turn are a dozen and more. What is written in between is lost by a process that is
 * killed; one that ends otherwise, an uncaught error included, has to {@link flush}.
 */
export class GatheredLines implements DestinationStream {
  readonly #destination: DestinationStream;
  #gathered = '';
  #isDue = false;

  constructor(destination: DestinationStream) {
    this.#destination = destination;
  }

  write(line: string): void {
    this.#gathered += line;
    if (this.#gathered.length >= enough) this.flush();
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.flush();
    });
  }

  /** Writes what is gathered now. */
  flush(): void {
    if (this.#gathered === '') return;
    const text = this.#gathered;
    this.#gathered = '';
    this.#destination.write(text);
  }
}
