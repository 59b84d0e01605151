import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const dockerfile = await readFile(new URL('../../Dockerfile', import.meta.url), 'utf8');
const packageJson = JSON.parse(
  await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
) as { devDependencies: { node: string } };

/** The arguments of every instruction of this name, of the last stage alone. */
function instructions(name: string): string[] {
  const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  const lines = lastStage.replaceAll('\\\n', ' ').split('\n');
  return lines
    .filter((line) => line.startsWith(`${name} `))
    .map((line) => line.slice(name.length + 1));
}

test('the image runs on the major version of Node that the project pins', () => {
  const pinned = /\d+/.exec(packageJson.devDependencies.node)?.[0];
  const bases = [...dockerfile.matchAll(/^FROM node:(\d+)/gm)].map(([, major]) => major);
  assert.deepEqual(bases, [pinned, pinned]);
});

test('the image holds production dependencies alone', () => {
  assert.match(dockerfile, /^RUN npm ci --omit=dev$/m);
  assert.doesNotMatch(dockerfile, /npm install/);
});

test('the image doesn’t run as root', () => {
  assert.deepEqual(instructions('USER'), ['node']);
});

test('the image keeps its data on a volume, where the program is told to put it', () => {
  const [volume = ''] = instructions('VOLUME');
  assert.match(
    instructions('ENV').join(' '),
    new RegExp(`PULLTHROUGH_STORAGE_DIRECTORY=${volume}( |$)`),
  );
});

test('the image checks its own health and is asked to stop with SIGTERM', () => {
  assert.match(instructions('HEALTHCHECK').join(''), /127\.0\.0\.1:5001\/healthz/);
  assert.deepEqual(instructions('STOPSIGNAL'), ['SIGTERM']);
  assert.deepEqual(instructions('EXPOSE'), ['5000 5001']);
});
