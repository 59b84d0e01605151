import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { AddressRules } from './addressRules.ts';

/** Resolves a name to all of its addresses, as `dns.lookup` does. */
export type ResolveName = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A `lookup` for sockets that hides the addresses which the rules forbid. It works where the
 * connection is made, so that a name cannot resolve to one thing for the check and to another for use.
 * IP literals never pass through a lookup: they are checked in the URL.
 */
export function guardedLookup(rules: AddressRules, resolve: ResolveName = lookup): LookupFunction {
  return (hostname, { all, ...options }, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const found = error ?? permitted(rules, hostname, addresses);
      if (found instanceof Error) callback(found, []);
      else if (all) callback(null, found);
      else callback(null, found[0]?.address ?? '', found[0]?.family);
    });
  };
}

function permitted(
  rules: AddressRules,
  hostname: string,
  addresses: readonly LookupAddress[],
): LookupAddress[] | Error {
  try {
    return rules.resolved(hostname, addresses);
  } catch (error) {
    return error as Error;
  }
}
