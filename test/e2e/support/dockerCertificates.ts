import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { certificatePath } from '../../support/certificates.ts';
import type { ClientSetting } from './client.ts';

/** Settings of a mirror that speaks TLS, and takes clients' certificates that `staff` issued. */
export const tlsSettings = {
  certificateFile: certificatePath('mirror.crt'),
  keyFile: certificatePath('mirror.key'),
  clientCaFile: certificatePath('clients/staff.crt'),
};

/**
 * Makes a folder to take the place of `/etc/docker`, in which the daemon finds the authority of such a mirror; with
 * `client`, a file in `certificates/clients/`, a certificate to show to it too. Resolves with its path.
 */
export async function dockerCertificates(
  { bench, mirrorAddress }: ClientSetting,
  client?: string,
): Promise<string> {
  const etcDocker = join(bench.directory, 'etc-docker');
  await writeCertificates(join(etcDocker, 'certs.d', mirrorAddress), client);
  return etcDocker;
}

/** Fills a folder as `certs.d` of docker and podman has them for each registry. */
export async function writeCertificates(folder: string, client?: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await copyFile(certificatePath('mirror.crt'), join(folder, 'ca.crt'));
  if (client === undefined) return;
  await copyFile(certificatePath(`clients/${client}.crt`), join(folder, 'client.cert'));
  await copyFile(certificatePath('clients/client.key'), join(folder, 'client.key'));
}
