import type { z } from 'zod';
import { dockerHubHost } from './dockerHub.ts';
import { listenAddressesCollide, type ListenAddress } from './listenAddress.ts';
import { isJsonObject, type JsonObject } from '../registry/jsonObject.ts';
import type { SettingPath } from './settingPath.ts';

/** Where an account's credential may come from: one of these. */
const credentialKeys = ['token', 'tokenFile', 'tokenCommand', 'dockerConfig'];

type Report = (path: SettingPath, message: string) => void;

/**
 * The rules that concern more than one setting. Settings that are wrong by themselves may still stand
 * there unparsed: those are passed over, their own problem is reported already.
 */
export function crossFieldRules(settings: unknown, context: z.RefinementCtx): void {
  const report: Report = (path, message) => {
    context.addIssue({ code: 'custom', path: [...path], message });
  };
  const upstreams = listAt(settings, 'upstreams');
  reportCollidingAddresses(settings, report);
  reportHalfATlsPair(fieldOf(settings, 'tls'), report);
  reportWaterMarks(fieldOf(settings, 'storage'), report);
  reportOpsTokens(fieldOf(settings, 'ops'), report);
  reportRepeated(hostsOf(upstreams), (index) => ['upstreams', index, 'host'], report);
  reportUnknownDefault(settings, hostsOf(upstreams), report);
  for (const [index, upstream] of upstreams.entries()) {
    reportAccounts(listAt(upstream, 'accounts'), ['upstreams', index, 'accounts'], report);
  }
}

function reportCollidingAddresses(settings: unknown, report: Report): void {
  const own = addressAt(settings);
  const ops = addressAt(fieldOf(settings, 'ops'));
  if (own !== undefined && ops !== undefined && listenAddressesCollide(own, ops)) {
    report(['ops', 'listen'], 'expected another port than that of listen');
  }
}

function reportHalfATlsPair(tls: unknown, report: Report): void {
  const given = [fieldOf(tls, 'certificateFile'), fieldOf(tls, 'keyFile')];
  const [hasCertificate, hasKey] = given.map((file) => file !== undefined);
  if (hasCertificate === hasKey) return;
  const missing = hasKey ? 'certificateFile' : 'keyFile';
  report(
    ['tls', missing],
    'expected both certificateFile and keyFile, or neither, but it is missing',
  );
}

function reportWaterMarks(storage: unknown, report: Report): void {
  const [low, high] = [fieldOf(storage, 'lowWater'), fieldOf(storage, 'highWater')];
  if (typeof low === 'number' && typeof high === 'number' && low > high) {
    report(['storage', 'lowWater'], 'expected no more than storage.highWater');
  }
}

function reportOpsTokens(ops: unknown, report: Report): void {
  if (fieldOf(ops, 'token') !== undefined && fieldOf(ops, 'tokenFile') !== undefined) {
    report(['ops'], 'expected either token or tokenFile, not both');
  }
}

function reportUnknownDefault(settings: unknown, hosts: readonly unknown[], report: Report): void {
  const chosen = fieldOf(settings, 'defaultUpstream');
  // docker.io is an upstream always, listed or not.
  const known = [...new Set([dockerHubHost, ...hosts.filter((host) => typeof host === 'string')])];
  if (typeof chosen === 'string' && !known.includes(chosen)) {
    report(['defaultUpstream'], `expected one of the upstreams: ${known.join(', ')}`);
  }
}

function reportAccounts(accounts: readonly unknown[], path: SettingPath, report: Report): void {
  const usernames = accounts.map((account) => fieldOf(account, 'username'));
  reportRepeated(usernames, (index) => [...path, index, 'username'], report);
  for (const [index, account] of accounts.entries()) {
    if (!isJsonObject(account)) continue;
    const given = credentialKeys.filter((key) => account[key] !== undefined);
    if (given.length !== 1)
      report([...path, index], `expected one of ${credentialKeys.join(', ')}`);
    else if (account['username'] === undefined) {
      const expected = expectedUsername(account, accounts.slice(0, index));
      if (expected !== undefined) report([...path, index, 'username'], expected);
    }
  }
}

/** What is expected of an account without a user name; `undefined` when it may do without. */
function expectedUsername(account: JsonObject, before: readonly unknown[]): string | undefined {
  if (account['dockerConfig'] === undefined) return 'expected a user name, but it is missing';
  // Metrics have to tell them from each other.
  const isSecond = before.some((other) => isJsonObject(other) && other['username'] === undefined);
  return isSecond ? 'expected a user name, since another account has none already' : undefined;
}

function reportRepeated(
  values: readonly unknown[],
  pathOf: (index: number) => SettingPath,
  report: Report,
): void {
  for (const [index, value] of values.entries()) {
    if (value !== undefined && values.indexOf(value) < index) {
      report(pathOf(index), 'expected a name that is not in the list already');
    }
  }
}

function hostsOf(upstreams: readonly unknown[]): readonly unknown[] {
  return upstreams.map((upstream) => fieldOf(upstream, 'host'));
}

function fieldOf(value: unknown, key: string): unknown {
  return isJsonObject(value) ? value[key] : undefined;
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const list = fieldOf(value, key);
  return Array.isArray(list) ? list : [];
}

function addressAt(value: unknown): ListenAddress | undefined {
  const address = fieldOf(value, 'listen');
  return isJsonObject(address) ? (address as unknown as ListenAddress) : undefined;
}
