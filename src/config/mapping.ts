/** A YAML mapping, or a JSON object, of which nothing is known yet. */
export type Mapping = Record<string, unknown>;

/** Whether the value is a mapping: neither a scalar nor a list. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
