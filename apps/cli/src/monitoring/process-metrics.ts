/**
 * What a process costs: CPU, memory, files, garbage collection, and how late its event loop is. For the real process
 * alone: the collectors stay for its lifetime.
 */
import { collectDefaultMetrics, type Registry } from '@prometheus-io/client';

/** These walk over every open connection at each scrape, or say again what others say. */
const LEFT_OUT = [
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_eventloop_utilization_histogram',
  'nodejs_eventloop_utilization_summary',
];

/** Adds them to `registry`. */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of LEFT_OUT) registry.removeSingleMetric(name);
}
