import { X509Certificate } from 'node:crypto';

/** The certificates in a PEM file, in its order; none where one of them can't be read. */
export function certificatesIn(file: Buffer): readonly X509Certificate[] {
  const pems = file
    .toString('latin1')
    .match(/-----BEGIN CERTIFICATE-----[^-]*-+END CERTIFICATE-+/g);
  try {
    return pems?.map((pem) => new X509Certificate(pem)) ?? [];
  } catch {
    return [];
  }
}
