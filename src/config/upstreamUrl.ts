/** An address that was read, or a sentence of what was expected of it. It never repeats the address. */
export type UpstreamUrlReading = { readonly origin: string } | { readonly expected: string };

/** Reads the address of a registry's API: scheme, host and port, as the `origin` of the URL standard. */
export function readUpstreamUrl(text: string): UpstreamUrlReading {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    return { expected: 'an address such as https://registry.example.com' };
  }
  const flaw = flawOf(url, text);
  return flaw === undefined ? { origin: url.origin } : { expected: flaw };
}

function flawOf(url: URL, text: string): string | undefined {
  if (url.username !== '' || url.password !== '') {
    return 'an address without credentials: they belong under accounts';
  }
  if (/[?#]/.test(text)) return 'an address without a query or fragment';
  // Registries keep their API at /v2/ below the root: no client could name one behind a prefix.
  if (url.pathname !== '/') {
    return 'scheme, host and port alone: a registry behind a path prefix is not supported';
  }
  return undefined;
}
