import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestHex, digestOf } from '../../../src/registry/digest.ts';
import type { Bench } from './bench.ts';
import { writeOciLayout, type Image, type Layer } from './ociLayout.ts';
import { tar } from './tar.ts';

const largeLayerBytes = 60 * 1024 * 1024;

/**
 * A runnable image of one layer: the machine's static busybox with `sh` and `echo`. A random file
 * in it makes its digests unique, so that no client can have it, or get it, from anywhere else. `name`
 * tells several on one bench apart.
 */
export async function busyboxImage(bench: Bench, name = 'busybox'): Promise<Image> {
  return writeOciLayout(join(bench.directory, `${name}-layout`), [await busyboxLayer()]);
}

/** A runnable image that shows whether it is whole. */
export interface SummedImage extends Image {
  /** What to run in it, at its root. */
  readonly command: readonly string[];
  /** What the command prints if every layer came as it was: the digests of their files. */
  readonly output: string;
  readonly small: Layer;
  readonly medium: Layer;
  /** The last one: a client that takes them in turn has all others when it asks for it. */
  readonly large: Layer;
}

/** A runnable image of four layers, the last two large enough (6 and 24 MiB) to be broken in the middle. */
export async function summedImage(bench: Bench): Promise<SummedImage> {
  const files = [
    randomFile('small', 300_000),
    randomFile('medium', 6 * 1024 * 1024),
    randomFile('large', 24 * 1024 * 1024),
  ] as const;
  const image = await writeOciLayout(join(bench.directory, 'summed-layout'), [
    await busyboxLayer(),
    ...files.map((file) => tar([file])),
  ]);
  const [, small, medium, large] = image.layers as [Layer, Layer, Layer, Layer];
  const command = ['busybox', 'sha256sum', ...files.map(({ path }) => path)];
  const output = files
    .map(({ path, content }) => `${digestHex(digestOf(content))}  ${path}\n`)
    .join('');
  return { ...image, command, output, small, medium, large };
}

async function busyboxLayer(): Promise<Buffer> {
  return tar([
    { kind: 'directory', path: 'bin' },
    { kind: 'file', path: 'bin/busybox', mode: 0o755, content: await readFile('/bin/busybox') },
    { kind: 'link', path: 'bin/sh', target: 'busybox' },
    { kind: 'link', path: 'bin/echo', target: 'busybox' },
    randomFile('unique', 64),
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

function randomFile(path: string, bytes: number) {
  return { kind: 'file', path, mode: 0o644, content: randomBytes(bytes) } as const;
}
