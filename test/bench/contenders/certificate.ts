import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate for 127.0.0.1 that nobody trusts, with its key, as PEM files. */
export interface Certificate {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Makes one with `openssl`, of the kind that public authorities hand out most. */
export async function makeCertificate(directory: string): Promise<Certificate> {
  const certificateFile = join(directory, 'certificate.pem');
  const keyFile = join(directory, 'key.pem');
  const kind = ['-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const name = ['-days', '2', '-subj', '/CN=bench', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await run('openssl', ['req', ...kind, ...name, '-keyout', keyFile, '-out', certificateFile]);
  return { certificateFile, keyFile };
}
