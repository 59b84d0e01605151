import { isJsonObject, textOf } from './jsonObject.ts';

/** What an image runs on, normalised as containerd does it, so that equal platforms are spelled alike. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  /** Absent where it is the architecture's own default, as `v8` of arm64. */
  readonly variant?: string;
}

// containerd, platforms.go: what each part of a platform may be made of. Others could not be shown safely.
const part = /^[A-Za-z0-9_.-]{1,64}$/;

/** Reads `os/architecture` or `os/architecture/variant`; `undefined` when the text is neither. */
export function parsePlatform(text: string): Platform | undefined {
  const parts = text.split('/', 4);
  if (parts.length !== 2 && parts.length !== 3) return undefined;
  const [os = '', architecture = '', variant] = parts;
  return variant === '' ? undefined : normalised(os, architecture, variant);
}

/**
 * Reads the platform in parsed JSON: the `platform` member of a descriptor in an index, or the config of an
 * image, which have the same members. `undefined` when it names no system or no architecture.
 */
export function platformOf(value: unknown): Platform | undefined {
  if (!isJsonObject(value)) return undefined;
  const [os = '', architecture = ''] = [textOf(value, 'os'), textOf(value, 'architecture')];
  return normalised(os, architecture, textOf(value, 'variant') ?? '');
}

/** The platform as it is written: `linux/amd64`, `linux/arm/v7`. */
export function platformText({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/** Whether an image for the one platform is what was asked for by the other. */
export function matchesPlatform(wanted: Platform, actual: Platform): boolean {
  return platformText(wanted) === platformText(actual);
}

/** BuildKit lists attestations in an index as images for this platform, which no machine has. */
export function isUnknownPlatform({ os, architecture }: Platform): boolean {
  return os === 'unknown' && architecture === 'unknown';
}

function normalised(os: string, architecture: string, variant = ''): Platform | undefined {
  if (![os, architecture].every((text) => part.test(text))) return undefined;
  if (variant !== '' && !part.test(variant)) return undefined;
  const system = os.toLowerCase();
  const [machine, kind] = normalisedMachine(architecture.toLowerCase(), variant.toLowerCase());
  return {
    os: system === 'macos' ? 'darwin' : system,
    architecture: machine,
    ...(kind === '' ? {} : { variant: kind }),
  };
}

/** containerd, platforms/database.go, `normalizeArch`. */
function normalisedMachine(architecture: string, variant: string): [string, string] {
  switch (architecture) {
    case 'i386':
      return ['386', ''];
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return ['amd64', variant === 'v1' ? '' : variant];
    case 'aarch64':
    case 'arm64':
      return ['arm64', variant === '8' || variant === 'v8' ? '' : variant];
    case 'armhf':
      return ['arm', 'v7'];
    case 'armel':
      return ['arm', 'v6'];
    case 'arm':
      return ['arm', variant === '' ? 'v7' : variant.replace(/^(?=[5-8]$)/, 'v')];
    default:
      return [architecture, variant];
  }
}
