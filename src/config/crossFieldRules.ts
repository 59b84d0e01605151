import type { z } from 'zod';
import { accessRules } from './accessRules.ts';
import { dockerHubHost } from './dockerHub.ts';
import { listenAddressesCollide, type ListenAddress } from './listenAddress.ts';
import { isJsonObject, type JsonObject } from '../registry/jsonObject.ts';
import { patternRules } from './patternRules.ts';
import type { SettingPath } from './settingPath.ts';
import { fieldOf, listAt, reportRepeated, type Report } from './unparsedSettings.ts';

/** Where an account's credential may come from: one of these. */
const credentialKeys = ['token', 'tokenFile', 'tokenCommand', 'dockerConfig'];

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
  reportTls(fieldOf(settings, 'tls'), ['tls'], report);
  reportTls(fieldOf(fieldOf(settings, 'ops'), 'tls'), ['ops', 'tls'], report);
  reportWaterMarks(fieldOf(settings, 'storage'), report);
  reportOpsTokens(fieldOf(settings, 'ops'), report);
  reportRepeated(hostsOf(upstreams), (index) => ['upstreams', index, 'host'], report);
  const known = knownHosts(upstreams);
  reportUnknownDefault(settings, known, report);
  accessRules(settings, known, report);
  patternRules(settings, known, report);
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

function reportTls(tls: unknown, path: SettingPath, report: Report): void {
  const given = ['certificateFile', 'keyFile', 'clientCaFile'].map((key) => fieldOf(tls, key));
  const [hasCertificate, hasKey, hasClientCa] = given.map((file) => file !== undefined);
  if (hasCertificate !== hasKey) {
    const expected = 'expected both certificateFile and keyFile, or neither, but it is missing';
    report([...path, hasKey ? 'certificateFile' : 'keyFile'], expected);
  } else if (hasClientCa && !hasCertificate) {
    report([...path, 'clientCaFile'], 'expected certificateFile and keyFile beside it');
  }
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

function reportUnknownDefault(settings: unknown, known: readonly string[], report: Report): void {
  const chosen = fieldOf(settings, 'defaultUpstream');
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

function hostsOf(upstreams: readonly unknown[]): readonly unknown[] {
  return upstreams.map((upstream) => fieldOf(upstream, 'host'));
}

function knownHosts(upstreams: readonly unknown[]): readonly string[] {
  const hosts = hostsOf(upstreams).filter((host) => typeof host === 'string');
  // docker.io is an upstream always, listed or not.
  return [...new Set([dockerHubHost, ...hosts])];
}

function addressAt(value: unknown): ListenAddress | undefined {
  const address = fieldOf(value, 'listen');
  return isJsonObject(address) ? (address as unknown as ListenAddress) : undefined;
}
