import type { Dice } from './dice.ts';
import { digestSpellings, fields, methods, queries, ranges, segments } from './hostileParts.ts';
import { brokenFramings, brokenHeads, noise } from './hostileFraming.ts';

/** A request that nobody means well, as Latin-1 text: one character a byte. */
export interface HostileRequest {
  readonly method: string;
  readonly bytes: string;
  /** Whether the server can tell where it ends, so that it answers it and the ones behind it. */
  readonly framed: boolean;
  /** Whether the server may end the connection with its answer, because more than this may have come. */
  readonly closes: boolean;
}

/** A request before it is written down. */
interface Draft {
  readonly method: string;
  readonly target: string;
  readonly lines: readonly string[];
}

type Mutation = (draft: Draft, dice: Dice) => Draft;

const withLine = (draft: Draft, line: string): Draft => ({
  ...draft,
  lines: [...draft.lines, line],
});

// Below the server's limit, by a margin for what it counts in.
const longestHead = 30_000;

/** What is wrong in content, not in form. */
const mutations: readonly Mutation[] = [
  (draft, dice) => ({ ...draft, target: insertSegments(draft.target, dice) }),
  (draft, dice) => ({ ...draft, target: dice.pick(digestSpellings)(draft.target) }),
  (draft, dice) => ({ ...draft, target: changeCharacter(draft.target, dice) }),
  (draft, dice) => ({ ...draft, target: `${draft.target}?${dice.some(queries, 3).join('&')}` }),
  (draft, dice) => withLine(draft, `Range: ${dice.pick(ranges)(dice)}`),
  (draft, dice) => withLine(draft, dice.pick(fields)),
  (draft, dice) => ({ ...draft, method: dice.pick(methods) }),
  (draft) => ({ ...draft, lines: draft.lines.slice(1) }),
];

/** A request for one of the targets with up to three things wrong in it, after which others can follow. */
export function framedRequest(targets: readonly string[], dice: Dice): HostileRequest {
  const draft = dice
    .some(mutations, 3)
    .reduce<Draft>((before, mutate) => mutate(before, dice), plainDraft(targets, dice));
  const bytes = write(draft);
  // Node's parser takes other targets for no HTTP, and what comes behind them is lost.
  const framed = bytes.length < longestHead && /^\/[!-~]*$/.test(draft.target);
  const closes = /^(?:Expect|Upgrade):/m.test(bytes);
  return { method: draft.method, bytes, framed, closes };
}

/** A request of which the server can't tell where it ends, or whether it is one. */
export function unframedRequest(targets: readonly string[], dice: Dice): HostileRequest {
  const { method, target } = plainDraft(targets, dice);
  const makers: ReadonlyArray<() => string> = [
    () => dice.pick(brokenHeads)(method, target),
    () => withFraming(method, target, dice.pick(brokenFramings)),
    () => withFraming(method, target, dice.pick(brokenFramings)),
    () => dice.pick(noise),
    () => spoilBytes(framedRequest(targets, dice).bytes, dice),
    () => spoilBytes(withFraming(method, target, dice.pick(brokenFramings), '/v2/'), dice),
  ];
  return { method, bytes: dice.pick(makers)(), framed: false, closes: true };
}

/** What a request that is hidden in the body of another asks for. */
export const smuggledPath = '/v2/smuggled/tags/list';

function withFraming(
  method: string,
  target: string,
  framing: string,
  hidden = smuggledPath,
): string {
  const smuggled = `GET ${hidden} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const body = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
  return `${method} ${target} HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n${body}`;
}

function plainDraft(targets: readonly string[], dice: Dice): Draft {
  const method = dice.chance(0.15) ? 'HEAD' : 'GET';
  return { method, target: dice.pick(targets), lines: ['Host: a'] };
}

function write({ method, target, lines }: Draft): string {
  return `${[`${method} ${target} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`;
}

function insertSegments(target: string, dice: Dice): string {
  const parts = target.split('/');
  const at = 1 + dice.below(parts.length);
  parts.splice(at, dice.below(2), ...dice.some(segments, 3));
  return parts.join(dice.chance(0.9) ? '/' : dice.pick(['//', '%2f', '\\']));
}

/** Replaces a character behind `/v2/` by one that a target may have, if not this one. */
function changeCharacter(target: string, dice: Dice): string {
  const at = 4 + dice.below(Math.max(1, target.length - 4));
  const character = dice.pick('!"$%&\'()*+,-./0:;<=>?@A[\\]^_`a{|}~\x80\xe4\xff'.split(''));
  return target.slice(0, at) + character + target.slice(at + 1);
}

/** Changes bytes anywhere: the line ends, the framing, the names. */
function spoilBytes(text: string, dice: Dice): string {
  let spoiled = text;
  for (let count = 1 + dice.below(4); count > 0; count -= 1) {
    const at = dice.below(spoiled.length + 1);
    const length = dice.below(4);
    const put = dice.pick([
      () => '',
      () => dice.byte(),
      () => dice.pick(['\n', '\r', '\0', ' ', '\t', ':', '\r\n', '\r\n\r\n']),
      () => spoiled.slice(at, at + dice.below(40)).repeat(2),
    ]);
    spoiled = spoiled.slice(0, at) + put() + spoiled.slice(at + length);
  }
  return spoiled;
}
