/** A file, directory or symbolic link to put into an archive. */
export type TarEntry =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      readonly content: Buffer;
    }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const blockSize = 512;
const typeFlags = { file: '0', link: '2', directory: '5' } as const;

/** A ustar archive (POSIX.1-2001 pax, "ustar Interchange Format") owned by root, every time stamp 0. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const pieces: Buffer[] = [];
  for (const entry of entries) {
    const content = entry.kind === 'file' ? entry.content : Buffer.alloc(0);
    const padding = Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize);
    pieces.push(header(entry, content.length), content, padding);
  }
  return Buffer.concat([...pieces, Buffer.alloc(2 * blockSize)]);
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(blockSize);
  const mode = entry.kind === 'file' ? entry.mode : 0o755;
  block.write(entry.kind === 'directory' ? `${entry.path}/` : entry.path, 0, 100);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(' '.repeat(8), 148);
  block.write(typeFlags[entry.kind], 156);
  if (entry.kind === 'link') block.write(entry.target, 157, 100);
  block.write('ustar\0', 257);
  block.write('00', 263);
  block.write(`${octal(checksum(block), 6)}\0 `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function checksum(block: Buffer): number {
  return block.reduce((sum, byte) => sum + byte, 0);
}
