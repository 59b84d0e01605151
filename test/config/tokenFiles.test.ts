import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileWith, loadFrom, problemsFrom } from './loadFrom.ts';
import type { Lifetime } from '../support/lifetime.ts';

function withTokenFile(path: string): NodeJS.ProcessEnv {
  const account = { username: 'acme', tokenFile: path };
  return { PULLTHROUGH_UPSTREAMS: JSON.stringify([{ host: 'ghcr.io', accounts: [account] }]) };
}

async function problemOf(t: Lifetime, content: string): Promise<string> {
  const environment = withTokenFile(await fileWith(t, content));
  const [problem, ...others] = problemsFrom({ environment });
  assert.deepEqual(others, []);
  return problem ?? '';
}

describe('a token file', () => {
  const contents: readonly (readonly [string, string])[] = [
    ['hunter2', 'hunter2'],
    ['hunter2\n', 'hunter2'],
    ['hunter2\r\n\n', 'hunter2'],
    [' two words \n', ' two words '],
    ['{\n  "type": "service_account"\n}\n', '{\n  "type": "service_account"\n}'],
  ];
  for (const [content, token] of contents) {
    test(`with ${JSON.stringify(content)} gives the token without the newline at its end`, async (t) => {
      const environment = withTokenFile(await fileWith(t, content));
      const { upstreams } = loadFrom({ environment }).configuration;
      assert.equal(upstreams[0]?.accounts[0]?.token?.reveal(), token);
    });
  }

  for (const content of ['', '\n']) {
    test(`with ${JSON.stringify(content)} is a problem`, async (t) => {
      assert.match(
        await problemOf(t, content),
        /tokenFile: expected a token in the file, but it is empty/,
      );
    });
  }

  test('that can’t be read is a problem with setting, path and reason, beside all others', () => {
    const environment = { ...withTokenFile('/'), PULLTHROUGH_LISTEN: 'x' };
    assert.deepEqual(
      problemsFrom({ environment }).map((line) => line.replace(/listen: .*/, 'listen')),
      [
        'PULLTHROUGH_LISTEN: listen',
        'PULLTHROUGH_UPSTREAMS: upstreams[0].accounts[0].tokenFile: expected a file that can be read: it is a directory, got "/"',
      ],
    );
  });

  test('that is a token under the wrong key is not shown', () => {
    const environment = withTokenFile('dckr_pat_0123456789abcdefghijklmn');
    assert.deepEqual(problemsFrom({ environment }), [
      'PULLTHROUGH_UPSTREAMS: upstreams[0].accounts[0].tokenFile: expected a file that can be read: no such file; a token itself belongs under token',
    ]);
  });
});
