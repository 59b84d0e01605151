import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';

/** Where a password comes from: a terminal, or a file or pipe. */
export type PasswordSource = NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY'>>;

/** Why no password could be read; the message is for people, and shows nothing of what was read. */
export class PasswordInputError extends Error {
  override readonly name = 'PasswordInputError';
}

// More than any that can be hashed: somebody has taken the wrong file.
const longestInput = 4096;

/**
 * Reads a password: from a terminal twice, with prompts at `prompts` and without showing it, else as the only
 * line of the input, in UTF-8.
 * @throws {PasswordInputError}
 */
export async function readPassword(source: PasswordSource, prompts: Writable): Promise<string> {
  const password =
    source.isTTY === true ? await readTwice(source, prompts) : await readLine(source);
  if (password === '') throw new PasswordInputError('no password was given');
  return password;
}

async function readTwice(source: PasswordSource, prompts: Writable): Promise<string> {
  // It shows what is typed by writing it, so that what it writes goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({
    input: source,
    output: nowhere,
    terminal: true,
    historySize: 0,
  });
  const lines = terminal[Symbol.asyncIterator]();
  const ask = async (prompt: string): Promise<string> => {
    prompts.write(prompt);
    const { value, done } = await lines.next();
    prompts.write('\n');
    if (done === true) throw new PasswordInputError('interrupted');
    return value;
  };
  try {
    const first = await ask('Password: ');
    if (first !== '' && (await ask('The same again: ')) !== first) {
      throw new PasswordInputError('the two passwords differ');
    }
    return first;
  } finally {
    terminal.close();
  }
}

async function readLine(source: PasswordSource): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of source) {
    pieces.push(Buffer.from(piece));
    length += piece.length;
    if (length > longestInput) throw new PasswordInputError('the input is too long for a password');
  }
  const line = decode(Buffer.concat(pieces)).replace(/\r?\n$/, '');
  if (line.includes('\n')) throw new PasswordInputError('the input has more than one line');
  return line;
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new PasswordInputError('the input is not UTF-8, which is what clients send');
  }
}
