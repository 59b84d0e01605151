/** A JSON object from a far side: its members may be of any type, or missing. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value from `JSON.parse` is an object, which an array and `null` are not. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads UTF-8 JSON; `undefined` when the bytes are anything but one JSON object. */
export function parseJsonObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    // JSON has no byte order mark (RFC 8259 §8.1); left in place, it fails the parser.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The member's text; `undefined` when it is missing or no text. */
export function textOf(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' ? value : undefined;
}
