import { test } from 'node:test';
import { assertReadsLongTexts, parsers } from './parsers.ts';

for (const [name, parser] of Object.entries(parsers)) {
  test(`${name} gets to the end of a hundred very long texts`, () =>
    assertReadsLongTexts(parser, 100));
}
