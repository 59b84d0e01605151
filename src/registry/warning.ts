// OCI distribution-spec, "Warnings": the limit for all warnings of one answer together.
const maximumBytes = 4096;
const prefix = '299 - "';
const suffix = '"';

/**
 * A `Warning` field in the one form that the OCI distribution-spec has: code 299, no agent, no date.
 * Control characters become spaces and characters beyond ASCII question marks; a text that is too
 * long is cut so that the field stays within 4096 bytes.
 */
export function formatWarning(text: string): string {
  let quoted = '';
  for (const character of text) {
    const escaped = escapeCharacter(character);
    if (prefix.length + quoted.length + escaped.length + suffix.length > maximumBytes) break;
    quoted += escaped;
  }
  return `${prefix}${quoted}${suffix}`;
}

function escapeCharacter(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  if (character < ' ' || character === '\x7f') return ' ';
  return character > '~' ? '?' : character;
}
