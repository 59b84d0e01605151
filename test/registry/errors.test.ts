import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  RegistryError,
  registryErrors,
  type RegistryErrorCode,
} from '../../src/registry/errors.ts';

const statuses: Record<RegistryErrorCode, number> = {
  BLOB_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  HEADERS_TOO_LARGE: 431,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  NOT_FOUND: 404,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  REQUEST_INVALID: 400,
  REQUEST_TIMEOUT: 408,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
  UNSUPPORTED: 405,
};

describe('every registry error', () => {
  for (const code of Object.keys(registryErrors) as RegistryErrorCode[]) {
    test(`${code} has its status, an upper-case code and a body of the specification`, () => {
      const error = new RegistryError(code);
      assert.equal(error.status, statuses[code]);
      assert.match(code, /^[A-Z_]+$/);
      assert.deepEqual(JSON.parse(error.toBody()), {
        errors: [{ code, message: registryErrors[code].message }],
      });
      assert.notEqual(error.message, '');
    });
  }
});

describe('a registry error', () => {
  test('is an error that carries its name, its message and when to come back', () => {
    const error = new RegistryError('TOOMANYREQUESTS', { message: 'slow down', retryAfter: 30 });
    assert.ok(error instanceof Error);
    assert.equal(error.name, 'RegistryError');
    assert.equal(error.code, 'TOOMANYREQUESTS');
    assert.equal(error.retryAfter, 30);
    assert.equal(error.message, 'slow down');
  });

  test('tells the client its own message and detail', () => {
    const error = new RegistryError('NAME_INVALID', {
      message: 'too long',
      detail: { limit: 255 },
    });
    assert.deepEqual(JSON.parse(error.toBody()), {
      errors: [{ code: 'NAME_INVALID', message: 'too long', detail: { limit: 255 } }],
    });
  });

  test('keeps what lies behind it from the client', () => {
    const error = new RegistryError('UNKNOWN', { cause: new Error('secret') });
    assert.equal((error.cause as Error).message, 'secret');
    assert.doesNotMatch(error.toBody(), /secret/);
  });
});
