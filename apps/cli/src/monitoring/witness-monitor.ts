/**
 * Shows a witness to those who watch it.
 */
import type { Address } from '@minitorrent/rpc-core';
import type { Witness } from '@minitorrent/tracker/witness';
import { Counter, Gauge, Registry } from '@prometheus-io/client';
import type { WitnessReport } from '../logging/witness-log.ts';
import { createConnectionCounter } from './connection-metrics.ts';
import { type MonitorOptions, openMonitorPages, type Readiness } from './monitor-pages.ts';

export interface WitnessMonitor extends AsyncDisposable {
  readonly address: Address;
  note(report: WitnessReport): void;
  /** From now on it is this witness that is shown. */
  show(witness: Pick<Witness, 'config'>): void;
}

/** Starts to listen. Fails with `metrics_failed`. */
export async function openWitnessMonitor(options: MonitorOptions): Promise<WitnessMonitor> {
  const registry = new Registry();
  const note = createReportCounter([registry]);
  const update = createConfigGauges([registry]);
  let witness: Pick<Witness, 'config'> | undefined;
  const look = async (): Promise<Readiness> => {
    update(witness?.config);
    return {
      isReady: witness !== undefined,
      role: 'witness',
      reason: witness === undefined ? 'The register is being read' : null,
    };
  };
  const endpoint = await openMonitorPages(options, { registry, look });
  return {
    address: endpoint.address,
    note,
    show(shown) {
      witness = shown;
    },
    [Symbol.asyncDispose]: () => endpoint[Symbol.asyncDispose](),
  };
}

function createConfigGauges(registers: Registry[]): (config: Witness['config'] | undefined) => void {
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `minitorrent_witness_${name}`, help, registers });
  const epoch = gauge('epoch', 'How often the cluster has changed who leads or who is in sync.');
  const inSync = gauge('in_sync', 'Trackers that are in sync; below the number of your trackers one is not.');
  return (config) => {
    epoch.set(config?.epoch ?? Number.NaN);
    inSync.set(config?.inSync.length ?? Number.NaN);
  };
}

function createReportCounter(registers: Registry[]): WitnessMonitor['note'] {
  const counter = (name: string, help: string) =>
    new Counter({ name: `minitorrent_witness_${name}`, help, registers });
  const swaps = counter('swaps_total', 'Changes of the register that were made.');
  const failures = counter('failures_total', 'Questions that could not be answered.');
  const noteConnection = createConnectionCounter(registers, 'minitorrent_witness');
  return (report) => {
    switch (report.kind) {
      case 'swapped':
        return swaps.inc();
      case 'failed':
      case 'handler_failed':
        return failures.inc();
      default:
        return noteConnection(report);
    }
  };
}
