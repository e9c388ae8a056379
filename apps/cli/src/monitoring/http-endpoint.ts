/**
 * A small HTTP server for whoever watches a service: a few pages to read, nothing to change, no state.
 *
 * It refuses everything else, and bounds what a caller can make it hold: anybody who reaches its address may ask.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { Address } from '@minitorrent/rpc-core';
import { formatAddress } from '../address.ts';
import { CliError } from '../cli-error.ts';
import { systemReason } from '../failure.ts';

/** What is answered to a request. */
export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export interface HttpEndpointOptions {
  readonly address: Address;
  /** By path. One that rejects is answered with 500, and told to `onError`. */
  readonly pages: ReadonlyMap<string, () => Promise<Page>>;
  readonly onError: (error: unknown) => void;
}

export interface HttpEndpoint extends AsyncDisposable {
  /** The address that is really bound, with its port. */
  readonly address: Address;
}

/** Some collectors, some probes and a person; more is a mistake or an attack. */
const MAX_CONNECTIONS = 64;
/** Node.js answers 431 beyond it. */
const MAX_HEADER_BYTES = 8 * 1024;
/** Node.js answers 408 after it. */
const REQUEST_MS = 10_000;

export const PLAIN = 'text/plain; charset=utf-8';

/** Starts to listen. Fails with `metrics_failed`. */
export async function openHttpEndpoint(options: HttpEndpointOptions): Promise<HttpEndpoint> {
  const { address, pages, onError } = options;
  // What is no HTTP at all Node.js answers by itself, with 400.
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS },
    (request, response) => {
      const page = isForeignName(request.headers.host, address)
        ? Promise.resolve(refusal(421, 'This is asked under a name of somebody else'))
        : answer(request, pages, onError);
      void page.then((found) => send(response, found));
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.listen({ host: address.host, port: address.port });
  try {
    await once(server, 'listening');
  } catch (cause) {
    const message = `Cannot serve metrics on ${formatAddress(address)}: ${systemReason(cause)}`;
    throw new CliError('metrics_failed', message, { cause });
  }
  server.on('error', onError);
  return { address: boundAddress(server, address), [Symbol.asyncDispose]: () => close(server) };
}

/**
 * Whether a request comes under a name that is none of this machine's, to an address that only this machine reaches: so does
 * a page of somebody else's in a browser here, whose name was made to point to this machine (DNS rebinding).
 */
function isForeignName(header: string | undefined, { host }: Address): boolean {
  // No browser leaves the name out.
  if (header === undefined || !isLoopback(host)) return false;
  const name = URL.parse(`http://${header}`)?.hostname.replace(/^\[|\]$/g, '') ?? '';
  return name !== 'localhost' && name !== host && isIP(name) === 0;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Never rejects. */
async function answer(
  { method, url }: IncomingMessage,
  pages: HttpEndpointOptions['pages'],
  onError: (error: unknown) => void,
): Promise<Page> {
  // A proxy sends the whole address, everybody else the path; neither has to be one.
  const path = URL.parse(url ?? '', 'http://localhost')?.pathname;
  if (path === undefined) return refusal(400, 'This is no path');
  const page = pages.get(path);
  if (page === undefined) return refusal(404, `There are ${[...pages.keys()].join(', ')}`);
  if (method !== 'GET' && method !== 'HEAD') return refusal(405, 'Only GET and HEAD');
  try {
    return await page();
  } catch (error) {
    onError(error);
    return refusal(500, 'Internal error; the log tells more');
  }
}

function send(response: ServerResponse, { status, type, body }: Page): void {
  // What watches is to see now, not what a cache saw.
  const headers = { 'content-type': type, 'cache-control': 'no-store' };
  response.writeHead(status, status === 405 ? { ...headers, allow: 'GET, HEAD' } : headers).end(body);
}

function refusal(status: number, sentence: string): Page {
  return { status, type: PLAIN, body: `${sentence}\n` };
}

function boundAddress(server: Server, wanted: Address): Address {
  const bound = server.address();
  return bound === null || typeof bound === 'string' ? wanted : { host: wanted.host, port: bound.port };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A collector keeps its connection for the next scrape.
  server.closeAllConnections();
  await closed;
}
