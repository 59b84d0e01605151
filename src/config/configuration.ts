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

/** One account of an upstream, with its token wherever that was kept. */
export interface AccountConfiguration {
  readonly username: string;
  readonly token: Secret;
}

type UpstreamSettings = Settings['upstreams'][number];
type AddressedUpstream = UpstreamSettings & { url: string };
type AccountSettings = UpstreamSettings['accounts'][number];

type DeepReadonly<T> = T extends Secret | ListenAddress
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
  return {
    ...settings,
    upstreams: settings.upstreams.map((upstream) => ({
      ...upstream,
      accounts: upstream.accounts.map((account) => accountOf(account, tokens)),
    })),
  };
}

function accountOf(
  { username, token, tokenFile = '' }: AccountSettings,
  tokens: ReadonlyMap<string, Secret>,
): AccountConfiguration {
  const secret = token ?? tokens.get(tokenFile);
  if (secret === undefined) throw new Error('an account passed validation without a token');
  return { username, token: secret };
}
