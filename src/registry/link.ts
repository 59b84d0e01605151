import { FieldScanner } from './fieldScanner.ts';

// No address contains angle brackets (RFC 3986 appendix C); excluding `<` bounds a failing match.
const bracketedTarget = /<[^<>]*>/y;
const notInAddress = /[^\x21-\x7e]|[<>"\\^`{|}]/gu;

/**
 * The target of the first link with the relation `next` in a `Link` field (RFC 8288 §3): an address,
 * often a relative one, as it was written. `undefined` when there is none. Never throws.
 */
export function nextLink(header: string | readonly string[] | undefined): string | undefined {
  const lines = typeof header === 'string' ? [header] : (header ?? []);
  for (const line of lines) {
    const target = nextOfLine(new FieldScanner(line));
    if (target !== undefined) return target;
  }
  return undefined;
}

function nextOfLine(scanner: FieldScanner): string | undefined {
  while (!scanner.atEnd) {
    scanner.skipWhitespace();
    const target = scanner.take(bracketedTarget)?.slice(1, -1);
    if (target !== undefined && takesRelationNext(scanner)) return target;
    scanner.skipElement();
    scanner.takeCharacter(',');
  }
  return undefined;
}

/** Whether the parameters of the link at hand say `rel=next`. RFC 8288 §3.3: only the first `rel` counts. */
function takesRelationNext(scanner: FieldScanner): boolean {
  while (scanner.takeCharacter(';')) {
    scanner.skipWhitespace();
    const name = scanner.takeToken();
    const value = scanner.takeCharacter('=') ? scanner.takeValue() : undefined;
    if (name === 'rel') return relationTypes(value).includes('next');
  }
  return false;
}

function relationTypes(value: string | undefined): string[] {
  return (value ?? '').toLowerCase().split(/[ \t]+/);
}

/**
 * A `Link` field that points at the next page. What an address cannot contain as it is (`<`, `>`,
 * spaces, control characters, anything beyond ASCII) is percent-encoded, so that no target can break
 * out of the field; what is percent-encoded already stays so.
 */
export function formatNextLink(target: string): string {
  return `<${target.toWellFormed().replaceAll(notInAddress, encodeURIComponent)}>; rel="next"`;
}
