import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of a file in `certificates/`, such as `first.crt`; its README says what there is. */
export function certificatePath(name: string): string {
  return fileURLToPath(new URL(`certificates/${name}`, import.meta.url));
}

/** A certificate with its key, by the name that its subject has. Good for `localhost` and `127.0.0.1`. */
export function certificatePair(name: 'first' | 'second' | 'short'): {
  readonly certificate: Buffer;
  readonly key: Buffer;
} {
  const read = (extension: string) => readFileSync(certificatePath(`${name}.${extension}`));
  return { certificate: read('crt'), key: read('key') };
}

/** The authorities that issue to clients, in one file. */
export function clientAuthorities(...names: readonly ('staff' | 'guests')[]): Buffer {
  return Buffer.concat(names.map((name) => readFileSync(certificatePath(`clients/${name}.crt`))));
}

/** What a client shows, as options of `tls.connect`: a file in `certificates/clients/` and its key. */
export function clientCertificate(name: string): { readonly cert: Buffer; readonly key: Buffer } {
  return {
    cert: readFileSync(certificatePath(`clients/${name}.crt`)),
    key: readFileSync(certificatePath('clients/client.key')),
  };
}
