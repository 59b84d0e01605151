import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isSchedule } from '../../src/config/schedule.ts';

describe('times as cron has them', () => {
  for (const text of [
    '0 5 * * 1-5',
    '*/15 * * * *',
    '0 3 * * MON',
    '0 0 L * *',
    '@daily',
    '@hourly',
  ]) {
    test(text, () => {
      assert.equal(isSchedule(text), true);
    });
  }
});

describe('what are none', () => {
  const texts = {
    'an empty text': '',
    'a word': 'daily',
    seconds: '* * * * * *',
    'a field that is out of range': '60 * * * *',
    'a time that never comes': '0 0 30 2 *',
    'one moment': '2099-01-01T00:00:00',
    'the start of the process': '@reboot',
  };
  for (const [what, text] of Object.entries(texts)) {
    test(what, () => {
      assert.equal(isSchedule(text), false);
    });
  }
});
