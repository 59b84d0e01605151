import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerReader } from './answerReader.ts';

const answer = (body: string, status = '200 OK') =>
  Buffer.from(
    `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\nX-Cache: hit\r\n\r\n${body}`,
  );

test('answers are told apart wherever the pieces end', () => {
  const bytes = Buffer.concat([answer('one'), answer('two'), answer('six')]);
  for (let size = 1; size <= bytes.length; size += 1) {
    const reader = new AnswerReader(3);
    for (let start = 0; start < bytes.length; start += size) {
      reader.push(bytes.subarray(start, start + size));
    }
    assert.deepEqual([reader.answers, reader.bodyBytes], [3, 9], `pieces of ${size}`);
  }
});

test('an answer that is not complete is not counted, its bytes are', () => {
  const reader = new AnswerReader(3);
  reader.push(answer('one').subarray(0, -1));
  assert.deepEqual([reader.answers, reader.bodyBytes], [0, 2]);
});

test('an answer of another length is refused', () => {
  assert.throws(() => new AnswerReader(4).push(answer('one')), /expected 200 with 4 bytes/);
});

test('an answer of another status is refused', () => {
  assert.throws(() => new AnswerReader(3).push(answer('one', '404 Not Found')), /404/);
});

test('a head that does not end is refused', () => {
  const reader = new AnswerReader(3);
  const piece = Buffer.alloc(10_000, 'x');
  assert.throws(() => {
    for (let count = 0; count < 4; count += 1) reader.push(piece);
  }, /without an end/);
});
