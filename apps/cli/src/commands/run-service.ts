/**
 * What the commands have in common that run until they are told to end: reports, log, signals, exit code.
 */
import { once } from 'node:events';
import type { Address } from '@minitorrent/rpc-core';
import { formatAddress, parseAddress } from '../address.ts';
import { DEFAULT_METRICS_PORT } from '../config.ts';
import { describeFailure, EXIT, type ExitCode, exitCodeOf } from '../failure.ts';
import type { Log } from '../logging/log.ts';
import { logFields } from '../logging/log-fields.ts';
import { type LogOptions, openServiceLog } from '../logging/service-log.ts';
import type { Reporter } from '../output/reports.ts';
import { listenForEnding } from '../process-signals.ts';
import type { World } from '../world.ts';
import { createReporterFor } from './output-for.ts';

/** The options of every service, as the user wrote them. */
export interface ServiceOptions extends LogOptions {
  readonly metrics?: string;
  readonly exitWithStdin?: boolean;
}

/** Where metrics are served, and who hears when that goes wrong. */
export interface MonitorPlace {
  readonly address: Address;
  readonly onError: (error: unknown) => void;
}

/** What a service talks through. */
export interface Service {
  readonly reporter: Reporter;
  readonly log: Log;
}

/** Opens the monitor that `--metrics` asks for on `opened`, and says where; undefined where none is wanted. */
export async function openMonitorFor<M extends AsyncDisposable & { readonly address: Address }>(
  { metrics }: ServiceOptions,
  { reporter, log }: Service,
  opened: AsyncDisposableStack,
  open: (place: MonitorPlace) => Promise<M>,
): Promise<M | undefined> {
  if (metrics === undefined) return undefined;
  const address = parseAddress(metrics, { defaultPort: DEFAULT_METRICS_PORT });
  const onError = (error: unknown) =>
    log({ level: 'error', event: 'metrics_failed', fields: logFields({ error }) });
  const monitor = opened.use(await open({ address, onError }));
  reporter.event({ event: 'monitoring', address: formatAddress(monitor.address) });
  return monitor;
}

/**
 * Starts `command` with `start`, which answers what has to be closed, and waits for a signal; answers the exit code. What
 * goes wrong at the start is reported.
 */
export async function runService(
  command: string,
  options: ServiceOptions,
  world: World,
  start: (service: Service) => Promise<AsyncDisposable>,
): Promise<ExitCode> {
  const plain = await createReporterFor({ ...world, json: options.json === true });
  const service = openServiceLog(options, world, plain);
  using ending = listenForEnding({
    process: world.process,
    output: world.stdout,
    ...(options.exitWithStdin === true ? { lifeline: world.stdin.resume() } : {}),
  });
  try {
    await using _running = await start(service);
    if (!ending.signal.aborted) await once(ending.signal, 'abort');
    service.log({ level: 'info', event: 'stopping', fields: {} });
    // A service that is told to end and does so has done well.
    return ending.exitCode === EXIT.interrupted ? EXIT.interrupted : EXIT.ok;
  } catch (error) {
    const failure = describeFailure(error, command);
    service.reporter.failure(failure, { command, line: null });
    return ending.exitCode ?? exitCodeOf(failure);
  }
}
