import { FieldScanner } from './fieldScanner.ts';

/** One way of authenticating that a `WWW-Authenticate` field offers. */
export interface Challenge {
  /** In lower case: `bearer`, `basic`, or anything else. */
  readonly scheme: string;
  /** By name in lower case, unescaped. The object has no prototype: any name can be looked up. */
  readonly parameters: Readonly<Record<string, string>>;
}

// RFC 9110 §11.2: what `Negotiate` and `NTLM` carry in place of parameters.
const token68 = /[A-Za-z0-9\-._~+/]+=*[ \t]*(?=,|$)/y;

/**
 * Reads the challenges of a `WWW-Authenticate` field by RFC 9110 §11.6.1, in the order they came in.
 * Several may share a line, and a comma separates both challenges and parameters. Of a parameter that
 * is repeated, the first one counts. What is malformed is skipped; nothing makes it throw.
 */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  const lines = typeof header === 'string' ? [header] : (header ?? []);
  return lines.flatMap(parseLine);
}

function parseLine(line: string): Challenge[] {
  const scanner = new FieldScanner(line);
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  while (!scanner.atEnd) {
    const name = takeToken(scanner);
    if (name !== undefined && scanner.takeCharacter('=')) {
      addParameter(challenges.at(-1)?.parameters, name, scanner.takeValue());
    } else if (name !== undefined) {
      const parameters = Object.create(null) as Record<string, string>;
      challenges.push({ scheme: name, parameters });
      takeFirstParameter(scanner, parameters);
    }
    scanner.skipElement();
    scanner.takeCharacter(',');
  }
  return challenges;
}

function takeToken(scanner: FieldScanner): string | undefined {
  scanner.skipWhitespace();
  return scanner.takeToken();
}

/** The first parameter follows its scheme after a space, where later ones follow a comma. */
function takeFirstParameter(scanner: FieldScanner, parameters: Record<string, string>): void {
  if (scanner.take(token68) !== undefined) return;
  const name = scanner.takeToken();
  if (name !== undefined && scanner.takeCharacter('=')) {
    addParameter(parameters, name, scanner.takeValue());
  }
}

function addParameter(
  parameters: Record<string, string> | undefined,
  name: string,
  value: string | undefined,
): void {
  if (parameters !== undefined && value !== undefined) parameters[name] ??= value;
}
