import { open, type FileHandle } from 'node:fs/promises';
import { devNull } from 'node:os';
import type { TestContext } from 'node:test';
import { gate, type HeldUp } from './gate.ts';

/** Until the test ends, no file takes more than so many bytes at a time. */
export async function takeAtMost(t: TestContext, bytes: number): Promise<void> {
  const prototype = await fileHandlePrototype();
  const writev = Reflect.get(prototype, 'writev') as (
    this: FileHandle,
    ...args: unknown[]
  ) => unknown;
  t.mock.method(prototype, 'writev', function (this: FileHandle, chunks: Buffer[], at: number) {
    const some = Buffer.concat(chunks).subarray(0, bytes);
    return writev.call(this, [some], at);
  });
}

/** Until the test ends, no file takes anything. */
export async function breakWrites(t: TestContext, fault: Error): Promise<void> {
  t.mock.method(await fileHandlePrototype(), 'writev', () => Promise.reject(fault));
}

/** The next file that is asked for its size, until the test ends, answers when it is let go on. */
export async function holdUpNextStat(t: TestContext): Promise<HeldUp> {
  const prototype = await fileHandlePrototype();
  const stat = Reflect.get(prototype, 'stat') as (this: FileHandle) => Promise<unknown>;
  const { begun, hold, goOn } = gate();
  const heldUp = async function (this: FileHandle) {
    await hold();
    return stat.call(this);
  };
  t.mock.method(prototype, 'stat', heldUp, { times: 1 });
  return { begun, goOn };
}

/** Says how often files were read from, until the test ends. */
export async function countReads(t: TestContext): Promise<() => number> {
  const read = t.mock.method(await fileHandlePrototype(), 'read');
  return () => read.mock.callCount();
}

async function fileHandlePrototype(): Promise<FileHandle> {
  const file = await open(devNull);
  await file.close();
  return Object.getPrototypeOf(file) as FileHandle;
}
