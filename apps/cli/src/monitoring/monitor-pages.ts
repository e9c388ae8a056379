/**
 * What every service shows to those who watch it: `/metrics`, `/healthz` (it lives) and `/readyz` (it does what it is
 * there for).
 */
import type { Address } from '@minitorrent/rpc-core';
import { Gauge, type Registry } from '@prometheus-io/client';
import { type HttpEndpoint, openHttpEndpoint, type Page, PLAIN } from './http-endpoint.ts';

/** What `/readyz` answers. */
export interface Readiness {
  readonly isReady: boolean;
  readonly role: string;
  /** Why it is what it is; null where there is nothing to say. */
  readonly reason: string | null;
}

/** What a monitor is told when it is opened. */
export interface MonitorOptions {
  readonly address: Address;
  readonly version: string;
  /** Adds what the process costs; left out in tests. */
  readonly addProcessMetrics?: (registry: Registry) => void;
  readonly onError: (error: unknown) => void;
}

/** Starts to listen. `look` is asked at each scrape and probe, and brings `registry` up to date. Fails with `metrics_failed`. */
export async function openMonitorPages(
  options: MonitorOptions,
  { registry, look }: { readonly registry: Registry; readonly look: () => Promise<Readiness> },
): Promise<HttpEndpoint> {
  const { address, onError } = options;
  addVersion(registry, options.version);
  options.addProcessMetrics?.(registry);
  const pages = new Map<string, () => Promise<Page>>([
    [
      '/metrics',
      async () => {
        await look();
        return { status: 200, type: registry.contentType, body: await registry.metrics() };
      },
    ],
    ['/healthz', async () => ({ status: 200, type: PLAIN, body: 'ok\n' })],
    ['/readyz', async () => readinessPage(await look())],
  ]);
  return await openHttpEndpoint({ address, onError, pages });
}

function readinessPage({ isReady, role, reason }: Readiness): Page {
  const body = `${JSON.stringify({ ready: isReady, role, reason })}\n`;
  return { status: isReady ? 200 : 503, type: 'application/json; charset=utf-8', body };
}

function addVersion(registry: Registry, version: string): void {
  const info = new Gauge({
    name: 'minitorrent_build_info',
    help: 'The version of minitorrent that runs; always 1.',
    labelNames: ['version'],
    registers: [registry],
  });
  info.set({ version }, 1);
}
