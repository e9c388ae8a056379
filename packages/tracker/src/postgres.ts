/** The sub-path `@minitorrent/tracker/postgres`: a journal that many trackers share, and a register. It needs the package `pg`. */
export type { SharedJournal } from './journal/journal.ts';
export { openPostgresJournal } from './shell/postgres-journal.ts';
export {
  DEFAULT_POSTGRES_LIMITS,
  type PostgresLimits,
  type PostgresOptions,
} from './shell/postgres-options.ts';
export {
  initPostgresRegister,
  openPostgresRegister,
  type PostgresRegister,
} from './shell/postgres-register.ts';
