import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { describeReadFailure } from '../config/readFailure.ts';
import { Secret } from '../config/secret.ts';
import { StoreLockedError } from '../store/catalogDatabase.ts';
import type { Upkeep } from '../upkeep/upkeep.ts';
import { UpkeepError } from '../upkeep/upkeepError.ts';
import { flagText, UsageError, type CommandContext, type CommandOptions } from './command.ts';
import { localOpsUrl, parseOpsUrl } from './opsUrl.ts';
import { AccessRefusal } from './remoteRefusal.ts';
import { RemoteUpkeep } from './remoteUpkeep.ts';
import { loadConfigurationFor, settingOptions } from './settingFlags.ts';
import { describeStartFailure, isWrongSetting } from './startFailure.ts';
import { hasStore, storeIdentity } from './storeIdentity.ts';

/** What an upkeep command works on. */
export interface OpenedUpkeep {
  readonly upkeep: Upkeep;
  /** For people: the address of the mirror, or the directory of the store. */
  readonly where: string;
  /** Whether it is done by a running mirror. */
  readonly throughMirror: boolean;
  /** Lets go of the store or of the connections. */
  close(): Promise<void>;
}

/** What a command needs of the store. */
export interface UpkeepNeeds {
  /** Whether a store is made where there is none: for what brings content in. */
  readonly creates?: boolean;
}

/** The flags of every command that goes through {@link openUpkeep}; more are added beside them. */
export const upkeepOptions: CommandOptions = {
  ...settingOptions(),
  url: {
    type: 'string',
    value: 'URL',
    description: 'Work through the mirror with these ops endpoints: http[s]://HOST:PORT.',
  },
  'token-file': {
    type: 'string',
    value: 'FILE',
    description:
      'File with the token of the ops endpoints; else ops.token of the configuration is taken.',
  },
};

/**
 * Opens what the command is to work on: the mirror of `--url`, or the store of `storage.directory`, through
 * the mirror at `ops.listen` when that has it. Throws a {@link UsageError}, an {@link UpkeepError}, or what
 * keeps the store from being opened.
 */
export async function openUpkeep(
  context: CommandContext,
  needs: UpkeepNeeds = {},
): Promise<OpenedUpkeep> {
  const { configuration } = loadConfigurationFor(context);
  const token = tokenFor(context, configuration);
  const given = flagText(context, 'url');
  if (given !== undefined) return throughMirror(parseOpsUrl(given), token, configuration);
  if (!(await hasStore(configuration.storage.directory))) {
    try {
      return await throughDistantMirror(configuration, token);
    } catch (error) {
      if (needs.creates !== true) throw error;
    }
  }
  try {
    return await openStore(configuration, context.environment);
  } catch (error) {
    if (!(error instanceof StoreLockedError)) throw error;
    return throughItsMirror(configuration, token);
  }
}

/**
 * Opens, does the work and closes. Settles with the exit code: that of the work, or what stands for its
 * failure, which is reported on stderr.
 */
export async function runUpkeep(
  context: CommandContext,
  work: (upkeep: Upkeep, opened: OpenedUpkeep) => Promise<number>,
  needs: UpkeepNeeds = {},
): Promise<number> {
  try {
    const opened = await openUpkeep(context, needs);
    try {
      return await work(opened.upkeep, opened);
    } finally {
      await opened.close();
    }
  } catch (error) {
    const failure = failureOf(error, context);
    if (failure === undefined) throw error;
    context.stderr.write(`pullthrough: ${failure.message}\n`);
    return failure.code;
  }
}

interface Failure {
  readonly code: 1 | 2;
  readonly message: string;
}

/** What is the matter in a line; `undefined` for what is nobody's mistake but the program's. */
function failureOf(error: unknown, context: CommandContext): Failure | undefined {
  if (error instanceof UpkeepError) {
    return { code: error.failure === 'invalid' ? 2 : 1, message: error.message };
  }
  if (isWrongSetting(error)) return { code: 2, message: error.message };
  if (error instanceof UsageError || !(error instanceof Error)) return undefined;
  const message = describeStartFailure(error, loadConfigurationFor(context).configuration);
  return message === undefined ? undefined : { code: 1, message };
}

async function openStore(
  configuration: Configuration,
  environment: NodeJS.ProcessEnv,
): Promise<OpenedUpkeep> {
  // All of the mirror, which a command that finds one running need not wait for.
  const { openMirrorForCommand } = await import('./openMirror.ts');
  const opened = await openMirrorForCommand(configuration, environment);
  const where = resolve(configuration.storage.directory);
  return { ...opened, where, throughMirror: false };
}

function throughMirror(url: URL, token: Secret | undefined, { ops }: Configuration): OpenedUpkeep {
  // The address that other refusals here tell to give.
  const isOwn = url.origin === localOpsUrl(ops)?.origin;
  const certificateFile = isOwn ? ops.tls.certificateFile : undefined;
  return openRemote(new RemoteUpkeep({ url, token, certificateFile }), url);
}

function openRemote(upkeep: RemoteUpkeep, url: URL): OpenedUpkeep {
  return { upkeep, where: url.origin, throughMirror: true, close: () => upkeep.close() };
}

/**
 * Some process has the store. Whether it is the mirror at `ops.listen` is asked, for there may be several
 * on a machine: to show, or purge, what another one has would be worse than to do nothing.
 */
async function throughItsMirror(
  configuration: Configuration,
  token: Secret | undefined,
): Promise<OpenedUpkeep> {
  const directory = resolve(configuration.storage.directory);
  const complaint = `another pullthrough, a mirror or a command, is using ${directory}`;
  const remedy = 'wait for it, or say with --url where the ops.listen of the mirror is';
  const { url, opened, store } = await askLocalMirror(configuration, token, { complaint, remedy });
  if (store.identity === (await storeIdentity(directory))) return opened;
  await opened.close();
  throw new UpkeepError(
    'failed',
    `${complaint}, and it is not the mirror at ${url.origin}: that one has ${store.directory}; ${remedy}`,
  );
}

/**
 * The directory of a mirror in a container is none on this machine. What can be compared is its path, so that
 * a mirror that happens to be at `ops.listen` is not taken for the one of this configuration.
 */
async function throughDistantMirror(
  configuration: Configuration,
  token: Secret | undefined,
): Promise<OpenedUpkeep> {
  const directory = resolve(configuration.storage.directory);
  const complaint = `there is no store in ${directory} (setting storage.directory)`;
  const remedy = 'say with --url where its ops.listen is';
  const { url, opened, store } = await askLocalMirror(configuration, token, { complaint, remedy });
  if (store.directory === directory) return opened;
  await opened.close();
  throw new UpkeepError(
    'failed',
    `${complaint}, and the mirror at ${url.origin} has ${store.directory}: give --url ${url.origin} if that is meant`,
  );
}

/** What is said where no mirror answers. */
interface Refusal {
  readonly complaint: string;
  readonly remedy: string;
}

async function askLocalMirror(
  { ops }: Configuration,
  token: Secret | undefined,
  { complaint, remedy }: Refusal,
) {
  const url = localOpsUrl(ops);
  if (url === undefined) {
    throw new UpkeepError('failed', `${complaint}, and ops.listen leaves the port open; ${remedy}`);
  }
  const { certificateFile } = ops.tls;
  const upkeep = new RemoteUpkeep({ url, token, certificateFile });
  const opened = openRemote(upkeep, url);
  try {
    return { url, opened, store: await upkeep.store() };
  } catch (error) {
    await upkeep.close();
    if (!(error instanceof UpkeepError)) throw error;
    // A mirror that answers is one to ask again, with the token.
    const found =
      error instanceof AccessRefusal
        ? `the mirror at ${url.origin} says: ${error.message}`
        : `${error.message}; ${remedy}`;
    throw new UpkeepError('failed', `${complaint}, and ${found}`, { cause: error });
  }
}

/** What RFC 6750 calls a b64token, and whatever else goes into a header as it is. */
const sendable = /^[!-~]+$/;

function tokenFor(context: CommandContext, { ops }: Configuration): Secret | undefined {
  const file = flagText(context, 'token-file');
  const token = file === undefined ? ops.token : readToken(file);
  if (token === undefined || sendable.test(token.reveal())) return token;
  throw new UsageError('the ops token has characters that no header can have, or spaces');
}

function readToken(file: string): Secret {
  try {
    return new Secret(readFileSync(file, 'utf8').replace(/(\r?\n)+$/, ''));
  } catch (error) {
    throw new UsageError(`cannot read --token-file ${file}: ${describeReadFailure(error)}`);
  }
}
