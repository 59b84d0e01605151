import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  matchesPlatform,
  parsePlatform,
  platformOf,
  platformText,
  type Platform,
} from '../../src/registry/platform.ts';
import { anyText } from '../support/anyText.ts';

function platform(text: string): Platform {
  const parsed = parsePlatform(text);
  assert.ok(parsed !== undefined, text);
  return parsed;
}

describe('parsePlatform', () => {
  // As containerd's `platforms.Normalize` has them.
  const spellings: Record<string, readonly string[]> = {
    'linux/amd64': ['linux/amd64', 'linux/x86_64', 'Linux/AMD64', 'linux/amd64/v1', 'linux/x86-64'],
    'linux/amd64/v3': ['linux/amd64/v3'],
    'linux/386': ['linux/386', 'linux/i386'],
    'linux/arm64': ['linux/arm64', 'linux/aarch64', 'linux/arm64/v8', 'linux/arm64/8'],
    'linux/arm/v7': ['linux/arm', 'linux/arm/7', 'linux/arm/v7', 'linux/armhf'],
    'linux/arm/v6': ['linux/arm/6', 'linux/armel'],
    'darwin/arm64': ['macos/arm64'],
    'linux/riscv64': ['linux/riscv64'],
    'unknown/unknown': ['unknown/unknown'],
  };
  for (const [text, written] of Object.entries(spellings)) {
    test(`reads ${written.join(', ')} as ${text}`, () => {
      for (const one of written) assert.equal(platformText(platform(one)), text);
    });
  }

  const refused = [
    '',
    'linux',
    'linux/',
    '/amd64',
    'linux/arm/',
    'linux/arm/v7/x',
    'linux/a b',
    'all',
  ];
  for (const text of refused) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.equal(parsePlatform(text), undefined));
  }

  test('never throws, and reads what it wrote as the same platform', () => {
    const pieces = ['linux', 'arm', 'arm64', 'x86_64', '/', 'v8', '8', '.', '\u001b', 'A'];
    const nearly = fc.string({ unit: fc.constantFrom(...pieces), maxLength: 6 });
    fc.assert(
      fc.property(fc.oneof(anyText(), nearly), (text) => {
        const parsed = parsePlatform(text);
        if (parsed !== undefined) assert.deepEqual(platform(platformText(parsed)), parsed);
      }),
    );
  });
});

describe('platformOf', () => {
  test('reads what a descriptor and a config have alike', () => {
    const members = { os: 'linux', architecture: 'arm64', variant: 'v8', rootfs: {} };
    assert.deepEqual(platformOf(members), { os: 'linux', architecture: 'arm64' });
  });

  test('reads nothing where one is missing, or could not be shown safely', () => {
    for (const value of [
      undefined,
      null,
      'linux/amd64',
      [],
      { os: 'linux' },
      { os: '', architecture: '' },
      { os: 7, architecture: 'amd64' },
      { os: 'linux', architecture: 'amd64\u001b[2J' },
      { os: 'linux', architecture: 'arm', variant: 'v7\n' },
    ]) {
      assert.equal(platformOf(value), undefined, JSON.stringify(value));
    }
  });

  test('never throws, whatever the value', () => {
    const text = fc.oneof(fc.constantFrom('linux', 'arm', 'v7'), fc.jsonValue());
    const values = fc.record({ os: text, architecture: text, variant: text }, { requiredKeys: [] });
    fc.assert(fc.property(fc.oneof(fc.jsonValue(), values), (value) => void platformOf(value)));
  });
});

test('a platform is like another when all its parts are', () => {
  assert.ok(matchesPlatform(platform('linux/arm64'), platform('linux/arm64/v8')));
  assert.ok(!matchesPlatform(platform('linux/arm'), platform('linux/arm/v6')));
  assert.ok(!matchesPlatform(platform('linux/amd64'), platform('windows/amd64')));
});
