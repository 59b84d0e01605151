import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { fileWith, loadFrom, problemsFrom, token } from './loadFrom.ts';

const upstream = 'upstreams:\n  - host: ghcr.io\n';
const accounts = `${upstream}    accounts:\n`;

describe('a secret is in no problem, whatever is wrong around it', () => {
  const texts: readonly string[] = [
    `${accounts}      - {username: a, token: hunter2, tokenFile: /x}`,
    `${accounts}      - {username: "a:hunter2", token: b}`,
    `${accounts}      - {username: a, tokn: hunter2}`,
    `${accounts}      - {username: a, token: [hunter2]}`,
    `${accounts}      - hunter2`,
    `${accounts}      a: hunter2`,
    `${accounts}      - {username: a, tokenCommand: [pass, "", hunter2]}`,
    `${accounts}      - {username: a, tokenCommand: hunter2}`,
    `${accounts}      - {username: a, dockerConfig: /dev/null, token: hunter2}`,
    `${accounts}      - {username: a, token: b, repositories: "hunter2 x"}`,
    `${accounts}      - {username: a, token: b, repositories: ["hunter2:"]}`,
    `${upstream}    accounts: hunter2`,
    `${upstream}    token: hunter2`,
    `${upstream}    url: https://a:hunter2@ghcr.io`,
    `${upstream}    url: a:hunter2@ghcr.io`,
    `${upstream}    url: https://ghcr.io/?token=hunter2`,
    `${upstream}    trustedHosts: ["https://a:hunter2@b.c"]`,
    'upstreams: hunter2',
    'upstreams: {docker.io: hunter2}',
    'accounts: [{username: a, token: hunter2}]',
    'token: hunter2',
  ];
  for (const text of texts) {
    // The names of the tests, which are printed, have another one.
    const withToken = text.replaceAll('hunter2', token);
    test(text.replaceAll('\n', ' ⏎ '), async (t) => {
      const problems = problemsFrom({ file: await fileWith(t, withToken) });
      assert.ok(problems.length > 0);
      assert.doesNotMatch(problems.join('\n'), new RegExp(token));
    });
    test(`in the environment: ${text.replaceAll('\n', ' ⏎ ')}`, () => {
      const problems = problemsFrom({ environment: { PULLTHROUGH_UPSTREAMS: withToken } });
      assert.ok(problems.length > 0);
      assert.doesNotMatch(problems.join('\n'), new RegExp(token));
    });
  }
});

test('a secret shows neither in the configuration nor in what is in force', () => {
  const environment = { DOCKERHUB_USERNAME: 'acme', DOCKERHUB_TOKEN: token };
  const loaded = loadFrom({ environment });
  assert.equal(loaded.configuration.upstreams[0]?.accounts[0]?.token?.reveal(), token);
  assert.doesNotMatch(JSON.stringify(loaded), new RegExp(token));
  assert.doesNotMatch(inspect(loaded, { depth: 20, showHidden: true }), new RegExp(token));
});
