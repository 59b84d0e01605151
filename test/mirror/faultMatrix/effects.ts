import type { FaultEffects } from '../../support/hub/faultTable.ts';

const otherText = 'text that is neither JSON nor a part of the image\n';
// tcpmux: nobody listens there.
const unusedPort = 1;

/**
 * The rows of the matrix: every effect of the scripted Hub, with the values that matter. `position` is
 * where in a body those strike that have one, in bytes.
 */
export const effects: Readonly<Record<string, (position: number) => FaultEffects>> = {
  'delayHeaders: 20 ms': () => ({ delayHeaders: 20 }),
  'delayHeaders: hold': () => ({ delayHeaders: 'hold' }),
  'refuse: fin': () => ({ refuse: 'fin' }),
  'refuse: reset': () => ({ refuse: 'reset' }),
  cutAfter: (position) => ({ cutAfter: position }),
  resetAfter: (position) => ({ resetAfter: position }),
  stallAfter: (position) => ({ stallAfter: position }),
  slow: () => ({ slow: { bytesPerSecond: 400_000 } }),
  'wrongLength: too great': () => ({ wrongLength: 10 }),
  'wrongLength: too small': () => ({ wrongLength: -10 }),
  wrongByteAt: (position) => ({ wrongByteAt: position }),
  'headers: coded': () => ({ headers: { 'content-encoding': 'gzip' } }),
  'headers: no length': () => ({ headers: { 'content-length': '' } }),
  'headers: no digest': () => ({ headers: { 'docker-content-digest': '' } }),
  body: () => ({ body: otherText }),
  // Of a token reply nothing is left that could be used, of a manifest a manifest with another digest.
  editJson: () => ({
    editJson: ({ token: _token, access_token: _accessToken, ...rest }) => {
      return { ...rest, annotations: { edited: 'yes' } };
    },
  }),
  changedEntity: () => ({ changedEntity: true }),
  ignoreRange: () => ({ ignoreRange: true }),
  expireSignature: () => ({ expireSignature: true }),
  'status: 401': () => ({ status: 401 }),
  'status: 403': () => ({ status: 403 }),
  'status: 404': () => ({ status: 404 }),
  'status: 429': () => ({ status: 429 }),
  'status: 500': () => ({ status: 500 }),
  'status: 502': () => ({ status: 502 }),
  'status: 503': () => ({ status: 503 }),
  'status: 504': () => ({ status: 504 }),
  'throttle: pull_limit': () => ({ throttle: 'pull_limit' }),
  'throttle: abuse_limit': () => ({ throttle: 'abuse_limit' }),
  'throttle: abuse_limit_bare_lf': () => ({ throttle: 'abuse_limit_bare_lf' }),
  html: () => ({ html: true }),
  // The rules of addresses let a registry on a private address, as the Hub is, name any other.
  'redirectTo: no web address': () => ({ redirectTo: 'file:///etc/passwd' }),
  'redirectTo: nobody': () => ({ redirectTo: `http://127.0.0.1:${unusedPort}/` }),
};

/** The effects that strike at a byte: of these each position of the blob is a column of its own. */
export const effectsOfPosition: ReadonlySet<string> = new Set([
  'cutAfter',
  'resetAfter',
  'stallAfter',
  'wrongByteAt',
]);

/** Of the effects that leave the mirror waiting, for as long as its limits say. */
export const effectsOfSilence: ReadonlySet<string> = new Set(['delayHeaders: hold', 'stallAfter']);
