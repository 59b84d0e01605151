import { join } from 'node:path';

/** The root of the checkout that the tests belong to. */
export const repositoryRoot = join(import.meta.dirname, '../../..');
