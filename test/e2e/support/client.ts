import type { Bench } from './bench.ts';
import type { Image } from './ociLayout.ts';

/** Where a client works, and what it may know. */
export interface ClientSetting {
  readonly bench: Bench;
  /** `127.0.0.1:PORT` of the mirror that it is told to use. */
  readonly mirrorAddress: string;
  /** Its whole environment. */
  readonly environment: NodeJS.ProcessEnv;
}

/** A registry client that has a mirror for docker.io, with a store of its own. */
export interface Client {
  /** Pulls a full reference such as `docker.io/library/busybox:1`. */
  pull(reference: string): Promise<void>;
  /** Fails unless the client holds every layer of the image under that reference. */
  assertHolds(reference: string, image: Image): Promise<void>;
  /** Removes everything that the client has of the image. */
  forget(reference: string): Promise<void>;
}

/** A client that can run what it pulled. */
export interface RunningClient extends Client {
  /** Runs a command in the image, at its root and without a network, and resolves with what it printed. */
  run(reference: string, command: readonly string[]): Promise<string>;
}
