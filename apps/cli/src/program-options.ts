/** Options that several commands have, each said in one way. */
import { Option } from 'commander';
import { LOG_FORMATS, LOG_LEVELS } from './logging/levels.ts';

/** Where it listens. */
export function listenOption(defaultAddress: string): Option {
  return new Option(
    '-l, --listen <address>',
    'host:port to listen on; 0.0.0.0 or [::] for all networks',
  ).default(defaultAddress);
}

/** The folder for its data. */
export function dataOption(): Option {
  return new Option('-d, --data <folder>', 'where data is kept').env('MINITORRENT_DATA');
}

/** The secret that the trackers of a cluster share. */
export function clusterOption(): Option {
  return new Option('--cluster <id>', 'the id of the cluster, 32 hexadecimal digits').env(
    'MINITORRENT_CLUSTER',
  );
}

/** Output for programs. */
export function jsonOption(): Option {
  return new Option('--json', 'write one JSON object a line');
}

/** Where it is watched. */
export function metricsOption(): Option {
  return new Option('--metrics <address>', 'host:port for metrics and health, by HTTP');
}

/** A log, and how it is written. */
export function logOption(): Option {
  return new Option('--log <format>', 'write a log to standard error').choices(LOG_FORMATS);
}

/** What goes into the log. */
export function logLevelOption(): Option {
  return new Option('--log-level <level>', 'the least that the log has').choices(LOG_LEVELS).default('info');
}

/** For whoever starts it as a child. */
export function exitWithStdinOption(): Option {
  return new Option('--exit-with-stdin', 'end as soon as standard input ends');
}
