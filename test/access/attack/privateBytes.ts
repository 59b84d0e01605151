import { blobBytes } from '../../support/blobContent.ts';
import { open, secret } from './target.ts';

const length = 32;
const digests = [secret.manifest.digest, ...secret.blobs.map(({ digest }) => digest)];

/** Every run of 32 bytes of the private image that is in the public one not, nor in the digests that clients send. */
const runs = new Set(
  [secret.manifest.bytes, ...secret.blobs.map(blobBytes)].flatMap((bytes) => [...runsOf(bytes)]),
);
for (const bytes of [
  open.manifest.bytes,
  ...open.blobs.map(blobBytes),
  ...digests.map((one) => Buffer.from(`"${one}"`)),
]) {
  for (const run of runsOf(bytes)) runs.delete(run);
}

/** Whether something that was sent holds 32 bytes of the private image in a row. */
export function holdsPrivateBytes(sent: Buffer): boolean {
  return runsOf(sent).some((run) => runs.has(run));
}

function* runsOf(bytes: Buffer): Generator<string> {
  for (let at = 0; at + length <= bytes.length; at += 1) {
    yield bytes.toString('latin1', at, at + length);
  }
}
