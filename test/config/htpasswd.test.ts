import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseHtpasswd } from '../../src/config/htpasswd.ts';
import { assertHoldsNoSecret, markedSecret } from '../support/secretMark.ts';
import { fileWith, loadFrom, problemsFrom } from './loadFrom.ts';

/** A hash by its form; its end carries the mark of a secret where there is room. */
function hash(start = '$2y$10$'): string {
  return `${start}${markedSecret('hash').replaceAll('_', '.').padStart(53, 'x')}`;
}

function faultsOf(text: string): readonly string[] {
  const { faults } = parseHtpasswd(text);
  assertHoldsNoSecret('a fault', JSON.stringify(faults));
  return faults.map(({ line, message }) => `${line}: ${message}`);
}

const expectedHash =
  'expected a bcrypt hash of cost 4 to 17, as "htpasswd -B" or "pullthrough hash-password" makes it';
const expectedLine = 'expected a user, a colon and the bcrypt hash of a password';

describe('an htpasswd file', () => {
  test('gives each user’s hash', () => {
    const text = `alice:${hash()}\nbob:${hash('$2b$04$')}\nJane Doe:${hash('$2a$17$')}`;
    const { hashes } = parseHtpasswd(text);
    assert.deepEqual(
      [...(hashes ?? [])],
      [
        ['alice', hash()],
        ['bob', hash('$2b$04$')],
        ['Jane Doe', hash('$2a$17$')],
      ],
    );
  });

  test('may have comments, empty lines, and ends of lines and a mark at its start as Windows has them', () => {
    const text = `\ufeffalice:${hash()}\r\n\r\n# bob:x\r\n  # more\r\n \r\nbob:${hash()}\r\n`;
    assert.deepEqual([...(parseHtpasswd(text).hashes?.keys() ?? [])], ['alice', 'bob']);
  });

  test('may have no users', () => {
    assert.deepEqual(parseHtpasswd('# none yet\n'), { hashes: new Map(), faults: [] });
    assert.equal(parseHtpasswd('').hashes?.size, 0);
  });

  for (const other of [
    '$apr1$salt$hash',
    '{SHA}hash',
    'plain',
    '',
    hash('$2x$10$'),
    hash('$2y$03$'),
    hash('$2y$18$'),
    hash('$2y$32$'),
    hash('$2y$5$'),
    hash().slice(0, -1),
    `${hash()}x`,
    `${hash()}:Alice`,
    `\u00a0${hash()}`,
    hash().replace('x', '!'),
  ]) {
    const shown = other.replaceAll(/x{5,}.*Seen/g, '…');
    test(`takes no other hash than bcrypt’s, such as "${shown}"`, () => {
      assert.deepEqual(faultsOf(`alice:${other}\n`), [`1: ${expectedHash}`]);
    });
  }

  test('has a user and a hash in each line', () => {
    assert.deepEqual(faultsOf(`:${hash()}\n${hash()}\n`), [
      `1: ${expectedLine}`,
      `2: ${expectedLine}`,
    ]);
  });

  test('has each user once, whatever becomes of the first one', () => {
    const lines = [`alice:x`, '#', `alice:${hash()}`, `Alice:${hash()}`, `alice:${hash()}`];
    const repeated = 'expected each user once, and line 1 has this one';
    assert.deepEqual(faultsOf(lines.join('\n')), [
      `1: ${expectedHash}`,
      `3: ${repeated}`,
      `5: ${repeated}`,
    ]);
  });

  test('gives no hashes at all where one line is wrong', () => {
    assert.equal(parseHtpasswd(`alice:${hash()}\nbob\n`).hashes, undefined);
  });
});

function settings(file: string): NodeJS.ProcessEnv {
  return { PULLTHROUGH_ACCESS_HTPASSWD_FILE: file };
}

describe('access.htpasswdFile', () => {
  test('is read when the configuration is, and its hashes are not in that', async (t) => {
    const file = await fileWith(t, `alice:${hash()}\n`);
    const loaded = loadFrom({ environment: settings(file) });
    assert.equal(loaded.configuration.access.htpasswdFile, file);
    assertHoldsNoSecret('the configuration', JSON.stringify(loaded));
  });

  test('is a problem for each line that is wrong, without a word of it', async (t) => {
    const file = await fileWith(t, `alice:${hash()}\nbob:{SHA}${hash()}\n\n${hash()}\n`);
    assert.deepEqual(problemsFrom({ environment: settings(file) }), [
      `${file}:2: access.htpasswdFile: ${expectedHash}`,
      `${file}:4: access.htpasswdFile: ${expectedLine}`,
    ]);
  });

  test('is a problem where it can’t be read', () => {
    assert.deepEqual(problemsFrom({ environment: settings('/nonexistent') }), [
      'PULLTHROUGH_ACCESS_HTPASSWD_FILE: access.htpasswdFile: expected a file that can be read: no such file, got "/nonexistent"',
    ]);
  });
});
