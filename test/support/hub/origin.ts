import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from './hubSettings.ts';
import { readRequest, type HubRequest, type OriginName } from './hubRequest.ts';
import type { RequestRecorder } from './recorder.ts';
import { ConnectionCut, type RawReply, type Reply } from './reply.ts';
import { cutConnection, sendReply, type SendProgress } from './sendReply.ts';

/** How an origin answers a request; a {@link ConnectionCut} thrown ends the connection instead. */
export type Handler = (request: HubRequest) => Reply | RawReply | Promise<Reply | RawReply>;

/** What an origin is made of. */
export interface OriginParts {
  readonly name: OriginName;
  readonly handle: Handler;
  readonly clock: Clock;
  readonly recorder: RequestRecorder;
  /** The user name that a request's credentials stand for. */
  readonly accountOf: (request: HubRequest) => string | undefined;
}

/** One of the Hub's servers, listening on 127.0.0.1. */
export interface Origin {
  readonly url: string;
  /** Ends every connection and refuses new ones. */
  goDown(): Promise<void>;
  /** Listens again, on the same port. */
  comeUp(): Promise<void>;
}

/** Starts a server on a free port. */
export async function startOrigin(parts: OriginParts): Promise<Origin> {
  const server = createServer((incoming, response) => {
    void answer(parts, incoming, response);
  });
  const port = await listen(server, 0);
  return {
    url: `http://127.0.0.1:${port}`,
    goDown: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    comeUp: async () => {
      if (!server.listening) await listen(server, port);
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function answer(
  parts: OriginParts,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const request = readRequest(parts.name, incoming, parts.clock());
    const progress = keepRecord(parts, request, response);
    await sendReply(response, await parts.handle(request), progress);
  } catch (error) {
    if (error instanceof ConnectionCut) await cutConnection(response, error);
    else confess(response, error);
  }
}

function keepRecord(
  { recorder, accountOf }: OriginParts,
  request: HubRequest,
  response: ServerResponse,
): SendProgress {
  const recorded = recorder.arrived(request, accountOf(request));
  response.once('close', () => {
    recorded.outcome = response.writableFinished ? 'completed' : 'aborted';
    recorder.changed();
  });
  return {
    began: (status) => {
      recorded.status = status;
      recorder.changed();
    },
    sent: (bytes) => {
      recorded.bytesSent += bytes;
      recorder.changed();
    },
  };
}

/** A fault of the scripted Hub itself must not pass for one that a test ordered. */
function confess(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  response.writeHead(500, { 'content-type': 'text/plain' });
  response.end(`the scripted Hub is broken: ${String(error)}`);
}
