import type { TestContext } from 'node:test';
import { BlobFiles } from '../../src/store/blobFiles.ts';
import { gate, type HeldUp } from './gate.ts';

type Work = (this: BlobFiles, ...args: unknown[]) => Promise<void>;

/** The next file of a blob that is to be removed, until the test ends, stays until the test lets it go. */
export function holdUpNextRemoval(t: TestContext): HeldUp {
  const { begun, hold, goOn } = gate();
  const remove = Reflect.get(BlobFiles.prototype, 'remove') as Work;
  const heldUp: Work = async function (...args) {
    await hold();
    await remove.apply(this, args);
  };
  t.mock.method(BlobFiles.prototype, 'remove', heldUp, { times: 1 });
  return { begun, goOn };
}

/** The next file that got its final name is known of, until the test ends, when the test lets it. */
export function holdUpNextName(t: TestContext): HeldUp {
  const { begun, hold, goOn } = gate();
  const giveName = Reflect.get(BlobFiles.prototype, 'giveName') as Work;
  const heldUp: Work = async function (...args) {
    await giveName.apply(this, args);
    await hold();
  };
  t.mock.method(BlobFiles.prototype, 'giveName', heldUp, { times: 1 });
  return { begun, goOn };
}
