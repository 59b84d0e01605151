// RFC 9110 §5.6.2.
const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
// More than a token: addresses and padded base64 are also met without the quotes they need.
const bareValue = /[^\s,;"]+/y;
const whitespace = /[ \t]*/y;
const beforeCommaOrQuote = /[^,"]*/y;

/**
 * A position in an HTTP field value (RFC 9110 §5.6) that only moves forward, so that a parser built
 * on it takes time linear in the length of the value, whatever a far side sends.
 */
export class FieldScanner {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether everything has been read. */
  get atEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  /** Reads what a sticky pattern matches here; `undefined`, without moving, where it does not. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text)?.[0];
    this.#position += found?.length ?? 0;
    return found;
  }

  /** Reads a token, in lower case; RFC 9110 compares schemes and parameter names without case. */
  takeToken(): string | undefined {
    return this.take(token)?.toLowerCase();
  }

  /** Skips white space, then reads `character` if it comes next; tells whether it did. */
  takeCharacter(character: string): boolean {
    this.skipWhitespace();
    const found = this.#text[this.#position] === character;
    if (found) this.#position += 1;
    return found;
  }

  /** Reads the value of a parameter, quoted or not; `undefined` where there is none. */
  takeValue(): string | undefined {
    this.skipWhitespace();
    return this.#text[this.#position] === '"' ? this.#takeQuoted() : this.take(bareValue);
  }

  /** Moves past spaces and tabs. */
  skipWhitespace(): void {
    this.take(whitespace);
  }

  /** Moves to the comma that ends this element of a list, or to the end. */
  skipElement(): void {
    this.take(beforeCommaOrQuote);
    while (this.#text[this.#position] === '"') {
      this.#takeQuoted();
      this.take(beforeCommaOrQuote);
    }
  }

  /** A quoted-string without quotes and escapes; `undefined`, and at the end, if it never closes. */
  #takeQuoted(): string | undefined {
    let value = '';
    for (let index = this.#position + 1; index < this.#text.length; index += 1) {
      if (this.#text[index] === '"') {
        this.#position = index + 1;
        return value;
      }
      if (this.#text[index] === '\\') index += 1;
      value += this.#text[index] ?? '';
    }
    this.#position = this.#text.length;
    return undefined;
  }
}
