import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PasswordInputError, readPassword } from '../../src/cli/passwordInput.ts';
import { markedSecret } from '../support/secretMark.ts';

const secret = markedSecret('pass wörd');

/** What is read from a pipe, in these pieces. */
async function readPiped(...pieces: readonly (string | Buffer)[]): Promise<string> {
  const [source, prompts] = [new PassThrough(), new PassThrough()];
  for (const piece of pieces) source.write(piece);
  source.end();
  const password = await readPassword(source, prompts);
  assert.equal(await text(prompts.end()), '');
  return password;
}

/** What is read from a terminal where this is typed, and what it showed. */
async function readTyped(...typed: readonly string[]) {
  const source = Object.assign(new PassThrough(), { isTTY: true });
  const prompts = new PassThrough();
  const read = readPassword(source, prompts).catch((error: unknown) => error);
  for (const keys of typed) {
    await nextTurn();
    source.write(keys);
  }
  const result = await read;
  return { result, shown: await text(prompts.end()) };
}

function isInputError(message: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof PasswordInputError);
    assert.match(error.message, message);
    return true;
  };
}

describe('from a pipe', () => {
  test('a password is the only line, without its end', async () => {
    for (const end of ['', '\n', '\r\n']) assert.equal(await readPiped(`${secret}${end}`), secret);
  });

  test('a password may come in pieces, and begin and end with spaces', async () => {
    const [before, after] = [Buffer.from(' ö').subarray(0, 2), Buffer.from(' ö').subarray(2)];
    assert.equal(await readPiped(before, after, ' \n'), ' ö ');
  });

  const refused: Readonly<Record<string, readonly [string | Buffer, RegExp]>> = {
    nothing: ['', /no password was given/],
    'an empty line': ['\n', /no password was given/],
    'a second line': ['a\nb\n', /more than one line/],
    'what is no UTF-8': [Buffer.from('wörd', 'latin1'), /not UTF-8/],
    'a whole file': ['x'.repeat(5000), /too long/],
  };
  for (const [name, [input, message]] of Object.entries(refused)) {
    test(`${name} is no password`, async () => {
      await assert.rejects(readPiped(input), isInputError(message));
    });
  }
});

describe('from a terminal', () => {
  test('a password is typed twice, and shown neither time', async () => {
    const { result, shown } = await readTyped(`${secret}\r`, `${secret}\r`);
    assert.equal(result, secret);
    assert.equal(shown, 'Password: \nThe same again: \n');
  });

  test('a password that is pasted twice at once is taken', async () => {
    assert.equal((await readTyped(`${secret}\r${secret}\r`)).result, secret);
  });

  test('what was typed wrong can be taken back', async () => {
    assert.equal((await readTyped('secret\x7f\x7fet\r', 'nonsense\x15secret\r')).result, 'secret');
  });

  test('two that differ are refused', async () => {
    const { result } = await readTyped('one\r', 'other\r');
    assert.ok(isInputError(/the two passwords differ/)(result));
  });

  test('an empty one is refused without being asked for again', async () => {
    const { result, shown } = await readTyped('\r');
    assert.ok(isInputError(/no password was given/)(result));
    assert.equal(shown, 'Password: \n');
  });

  for (const [name, key] of [
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ] as const) {
    test(`${name} interrupts`, async () => {
      const { result, shown } = await readTyped(key);
      assert.ok(isInputError(/interrupted/)(result));
      assert.equal(shown, 'Password: \n');
    });
  }
});
