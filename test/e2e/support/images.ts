import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { writeOciLayout, type Image } from './ociLayout.ts';
import { tar, type TarEntry } from './tar.ts';

const largeLayerBytes = 60 * 1024 * 1024;

/**
 * A runnable image of one layer: the machine's static busybox with `sh` and `echo`. A random file
 * in it makes its digests unique, so that no client can have it, or get it, from anywhere else.
 */
export async function busyboxImage(bench: Bench): Promise<Image> {
  const busybox = await readFile('/bin/busybox');
  return writeOciLayout(join(bench.directory, 'busybox-layout'), [
    tar([
      { kind: 'directory', path: 'bin' },
      { kind: 'file', path: 'bin/busybox', mode: 0o755, content: busybox },
      { kind: 'link', path: 'bin/sh', target: 'busybox' },
      { kind: 'link', path: 'bin/echo', target: 'busybox' },
      randomFile('unique', 64),
    ]),
  ]);
}

/** An image of five layers that only has to be moved: four small ones around one of 60 MiB that doesn't compress. */
export async function layeredImage(bench: Bench): Promise<Image> {
  return writeOciLayout(join(bench.directory, 'layered-layout'), [
    tar([randomFile('first', 1000)]),
    tar([randomFile('second', 300_000)]),
    tar([randomFile('large', largeLayerBytes)]),
    tar([randomFile('fourth', 5_000_000)]),
    tar([randomFile('fifth', 1)]),
  ]);
}

function randomFile(path: string, bytes: number): TarEntry {
  return { kind: 'file', path, mode: 0o644, content: randomBytes(bytes) };
}
