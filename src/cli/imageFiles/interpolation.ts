/** A text with variables makes no sense, or one of them has no value. */
export class InterpolationError extends Error {
  override readonly name = 'InterpolationError';
}

/** Of a text that is read, what it comes to; put off, for only the branch that is taken may fail. */
type Piece = () => string;

const namePattern = /[A-Za-z_][A-Za-z0-9_]*/y;
const operatorPattern = /:?[-?+]/y;
// Braces within braces; each is a call.
const deepest = 50;

/**
 * Fills in variables as the Compose specification has it: `$VAR`, `${VAR}`, `${VAR:-default}`,
 * `${VAR-default}`, `${VAR:?message}`, `${VAR?message}`, `${VAR:+other}`, `${VAR+other}` and `$$` for a
 * dollar. Stricter than Compose in one thing: a variable without value or default is no empty text.
 * @throws {InterpolationError}
 */
export function interpolate(text: string, environment: NodeJS.ProcessEnv): string {
  return new Interpolation(text, environment).read(0)();
}

class Interpolation {
  readonly #text: string;
  readonly #environment: NodeJS.ProcessEnv;
  #at = 0;

  constructor(text: string, environment: NodeJS.ProcessEnv) {
    this.#text = text;
    this.#environment = environment;
  }

  /** Reads up to the end, or, within braces, up to the one that closes them. */
  read(depth: number): Piece {
    if (depth > deepest) throw this.#malformed();
    const pieces: Piece[] = [];
    for (; this.#at < this.#text.length;) {
      const character = this.#text.charAt(this.#at);
      if (character === '}' && depth > 0) break;
      this.#at += 1;
      pieces.push(character === '$' ? this.#variable(depth) : () => character);
    }
    return () => pieces.map((piece) => piece()).join('');
  }

  /** What follows a dollar. */
  #variable(depth: number): Piece {
    if (this.#take('$')) return () => '$';
    if (!this.#take('{')) return this.#plain(this.#match(namePattern));
    const name = this.#match(namePattern);
    const operator = this.#text.charAt(this.#at) === '}' ? '' : this.#match(operatorPattern);
    const operand = operator === '' ? () => '' : this.read(depth + 1);
    if (!this.#take('}')) throw this.#malformed();
    return operator === '' ? this.#plain(name) : this.#conditional(name, operator, operand);
  }

  #plain(name: string): Piece {
    return () => {
      const value = this.#value(name);
      if (value !== undefined) return value;
      throw new InterpolationError(`the variable ${name} is not set, and has no default`);
    };
  }

  #conditional(name: string, operator: string, operand: Piece): Piece {
    return () => {
      const value = this.#value(name);
      const counts = value !== undefined && (value !== '' || !operator.startsWith(':'));
      if (operator.endsWith('+')) return counts ? operand() : '';
      if (counts) return value;
      if (operator.endsWith('-')) return operand();
      const message = operand();
      throw new InterpolationError(
        `the variable ${name} is needed${message === '' ? '' : `: ${message}`}`,
      );
    };
  }

  #value(name: string): string | undefined {
    return Object.hasOwn(this.#environment, name) ? this.#environment[name] : undefined;
  }

  #take(character: string): boolean {
    if (this.#text.charAt(this.#at) !== character) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) throw this.#malformed();
    this.#at += found.length;
    return found;
  }

  #malformed(): InterpolationError {
    return new InterpolationError(
      `${JSON.stringify(this.#text)} has a $ that begins no variable; a dollar is written $$`,
    );
  }
}
