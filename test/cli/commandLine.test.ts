import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flagTexts, UsageError, type Command, type CommandContext } from '../../src/cli/command.ts';
import { parseCommandLine } from '../../src/cli/commandLine.ts';

const fetchAll: Command = {
  name: 'fetch',
  summary: 'Fetch.',
  arguments: ['IMAGE…'],
  options: {
    file: {
      type: 'string',
      short: 'f',
      value: 'FILE',
      repeatable: true,
      description: 'A file.',
    },
    rate: { type: 'string', value: 'SIZE', description: 'A rate.' },
  },
  run: async () => 0,
};

function parse(...argv: string[]) {
  const line = parseCommandLine(argv, [fetchAll]);
  return { ...line, texts: flagTexts(line as unknown as CommandContext, 'file') };
}

test('a command whose argument ends in dots takes any number of them', () => {
  assert.deepEqual(parse('fetch').arguments, []);
  assert.deepEqual(parse('fetch', 'a', 'b:1', 'c').arguments, ['a', 'b:1', 'c']);
});

test('each value of a repeatable flag counts, in the order given', () => {
  assert.deepEqual(parse('fetch', '-f', 'one', 'a', '--file=two', '-f', 'three').texts, [
    'one',
    'two',
    'three',
  ]);
  assert.deepEqual(parse('fetch').texts, []);
});

test('of a flag that is not repeatable the last value counts', () => {
  assert.equal(parse('fetch', '--rate', '1', '--rate', '2').flags.get('rate'), '2');
});

test('a dash alone is a value, as for standard input', () => {
  assert.deepEqual(parse('fetch', '-f', '-', 'a').texts, ['-']);
  assert.deepEqual(parse('fetch', '-f', '-', 'a').arguments, ['a']);
  assert.throws(() => parse('fetch', '-f', '--rate'), UsageError);
});
