import { certificatesIn } from './certificates.ts';

/** What was expected of a file with those who issue certificates to clients; `undefined` when TLS can use it. */
export function clientCaFault(file: Buffer): string | undefined {
  return certificatesIn(file).length > 0
    ? undefined
    : 'expected certificates in PEM form (BEGIN CERTIFICATE), those of who issues certificates to clients';
}
