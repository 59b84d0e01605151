import { Agent } from 'undici';
import { AddressRules } from '../../src/upstream/addressRules.ts';
import type { Call } from '../../src/upstream/call.ts';
import type { UpstreamContext } from '../../src/upstream/upstreamContext.ts';
import { recordingObserver, type RecordingObserver } from './recordingObserver.ts';
import { repository } from './testUpstream.ts';

/** What the parts of an upstream called `hub.test` have in common, on one clock. */
export function testContext(clock: () => number): {
  readonly context: UpstreamContext;
  readonly observer: RecordingObserver;
} {
  const observer = recordingObserver();
  const base = new URL('https://hub.test');
  const rules = new AddressRules({ host: 'hub.test', base, trustedHosts: [] });
  const userAgent = 'pullthrough/0.0.0-test';
  const context = { host: 'hub.test', userAgent, rules, observer, now: clock, wallNow: clock };
  return { context, observer };
}

/** A call that is never made. */
export const manifestCall: Call = {
  operation: 'manifest_get',
  subject: 'manifest latest of library/alpine',
  repository: repository('library/alpine'),
  method: 'GET',
  url: new URL('https://hub.test/v2/library/alpine/manifests/latest'),
  headers: {},
  redirects: 'follow',
  dispatcher: new Agent(),
  repeats: true,
};
