// Strings with their escapes, and what JSON has between them.
const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gs;

/**
 * Whether readers of JSON may make different things of a text that is sound JSON: an object in it has two members
 * whose names are equal but for case. RFC 8259, section 4, leaves open which of several equal names counts, and
 * Go's encoding/json, which most registries are written in, takes `Layers` for `layers`.
 */
export function isAmbiguousJson(text: string): boolean {
  const objects: Array<Set<string> | undefined> = [];
  let last = '';
  for (const [one] of text.matchAll(token)) {
    if (one === '{') objects.push(new Set());
    else if (one === '[') objects.push(undefined);
    else if (one === '}' || one === ']') objects.pop();
    else if (one === ':') {
      const name = folded(last);
      const names = objects.at(-1);
      if (names?.has(name) === true) return true;
      names?.add(name);
    }
    last = one;
  }
  return false;
}

/** As Go folds: also the sign for kelvin and the long s, which in capitals are K and S. */
function folded(name: string): string {
  return String(JSON.parse(name)).toUpperCase().toLowerCase();
}
