import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { createLogger } from '../../src/ops/logger.ts';
import { loggerWithLines, onlyLine } from './logLines.ts';

const signed = 'https://cdn.test/b?X-Amz-Signature=f00d';

describe('a JSON line', () => {
  test('has an ISO time, the name of its level and its message, and nothing of the machine', () => {
    const { logger, lines } = loggerWithLines();
    logger.info({ upstream: 'docker.io' }, 'hello');
    const { time, ...others } = onlyLine(lines);
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(others, { level: 'info', upstream: 'docker.io', msg: 'hello' });
  });

  test('is not written below the level', () => {
    const lines: string[] = [];
    const destination = { write: (line: string): void => void lines.push(line) };
    const logger = createLogger({ level: 'warn', format: 'json', destination });
    logger.info('quiet');
    logger.warn('loud');
    assert.equal(onlyLine(lines)['msg'], 'loud');
  });

  test('holds no credential at any depth, of a child logger neither', () => {
    const { logger, lines } = loggerWithLines();
    const headers = { Authorization: 'Basic c2VjcmV0', accept: '*/*', 'Set-Cookie': ['s3cret'] };
    const child = logger.child({ token: 's3cret', headers });
    child.info({ deep: { deeper: { deepest: { headers } } } }, 'with Bearer s3cret.jwt');
    const [line = ''] = lines;
    assert.doesNotMatch(line, /s3cret|c2VjcmV0/);
    assert.deepEqual(onlyLine(lines)['deep'], {
      deeper: {
        deepest: {
          headers: {
            Authorization: '[redacted]',
            accept: '*/*',
            'Set-Cookie': '[redacted]',
          },
        },
      },
    });
  });

  test('holds no signed address of a message, an error or its causes', () => {
    const { logger, lines } = loggerWithLines();
    const root = new AggregateError([new Error(`connect ${signed}`)], `all of ${signed}`);
    const error = new Error(`fetch ${signed}`, { cause: new Error(signed, { cause: root }) });
    logger.error({ err: error, address: new URL(signed) }, `could not get ${signed}`);
    const [line = ''] = lines;
    assert.doesNotMatch(line, /f00d|Signature/);
    assert.equal(line.match(/https:\/\/cdn\.test\/b\?\[redacted\]/g)?.length, 10);
  });

  test('tells an error with its causes and codes, and not what a library hung onto it', () => {
    const { logger, lines } = loggerWithLines();
    const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const error = Object.assign(new TypeError('no answer', { cause }), {
      status: 502,
      request: { headers: 's3cret' },
    });
    logger.error(error);
    const { err, msg } = onlyLine(lines) as {
      err: Record<string, unknown> & { cause: Record<string, unknown> };
      msg: string;
    };
    assert.equal(msg, 'no answer');
    const { stack, cause: written, ...own } = err;
    assert.deepEqual(own, { type: 'TypeError', message: 'no answer', status: 502 });
    assert.match(String(stack), /logger\.test\.ts/);
    assert.equal(written['message'], 'connect ECONNREFUSED');
    assert.equal(written['code'], 'ECONNREFUSED');
  });

  test('survives causes that go round in a circle and errors that are none', () => {
    const { logger, lines } = loggerWithLines();
    const error = new Error('round');
    error.cause = error;
    logger.error({ err: error }, 'first');
    logger.error({ err: 'only text' }, 'second');
    logger.error({ err: { token: 's3cret' } }, 'third');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { err: { message: string } }).err.message),
      ['round', 'only text', 'a thrown object'],
    );
  });
});

describe('a line for the terminal', () => {
  test('is one readable line with its members', () => {
    const { logger, lines } = loggerWithLines('pretty');
    logger.info({ upstream: 'docker.io' }, 'hello');
    const written = lines.map(stripVTControlCharacters).join('');
    assert.match(written, /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: hello \{"upstream":"docker\.io"\}\n$/);
  });

  test('holds no secret either', () => {
    const { logger, lines } = loggerWithLines('pretty');
    const error = new Error('outer', { cause: new Error(signed) });
    logger.error({ err: error, password: 's3cret' }, 'Bearer eyJh.s3cret');
    const written = lines.join('');
    assert.match(written, /outer/);
    assert.doesNotMatch(written, /s3cret|f00d/);
  });
});
