import type { Glob } from '../registry/glob.ts';
import { defaultUpstreamUrl } from './dockerHub.ts';
import type { ListenAddress } from './listenAddress.ts';
import type { Settings } from './schema.ts';
import type { Secret } from './secret.ts';

/** Every setting as a plain value: sizes in bytes, durations in milliseconds. */
export type Configuration = DeepReadonly<
  Omit<Settings, 'upstreams'> & { upstreams: UpstreamConfiguration[] }
>;

/** One upstream, with its address and accounts. */
export type UpstreamConfiguration = DeepReadonly<
  Omit<AddressedUpstream, 'accounts'> & { accounts: AccountConfiguration[] }
>;

/** The settings, with the address of every upstream whether or not one was given. */
export type AddressedSettings = Omit<Settings, 'upstreams'> & { upstreams: AddressedUpstream[] };

/**
 * One account of an upstream. What it logs in with is its `token`, at first also where that comes from a
 * `tokenFile`, or else what `tokenCommand` or `dockerConfig` lead to.
 */
export type AccountConfiguration = UpstreamSettings['accounts'][number];

type UpstreamSettings = Settings['upstreams'][number];
type AddressedUpstream = UpstreamSettings & { url: string };

type DeepReadonly<T> = T extends Secret | ListenAddress | Glob
  ? T
  : T extends readonly (infer Element)[]
    ? readonly DeepReadonly<Element>[]
    : T extends object
      ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
      : T;

/** Fills in the addresses that were not given. */
export function withAddresses(settings: Settings): AddressedSettings {
  const upstreams = settings.upstreams.map((upstream) => ({
    ...upstream,
    url: upstream.url ?? defaultUpstreamUrl(upstream.host),
  }));
  return { ...settings, upstreams };
}

/** Puts in what the settings only refer to: the tokens of token files. */
export function configurationOf(
  settings: AddressedSettings,
  tokens: ReadonlyMap<string, Secret>,
): Configuration {
  const { tokenFile } = settings.ops;
  const ops =
    tokenFile === undefined ? settings.ops : { ...settings.ops, token: tokens.get(tokenFile) };
  return {
    ...settings,
    ops,
    upstreams: settings.upstreams.map((upstream) => ({
      ...upstream,
      accounts: upstream.accounts.map((account) => accountOf(account, tokens)),
    })),
  };
}

function accountOf(
  account: AccountConfiguration,
  tokens: ReadonlyMap<string, Secret>,
): AccountConfiguration {
  const { tokenFile } = account;
  return tokenFile === undefined ? account : { ...account, token: tokens.get(tokenFile) };
}
