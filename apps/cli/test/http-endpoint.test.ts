import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import { openHttpEndpoint, type Page } from '../src/monitoring/http-endpoint.ts';

const page = (body: string): Page => ({ status: 200, type: 'text/plain', body });

async function open(pages: Record<string, () => Promise<Page>> = { '/a': async () => page('here\n') }) {
  const onError = vi.fn();
  const address = { host: '127.0.0.1', port: 0 };
  const endpoint = await openHttpEndpoint({ address, pages: new Map(Object.entries(pages)), onError });
  const { port } = endpoint.address;
  return {
    endpoint,
    onError,
    fetch: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init),
    /** All that is answered to these bytes, until the other side ends. */
    async send(bytes: string) {
      const socket = connect(port, '127.0.0.1');
      socket.write(bytes);
      return await text(socket);
    },
    [Symbol.asyncDispose]: () => endpoint[Symbol.asyncDispose](),
  };
}

describe('openHttpEndpoint', () => {
  it('answers with its pages, whatever stands behind the path', async () => {
    await using server = await open();
    for (const path of ['/a', '/a?b=c', '/a#b']) {
      const answer = await server.fetch(path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe('text/plain');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(await answer.text()).toBe('here\n');
    }
    expect(await server.send('GET http://proxied.example/a HTTP/1.0\r\n\r\n')).toContain('200 OK');
  });

  it('answers HEAD without a body', async () => {
    await using server = await open();
    const answer = await server.fetch('/a', { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('');
  });

  it('knows no other path, and tells which there are', async () => {
    await using server = await open();
    for (const path of ['/', '/b', '/a/', '/__proto__']) {
      const answer = await server.fetch(path);
      expect(answer.status).toBe(404);
      expect(await answer.text()).toBe('There are /a\n');
    }
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s', async (method) => {
    await using server = await open();
    const answer = await server.fetch('/a', {
      method,
      ...(method === 'POST' ? { body: 'x'.repeat(1e6) } : {}),
    });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });

  it.each([
    ['no HTTP at all', '\u0016\u0003\u0001 hello\r\n\r\n', '400'],
    ['no path', 'GET // HTTP/1.1\r\nHost: localhost\r\n\r\n', '400'],
    ['no host', 'GET /a HTTP/1.1\r\n\r\n', '400'],
    ['headers without end', `GET /a HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}`, '431'],
  ])('refuses %s, and goes on', async (_, bytes, status) => {
    await using server = await open();
    const closing = bytes.includes('//')
      ? bytes.replace('Host: a', 'Host: localhost\r\nConnection: close')
      : bytes;
    expect(await server.send(closing)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect((await server.fetch('/a')).status).toBe(200);
  });

  it('tells of a page that fails, but not the caller', async () => {
    const error = new Error('secret');
    await using server = await open({ '/a': () => Promise.reject(error) });
    const answer = await server.fetch('/a');
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
    expect(server.onError).toHaveBeenCalledExactlyOnceWith(error);
  });

  it('closes at once, with a connection open and an answer under way', async () => {
    const asked = Promise.withResolvers<void>();
    const never = new Promise<Page>(() => undefined);
    const server = await open({
      '/a': () => {
        asked.resolve();
        return never;
      },
    });
    const socket = connect(server.endpoint.address.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await asked.promise;
    const gone = once(socket, 'close');
    await server.endpoint[Symbol.asyncDispose]();
    await gone;
    await expect(server.fetch('/a')).rejects.toThrow();
  });

  it('says in one sentence why it cannot listen', async () => {
    await using first = await open();
    const { address } = first.endpoint;
    const second = openHttpEndpoint({ address, pages: new Map(), onError: () => undefined });
    await expect(second).rejects.toMatchObject({
      code: 'metrics_failed',
      message: `Cannot serve metrics on 127.0.0.1:${address.port}: address already in use`,
    });
  });
});
