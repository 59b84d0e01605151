import { randomBytes } from 'node:crypto';
import type { Lifetime } from '../lifetime.ts';
import {
  claimedUsername,
  createAccounts,
  paidAccount,
  personalAccount,
  type AccountControls,
} from './accounts.ts';
import { blobCdn } from './blobCdn.ts';
import { contentControls, createContent, type ContentControls } from './content.ts';
import { createFaultBoard, stageOf, type FaultBoard, type FaultControls } from './faults.ts';
import type { OriginName } from './hubRequest.ts';
import type { HubSettings } from './hubSettings.ts';
import { startOrigin, type Handler, type Origin } from './origin.ts';
import { createPullLimits, type PullLimitControls } from './pullLimits.ts';
import { createRecorder, type RequestLog } from './recorder.ts';
import { registryAccess } from './registryAccess.ts';
import { registryOrigin } from './registryOrigin.ts';
import { createAddressSigner } from './signedAddress.ts';
import { createTokens, type TokenControls } from './tokens.ts';
import { tokenService } from './tokenService.ts';

/** A Docker Hub that does as it is told: three origins on real sockets. */
export interface ScriptedHub
  extends
    ContentControls,
    AccountControls,
    TokenControls,
    PullLimitControls,
    FaultControls,
    RequestLog {
  readonly registryUrl: string;
  readonly tokenUrl: string;
  readonly cdnUrl: string;
  /** Ends all connections to one origin, or to all of them, and refuses new ones. */
  goDown(origin?: OriginName): Promise<void>;
  /** Makes what went down answer again, at the same address. */
  comeUp(origin?: OriginName): Promise<void>;
  /** Ends it for good. */
  stop(): Promise<void>;
}

const defaults: HubSettings = {
  clock: Date.now,
  auth: 'bearer',
  accounts: [paidAccount, personalAccount],
  tokenSeconds: 300,
  blobs: 'redirect',
  addressSeconds: 1200,
  referrersApi: true,
  referrersPageSize: 100,
  tagPaging: 'last',
  tagPageSize: 100,
};

/** Starts an empty Hub, which is stopped when the test ends; without a test by `stop` alone. */
export async function startHub(
  t?: Lifetime,
  options: Partial<HubSettings> = {},
): Promise<ScriptedHub> {
  const parts = createParts({ ...defaults, ...options });
  const origins = await startOrigins(parts);
  const goDown = async (name?: OriginName) => {
    await Promise.all(chosen(origins, name).map((origin) => origin.goDown()));
  };
  const stop = async () => {
    parts.faults.controls.clearFaults();
    await goDown();
  };
  t?.after(stop);
  return {
    registryUrl: origins.registry.url,
    tokenUrl: origins.token.url,
    cdnUrl: origins.cdn.url,
    ...contentControls(parts.content),
    ...parts.accounts.controls,
    ...parts.tokens.controls,
    ...parts.limits.controls,
    ...parts.faults.controls,
    ...parts.recorder.log,
    goDown,
    comeUp: async (name) => {
      await Promise.all(chosen(origins, name).map((origin) => origin.comeUp()));
    },
    stop,
  };
}

/** What the origins share. */
type HubParts = ReturnType<typeof createParts>;

function createParts(settings: HubSettings) {
  const { clock, tokenSeconds, addressSeconds } = settings;
  const accounts = createAccounts(settings.accounts);
  return {
    settings,
    accounts,
    content: createContent(),
    tokens: createTokens(clock, tokenSeconds),
    limits: createPullLimits(accounts, clock),
    signer: createAddressSigner(randomBytes(16).toString('hex'), addressSeconds),
    faults: createFaultBoard(),
    recorder: createRecorder(),
  };
}

/** The registry comes last: it sends its clients to the other two. */
async function startOrigins(parts: HubParts): Promise<Record<OriginName, Origin>> {
  const { settings, faults, recorder } = parts;
  const shared = { clock: settings.clock, recorder };
  const token = await startOrigin({
    ...shared,
    name: 'token',
    handle: faulty(faults, tokenService(parts)),
    accountOf: ({ headers }) => claimedUsername(headers.authorization),
  });
  const cdn = await startOrigin({
    ...shared,
    name: 'cdn',
    handle: faulty(faults, blobCdn(parts.content, parts.signer)),
    accountOf: () => undefined,
  });
  const access = registryAccess({ ...parts, realm: `${token.url}/token` });
  const registry = await startOrigin({
    ...shared,
    name: 'registry',
    handle: faulty(faults, registryOrigin({ ...parts, access, cdnUrl: cdn.url })),
    accountOf: access.accountOf,
  });
  return { token, registry, cdn };
}

function faulty(faults: FaultBoard, handle: Handler): Handler {
  return (request) => {
    const stage = stageOf(request.operation);
    return stage === undefined ? handle(request) : faults.around(stage, request, handle);
  };
}

function chosen(
  origins: Readonly<Record<OriginName, Origin>>,
  name: OriginName | undefined,
): readonly Origin[] {
  return name === undefined ? Object.values(origins) : [origins[name]];
}
