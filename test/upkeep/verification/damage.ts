import { open, rm, stat, truncate, utimes } from 'node:fs/promises';

/** Changes one byte as a disk does that forgets: size and time of modification stay what they were. */
export async function rot(path: string, position = 0): Promise<void> {
  const { atime, mtime } = await stat(path);
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, position);
    byte[0] = (byte[0] ?? 0) ^ 0x40;
    await file.write(byte, 0, 1, position);
  } finally {
    await file.close();
  }
  await utimes(path, atime, mtime);
}

/** Takes the second half of a file away. */
export async function cut(path: string): Promise<void> {
  await truncate(path, Math.floor((await stat(path)).size / 2));
}

/** Takes a file away. */
export async function lose(path: string): Promise<void> {
  await rm(path);
}
