/** What Node and images call the same architecture, where that differs. */
const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  arm: 'arm/v7',
  ppc64: 'ppc64le',
  mipsel: 'mipsle',
};

/** The platform of Linux images that run on a machine of which Node says `process.arch`. */
export function machinePlatform(architecture: string): string {
  return `linux/${architectures[architecture] ?? architecture}`;
}
