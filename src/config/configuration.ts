import { defaultUpstreamUrl } from './dockerHub.ts';
import type { ListenAddress } from './listenAddress.ts';
import type { Settings } from './schema.ts';
import type { Secret } from './secret.ts';

/** Every setting as a plain value: sizes in bytes, durations in milliseconds. */
export type Configuration = DeepReadonly<
  Omit<Settings, 'upstreams'> & { upstreams: UpstreamConfiguration[] }
>;

/** One upstream, with its address whether or not one was given. */
export type UpstreamConfiguration = DeepReadonly<
  Omit<UpstreamSettings, 'url' | 'accounts'> & { url: string; accounts: AccountConfiguration[] }
>;

/** One account of an upstream, with its token wherever that was kept. */
export interface AccountConfiguration {
  readonly username: string;
  readonly token: Secret;
}

type UpstreamSettings = Settings['upstreams'][number];
type AccountSettings = UpstreamSettings['accounts'][number];

type DeepReadonly<T> = T extends Secret | ListenAddress
  ? T
  : T extends readonly (infer Element)[]
    ? readonly DeepReadonly<Element>[]
    : T extends object
      ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
      : T;

/** Puts in what the settings only refer to: the tokens of token files. */
export function configurationOf(
  settings: Settings,
  tokens: ReadonlyMap<string, Secret>,
): Configuration {
  return {
    ...settings,
    upstreams: settings.upstreams.map((upstream) => ({
      ...upstream,
      url: upstream.url ?? defaultUpstreamUrl(upstream.host),
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
