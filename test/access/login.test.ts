import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readBasic } from '../../src/access/login.ts';
import { anyText } from '../support/anyText.ts';

const basic = (text: string | Buffer): string => `Basic ${Buffer.from(text).toString('base64')}`;

test('user name and password are what stands before and after the first colon', () => {
  assert.deepEqual(readBasic(basic('ann:a:b')), { username: 'ann', password: 'a:b' });
  assert.deepEqual(readBasic(basic('ann:')), { username: 'ann', password: '' });
  assert.deepEqual(readBasic(basic(':pw')), { username: '', password: 'pw' });
});

test('the text is UTF-8, as RFC 7617 has it', () => {
  assert.deepEqual(readBasic(basic('zoë:pä')), { username: 'zoë', password: 'pä' });
  assert.equal(readBasic(basic(Buffer.from('zoë:pä', 'latin1'))), undefined);
});

test('the scheme may be in any case, and followed by several spaces', () => {
  assert.equal(readBasic(basic('ann:pw').replace('Basic ', 'bASIC   '))?.username, 'ann');
});

const malformed: Readonly<Record<string, string | undefined>> = {
  'no field at all': undefined,
  'an empty one': '',
  'another scheme': 'Bearer YW5uOnB3',
  'a scheme alone': 'Basic ',
  'a text without a colon': basic('ann'),
  'no user name and no password': basic(':'),
  'an alphabet that is not that of Base64': 'Basic YW5uOi0-',
  'Base64 that is cut short': 'Basic YW5uOnB',
  'Base64 without its padding': 'Basic YW5uOnB3MQ',
  'something behind the Base64': 'Basic YW5uOnB3 x',
  'a NUL': basic('ann:p\0w'),
  'a line break': basic('an\nn:pw'),
};

for (const [name, authorization] of Object.entries(malformed)) {
  test(`no credentials are read from ${name}`, () => {
    assert.equal(readBasic(authorization), undefined);
  });
}

test('whatever is read is what was sent, and nothing makes it throw', () => {
  fc.assert(
    fc.property(anyText(), (text) => {
      const login = readBasic(basic(text));
      if (login !== undefined)
        assert.equal(`${login.username}:${login.password}`, text.toWellFormed());
      readBasic(`Basic ${text}`);
      readBasic(text);
    }),
  );
});
